"""What makes an SQLite file the ledger, and what its errors are to the callers of the port."""

from __future__ import annotations

import errno
import os
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import apsw

from coldframe import sqlite
from coldframe.errors import FormatError, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


def _give_identity(connection: apsw.Connection) -> None:
    connection.execute("INSERT INTO store (row, identity) VALUES (1, ?)", (f"coldframe:{uuid.uuid4().hex}",))


SCHEMA = sqlite.Schema(
    what="the ledger",  # without its path: a store tells strangers nothing of its disks
    application_id=0x434C4447,  # "CLDG"
    folder=os.path.join(os.path.dirname(__file__), "sql"),
    scripts=(
        "0001_ledger.sql",
        "0002_governing.sql",
        "0003_keys.sql",
        "0004_outbox.sql",
        "0005_account.sql",
        "0006_retention.sql",
    ),
    unavailable=ServiceUnavailable,
    found=_give_identity,
)


@contextmanager
def ledger_errors() -> Iterator[None]:
    """The border: whatever SQLite or its files raise becomes the port's error, once.

    That the disk is full is told by the same cause as where blobs are written, the system's own error.

    Raises:
        FormatError: The file is not a database.
        ServiceUnavailable: Anything else.
    """
    try:
        yield
    except apsw.FullError as error:
        raise explain(error) from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except (apsw.Error, OSError) as error:
        raise explain(error) from error


def explain(error: apsw.Error | OSError) -> FormatError | ServiceUnavailable:
    """The port's error in place of SQLite's or the system's."""
    match error:
        case apsw.NotADBError():
            return FormatError("The ledger is not a SQLite database. Restore it from a copy.")
        case apsw.BusyError():
            seconds = f"{sqlite.BUSY_SECONDS:.0f} seconds"
            return ServiceUnavailable(f"The ledger was in use by another process for {seconds}. Try again later.")
        case apsw.FullError():
            reason = os.strerror(errno.ENOSPC)
            return ServiceUnavailable(f"The ledger cannot be written: {reason}. Free some space and try again.")
        case apsw.CantOpenError() | apsw.ReadOnlyError() | apsw.PermissionsError():
            return ServiceUnavailable(
                f"The ledger cannot be used: {error}. See whether this user may use the store's folder."
            )
        case OSError():
            return ServiceUnavailable(f"The ledger cannot be used: {error.strerror or type(error).__name__}.")
    return ServiceUnavailable(f"The ledger cannot be used: {str(error) or type(error).__name__}.")
