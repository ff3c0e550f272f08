"""The tree hash of a blob's bytes: computed while they are written, or taken from whoever read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from isal import isal_zlib

from coldframe.errors import ServiceUnavailable
from coldframe.tree_hash import TreeHasher, count_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coldframe.model import Buffer
    from coldframe.ports import Hashes


class Hashing(Protocol):
    """Sees every byte of a blob once, in order, and knows their leaves at the end."""

    size: int

    def update(self, data: Buffer) -> None:
        """Take the next bytes."""
        ...

    def leaves(self) -> Sequence[bytes]:
        """The SHA-256 of each MiB of all bytes."""
        ...


class OwnHashing:
    """Implements `Hashing` by hashing."""

    def __init__(self) -> None:
        """Start with no bytes."""
        self.size = 0
        self._hasher = TreeHasher(keep_leaves=True)

    def update(self, data: Buffer) -> None:
        """Hash the next bytes."""
        self._hasher.update(data)
        self.size += len(data)

    def leaves(self) -> Sequence[bytes]:
        """The SHA-256 of each MiB."""
        return self._hasher.leaves


class TakenHashing:
    """Implements `Hashing` by asking whoever read the bytes, and making sure that these are the same bytes.

    Args:
        ask: Answers what they were hashed to, once all have been handed over.
    """

    def __init__(self, ask: Callable[[], Hashes]) -> None:
        """Start with no bytes."""
        self.size = 0
        self._ask = ask
        self._crc32 = 0

    def update(self, data: Buffer) -> None:
        """Count the next bytes into the CRC-32."""
        self._crc32 = isal_zlib.crc32(data, self._crc32)
        self.size += len(data)

    def leaves(self) -> Sequence[bytes]:
        """The SHA-256 of each MiB.

        Raises:
            ServiceUnavailable: These are not the bytes that were hashed: memory, or a body, that does not hold still.
        """
        told = self._ask()
        if (told.size, told.crc32, len(told.leaves)) != (self.size, self._crc32, count_chunks(self.size)):
            raise ServiceUnavailable("The bytes changed on their way into the store. Send them again.")
        return told.leaves
