"""The catalog's SQLite file: who may read and write it at once, and what is durable when.

* WAL and `synchronous=FULL`: a transaction that was committed survives a power cut (reliability 0.3). Both are checked
  after they are set, and SQLite must be new enough not to have the WAL-reset bug (reliability 0.4).
* Writers are many threads of many processes. Threads of one process that arrive together share one commit, each in its
  own savepoint, so that one caller's error undoes only that caller's rows. Processes wait for each other.
* Readers see one moment and never wait for a writer.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, cast

import apsw

from coldframe.catalog.migrations import migrate
from coldframe.combine import Combiner
from coldframe.errors import Busy, CatalogUnavailable, FormatError
from coldframe.files import DiskFiles, ensure_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coldframe.clock import Clock
    from coldframe.combine import Ticket
    from coldframe.files import Files

    _Ticket = Ticket[Callable[[apsw.Connection], Any], Any]

T = TypeVar("T")

MINIMUM_SQLITE = (3, 51, 3)
"""The first SQLite without the WAL-reset bug."""

BUSY_SECONDS = 60.0
"""How long one process waits for another's transaction. They take milliseconds; a minute means that one hangs."""

_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)
_MACOS_SETTINGS = ("PRAGMA fullfsync = ON", "PRAGMA checkpoint_fullfsync = ON")
_SYNCHRONOUS_FULL = 2
_FSYNC_FAILED = frozenset({apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC})


class Database:
    """One catalog file, open. All methods may be called from any thread.

    Args:
        path: The file.
        clock: For waiting until another process has made the file.
        vfs: The SQLite VFS to open it through; empty is the system's.
    """

    def __init__(self, path: str, *, clock: Clock, vfs: str = "") -> None:
        """Store the arguments; :func:`open_database` opens."""
        self.path = path
        self._clock = clock
        self._vfs = vfs
        self._combiner: Combiner[Callable[[apsw.Connection], Any], Any] = Combiner(self._commit)
        self._writer: apsw.Connection | None = None
        self._readers: list[apsw.Connection] = []
        self._lock = Lock()
        self._is_closed = False
        self._failure: CatalogUnavailable | None = None

    def open(self) -> None:
        """Open the file, making and migrating it as needed."""
        _check_sqlite()
        with translated(self.path):
            self._writer = self._connect()
            _use_wal(self._writer, self._clock, self.path)
            migrate(self._writer, self.path)

    @contextmanager
    def read(self) -> Iterator[apsw.Connection]:
        """A connection that sees one moment of the catalog, whatever is written meanwhile.

        It belongs to the caller until the `with` ends, and cannot write.
        """
        with translated(self.path):
            connection = self._take_reader()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                self._give_back(connection)

    def write(self, act: Callable[[apsw.Connection], T]) -> T:
        """Run `act` in a transaction and answer what it answers, once that is durable.

        `act` may be undone and must therefore do nothing but read and write through the connection it is given. It must
        not call `write` itself. What it raises undoes its rows and goes on to the caller.

        Raises:
            Busy: Another process held the catalog for too long.
            CatalogUnavailable: The rows could not be made durable; none of them is there.
        """
        return cast("T", self._combiner(act))

    def close(self) -> None:
        """Close all connections; reads that still run lose theirs when they end."""
        with self._lock:
            connections = [*self._readers, *([self._writer] if self._writer else [])]
            self._readers, self._writer, self._is_closed = [], None, True
        for connection in connections:
            with suppress(apsw.Error):  # the last one empties the log into the file; if it cannot, the log stays
                connection.close()

    # --- writing ------------------------------------------------------------------------------------------------------

    def _commit(self, tickets: Sequence[_Ticket]) -> None:
        """Carry out a batch in one transaction; nobody hears anything before it is durable."""
        if self._failure is not None:
            raise self._failure
        connection = self._open_writer()
        try:
            with translated(self.path):
                settle = self._transact(connection, tickets)
        except CatalogUnavailable as error:
            self._remember(error)
            raise
        for answer in settle:
            answer()

    def _transact(self, connection: apsw.Connection, tickets: Sequence[_Ticket]) -> list[Callable[[], None]]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            settle = [_attempt(connection, ticket) for ticket in tickets]
            connection.execute("COMMIT")
        except BaseException:
            with suppress(apsw.Error):  # some errors have rolled back already
                connection.execute("ROLLBACK")
            raise
        return settle

    def _remember(self, error: CatalogUnavailable) -> None:
        """After a failed fsync nothing that this process writes can be trusted any more (reliability 0.2)."""
        cause = error.__cause__
        if getattr(cause, "extendedresult", 0) in _FSYNC_FAILED:
            self._failure = error

    def _open_writer(self) -> apsw.Connection:
        if self._writer is None:
            raise ValueError("the catalog is closed")
        return self._writer

    # --- connections --------------------------------------------------------------------------------------------------

    def _take_reader(self) -> apsw.Connection:
        with self._lock:
            if self._is_closed:
                raise ValueError("the catalog is closed")
            if self._readers:
                return self._readers.pop()
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _give_back(self, connection: apsw.Connection) -> None:
        if connection.in_transaction:
            with suppress(apsw.Error):
                connection.execute("ROLLBACK")
        with self._lock:
            if not self._is_closed and not connection.in_transaction:
                self._readers.append(connection)
                return
        connection.close(force=True)

    def _connect(self) -> apsw.Connection:
        connection = apsw.Connection(self.path, vfs=self._vfs or None)
        connection.set_busy_timeout(int(BUSY_SECONDS * 1000))
        for setting in (*_SETTINGS, *(_MACOS_SETTINGS if sys.platform == "darwin" else ())):
            connection.execute(setting)
        if connection.pragma("synchronous") != _SYNCHRONOUS_FULL:
            raise CatalogUnavailable("SQLite does not write durably here (synchronous is not FULL)")
        return connection


