"""Bringing a catalog file to the newest form: numbered SQL texts, applied once, in one transaction with their number.

`sql/NNNN_what.sql` brings the file from version NNNN - 1 to NNNN; `PRAGMA user_version` holds the number. A file of a
newer coldframe is refused rather than misread, and so is an SQLite file that is no catalog.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from coldframe.errors import FormatError

if TYPE_CHECKING:
    import apsw

APPLICATION_ID = 0x43466361
"""`CFca` in the file's header tells a catalog from every other SQLite file."""

_FOLDER = os.path.join(os.path.dirname(__file__), "sql")
_NAME = re.compile(r"(\d{4})_\w+\.sql")


def migrate(connection: apsw.Connection, path: str) -> None:
    """Apply what is missing. Several processes may do so at once: the second finds it done.

    Raises:
        FormatError: The file is newer than this program, or is no catalog.
    """
    scripts = _scripts()
    newest = max(scripts)
    if _version(connection, path) == newest:
        return
    connection.execute("BEGIN IMMEDIATE")
    with connection:  # a savepoint within: rolled back by what is raised
        _apply(connection, scripts, path)
    connection.execute("COMMIT")


def _apply(connection: apsw.Connection, scripts: dict[int, str], path: str) -> None:
    version = _version(connection, path)
    for number in range(version + 1, max(scripts) + 1):
        with open(os.path.join(_FOLDER, scripts[number]), encoding="utf-8") as file:
            connection.execute(file.read())
        connection.execute(f"PRAGMA user_version = {number}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _version(connection: apsw.Connection, path: str) -> int:
    """The file's version, 0 for a new one."""
    version = _number(connection, "PRAGMA user_version")
    tables = _number(connection, "SELECT count(*) FROM sqlite_schema")
    is_catalog = _number(connection, "PRAGMA application_id") == APPLICATION_ID
    if not is_catalog and (tables or version):
        raise FormatError(f"{path} is an SQLite file, but not a coldframe catalog; give the catalog another place")
    if version > max(_scripts()):
        raise FormatError(f"the catalog {path} was written by a newer coldframe (version {version}); update coldframe")
    return version


def _scripts() -> dict[int, str]:
    matches = (_NAME.fullmatch(name) for name in os.listdir(_FOLDER))
    return {int(match[1]): match[0] for match in matches if match}


def _number(connection: apsw.Connection, sql: str) -> int:
    (value,) = next(iter(connection.execute(sql)))
    return int(str(value))
