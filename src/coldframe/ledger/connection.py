"""Connections to SQLite as the ledger needs them: durable at every commit, and only on a SQLite that can be trusted."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import apsw

from coldframe.errors import FormatError, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

SAFE_SQLITE = (3, 51, 3)
"""The first release without the WAL-reset corruption bug (reliability 0.4)."""

BUSY_MILLISECONDS = 60_000
"""How long a process waits for another's transaction before it gives up."""

_WAL_LIMIT_BYTES = 64 * 1024 * 1024


def require_safe_sqlite(version: str | None = None) -> None:
    """Refuse a SQLite that could lose what several processes wrote.

    Raises:
        ServiceUnavailable: The linked SQLite is too old.
    """
    version = apsw.sqlite_lib_version() if version is None else version
    if tuple(int(number) for number in version.split(".")) < SAFE_SQLITE:
        safe = ".".join(map(str, SAFE_SQLITE))
        msg = f"SQLite {version} can corrupt a ledger that several processes use; install an apsw with {safe} or later."
        raise ServiceUnavailable(msg)


def connect_writer(path: str, *, vfs: str, create: bool) -> apsw.Connection:
    """A connection whose commits survive a power cut; `journal_mode` must be WAL already or the ledger be new."""
    connection = _connect(path, vfs=vfs, flags=apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0))
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA checkpoint_fullfsync = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
    return connection


def connect_reader(path: str, *, vfs: str) -> apsw.Connection:
    """A connection that can change nothing."""
    connection = _connect(path, vfs=vfs, flags=apsw.SQLITE_OPEN_READWRITE)  # WAL's index is shared memory to write
    connection.execute("PRAGMA query_only = ON")
    return connection


def require_durable(connection: apsw.Connection) -> None:
    """Check that a writer's commits wait for the disk, whatever the build's defaults or a VFS made of the pragmas.

    Raises:
        ServiceUnavailable: An acknowledged archive could be lost.
    """
    mode, level = connection.pragma("journal_mode"), connection.pragma("synchronous")
    if mode != "wal" or level != 2:  # noqa: PLR2004 - SQLite's number for FULL
        msg = f"The ledger cannot be written durably: journal_mode is {mode} and synchronous {level}, not wal and 2."
        raise ServiceUnavailable(msg)


@contextmanager
def ledger_errors() -> Iterator[None]:
    """The border: whatever SQLite or its files raise becomes the port's error, once.

    Raises:
        FormatError: The file is not a database.
        ServiceUnavailable: Anything else.
    """
    try:
        yield
    except apsw.NotADBError as error:
        msg = "The ledger is not a SQLite database. Restore it from a copy."
        raise FormatError(msg) from error
    except apsw.BusyError as error:
        msg = f"The ledger was in use by another process for {BUSY_MILLISECONDS // 1000} seconds. Try again later."
        raise ServiceUnavailable(msg) from error
    except apsw.FullError as error:
        msg = f"The ledger cannot be written: {os.strerror(errno.ENOSPC)}. Free some space and try again."
        raise ServiceUnavailable(msg) from error
    except apsw.Error as error:
        msg = f"The ledger cannot be used: {str(error) or type(error).__name__}."
        raise ServiceUnavailable(msg) from error
    except OSError as error:
        msg = f"The ledger cannot be used: {error.strerror or type(error).__name__}."
        raise ServiceUnavailable(msg) from error


def _connect(path: str, *, vfs: str, flags: int) -> apsw.Connection:
    connection = apsw.Connection(path, flags=flags, vfs=vfs or None)
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    return connection
