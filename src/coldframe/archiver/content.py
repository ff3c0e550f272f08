"""What an open file holds, read no further than the question at hand needs."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.archiver.bodies import EMPTY_FILE, ChunkBody, FileBody, Head, hash_body
from coldframe.archiver.opening import check_unchanged, read_at
from coldframe.model import MIB, ByteRange

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.archiver.bodies import HashedBody
    from coldframe.archiver.opening import Source


class Content:
    """The bytes that are archived for a source: its own, or one zero byte where it has none.

    The first chunk is read here and kept; that may be all.

    Args:
        source: The file.
        descriptor: It, open.
        check: Ends long reading by raising.

    Raises:
        SourceChanged: The file is not what it was, or cannot be read.
    """

    def __init__(self, source: Source, descriptor: int, *, check: Callable[[], None]) -> None:
        """Read the first chunk."""
        self._source = source
        self._descriptor = descriptor
        self._check = check
        first = bytearray(min(MIB, source.stamp.size))
        read_at(source, descriptor, memoryview(first), 0)
        check_unchanged(source, descriptor)
        data = bytes(first) or EMPTY_FILE
        self.size = max(source.stamp.size, len(EMPTY_FILE))
        self._head = Head(data, sha256(data).digest())
        self.head_hash = self._head.digest.hex()

    def body(self) -> HashedBody:
        """A new body of all bytes."""
        if len(self._head.data) == self.size:
            return ChunkBody(self._head)
        return FileBody(self._source, self._descriptor, ByteRange(0, self.size), head=self._head)

    @cached_property
    def tree_hash(self) -> str:
        """The tree hash of all bytes, which are read for it if they are more than a chunk."""
        return hash_body(self.body(), self._check)
