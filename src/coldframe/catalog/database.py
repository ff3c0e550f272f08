"""The catalog's SQLite file: who may read and write it at once, and what is durable when.

* A transaction that was committed survives a power cut: see `coldframe.sqlite`.
* Writers are many threads of many processes. Threads of one process that arrive together share one commit, each in its
  own savepoint, so that one caller's error undoes only that caller's rows. Processes wait for each other.
* Readers see one moment and never wait for a writer.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, cast

import apsw

from coldframe.catalog import searching
from coldframe.combine import Combiner
from coldframe.errors import Busy, CatalogUnavailable, FormatError
from coldframe.files import DiskFiles, ensure_folder, sync_ancestors
from coldframe.sqlite import Schema, open_reader, open_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from coldframe.clock import Clock
    from coldframe.combine import Ticket
    from coldframe.files import Files
    from coldframe.sqlite import Writer

    _Ticket = Ticket[Callable[[apsw.Connection], Any], Any]

T = TypeVar("T")

SCHEMA = Schema(
    what="the catalog",
    application_id=0x43466361,  # "CFca"
    folder=os.path.join(os.path.dirname(__file__), "sql"),
    scripts=(
        "0001_catalog.sql",
        "0002_orders.sql",
        "0003_inventories.sql",
        "0004_proofs.sql",
        "0005_news.sql",
        "0006_spending.sql",
        "0007_vault_queues.sql",
        "0008_asking.sql",
        "0009_drills.sql",
        "0010_transfer.sql",
    ),
    unavailable=CatalogUnavailable,
)


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
        self._writer: Writer | None = None
        self._readers: list[apsw.Connection] = []
        self._lock = Lock()
        self._is_closed = False

    def open(self) -> None:
        """Open the file, making and migrating it as needed."""
        with translated(self.path):
            schema = replace(SCHEMA, what=f"the catalog {self.path}")
            self._writer = open_writer(self.path, schema, clock=self._clock, vfs=self._vfs)

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

    def fetch(self, sql: str, bindings: Mapping[str, str | int | None]) -> list[tuple[Any, ...]]:
        """All rows of one statement, which sees one moment by itself."""
        with translated(self.path):
            connection = self._take_reader()
            try:
                return connection.execute(sql, bindings).fetchall()
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
            readers, writer = self._readers, self._writer
            self._readers, self._writer, self._is_closed = [], None, True
        for connection in readers:
            with suppress(apsw.Error):
                connection.close()
        if writer is not None:
            writer.close()

    # --- writing ------------------------------------------------------------------------------------------------------

    def _commit(self, tickets: Sequence[_Ticket]) -> None:
        """Carry out a batch in one transaction; nobody hears anything before it is durable."""
        writer = self._open_writer()
        with translated(self.path):
            outcomes = writer.transact([ticket.wish for ticket in tickets])
        for ticket, outcome in zip(tickets, outcomes, strict=True):
            if outcome.error is None:
                ticket.answer(outcome.value)
            else:
                ticket.fail(outcome.error)

    def _open_writer(self) -> Writer:
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
        connection = open_reader(self.path, vfs=self._vfs)
        searching.install(connection)  # once: it makes every statement that was prepared before be prepared again
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


def open_database(path: str, *, clock: Clock, files: Files | None = None, vfs: str = "") -> Database:
    """Open a catalog file; it and its folder are made if they are not there.

    Raises:
        FormatError: The file is damaged, no catalog, or one of a newer coldframe.
        CatalogUnavailable: It cannot be opened or written.
    """
    _make_way(os.path.abspath(path), files or DiskFiles())
    database = Database(path, clock=clock, vfs=vfs)
    try:
        database.open()
    except BaseException:
        database.close()
        raise
    return database


def _make_way(path: str, files: Files) -> None:
    """Make the folder of a catalog; a new catalog's is durable, up to the root, before there is a page of it.

    That a folder is there proves nothing: whoever made it may have been cut off before its name was safe. SQLite syncs
    the folder itself, with the file's name in it.
    """
    folder = os.path.dirname(path)
    ensure_folder(files, folder)
    if not os.path.exists(path) or not os.path.getsize(path):
        sync_ancestors(files, folder)


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
            is_broken = isinstance(error, apsw.IOError)
            look = "its disk is full or failing" if is_broken else "this user may use its folder"
            return CatalogUnavailable(f"the catalog {path} cannot be read or written: {error}; see whether {look}")
    return error


def damaged(path: str, detail: str) -> FormatError:
    """The error for a catalog whose content cannot be trusted."""
    return FormatError(
        f"the catalog {path} is damaged ({detail}). Nothing was changed. Move the file aside, then bring its content"
        " back with `coldframe inventory import` from an inventory CSV or `coldframe inventory rebuild` from the vault"
    )
