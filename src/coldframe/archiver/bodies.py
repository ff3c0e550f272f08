"""Bytes on their way into a store, hashed in the pass in which they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from coldframe.archiver.opening import check_unchanged, read_at
from coldframe.pages import BLOCK, page_memory
from coldframe.ports import Hashes
from coldframe.tree_hash import TreeHasher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.archiver.opening import Source
    from coldframe.model import Buffer, ByteRange

EMPTY_FILE = b"\0"
"""What is archived for an empty file, since an archive holds at least one byte (glacier-api 5)."""


class PassHasher:
    """Hashes bytes in the one pass in which they are read: their leaves, and the CRC-32 that goes along."""

    def __init__(self) -> None:
        """Start with no bytes."""
        self._tree = TreeHasher(keep_leaves=True)
        self._crc32 = 0

    def update(self, data: Buffer) -> None:
        """Take the next bytes."""
        self._tree.update(data)
        self._crc32 = crc32(data, self._crc32)

    def begin(self, data: Buffer, head: Head) -> None:
        """Take the first bytes, which begin with a chunk that was hashed already."""
        rest = memoryview(data)[len(head.data) :]
        self._tree.take([head.digest], len(head.data))
        self._tree.update(rest)
        self._crc32 = crc32(rest, crc32(head.data))  # of the very bytes that were hashed, not of their copy

    @property
    def tree_hash(self) -> str:
        """The tree hash of all bytes so far."""
        return self._tree.hexdigest()

    def hashes(self) -> Hashes:
        """What a store need not compute again."""
        return Hashes(self._tree.size, self._tree.leaves, self._crc32)


class HashedBody(Protocol):
    """A body that knows its tree hash, at the latest when it has been read; a `ports.SelfHashing`."""

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

    def hashes(self) -> Hashes:
        """What the bytes that were read were hashed to."""
        ...


@dataclass(frozen=True, slots=True)
class Head:
    """The first chunk of what is archived, or all of it if that is less, and its SHA-256."""

    data: bytes
    digest: bytes


class ChunkBody:
    """A body of one chunk at most, which is in memory already. Of one chunk, linear and tree hash are the same."""

    def __init__(self, head: Head) -> None:
        """Hold all there is."""
        self._data = memoryview(head.data)
        self._crc32 = crc32(head.data)
        self.known_tree_hash: str | None = head.digest.hex()

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self._data)

    @property
    def tree_hash(self) -> str:
        """Their tree hash."""
        return self.known_tree_hash or ""

    def __iter__(self) -> Iterator[Buffer]:
        """The bytes."""
        yield self._data

    def hashes(self) -> Hashes:
        """Their one leaf."""
        return Hashes(self.size, [bytes.fromhex(self.tree_hash)], self._crc32)


class FileBody:
    """A range of an open file, read once into one reused buffer.

    The file is looked at again after the last byte was read and before it is handed on: if it changed, the body breaks
    off and the store keeps nothing of it.

    Args:
        source: The file, as it was looked at.
        descriptor: It, open.
        byte_range: Which bytes.
        head: The first chunk of the range, which is longer than that, if it was read already.
    """

    known_tree_hash: str | None = None

    def __init__(self, source: Source, descriptor: int, byte_range: ByteRange, *, head: Head | None = None) -> None:
        """Read nothing yet."""
        self._head = head
        self._source = source
        self._descriptor = descriptor
        self._range = byte_range
        self._hasher = PassHasher()

    @property
    def size(self) -> int:
        """How many bytes the range holds."""
        return self._range.size

    @property
    def tree_hash(self) -> str:
        """The tree hash of the bytes that were read."""
        return self._hasher.tree_hash

    def hashes(self) -> Hashes:
        """What the bytes that were read were hashed to."""
        return self._hasher.hashes()

    def __iter__(self) -> Iterator[Buffer]:
        """The bytes in order.

        Raises:
            SourceChanged: The file is not what it was, or cannot be read.
        """
        self._hasher = PassHasher()
        head = self._head
        for buffer in read_range(self._source, self._descriptor, self._range, head=b"" if head is None else head.data):
            if head is None:
                self._hasher.update(buffer)
            else:
                self._hasher.begin(buffer, head)
                head = None
            yield buffer


def read_range(source: Source, descriptor: int, byte_range: ByteRange, *, head: bytes = b"") -> Iterator[memoryview]:
    """The bytes of a range of an open file, in blocks, each valid until the next is asked for.

    The last one is handed out only after the file was looked at again. The buffer lies on a page of its own, so that a
    disk can fetch from it without a copy.

    Args:
        source: The file, as it was looked at.
        descriptor: It, open.
        byte_range: Which bytes.
        head: The first chunk of them, if it was read already.

    Raises:
        SourceChanged: The file is not what it was, or cannot be read.
    """
    if not byte_range.size:
        return
    buffer = page_memory(min(BLOCK, byte_range.size))
    for start in range(byte_range.start, byte_range.end, BLOCK):
        view = buffer[: min(BLOCK, byte_range.end - start)]
        known = len(head) if start == byte_range.start else 0
        view[:known] = head[:known]
        read_at(source, descriptor, view[known:], start + known)
        if start + len(view) == byte_range.end:
            check_unchanged(source, descriptor)
        yield view


def crc32(data: Buffer, before: int = 0) -> int:
    """The CRC-32 of bytes that follow others whose CRC-32 is `before`; at memory's speed."""
    from isal import isal_zlib  # noqa: PLC0415 - only runs that send need it; start-up time

    return int(isal_zlib.crc32(data, before))


def hash_body(body: HashedBody, check: Callable[[], None]) -> str:
    """Read a body through for its tree hash alone; `check` is called between chunks and may end it by raising."""
    for _ in body:
        check()
    return body.tree_hash
