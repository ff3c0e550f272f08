"""Folders at the destination, held open so that nobody can lead a file out of them (reliability X1, X2).

On POSIX a path is walked name by name: each folder is opened inside the one before without following a link, and
stays open while a file in it is worked on. Whoever swaps a folder for a symlink meanwhile changes a name, not what is
held. Windows has no such calls; there every folder is checked for links and reparse points before it is used.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Self, TypeVar

from coldframe.errors import ColdframeError, DestinationUnavailable, UnsafeName
from coldframe.files import sync_ancestors
from coldframe.names import printable, write_path
from coldframe.retriever.safe_names import escape_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from coldframe.files import Files

T = TypeVar("T")

CAN_HOLD = os.open in os.supports_dir_fd and os.name != "nt"
"""Whether this system opens files relative to an open folder."""

_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)  # a FIFO planted under the name must not hang us
_FOLDER = _READ | getattr(os, "O_DIRECTORY", 0)
_REPARSE_POINT = 0x400

_NAME_FORBIDDEN = frozenset({errno.EINVAL, errno.EILSEQ})
_NAME_REFUSED = frozenset({errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.ELOOP, errno.ENOTDIR})
_DESTINATION_FAILS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN}
)


class Folder:
    """One folder at the destination.

    Args:
        path: Its absolute path; on POSIX used for messages only.
        descriptor: The open folder, or None where the system cannot work relative to one.
        files: Through which changes are made.
    """

    def __init__(self, path: str, descriptor: int | None, files: Files) -> None:
        """Take over the descriptor."""
        self.path = path
        self._descriptor = descriptor
        self._files = files

    @property
    def key(self) -> tuple[int, int]:
        """What tells this folder from every other."""
        status = os.stat(self.path if self._descriptor is None else self._descriptor)
        return status.st_dev, status.st_ino

    def enter(self, name: str, *, make: bool) -> Folder:
        """The folder `name` inside this one, made durably if it is not there and `make`.

        Raises:
            UnsafeName: The name is taken by a link or a file.
            FileNotFoundError: It is not there and not to be made.
        """
        try:
            return self._enter(name)
        except FileNotFoundError:
            if not make:
                raise
        with suppress(FileExistsError):  # another thread was quicker
            self._files.make_folder(self._place(name), folder=self._descriptor)
        self.sync()
        return self._enter(name)

    def find(self, name: str) -> os.stat_result | None:
        """What has `name` here, not following a link; None if nothing has."""
        try:
            return os.stat(self._place(name), dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def open_to_read(self, name: str) -> int:
        """Open a regular file; raises OSError if it is anything else."""
        descriptor = os.open(self._place(name), _READ | _NONBLOCK, dir_fd=self._descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a regular file", self._show(name))
        return descriptor

    def create(self, name: str) -> int:
        """Create a file that is not there."""
        return self._files.create(self._place(name), folder=self._descriptor)

    def reopen(self, name: str) -> int:
        """Open an existing file of our own; one that has a second name elsewhere is not our own."""
        status = self.find(name)
        if status is not None and (not stat.S_ISREG(status.st_mode) or status.st_nlink != 1):
            raise UnsafeName(f"{self._show(name)} is a link that coldframe did not make; remove it")
        return self._files.reopen(self._place(name), folder=self._descriptor)

    def rename(self, source: str, target: str) -> None:
        """Give a file another name in this folder."""
        self._files.rename(self._place(source), self._place(target), folder=self._descriptor)

    def unlink(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        if self.find(name) is not None:
            self._files.unlink(self._place(name), folder=self._descriptor)

    def sync(self) -> None:
        """Make the names in this folder survive a power cut."""
        self._files.sync_folder(self.path if self._descriptor is None else self._descriptor)

    def close(self) -> None:
        """Let go of the folder."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        """The folder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _enter(self, name: str) -> Folder:
        path = os.path.join(self.path, name)
        if self._descriptor is None:
            _require_real_folder(path)
            return Folder(path, None, self._files)
        try:
            return Folder(path, os.open(name, _FOLDER, dir_fd=self._descriptor), self._files)
        except OSError as error:
            if error.errno in {errno.ENOTDIR, errno.ELOOP, getattr(errno, "EMLINK", errno.ELOOP)}:
                raise _not_a_folder(path) from error
            raise

    def _place(self, name: str) -> str:
        return os.path.join(self.path, name) if self._descriptor is None else name

    def _show(self, name: str) -> str:
        return printable(write_path(os.path.join(self.path, name)))


