"""A stream whose length nobody knows yet, cut into parts that can be sent, and sent again."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING
from weakref import finalize

from coldframe.archiver.bodies import PassHasher
from coldframe.model import MIB
from coldframe.pages import BLOCK, page_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.archiver.zip_stream import ZipStream
    from coldframe.model import Buffer
    from coldframe.ports import Hashes

MOST_IN_MEMORY = 64 * MIB
"""Larger parts, which only bundles beyond 300 GiB need, wait in a temporary file."""


class PartBuffer:
    """One part of the stream: filled once, hashed on the way, then a body that may be read as often as needed.

    Args:
        capacity: The most bytes it will hold. Memory is taken a block at a time as it fills.
    """

    def __init__(self, capacity: int) -> None:
        """Start empty."""
        self.size = 0
        self.capacity = capacity
        self._hasher = PassHasher()
        self._blocks: list[memoryview] = []
        self._file: IO[bytes] | None = None
        if capacity > MOST_IN_MEMORY:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the buffer
            finalize(self, self._file.close)

    def write(self, data: memoryview) -> int:
        """Take as much of `data` as there is room for; answers how much that is."""
        taken = data[: self.capacity - self.size]
        self._hasher.update(taken)
        if self._file is not None:
            self._file.write(taken)
        else:
            self._keep(taken)
        self.size += len(taken)
        return len(taken)

    def _keep(self, data: memoryview) -> None:
        """Copy the next bytes into blocks of memory."""
        filled = self.size
        while data:
            place = filled % BLOCK
            if not place:
                self._blocks.append(page_memory(BLOCK))
            piece = data[: BLOCK - place]
            self._blocks[-1][place : place + len(piece)] = piece
            data, filled = data[len(piece) :], filled + len(piece)

    @property
    def is_full(self) -> bool:
        """Whether nothing more fits."""
        return self.size == self.capacity

    @property
    def tree_hash(self) -> str:
        """The tree hash of what it holds."""
        return self._hasher.tree_hash

    @property
    def head_hash(self) -> str:
        """The SHA-256 of its first chunk, hex."""
        return self._hasher.hashes().leaves[0].hex()

    @property
    def known_tree_hash(self) -> str:
        """The same: it is known before the body is read."""
        return self.tree_hash

    def hashes(self) -> Hashes:
        """What it holds was hashed to."""
        return self._hasher.hashes()

    def __iter__(self) -> Iterator[Buffer]:
        """What it holds, a chunk at a time."""
        for start in range(0, self.size, BLOCK):
            yield self._read(start, min(BLOCK, self.size - start))

    def _read(self, start: int, size: int) -> Buffer:
        if self._file is None:
            return self._blocks[start // BLOCK][:size]
        self._file.seek(start)
        return self._file.read(size)


@dataclass(frozen=True, slots=True)
class Filled:
    """A part that is ready to be sent; `read_size` is how many bytes of the members went into it."""

    start: int
    buffer: PartBuffer
    is_last: bool
    read_size: int


class ZipCutter:
    """Cuts a zip stream into parts of one size, the last one shorter.

    Args:
        stream: The zip.
        part_size: The size of all parts but the last.
        largest: The most bytes that the zip can have.
    """

    def __init__(self, stream: ZipStream, *, part_size: int, largest: int) -> None:
        """Read nothing yet."""
        self.size = 0
        self._stream = stream
        self._buffers = iter(stream)
        self._rest = memoryview(b"")
        self._capacity = min(part_size, largest)
        self._read_size = 0

    def next_part(self) -> Filled:
        """Fill the next part; ask no more after the last.

        Raises:
            SourceChanged: A member changed or cannot be read.
        """
        buffer = PartBuffer(self._capacity)
        while self._refill() and not buffer.is_full:
            self._rest = self._rest[buffer.write(self._rest) :]
        start, before = self.size, self._read_size
        self.size, self._read_size = start + buffer.size, self._stream.read_size
        return Filled(start, buffer, not self._rest, self._read_size - before)

    def _refill(self) -> bool:
        """Make sure that the next bytes are at hand; false at the end of the stream."""
        while not self._rest:
            data = next(self._buffers, None)
            if data is None:
                return False
            self._rest = memoryview(data)
        return True
