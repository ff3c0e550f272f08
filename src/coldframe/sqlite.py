"""How coldframe opens and writes an SQLite file: the ledger and the catalog alike.

* Only on an SQLite that several processes can share without damage (reliability 0.4).
* WAL and `synchronous=FULL`, checked after they are set: what was committed survives a power cut (reliability 0.3).
* Numbered SQL texts bring a file to the present shape, each once, in one transaction with the number it reaches; a
  file of a newer coldframe, or of another program, is refused rather than misread.
* After a failed sync of a commit this process writes nothing more to the file (reliability 0.2, S8): what the disk
  holds is unknown, and the system may report the next sync of the same bytes as a success. Reading goes on. Whoever
  opens the file next, in another process, finds what SQLite can prove.

What the tables are and what errors are called is each side's own; what SQLite raises goes through as it is.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import apsw

from coldframe.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coldframe.clock import Clock
    from coldframe.errors import ColdframeError

    Act = Callable[[apsw.Connection], Any]

SAFE_SQLITE = (3, 51, 3)
"""The first release without the WAL-reset bug."""

BUSY_SECONDS = 60.0
"""How long one process waits for another's transaction. They take milliseconds; a minute means that one hangs."""

_PAUSE_SECONDS = 0.02
_WAL_LIMIT_BYTES = 64 * 1024 * 1024
_SYNCHRONOUS_FULL = 2
_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",  # for macOS, whose fsync leaves bytes in the drive's cache
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}",
)
_SYNC_FAILED = frozenset({apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC})


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What tells one kind of our files from every other.

    Attributes:
        what: How messages name the file: "the ledger", "the catalog /home/me/catalog.sqlite".
        application_id: Four letters in the file's header, by which `file` and a stranger know it.
        folder: Where the SQL texts lie.
        scripts: Their names; the n-th brings a file from version n - 1 to n.
        unavailable: The error for a file that cannot be used now.
        found: Fills a new file, in the transaction that makes its tables.
    """

    what: str
    application_id: int
    folder: str
    scripts: tuple[str, ...]
    unavailable: type[ColdframeError]
    found: Act | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one act of a transaction that was committed: its value, or what it raised."""

    value: Any = None
    error: Exception | None = None


class Writer:
    """The one connection with which a process writes to a file; used by one thread at a time.

    Args:
        connection: What :func:`open_writer` has made ready.
        schema: Whose file it is.
    """

    def __init__(self, connection: apsw.Connection, schema: Schema) -> None:
        """Trust the file."""
        self.connection = connection
        self._schema = schema
        self._is_trusted = True

    def transact(self, acts: Sequence[Act]) -> list[Outcome]:
        """One durable transaction: what each act answered or raised, once it is committed.

        Each act runs in a savepoint, so that its error undoes its own rows only. An SQLite error other than a broken
        constraint concerns the file, not the act: it is raised, and nothing of the transaction is there.

        Raises:
            apsw.Error: As SQLite says.
            ColdframeError: An earlier sync failed: `Schema.unavailable`.
        """
        if not self._is_trusted:
            raise self._schema.unavailable(
                f"a write to {self._schema.what} could not be made safe; nothing more is written to it until coldframe"
                " is started again"
            )
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            outcomes = [self._attempt(act) for act in acts]
            self.connection.execute("COMMIT")
        except BaseException as error:
            self._is_trusted = getattr(error, "extendedresult", 0) not in _SYNC_FAILED
            _roll_back(self.connection)
            raise
        return outcomes

    def close(self) -> None:
        """Close the connection; the last one to a file empties the log into it.

        That it could not be emptied, on a full disk, is no loss: every commit is in it durably.
        """
        with suppress(apsw.Error, OSError):
            self.connection.close()

    def _attempt(self, act: Act) -> Outcome:
        self.connection.execute("SAVEPOINT act")
        try:
            outcome = Outcome(act(self.connection))
        except Exception as error:
            if isinstance(error, apsw.Error) and not isinstance(error, apsw.ConstraintError):
                raise
            self.connection.execute("ROLLBACK TO act")
            outcome = Outcome(error=error)
        self.connection.execute("RELEASE act")
        return outcome


