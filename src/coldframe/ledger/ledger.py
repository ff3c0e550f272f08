"""The ledger: transactions over SQLite, shared by threads and by processes.

Writes of threads that arrive together share one transaction and one fsync, each in its own savepoint. The commit is
the point at which something exists: nothing is answered before it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, cast

import apsw

from coldframe.clock import SystemClock
from coldframe.combine import Combiner
from coldframe.errors import ServiceUnavailable
from coldframe.files import DiskFiles
from coldframe.ledger.changes import SqliteChanges
from coldframe.ledger.connection import (
    connect_reader,
    connect_writer,
    ledger_errors,
    require_durable,
    require_safe_sqlite,
)
from coldframe.ledger.facts import SqliteFacts
from coldframe.ledger.migrations import migrate, use_wal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coldframe.clock import Clock
    from coldframe.combine import Ticket
    from coldframe.files import Files
    from coldframe.ports import Changes, Facts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Wish:
    act: Callable[[Changes], Any]
    is_alone: bool


def open_ledger(path: str, *, vfs: str = "", files: Files | None = None, clock: Clock | None = None) -> SqliteLedger:
    """Open the ledger at `path`, making it if it is not there.

    Args:
        path: The database file; its folder must exist.
        vfs: The name of the SQLite VFS to use, "" for the default.
        files: Makes a new ledger's name durable.
        clock: Times the wait for another process that opens the same new ledger. Real time, whatever time the
            service believes in.

    Raises:
        FormatError: The file is not a ledger, or a newer coldframe made it.
        ServiceUnavailable: It cannot be opened, or not be written durably.
    """
    require_safe_sqlite()
    with ledger_errors():
        writer = connect_writer(path, vfs=vfs, create=True)
        try:
            use_wal(writer, clock or SystemClock())
            migrate(writer)
            require_durable(writer)
            (files or DiskFiles()).sync_folder(os.path.dirname(os.path.abspath(path)))
        except BaseException:
            writer.close()
            raise
    return SqliteLedger(writer, lambda: connect_reader(path, vfs=vfs))


class SqliteLedger:
    """Implements `ports.Ledger`.

    Args:
        writer: The one connection that this process writes with; the combiner's turn guards it.
        connect: Makes another connection, for a thread that reads.
    """

    def __init__(self, writer: apsw.Connection, connect: Callable[[], apsw.Connection]) -> None:
        """Start with no readers."""
        self._writer = writer
        self._connect = connect
        self._idle: list[apsw.Connection] = []
        self._lock = Lock()
        self._is_closed = False
        self._combiner: Combiner[_Wish, Any] = Combiner(self._act)

    @property
    def identity(self) -> str:
        """What tells this store from every other."""
        return self.read(lambda facts: cast("SqliteFacts", facts).identity())

    @property
    def is_claimed(self) -> bool:
        """Whether a place for blobs belongs to this ledger."""
        return self.read(lambda facts: cast("SqliteFacts", facts).is_claimed())

    def claim(self) -> None:
        """Remember that a place for blobs belongs to this ledger."""
        self.write(lambda changes: cast("SqliteChanges", changes).claim())

    def read(self, act: Callable[[Facts], T]) -> T:
        """Run `act` on one consistent view."""
        with ledger_errors(), self._view() as connection:
            return act(SqliteFacts(connection))

    def write(self, act: Callable[[Changes], T]) -> T:
        """Run `act` in a transaction that it may share with others."""
        return cast("T", self._combiner(_Wish(act, is_alone=False)))

    def write_alone(self, act: Callable[[Changes], T]) -> T:
        """Run `act` in a transaction of its own."""
        return cast("T", self._combiner(_Wish(act, is_alone=True)))

    def close(self) -> None:
        """Close all connections; the last process to do so empties the write-ahead log.

        That it could not be emptied, on a full disk, is no loss: every commit is in it durably.
        """
        with self._lock:
            self._is_closed = True
            connections, self._idle = [*self._idle, self._writer], []
        for connection in connections:
            with suppress(apsw.Error, OSError):
                connection.close()

    @contextmanager
    def _view(self) -> Iterator[apsw.Connection]:
        """A connection inside a read transaction; one on which SQLite failed is not used again."""
        connection = self._borrow()
        try:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("COMMIT")
        except apsw.Error:
            connection.close()
            raise
        except BaseException:
            self._give_back(connection)
            raise
        self._give_back(connection)

    def _borrow(self) -> apsw.Connection:
        with self._lock:
            if self._is_closed:
                msg = "The store is closed."
                raise ServiceUnavailable(msg)
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, connection: apsw.Connection) -> None:
        with self._lock:
            if not self._is_closed:
                self._idle.append(connection)
                return
        connection.close()

    def _act(self, batch: Sequence[Ticket[_Wish, Any]]) -> None:
        """Settle a batch: those who may share in one transaction, each of the others in its own."""
        shared = [ticket for ticket in batch if not ticket.wish.is_alone]
        if shared:
            self._settle(shared)
        for ticket in batch:
            if ticket.wish.is_alone:
                self._settle([ticket])

    def _settle(self, tickets: Sequence[Ticket[_Wish, Any]]) -> None:
        try:
            with ledger_errors():
                outcomes = self._transact([ticket.wish.act for ticket in tickets])
        except Exception as error:  # noqa: BLE001 - whatever it was, it is the callers' to raise
            for ticket in tickets:
                ticket.fail(error)
            return
        for ticket, (value, refusal) in zip(tickets, outcomes, strict=True):
            if refusal is None:
                ticket.answer(value)
            else:
                ticket.fail(refusal)

    def _transact(self, acts: Sequence[Callable[[Changes], Any]]) -> list[tuple[Any, BaseException | None]]:
        """One durable transaction: what each act returned or raised, once it is committed.

        A failed commit is not tried again: its fsync may have failed, and a second one would lie (reliability 0.2).
        """
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            outcomes = [self._run(act) for act in acts]
            self._writer.execute("COMMIT")
        except BaseException:
            with suppress(apsw.Error):  # SQLite has ended most transactions that failed by itself
                self._writer.execute("ROLLBACK")
            raise
        return outcomes

    def _run(self, act: Callable[[Changes], Any]) -> tuple[Any, BaseException | None]:
        """One act in its savepoint. An error of SQLite itself fails the whole transaction."""
        self._writer.execute("SAVEPOINT act")
        try:
            value = act(SqliteChanges(self._writer))
        except apsw.Error:
            raise
        except Exception as error:  # noqa: BLE001 - it is its caller's to raise, and no one else's
            self._writer.execute("ROLLBACK TO act")
            self._writer.execute("RELEASE act")
            return None, error
        self._writer.execute("RELEASE act")
        return value, None
