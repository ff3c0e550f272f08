"""Opening the user's files: read only, never through a link that was not asked for, however long their path is.

Nothing is opened that is not an ordinary file: a FIFO would block for ever and a device might act.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coldframe import names
from coldframe.errors import SourceChanged

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH_LIMIT = 4096 if sys.platform.startswith("linux") else 1024
"""PATH_MAX: the longest path, with its final zero, that one call takes (Linux; macOS and the BSDs)."""

_HOLDS_FOLDERS = os.open in os.supports_dir_fd
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0)


class SourceUnreadable(SourceChanged):
    """A local file is gone or cannot be read: trying again would not help. `location` is where it should be."""

    def __init__(self, message: str, location: str) -> None:
        """Say it in `message`."""
        super().__init__(message)
        self.location = location


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file looked like: if any of it differs later, the file may hold other bytes.

    `changed_ns` is the time of the last change of the inode, which no program can set back (on Windows, of creation).
    """

    size: int
    modified_ns: int
    changed_ns: int
    inode: int
    device: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """The stamp in a stat."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)


@dataclass(frozen=True, slots=True)
class Source:
    """An ordinary file to read: its logical path (a text), where it lies (as `os` gives it), and its stamp.

    `follow` allows its last name to be a symbolic link. `note` is what the scan has to say about it.
    """

    path: str
    location: str
    stamp: Stamp
    follow: bool = False
    note: str = field(default="", compare=False)

    @property
    def text(self) -> str:
        """The location as the catalog writes it."""
        return names.write_path(self.location)


def open_path(path: str, flags: int) -> int:
    """`os.open` without its limit on length: a path beyond it is walked from folder to folder.

    Raises:
        OSError: As `os.open`; ENAMETOOLONG remains where the system cannot open relative to a folder.
    """
    folder: int | None = None
    rest = path
    try:
        while _HOLDS_FOLDERS and len(os.fsencode(rest)) >= PATH_LIMIT:
            head, rest = _split(rest)
            inner = os.open(head, _READ | _FOLDER, dir_fd=folder)
            if folder is not None:
                os.close(folder)
            folder = inner
        return os.open(rest, flags, dir_fd=folder)
    finally:
        if folder is not None:
            os.close(folder)


def open_folder(path: str) -> int:
    """Open a folder to list it and to look at what is in it."""
    return open_path(path, _READ | _FOLDER)


def look(path: str, *, follow: bool = False) -> os.stat_result:
    """`os.stat` without its limit on length."""
    if len(os.fsencode(path)) < PATH_LIMIT or not _HOLDS_FOLDERS:
        return os.stat(path, follow_symlinks=follow)
    folder = open_folder(os.path.dirname(path))
    try:
        return os.stat(os.path.basename(path), dir_fd=folder, follow_symlinks=follow)
    finally:
        os.close(folder)


def stamp_now(source: Source) -> Stamp:
    """The source's stamp at this moment.

    Raises:
        SourceUnreadable: It is gone, cannot be looked at, or is no ordinary file any more.
    """
    with _readable(source):
        status = look(source.location, follow=source.follow)
    return _ordinary(source, status)


@contextmanager
def opened(source: Source) -> Iterator[int]:
    """The source's open descriptor, for as long as the `with` lasts.

    Raises:
        SourceChanged: It is not the file that was looked at.
        SourceUnreadable: It cannot be opened.
    """
    with _readable(source):
        descriptor = open_path(source.location, _READ | _NONBLOCK | (0 if source.follow else _NOFOLLOW))
    try:
        check_unchanged(source, descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def check_unchanged(source: Source, descriptor: int) -> None:
    """Make sure that the open file still is what the source's stamp says.

    Raises:
        SourceChanged: It is not.
        SourceUnreadable: Its file system no longer answers, or it is no ordinary file.
    """
    with _readable(source):
        status = os.fstat(descriptor)
    if _ordinary(source, status) != source.stamp:
        msg = f"{names.printable(source.text)} changed while it was being archived; it is archived when it rests"
        raise SourceChanged(msg)


def read_at(source: Source, descriptor: int, view: memoryview, offset: int) -> None:
    """Fill `view` with the file's bytes from `offset`.

    Raises:
        SourceChanged: The file ends sooner.
        SourceUnreadable: The disk cannot read it.
    """
    while view:
        with _readable(source):
            count = _read_once(descriptor, view, offset)
        if not count:
            msg = f"{names.printable(source.text)} became shorter while it was being archived"
            raise SourceChanged(msg)
        view, offset = view[count:], offset + count


def is_readable(source: Source) -> bool:
    """Whether the system would let us open the source. Nothing is opened; a path too long to ask about counts."""
    if len(os.fsencode(source.location)) >= PATH_LIMIT:
        return True
    return os.access(source.location, os.R_OK, effective_ids=os.access in os.supports_effective_ids)


def explain(error: OSError) -> str:
    """What the system says, without the path, which the caller knows."""
    return error.strerror or str(error)


@contextmanager
def _readable(source: Source) -> Iterator[None]:
    """Turn what the system says about a source into the client's own error."""
    try:
        yield
    except OSError as error:
        msg = f"{names.printable(source.text)} cannot be read: {explain(error)}"
        raise SourceUnreadable(msg, source.location) from error


def _ordinary(source: Source, status: os.stat_result) -> Stamp:
    if not stat.S_ISREG(status.st_mode):
        msg = f"{names.printable(source.text)} is no ordinary file any more"
        raise SourceUnreadable(msg, source.location)
    return Stamp.of(status)


def _split(path: str) -> tuple[str, str]:
    """The longest head of whole names that fits one call, and the rest."""
    raw = os.fsencode(path)
    cut = raw.rfind(b"/", 1, PATH_LIMIT - 1)
    if cut < 0:
        return path, "."  # one name longer than any path: the call itself will say so
    return os.fsdecode(raw[:cut]), os.fsdecode(raw[cut + 1 :].lstrip(b"/"))


def _read_once(descriptor: int, view: memoryview, offset: int) -> int:
    if hasattr(os, "preadv"):
        return os.preadv(descriptor, [view], offset)
    os.lseek(descriptor, offset, os.SEEK_SET)  # Windows: each descriptor has one reader
    data = os.read(descriptor, len(view))
    view[: len(data)] = data
    return len(data)
