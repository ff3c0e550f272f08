"""Bytes on their way into a store, hashed in the pass in which they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from coldframe.archiver.opening import check_unchanged, read_at
from coldframe.model import MIB
from coldframe.tree_hash import TreeHasher, tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.archiver.opening import Source
    from coldframe.model import Buffer, ByteRange

EMPTY_FILE = b"\0"
"""What is archived for an empty file, since an archive holds at least one byte (glacier-api 5)."""


class HashedBody(Protocol):
    """A body that knows its tree hash, at the latest when it has been read."""

    @property
    def size(self) -> int:
        """How many bytes the body holds."""
        ...

    def __iter__(self) -> Iterator[Buffer]:
        """The bytes in order."""
        ...

    @property
    def known_tree_hash(self) -> str | None:
        """The tree hash if it is known before the body is read, else None."""
        ...

    @property
    def tree_hash(self) -> str:
        """The tree hash of the bytes that were read."""
        ...


class MemoryBody:
    """Bytes that are in memory already."""

    def __init__(self, data: Buffer, hexdigest: str | None = None) -> None:
        """Hold `data`; `hexdigest` is its tree hash if someone knows it."""
        self._data = memoryview(data)
        self.known_tree_hash: str | None = hexdigest or tree_hash(data)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self._data)

    @property
    def tree_hash(self) -> str:
        """Their tree hash."""
        return self.known_tree_hash or ""

    def __iter__(self) -> Iterator[Buffer]:
        """The bytes, a chunk at a time."""
        for start in range(0, len(self._data), MIB):
            yield self._data[start : start + MIB]


class FileBody:
    """A range of an open file, read once into one reused buffer.

    The file is looked at again after the last byte was read and before it is handed on: if it changed, the body breaks
    off and the store keeps nothing of it.

    Args:
        source: The file, as it was looked at.
        descriptor: It, open.
        byte_range: Which bytes.
        head: The first chunk of the range, if it was read already.
    """

    known_tree_hash: str | None = None

    def __init__(self, source: Source, descriptor: int, byte_range: ByteRange, *, head: bytes = b"") -> None:
        """Read nothing yet."""
        self._head = head
        self._source = source
        self._descriptor = descriptor
        self._range = byte_range
        self._hasher = TreeHasher()

    @property
    def size(self) -> int:
        """How many bytes the range holds."""
        return self._range.size

    @property
    def tree_hash(self) -> str:
        """The tree hash of the bytes that were read."""
        return self._hasher.hexdigest()

    def __iter__(self) -> Iterator[Buffer]:
        """The bytes in order.

        Raises:
            SourceChanged: The file is not what it was, or cannot be read.
        """
        self._hasher = TreeHasher()
        buffer = memoryview(bytearray(min(MIB, self.size)))
        for start in range(self._range.start, self._range.end, MIB):
            view = buffer[: min(MIB, self._range.end - start)]
            if self._head and start == self._range.start:
                view[:] = self._head
            else:
                read_at(self._source, self._descriptor, view, start)
            self._hasher.update(view)
            if start + len(view) == self._range.end:
                check_unchanged(self._source, self._descriptor)
            yield view


def hash_body(body: HashedBody, check: Callable[[], None]) -> str:
    """Read a body through for its tree hash alone; `check` is called between chunks and may end it by raising."""
    for _ in body:
        check()
    return body.tree_hash
