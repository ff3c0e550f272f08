"""Every change of files that must survive goes through here: one port, one durable write, one unlink.

Locks, and logs that nobody relies on, are not among them; an SQLite file has its own way (`coldframe.sqlite`).

The order of a durable write is: temporary name, write, fsync, rename, fsync the folder. Only then may a fact that
speaks of the file be committed. A failed fsync is never retried: the kernel may have dropped the bytes and would then
report success (reliability 0.2), so the write has failed.

Tests put a recording or failing :class:`Files` in place of :class:`DiskFiles`; that is how crash states are explored.
"""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from coldframe.direct import DirectWrites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coldframe.model import Buffer

if sys.platform != "win32":
    import fcntl

WRITE_OUT_WINDOW = 8 * 1024 * 1024
"""How many bytes of a file are handed to the disk at a time while more are written."""

TEMPORARY_PREFIX = ".coldframe-"
_BINARY = getattr(os, "O_BINARY", 0)
_CLOEXEC = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


class Files(Protocol):
    """The file operations that change what survives a power cut.

    A path is absolute, or, where `folder` is given, a single name inside that open folder.
    """

    def create(self, path: str, *, folder: int | None = None, is_private: bool = False) -> int:
        """Create a file that is not there and open it for reading and writing; never follows a link.

        Nobody but its owner can open a private one, from the first moment on; on Windows as its folder has it.
        """
        ...

    def reopen(self, path: str, *, folder: int | None = None) -> int:
        """Open an existing file for reading and writing; never follows a link."""
        ...

    def write(self, descriptor: int, data: Buffer, offset: int) -> None:
        """Write all of `data` at `offset`."""
        ...

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut or extend an open file to `size` bytes."""
        ...

    def sync(self, descriptor: int) -> None:
        """Make an open file's bytes survive a power cut."""
        ...

    def close(self, descriptor: int) -> None:
        """Close an open file."""
        ...

    def rename(self, source: str, target: str, *, folder: int | None = None) -> None:
        """Give a file another name in the same file system, replacing what has that name."""
        ...

    def unlink(self, path: str, *, folder: int | None = None) -> None:
        """Remove a file. The only place in coldframe that does."""
        ...

    def make_folder(self, path: str, *, folder: int | None = None) -> None:
        """Make a folder that is not there; its parent must be."""
        ...

    def sync_folder(self, path: str | int) -> None:
        """Make the names in a folder survive a power cut."""
        ...


class DiskFiles:
    """The real file system."""

    def __init__(self) -> None:
        """Nothing is open."""
        self._direct = DirectWrites()

    def create(self, path: str, *, folder: int | None = None, is_private: bool = False) -> int:
        """Create a file that is not there and open it for reading and writing."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _BINARY | _CLOEXEC
        return os.open(path, flags, 0o600 if is_private else 0o666, dir_fd=folder)

    def reopen(self, path: str, *, folder: int | None = None) -> int:
        """Open an existing file for reading and writing."""
        return os.open(path, os.O_RDWR | _NOFOLLOW | _BINARY | _CLOEXEC, dir_fd=folder)

    def write(self, descriptor: int, data: Buffer, offset: int) -> None:
        """Write all of `data` at `offset`, however many calls the system takes for it."""
        view = memoryview(data)
        end = offset + len(view)
        view = view[self._direct.write(descriptor, view, offset) :]
        begin = end - len(view)
        while view:
            written = _write_once(descriptor, view, end - len(view))
            view = view[written:]
        _start_write_out(descriptor, begin, end)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut or extend an open file."""
        os.ftruncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        """Fsync; on macOS F_FULLFSYNC, since its fsync leaves bytes in the drive's cache."""
        if sys.platform == "darwin":
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close an open file."""
        self._direct.forget(descriptor)
        os.close(descriptor)

    def rename(self, source: str, target: str, *, folder: int | None = None) -> None:
        """Give a file another name, replacing what has that name."""
        os.replace(source, target, src_dir_fd=folder, dst_dir_fd=folder)

    def unlink(self, path: str, *, folder: int | None = None) -> None:
        """Remove a file."""
        os.unlink(path, dir_fd=folder)

    def make_folder(self, path: str, *, folder: int | None = None) -> None:
        """Make a folder; its parent must be there."""
        os.mkdir(path, dir_fd=folder)

    def sync_folder(self, path: str | int) -> None:
        """Fsync a folder. Windows has no such call and journals names by itself."""
        if sys.platform == "win32":
            return
        descriptor = path if isinstance(path, int) else os.open(path, os.O_RDONLY | os.O_DIRECTORY | _CLOEXEC)
        try:
            self.sync(descriptor)
        finally:
            if descriptor != path:
                os.close(descriptor)


def durable_write(  # noqa: PLR0913 - the last three only replace defaults
    files: Files,
    folder: str,
    name: str,
    buffers: Iterable[Buffer],
    *,
    temporary: str | None = None,
    sync_folder: Callable[[str], None] | None = None,
    is_private: bool = False,
) -> None:
    """Write a whole file so that it is there, complete, after any crash, or not there at all.

    Replaces a file of that name. If anything fails, the temporary file is removed and the error goes on to the caller.

    Args:
        files: Does it.
        folder: Where; it must be there, durably.
        name: The file's name.
        buffers: The bytes in order.
        temporary: The name until all bytes are safe; by default a random one.
        sync_folder: In place of `files.sync_folder`, for writers that share the act.
        is_private: Whether nobody but the owner may read it.

    Raises:
        OSError: The bytes could not be made durable; the name still means what it meant before.
    """
    temporary = os.path.join(folder, temporary or temporary_name())
    descriptor = files.create(temporary, is_private=is_private)
    try:
        try:
            offset = 0
            for buffer in buffers:
                files.write(descriptor, buffer, offset)
                offset += len(buffer)
            files.sync(descriptor)
        finally:
            files.close(descriptor)
        files.rename(temporary, os.path.join(folder, name))
    except BaseException:
        with suppress(OSError):
            files.unlink(temporary)
        raise
    (sync_folder or files.sync_folder)(folder)


def ensure_folder(files: Files, path: str) -> None:
    """Make a folder and its missing parents durably; one that is there already costs nothing."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(os.path.abspath(path))
    ensure_folder(files, parent)
    with suppress(FileExistsError):  # another process was quicker
        files.make_folder(path)
    files.sync_folder(parent)


def sync_ancestors(files: Files, folder: str) -> None:
    """Make every name on the way to the folder durable: whoever made one of them may have been cut off before."""
    while (parent := os.path.dirname(folder)) != folder:
        with suppress(PermissionError):  # a folder that we may not read is not one that we made
            files.sync_folder(parent)
        folder = parent


def temporary_name() -> str:
    """A name that no other writer uses and that a sweep knows as left over."""
    return f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp"


def _start_write_out(descriptor: int, offset: int, end: int) -> None:
    """Let the disk begin with the windows that a writer in sequence has just filled, up to `end`.

    Without it a large file's bytes wait in memory until its fsync, and the disk idles meanwhile: four writers of 64 MiB
    files took five times as long. The pages leave the cache, where an archive's bytes are of no use.
    """
    first, last = (position // WRITE_OUT_WINDOW * WRITE_OUT_WINDOW for position in (offset, end))
    if last > first and hasattr(os, "posix_fadvise"):
        with suppress(OSError):  # a hint; fsync tells of a write that failed
            os.posix_fadvise(descriptor, first, last - first, os.POSIX_FADV_DONTNEED)


def _write_once(descriptor: int, data: Buffer, offset: int) -> int:
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, data, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)  # Windows: each descriptor has one writer
    return os.write(descriptor, data)