def open_writer(path: str, schema: Schema, *, clock: Clock, vfs: str = "") -> Writer:
    """Open a file for writing, made and brought to the present shape as needed; several processes may do so at once.

    Args:
        path: The file; its folder must exist.
        schema: What it must be.
        clock: Times the wait for another process that opens the same new file.
        vfs: The SQLite VFS, "" for the system's.

    Raises:
        FormatError: The file is another program's, or a newer coldframe made it.
        ColdframeError: It cannot be written durably, or shared safely: `Schema.unavailable`.
        apsw.Error: Anything else.
    """
    require_safe_sqlite(schema)
    connection = _connect(path, vfs=vfs, flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
    try:
        _use_wal(connection, clock)
        migrate(connection, schema)
        require_durable(connection, schema)
    except BaseException:
        connection.close()
        raise
    return Writer(connection, schema)


def open_reader(path: str, *, vfs: str = "") -> apsw.Connection:
    """A connection to a file that is there, which can change nothing."""
    connection = _connect(path, vfs=vfs, flags=apsw.SQLITE_OPEN_READWRITE)  # WAL's index is shared memory to write
    connection.execute("PRAGMA query_only = ON")
    return connection


def require_safe_sqlite(schema: Schema) -> None:
    """Refuse an SQLite that could lose what several processes wrote; raises `Schema.unavailable`."""
    version = apsw.sqlite_lib_version()
    if tuple(int(number) for number in version.split(".")) < SAFE_SQLITE:
        safe = ".".join(map(str, SAFE_SQLITE))
        raise schema.unavailable(
            f"SQLite {version} can damage files that several processes use; install an apsw with {safe} or newer"
        )


def require_durable(connection: apsw.Connection, schema: Schema) -> None:
    """Check that commits wait for the disk, whatever the build or a VFS made of the settings.

    Raises:
        ColdframeError: An acknowledged change could be lost: `Schema.unavailable`.
    """
    mode, level = connection.pragma("journal_mode"), connection.pragma("synchronous")
    if mode != "wal":
        raise schema.unavailable(
            f"{schema.what} cannot be shared safely on this file system (journal_mode is {mode}, not wal); move it"
        )
    if level != _SYNCHRONOUS_FULL:
        raise schema.unavailable(f"{schema.what} cannot be written durably (synchronous is {level}, not FULL)")


def migrate(connection: apsw.Connection, schema: Schema) -> None:
    """Bring a file to the present shape; several processes may try at once, one does it.

    Raises:
        FormatError: A newer coldframe made the file, or it is some other program's.
    """
    if _version(connection, schema) == len(schema.scripts):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _apply(connection, schema)
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise


def _apply(connection: apsw.Connection, schema: Schema) -> None:
    version = _version(connection, schema)
    for number, name in enumerate(schema.scripts[version:], start=version + 1):
        with open(os.path.join(schema.folder, name), encoding="utf-8") as file:
            connection.execute(file.read())
        connection.execute(f"PRAGMA user_version = {number}")
    if version == 0:
        connection.execute(f"PRAGMA application_id = {schema.application_id}")
        if schema.found is not None:
            schema.found(connection)


def _version(connection: apsw.Connection, schema: Schema) -> int:
    """The shape's number, 0 for a new file."""
    version, owner = int(connection.pragma("user_version")), connection.pragma("application_id")
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
    if owner != schema.application_id and (version or tables):
        raise FormatError(f"the file in the place of {schema.what} is another program's database; it is left as it is")
    if version > len(schema.scripts):
        raise FormatError(f"{schema.what} was written by a newer coldframe (version {version}); update coldframe")
    return version


def _connect(path: str, *, vfs: str, flags: int) -> apsw.Connection:
    connection = apsw.Connection(path, flags=flags, vfs=vfs or None)
    try:
        connection.set_busy_timeout(int(BUSY_SECONDS * 1000))
        for setting in _SETTINGS:
            connection.execute(setting)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_wal(connection: apsw.Connection, clock: Clock) -> None:
    """Switch to the write-ahead log, once in a file's life.

    SQLite does not wait here when another process is about the same, so this does.
    """
    deadline = clock.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.pragma("journal_mode", "wal")
        except apsw.BusyError:
            if clock.monotonic() > deadline:
                raise
            clock.sleep(_PAUSE_SECONDS)
        else:
            return


def _roll_back(connection: apsw.Connection) -> None:
    with suppress(apsw.Error):  # SQLite has ended most transactions that failed by itself
        connection.execute("ROLLBACK")
