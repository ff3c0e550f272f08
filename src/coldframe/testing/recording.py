"""Hear every change that coldframe makes to a disk, and step in between.

Coldframe changes disks through two channels: :class:`coldframe.files.Files`, and SQLite's VFS. Both are wrapped here,
and both tell one :class:`Tap` of each operation before it is done. A tap may let it happen, fail it, tear it, skip it,
or end the process; :class:`Trace` writes it down. Operations of both channels stand in one order, because an ordering
fault is a relation between the two: a row committed before the blob that it speaks of.

What SQLite's own unix VFS does behind the hooks is told as well: it syncs the folder after the first sync of a journal
or write-ahead log that a connection opened, and after a deletion where SQLite asked for it (os_unix.c: unixSync,
unixDelete). The shared-memory file does not pass here; it means nothing after a power cut.
"""

from __future__ import annotations

import itertools
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Protocol

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from coldframe.files import Files
    from coldframe.model import Buffer

if sys.platform != "win32":
    import fcntl

_JOURNALS = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL | apsw.SQLITE_OPEN_WAL
_handles = itertools.count(1)


class Verb(StrEnum):
    """What an operation does."""

    CREATE = "create"
    OPEN = "open"
    WRITE = "write"
    TRUNCATE = "truncate"
    SYNC = "sync"
    CLOSE = "close"
    RENAME = "rename"
    UNLINK = "unlink"
    MAKE_FOLDER = "make_folder"
    SYNC_FOLDER = "sync_folder"
    MARK = "mark"


class Channel(StrEnum):
    """Which way an operation took."""

    FILES = "files"
    SQLITE = "sqlite"
    KERNEL = "kernel"  # done by SQLite's VFS inside the operation before; it reports no error of it
    TEST = "test"  # a mark


CHANGES = frozenset(Verb) - {Verb.OPEN, Verb.CLOSE, Verb.MARK}
"""The verbs that change what a power cut leaves."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One step, as a system call would say it.

    `handle` tells one opening of a file from another; `offset` is the new size where the verb is `truncate`.
    """

    verb: Verb
    channel: Channel
    path: str = ""
    target: str = ""
    handle: int = 0
    offset: int = 0
    data: bytes = b""
    mark: object = None
    failed: bool = False

    def __str__(self) -> str:
        """The operation on one line, for the reader of a failed test."""
        if self.verb is Verb.MARK:
            return f"mark {self.mark}"
        size = f" [{self.offset}:{self.offset + len(self.data)}]" if self.verb is Verb.WRITE else ""
        cut = f" to {self.offset}" if self.verb is Verb.TRUNCATE else ""
        target = f" -> {os.path.basename(self.target)}" if self.target else ""
        return f"{self.channel} {self.verb} #{self.handle} {self.path}{size}{cut}{target}{' FAILED' * self.failed}"


class Perform(Protocol):
    """Does an operation, or the part of it that it is given."""

    def __call__(self, operation: Operation, /) -> None:
        """Do it now."""
        ...


class Tap(Protocol):
    """Is told of each operation and decides what comes of it."""

    def __call__(self, operation: Operation, perform: Perform, /) -> None:
        """Call `perform` for the operation to happen; raise for it to fail; do nothing for it to be skipped."""
        ...


class Chain:
    """Several taps behind each other: the first sees what was asked for, the last what is really done."""

    def __init__(self, *taps: Tap) -> None:
        self._taps = taps

    def __call__(self, operation: Operation, perform: Perform) -> None:
        """Pass the operation from tap to tap."""
        _pass_on(self._taps, operation, perform)


def _pass_on(taps: Sequence[Tap], operation: Operation, perform: Perform) -> None:
    if not taps:
        perform(operation)
        return
    taps[0](operation, lambda given: _pass_on(taps[1:], given, perform))