class Destination:
    """The folder that an order fills.

    Args:
        path: Its absolute path. That it may be a link itself is its owner's choice; nothing below it may.
        files: Through which changes are made.
        hold: Whether to work relative to open folders; False is what Windows needs.
    """

    def __init__(self, path: str, files: Files, *, hold: bool = CAN_HOLD) -> None:
        """Store the arguments."""
        self.path = path
        self._files = files
        self._hold = hold
        self._lock = Lock()
        self._durable: set[object] = set()

    def open(self) -> Folder:
        """The folder itself.

        Raises:
            DestinationUnavailable: It is not there.
        """
        try:
            if self._hold:
                flags = os.O_RDONLY | os.O_DIRECTORY | getattr(os, "O_CLOEXEC", 0)
                return Folder(self.path, os.open(self.path, flags), self._files)
            if not os.path.isdir(self.path):
                raise NotADirectoryError(errno.ENOTDIR, "not a folder", self.path)
        except OSError as error:
            shown = printable(write_path(self.path))
            raise DestinationUnavailable(
                f"the destination {shown} cannot be opened ({error.strerror}); bring it back (is its disk mounted?)"
                " and carry the order on"
            ) from error
        return Folder(self.path, None, self._files)

    @contextmanager
    def folder(self, parts: Sequence[str], *, make: bool) -> Iterator[Folder]:
        """The folder below the destination that `parts` lead to, held open for the length of the `with`.

        If it is to be filled, the names of all folders on the way are durable: that one is there proves nothing, since
        another thread, or a run that was cut off, may have made it without having come to that.
        """
        folder = self.open()
        try:
            if make:
                self._secure(folder, partial(sync_ancestors, self._files, self.path))
            for part in parts:
                outer, folder = folder, with_escape(part, partial(folder.enter, make=make))
                with outer:
                    if make:
                        self._secure(folder, outer.sync)
            yield folder
        finally:
            folder.close()

    def secure_names(self, folder: Folder, parts: Sequence[str]) -> None:
        """Make the names that were found in a folder durable, and all that lead to it: ours may have been cut off."""
        with self.folder(parts, make=True):
            self._secure(folder, folder.sync, what="names")

    def _secure(self, folder: Folder, sync: Callable[[], None], *, what: str = "") -> None:
        """Have a folder's own name made durable, once, whoever comes meanwhile waits for it; or `what` of it."""
        key = folder.path, folder.key, what
        with self._lock:
            if key not in self._durable:
                sync()
                self._durable.add(key)


def with_escape(name: str, act: Callable[[str], T]) -> T:
    """Act on a name, or, where the file system forbids it, on its escaped form (reliability C20)."""
    try:
        return act(name)
    except OSError as error:
        escaped = escape_name(name)
        if error.errno not in _NAME_FORBIDDEN or escaped == name:
            raise
    return act(escaped)


def mount_point(path: str) -> str:
    """The root of the file system on which `path` lies, or would lie once it is made."""
    path = os.path.realpath(path)
    while not os.path.ismount(path):
        parent = os.path.dirname(path)
        if parent == path:
            break
        path = parent
    return path


@contextmanager
def placing(path: str) -> Iterator[None]:
    """Turn what the operating system says about a file at the destination into our own errors.

    Raises:
        UnsafeName: The name cannot exist there; only this file is concerned.
        DestinationUnavailable: The destination is full, gone or broken; everything waits.
        ColdframeError: Anything else that concerns only this file.
    """
    try:
        yield
    except OSError as error:
        raise explain(error, path) from error


def explain(error: OSError, path: str) -> ColdframeError:
    """The error to show for what the operating system said about `path` (a text of `names`)."""
    shown, reason = printable(path), error.strerror or str(error)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DestinationUnavailable(f"no room at the destination for {shown}; make room and carry the order on")
    if error.errno == errno.ENOENT:  # names are looked up before they are used, so a folder went away meanwhile
        return DestinationUnavailable(f"a folder of the destination vanished under {shown}; carry the order on")
    if error.errno in _DESTINATION_FAILS:
        return DestinationUnavailable(f"the destination failed at {shown} ({reason}); repair it and carry the order on")
    if error.errno in _NAME_REFUSED:
        return UnsafeName(f"{shown} cannot exist at the destination ({reason})")
    return ColdframeError(f"{shown} cannot be placed: {reason}")


def _require_real_folder(path: str) -> None:
    """Refuse links and reparse points, for systems that cannot hold folders open."""
    status = os.lstat(path)
    is_reparse_point = getattr(status, "st_file_attributes", 0) & _REPARSE_POINT
    if is_reparse_point or not stat.S_ISDIR(status.st_mode):
        raise _not_a_folder(path)


def _not_a_folder(path: str) -> UnsafeName:
    return UnsafeName(f"{printable(write_path(path))} is a link or a file, not a folder; nothing is placed through it")