def open_database(path: str, *, clock: Clock, files: Files | None = None, vfs: str = "") -> Database:
    """Open a catalog file; it and its folder are made if they are not there.

    Raises:
        FormatError: The file is damaged, no catalog, or one of a newer coldframe.
        CatalogUnavailable: It cannot be opened or written.
    """
    ensure_folder(files or DiskFiles(), os.path.dirname(os.path.abspath(path)))
    database = Database(path, clock=clock, vfs=vfs)
    try:
        database.open()
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn SQLite's errors into coldframe's, with what to do next."""
    try:
        yield
    except (apsw.Error, UnicodeDecodeError) as error:
        explained = explain(error, path)
        if explained is error:
            raise
        raise explained from error


def explain(error: Exception, path: str) -> Exception:
    """The error that a user should see in place of SQLite's; any other error as it is."""
    match error:
        case apsw.CorruptError() | apsw.NotADBError():
            return damaged(path, str(error))
        case apsw.SQLError() | UnicodeDecodeError():  # broken texts: of the schema, of a row
            return damaged(path, str(error))
        case apsw.BusyError() | apsw.LockedError():
            return Busy(f"another process is holding the catalog {path}; try again when it is done")
        case apsw.FullError():
            return CatalogUnavailable(f"the disk of the catalog {path} is full; make room and run this again")
        case apsw.IOError() | apsw.CantOpenError() | apsw.ReadOnlyError() | apsw.PermissionsError():
            return CatalogUnavailable(f"the catalog {path} cannot be read or written: {error}")
    return error


def damaged(path: str, detail: str) -> FormatError:
    """The error for a catalog whose content cannot be trusted."""
    return FormatError(
        f"the catalog {path} is damaged ({detail}). Nothing was changed. Move the file aside, then bring its content"
        " back with `coldframe inventory import` from an inventory CSV or `coldframe inventory rebuild` from the vault"
    )


def _attempt(connection: apsw.Connection, ticket: _Ticket) -> Callable[[], None]:
    """Run one caller's act in its savepoint; answer how to tell that caller once all is durable.

    An SQLite error other than a broken constraint concerns the file, not the caller, and so the whole batch.
    """
    connection.execute("SAVEPOINT act")
    try:
        value = ticket.wish(connection)
    except Exception as error:
        if isinstance(error, apsw.Error) and not isinstance(error, apsw.ConstraintError):
            raise
        connection.execute("ROLLBACK TO act")
        connection.execute("RELEASE act")
        failure = error
        return lambda: ticket.fail(failure)
    connection.execute("RELEASE act")
    return lambda: ticket.answer(value)


def _use_wal(connection: apsw.Connection, clock: Clock, path: str) -> None:
    """Switch to WAL; while another process is making the same file SQLite may say busy without waiting."""
    deadline = clock.monotonic() + BUSY_SECONDS
    while True:
        try:
            mode = connection.pragma("journal_mode", "wal")
        except apsw.BusyError:
            if clock.monotonic() > deadline:
                raise
            clock.sleep(0.05)
            continue
        if mode != "wal":
            raise CatalogUnavailable(f"the catalog {path} cannot be shared safely on this file system; move it")
        return


def _check_sqlite() -> None:
    version = tuple(int(number) for number in apsw.sqlite_lib_version().split("."))
    if version < MINIMUM_SQLITE:
        wanted = ".".join(map(str, MINIMUM_SQLITE))
        raise CatalogUnavailable(
            f"SQLite {apsw.sqlite_lib_version()} can damage files that two processes write; {wanted} or newer is needed"
        )