class Trace:
    """Writes down all operations in the order in which they were done; one at a time, so that there is an order."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._lock = RLock()
        self._is_paused = False

    def __call__(self, operation: Operation, perform: Perform) -> None:
        """Do it and write it down, also when it failed: part of it may have happened."""
        with self._lock:
            try:
                perform(operation)
            except BaseException:
                self.add(replace(operation, failed=True))
                raise
            self.add(operation)

    def mark(self, mark: object) -> None:
        """Write down that the program knows or says something from here on, such as a receipt given."""
        self.add(Operation(Verb.MARK, Channel.TEST, mark=mark))

    def add(self, operation: Operation) -> None:
        """Write down an operation that did not come this way."""
        with self._lock:
            if not self._is_paused:
                self.operations.append(operation)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let operations pass unwritten."""
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False


class TappedFiles:
    """A :class:`Files` that tells a tap of everything."""

    def __init__(self, files: Files, tap: Tap) -> None:
        self._files = files
        self._tap = tap
        self._open: dict[int, tuple[int, str]] = {}

    def create(self, path: str, *, folder: int | None = None, is_private: bool = False) -> int:
        """Create a file and open it."""
        return self._opened(Verb.CREATE, path, folder, partial(self._files.create, is_private=is_private))

    def reopen(self, path: str, *, folder: int | None = None) -> int:
        """Open an existing file."""
        return self._opened(Verb.OPEN, path, folder, self._files.reopen)

    def write(self, descriptor: int, data: Buffer, offset: int) -> None:
        """Write at an offset."""
        operation = self._on(Verb.WRITE, descriptor, offset=offset, data=bytes(data))
        self._tap(operation, lambda given: self._files.write(descriptor, given.data, given.offset))

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut or extend an open file."""
        operation = self._on(Verb.TRUNCATE, descriptor, offset=size)
        self._tap(operation, lambda given: self._files.truncate(descriptor, given.offset))

    def sync(self, descriptor: int) -> None:
        """Sync an open file."""
        self._tap(self._on(Verb.SYNC, descriptor), lambda _: self._files.sync(descriptor))

    def close(self, descriptor: int) -> None:
        """Close an open file; no tap may keep it open."""
        operation = self._on(Verb.CLOSE, descriptor)
        self._open.pop(descriptor, None)  # before the close: the number may be given out again at once
        self._tap(operation, lambda _: self._files.close(descriptor))

    def rename(self, source: str, target: str, *, folder: int | None = None) -> None:
        """Give a file another name."""
        operation = Operation(
            Verb.RENAME, Channel.FILES, path=_whole_path(source, folder), target=_whole_path(target, folder)
        )
        self._tap(operation, lambda _: self._files.rename(source, target, folder=folder))

    def unlink(self, path: str, *, folder: int | None = None) -> None:
        """Remove a file."""
        operation = Operation(Verb.UNLINK, Channel.FILES, path=_whole_path(path, folder))
        self._tap(operation, lambda _: self._files.unlink(path, folder=folder))

    def make_folder(self, path: str, *, folder: int | None = None) -> None:
        """Make a folder."""
        operation = Operation(Verb.MAKE_FOLDER, Channel.FILES, path=_whole_path(path, folder))
        self._tap(operation, lambda _: self._files.make_folder(path, folder=folder))

    def sync_folder(self, path: str | int) -> None:
        """Sync a folder."""
        whole = folder_path(path) if isinstance(path, int) else os.path.abspath(path)
        self._tap(Operation(Verb.SYNC_FOLDER, Channel.FILES, path=whole), lambda _: self._files.sync_folder(path))

    def _opened(self, verb: Verb, path: str, folder: int | None, call: Callable[..., int]) -> int:
        opened: list[int] = []
        operation = Operation(verb, Channel.FILES, path=_whole_path(path, folder), handle=next(_handles))
        self._tap(operation, lambda _: opened.append(call(path, folder=folder)))
        self._open[opened[0]] = (operation.handle, operation.path)
        return opened[0]

    def _on(self, verb: Verb, descriptor: int, *, offset: int = 0, data: bytes = b"") -> Operation:
        handle, path = self._open.get(descriptor, (0, f"descriptor {descriptor}"))
        return Operation(verb, Channel.FILES, path=path, handle=handle, offset=offset, data=data)


class TappedVfs(apsw.VFS):
    """An SQLite VFS that tells a tap of every change; use its name as `vfs` and :meth:`unregister` it at the end."""

    def __init__(self, name: str, tap: Tap) -> None:
        super().__init__(name, "", maxpathname=0)
        self.vfs_name = name
        self._tap = tap

    def excepthook(
        self, etype: type[BaseException] | None, evalue: BaseException | None, etraceback: TracebackType | None
    ) -> bool:
        """Say nothing of an SQLite error that SQLite heard as a code and does not hand on; anything else is a bug."""
        return isinstance(evalue, apsw.Error) or super().excepthook(etype, evalue, etraceback)

    # apsw calls these by their SQLite names, and hands `xOpen` a list of two flags whose second it reads back
    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        """Open or create a file; one without a name is SQLite's own scratch space and passes untold."""
        if name is None:
            return apsw.VFSFile("", name, flags)
        path = name if isinstance(name, str) else name.filename()
        is_new = bool(flags[0] & apsw.SQLITE_OPEN_CREATE) and not os.path.lexists(path)
        verb = Verb.CREATE if is_new else Verb.OPEN
        opened: list[TappedVfsFile] = []
        operation = Operation(verb, Channel.SQLITE, path=path, handle=next(_handles))
        self._tap(operation, lambda _: opened.append(TappedVfsFile(name, flags, operation=operation, tap=self._tap)))
        return opened[0]

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001, N802 - SQLite's signature
        """Delete a file, and sync its folder if SQLite asks for it."""
        operation = Operation(Verb.UNLINK, Channel.SQLITE, path=filename)
        self._tap(operation, lambda _: super(TappedVfs, self).xDelete(filename, syncdir))
        if syncdir:
            _tell_folder_sync(self._tap, filename)


