"""The ledger's shape: numbered SQL files, applied in order, each in one transaction with the number it reaches."""

from __future__ import annotations

import uuid
from importlib.resources import files
from typing import TYPE_CHECKING

import apsw

from coldframe.errors import FormatError

if TYPE_CHECKING:
    from coldframe.clock import Clock

APPLICATION_ID = 0x434C4447  # "CLDG", so that `file` and a stranger know what this is
MIGRATIONS = ("0001_ledger.sql",)
_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.02


def migrate(connection: apsw.Connection) -> None:
    """Bring a ledger to the present shape; several processes may try at once, one does it.

    Raises:
        FormatError: A newer coldframe made the ledger, or it is some other program's database.
    """
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _apply(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def use_wal(connection: apsw.Connection, clock: Clock) -> None:
    """Switch to the write-ahead log, once in a ledger's life.

    SQLite does not wait here when another process is about the same, so this does.
    """
    deadline = clock.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            connection.pragma("journal_mode", "wal")
        except apsw.BusyError:
            if clock.monotonic() > deadline:
                raise
            clock.sleep(_PAUSE_SECONDS)
        else:
            return


def _apply(connection: apsw.Connection) -> None:
    version = _version(connection)
    for number, name in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.execute(files("coldframe.ledger").joinpath("sql", name).read_text("utf-8"))
        connection.execute(f"PRAGMA user_version = {number}")
    if version == 0:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("INSERT INTO store (row, identity) VALUES (1, ?)", (f"coldframe:{uuid.uuid4().hex}",))


def _version(connection: apsw.Connection) -> int:
    """The shape's number, 0 for a new file."""
    version, owner = int(connection.pragma("user_version")), connection.pragma("application_id")
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
    if owner != APPLICATION_ID and (version or tables):
        msg = "The ledger file is another program's database."
        raise FormatError(msg)
    if version > len(MIGRATIONS):
        msg = f"The ledger has the shape {version}; this coldframe knows {len(MIGRATIONS)}. Use a newer coldframe."
        raise FormatError(msg)
    return version
