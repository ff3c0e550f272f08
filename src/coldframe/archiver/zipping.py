"""A bundle's zip in the making."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.archiver.part_buffer import ZipCutter
from coldframe.archiver.zip_stream import ZipStream
from coldframe.model import MIB
from coldframe.tree_hash import TreeHasher

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coldframe.archiver.members import Bundle
    from coldframe.archiver.part_buffer import Filled
    from coldframe.archiver.zip_stream import Placed


class Zipping:
    """A bundle's zip in the making: its parts, and once it is made, its size and where its members lie.

    Args:
        bundle: What to zip.
        part_size: The size of its parts.
    """

    def __init__(self, bundle: Bundle, *, part_size: int) -> None:
        """Read nothing yet."""
        self._stream = ZipStream(bundle.members)
        self._cutter = ZipCutter(self._stream, part_size=part_size, largest=bundle.largest_zip)
        self.head_hash: str | None = None

    @property
    def size(self) -> int:
        """The bytes made so far."""
        return self._cutter.size

    @property
    def placed(self) -> Sequence[Placed]:
        """The members made so far."""
        return self._stream.placed

    def next_part(self) -> Filled:
        """Make the next part.

        Raises:
            SourceChanged: A member changed or cannot be read.
        """
        filled = self._cutter.next_part()
        if self.head_hash is None:
            self.head_hash = filled.buffer.head_hash
        return filled


class DryZip:
    """A bundle's zip made for its hash alone: nothing of it is kept but where its members lie.

    Args:
        bundle: What to zip.
        check: Called between buffers; ends it by raising.
    """

    def __init__(self, bundle: Bundle, *, check: Callable[[], None]) -> None:
        """Make it.

        Raises:
            SourceChanged: A member changed or cannot be read.
        """
        stream, hasher, head = ZipStream(bundle.members), TreeHasher(), bytearray()
        for data in stream:
            check()
            hasher.update(data)
            head += memoryview(data)[: max(0, MIB - len(head))]
        self.size = hasher.size
        self.tree_hash = hasher.hexdigest()
        self.head_hash = sha256(head).hexdigest()
        self.placed: Sequence[Placed] = stream.placed