class TappedVfsFile(apsw.VFSFile):
    """One opening of a database, journal or write-ahead log."""

    def __init__(self, name: str | apsw.URIFilename, flags: list[int], *, operation: Operation, tap: Tap) -> None:
        self._operation = operation
        self._tap = tap
        self._owes_folder_sync = bool(flags[0] & apsw.SQLITE_OPEN_CREATE and flags[0] & _JOURNALS)
        super().__init__("", name, flags)

    def excepthook(
        self, etype: type[BaseException] | None, evalue: BaseException | None, etraceback: TracebackType | None
    ) -> bool:
        """Say nothing of an SQLite error that SQLite heard as a code and does not hand on; anything else is a bug."""
        return isinstance(evalue, apsw.Error) or super().excepthook(etype, evalue, etraceback)

    def xWrite(self, data: Buffer, offset: int) -> None:  # noqa: N802 - SQLite's name
        """Write at an offset."""
        operation = replace(self._operation, verb=Verb.WRITE, offset=offset, data=bytes(data))
        self._tap(operation, lambda given: super(TappedVfsFile, self).xWrite(given.data, given.offset))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        """Cut or extend."""
        operation = replace(self._operation, verb=Verb.TRUNCATE, offset=newsize)
        self._tap(operation, lambda given: super(TappedVfsFile, self).xTruncate(given.offset))

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        """Sync the file; the first time also the folder, for a journal's name (os_unix.c: UNIXFILE_DIRSYNC)."""
        operation = replace(self._operation, verb=Verb.SYNC)
        self._tap(operation, lambda _: super(TappedVfsFile, self).xSync(flags))
        if self._owes_folder_sync:
            self._owes_folder_sync = False
            _tell_folder_sync(self._tap, self._operation.path)


def folder_path(descriptor: int) -> str:
    """The path of an open folder."""
    if sys.platform == "darwin":
        return fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0").decode()
    return os.readlink(f"/proc/self/fd/{descriptor}")


def _whole_path(path: str, folder: int | None) -> str:
    return os.path.abspath(path) if folder is None else os.path.join(folder_path(folder), path)


def _tell_folder_sync(tap: Tap, path: str) -> None:
    tap(Operation(Verb.SYNC_FOLDER, Channel.KERNEL, path=os.path.dirname(path)), lambda _: None)
