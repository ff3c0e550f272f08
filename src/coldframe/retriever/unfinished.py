"""A file on its way: bytes arrive under a name of ours, and only whole and verified do they get their own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from coldframe.files import TEMPORARY_PREFIX
from coldframe.model import MIB
from coldframe.tree_hash import TreeHasher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.files import Files
    from coldframe.model import Buffer, ByteRange
    from coldframe.retriever.folders import Folder

_ZEROS = bytes(MIB)
_SEEK_DATA = getattr(os, "SEEK_DATA", None)


def unfinished_name(token: str, wanted_row: int, placement_row: int | None = None) -> str:
    """The name of an unfinished file: the same after a restart, and nobody else's."""
    member = "" if placement_row is None else f"-{placement_row}"
    return f"{TEMPORARY_PREFIX}{token}-{wanted_row}{member}.part"


class Unfinished:
    """An open file under an unfinished name in a held folder.

    Args:
        folder: Where it lies; must stay open as long as this.
        name: Its name there.
        files: Through which changes are made.
    """

    def __init__(self, folder: Folder, name: str, files: Files) -> None:
        """Store the arguments."""
        self.folder = folder
        self.name = name
        self._files = files
        self._descriptor = -1

    def begin(self, size: int) -> None:
        """Make the file anew, all holes; what has its name is removed."""
        self.folder.unlink(self.name)
        self._descriptor = self.folder.create(self.name)
        self._files.truncate(self._descriptor, size)

    def resume(self, size: int) -> bool:
        """Open what an earlier run left; False if there is nothing, and then it is begun."""
        if self.folder.find(self.name) is None:
            self.begin(size)
            return False
        self._descriptor = self.folder.reopen(self.name)
        self._files.truncate(self._descriptor, size)
        return True

    def write(self, data: Buffer, offset: int) -> None:
        """Write, except zeros where there is a hole: a sparse file stays sparse."""
        if not (_is_zero(data) and self._is_hole(offset, len(data))):
            self._files.write(self._descriptor, data, offset)

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes at `offset`; fewer only at the end."""
        return read_at(self._descriptor, offset, size)

    def tree_hash(self, segment: ByteRange, check: Callable[[], None]) -> str:
        """The tree hash of a segment as it lies on the disk; `check` is called between chunks and may raise."""
        hasher = TreeHasher()
        for data in read_pieces(self._descriptor, segment.start, segment.end):
            check()
            hasher.update(data)
        return hasher.hexdigest()

    def sync(self) -> None:
        """Make the bytes survive a power cut."""
        self._files.sync(self._descriptor)

    def finish(self, modified_ns: int | None) -> None:
        """Set the modification time and make all durable; only the name is missing then."""
        if modified_ns is not None:
            times = (modified_ns, modified_ns)
            if os.utime in os.supports_fd:
                os.utime(self._descriptor, ns=times)
            else:
                os.utime(os.path.join(self.folder.path, self.name), ns=times)
        self.sync()

    def close(self) -> None:
        """Close the file and leave it as it is."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            self._files.close(descriptor)

    def drop(self) -> None:
        """Close and remove the file."""
        self.close()
        self.folder.unlink(self.name)

    def _is_hole(self, offset: int, size: int) -> bool:
        if _SEEK_DATA is None:
            return False
        try:
            return os.lseek(self._descriptor, offset, _SEEK_DATA) >= offset + size
        except OSError:  # ENXIO: no data from here to the end
            return os.fstat(self._descriptor).st_size >= offset + size


def read_at(descriptor: int, offset: int, size: int) -> bytes:
    """Up to `size` bytes at `offset` of an open file; fewer only at its end."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)  # Windows
    return os.read(descriptor, size)


def read_pieces(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    """The bytes of an open file from `start` to `end`, or to its end, in pieces of at most a MiB."""
    while start < end and (data := read_at(descriptor, start, min(MIB, end - start))):
        yield data
        start += len(data)


def _is_zero(data: Buffer) -> bool:
    """Whether there is nothing but zeros; quick to say no."""
    size = len(data)
    if not size or data[0] or data[-1]:
        return False
    return bytes(data) == (_ZEROS[:size] if size <= MIB else bytes(size))
