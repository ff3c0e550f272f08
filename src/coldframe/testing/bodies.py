"""Small bodies, and small ways to read and write a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.model import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.model import Buffer, ByteRange
    from coldframe.ports import ColdStore


@dataclass(frozen=True)
class BytesBody:
    """Implements `ports.Body` over bytes in memory, handed out `step` bytes at a time."""

    data: bytes
    step: int = MIB

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return len(self.data)

    def __iter__(self) -> Iterator[Buffer]:
        """The bytes in order, each time in the same buffer, as a thrifty sender does."""
        buffer = bytearray(self.step)
        for start in range(0, len(self.data), self.step):
            piece = self.data[start : start + self.step]
            buffer[: len(piece)] = piece
            yield memoryview(buffer)[: len(piece)]


@dataclass(frozen=True)
class PatternBody:
    """Implements `ports.Body` with the pattern of glacier-api 6.1: MiB number i is filled with the byte value i."""

    size: int

    def __iter__(self) -> Iterator[Buffer]:
        """The pattern, a MiB at a time."""
        for start in range(0, self.size, MIB):
            yield bytes([start // MIB % 256]) * min(MIB, self.size - start)


@dataclass(frozen=True)
class LyingBody:
    """A body that says it holds `size` bytes, and holds others."""

    data: bytes
    size: int

    def __iter__(self) -> Iterator[Buffer]:
        """The bytes that it really holds."""
        yield self.data


@dataclass(frozen=True)
class BrokenBody:
    """A body whose source fails with `error` after some bytes."""

    data: bytes
    size: int
    error: Exception

    def __iter__(self) -> Iterator[Buffer]:
        """Some bytes, then the error."""
        yield self.data
        raise self.error


def pattern(mebibytes: float) -> bytes:
    """P(n) of glacier-api 6.1, whole."""
    return b"".join(PatternBody(int(mebibytes * MIB)))


def read_output(store: ColdStore, vault_name: str, job_id: str, byte_range: ByteRange | None = None) -> bytes:
    """What a job offers, whole."""
    with store.get_job_output(vault_name, job_id, byte_range=byte_range) as output:
        return b"".join(bytes(buffer) for buffer in output)
