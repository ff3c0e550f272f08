"""Taps that make disks fail, lie, or fall silent: see :mod:`coldframe.testing.recording` for where they are put in.

A fault strikes the n-th operation that it can strike, once or from then on; :meth:`Fault.lift` ends it, as when a user
frees space on a full disk.
"""

from __future__ import annotations

import errno
import os
import signal
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

import apsw

from coldframe.testing.recording import CHANGES, Channel, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coldframe.testing.recording import Operation, Perform

_OPENS = frozenset({Verb.CREATE, Verb.OPEN})
_TAKES_SPACE = frozenset({Verb.CREATE, Verb.WRITE, Verb.TRUNCATE, Verb.SYNC, Verb.RENAME, Verb.MAKE_FOLDER})

STRIKES = {
    errno.ENOSPC: _TAKES_SPACE,
    errno.EDQUOT: _TAKES_SPACE,
    errno.EMFILE: _OPENS | {Verb.SYNC_FOLDER},
    errno.EIO: CHANGES | _OPENS,
    errno.EROFS: CHANGES - {Verb.SYNC, Verb.SYNC_FOLDER},
}
"""Which operations an error of the system can strike."""

_SQLITE_ERRORS = {
    Verb.WRITE: apsw.SQLITE_IOERR_WRITE,
    Verb.SYNC: apsw.SQLITE_IOERR_FSYNC,
    Verb.TRUNCATE: apsw.SQLITE_IOERR_TRUNCATE,
    Verb.UNLINK: apsw.SQLITE_IOERR_DELETE,
    Verb.CREATE: apsw.SQLITE_CANTOPEN,
    Verb.OPEN: apsw.SQLITE_CANTOPEN,
}


class Fault:
    """Fails the `nth` operation (from 1) that `number`, an errno, can strike; all later ones too if it is lasting.

    A write that finds the disk full has put down its first half. A :class:`Trace` belongs behind the fault, where it
    sees what is really done; `tell` lets it know of what failed. `where` narrows what can be struck.
    """

    def __init__(
        self,
        number: int,
        nth: int,
        *,
        is_lasting: bool = False,
        where: Callable[[Operation], bool] | None = None,
        tell: Callable[[Operation], None] | None = None,
    ) -> None:
        self.struck: list[Operation] = []
        self._number = number
        self._nth = nth
        self._is_lasting = is_lasting
        self._where = where
        self._tell = tell
        self._seen = 0
        self._lock = Lock()

    def __call__(self, operation: Operation, perform: Perform) -> None:
        """Fail it, or let it happen."""
        if not self._strikes(operation):
            perform(operation)
            return
        self.struck.append(operation)
        if operation.verb is Verb.WRITE and self._number in {errno.ENOSPC, errno.EDQUOT}:
            perform(half(operation))
        if self._tell is not None:
            self._tell(replace(operation, failed=True))
        raise error_for(operation, self._number)

    def lift(self) -> None:
        """Strike no more."""
        self._nth = 0

    def _strikes(self, operation: Operation) -> bool:
        if operation.channel is Channel.KERNEL or operation.verb not in STRIKES[self._number]:
            return False
        if self._where is not None and not self._where(operation):
            return False
        with self._lock:
            self._seen += 1
            return 0 < self._nth <= self._seen if self._is_lasting else self._nth == self._seen


class KillPoint:
    """Ends the process, as `kill -9` would, before its `nth` change (from 1); half of a write is done if it is torn."""

    def __init__(self, nth: int, *, is_torn: bool = False) -> None:
        self._nth = nth
        self._is_torn = is_torn
        self._seen = 0
        self._lock = Lock()

    def __call__(self, operation: Operation, perform: Perform) -> None:
        """Count, and die at the point."""
        if operation.channel is Channel.KERNEL or operation.verb not in CHANGES:
            perform(operation)
            return
        with self._lock:  # held while dying: no other thread gets past its own count
            self._seen += 1
            if self._seen == self._nth:
                if self._is_torn and operation.verb is Verb.WRITE:
                    perform(half(operation))
                os.kill(os.getpid(), signal.SIGKILL)
        perform(operation)


class Skipping:
    """Pretends to have done every operation that `is_skipped` names, as a program that forgot it, or a disk that lies.

    Its `skipped` counts them: a planted fault that was never reached proves nothing.
    """

    def __init__(self, is_skipped: Callable[[Operation], bool]) -> None:
        self.skipped = 0
        self._is_skipped = is_skipped

    def __call__(self, operation: Operation, perform: Perform) -> None:
        """Do it unless it is skipped."""
        if self._is_skipped(operation):
            self.skipped += 1
        else:
            perform(operation)


class Counting:
    """Counts, by errno, the operations that a fault of that number could have struck, and the kill points."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def __call__(self, operation: Operation, perform: Perform) -> None:
        """Keep the operation without its bytes, and do it."""
        self.operations.append(replace(operation, data=b""))
        perform(operation)

    def struck_by(self, number: int) -> int:
        """How many points there are for a fault of this errno."""
        return sum(o.verb in STRIKES[number] and o.channel is not Channel.KERNEL for o in self.operations)

    def kill_points(self) -> int:
        """How many points there are to die at."""
        return sum(o.verb in CHANGES and o.channel is not Channel.KERNEL for o in self.operations)


def half(operation: Operation) -> Operation:
    """A write that stops in the middle."""
    return replace(operation, data=operation.data[: len(operation.data) // 2])


def error_for(operation: Operation, number: int) -> Exception:
    """What the system would raise: an OSError, or, inside SQLite, the error that its own VFS makes of it."""
    if operation.channel is Channel.FILES:
        return OSError(number, os.strerror(number), operation.path)
    is_full = number in {errno.ENOSPC, errno.EDQUOT} and operation.verb is Verb.WRITE
    error = apsw.exception_for(apsw.SQLITE_FULL if is_full else _SQLITE_ERRORS[operation.verb])
    error.args = (f"{os.strerror(number)} ({operation.verb})",)
    return error


def retried_syncs(operations: Iterable[Operation]) -> list[Operation]:
    """The syncs through :class:`Files` that were tried again on a file whose sync had failed (reliability 0.2)."""
    failed: set[int] = set()
    retried: list[Operation] = []
    for operation in operations:
        if operation.verb is Verb.SYNC and operation.channel is Channel.FILES:
            if operation.handle in failed:
                retried.append(operation)
            if operation.failed:
                failed.add(operation.handle)
    return retried
