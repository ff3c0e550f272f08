"""Is the whole catalog what was written? Everything is read, which takes about a second for 100,000 archives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.catalog.rows import ARCHIVE_COLUMNS, ENTRY_COLUMNS, read_archive, read_entry
from coldframe.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

    from coldframe.catalog.database import Database

_OWNERS = "JOIN vault ON vault.id = archive.vault JOIN store ON store.id = vault.store"
_ARCHIVES = f"SELECT {ARCHIVE_COLUMNS} FROM archive {_OWNERS}"
_ENTRIES = f"SELECT {ARCHIVE_COLUMNS}, {ENTRY_COLUMNS} FROM entry JOIN archive ON archive.id = entry.archive {_OWNERS}"
_VERSIONS = (
    "SELECT path, sum(is_newest) AS newest FROM entry GROUP BY vault, path, source HAVING newest <> 1 ORDER BY path"
)
_INDEX = "INSERT INTO entry_text (entry_text, rank) VALUES ('integrity-check', 1)"


def find_damage(database: Database) -> Iterator[str]:
    """What is wrong with the file, a line for each thing; nothing if all is well.

    The structure (SQLite's own check), references, every row's checksum, the text index against the paths, and that
    every path has exactly one newest version.
    """
    try:
        with database.read() as connection:
            yield from _structure(connection)
            yield from _rows(connection)
            for path, newest in connection.execute(_VERSIONS):
                yield f"{newest} versions of {path} are marked as the newest"
        database.write(lambda connection: connection.execute(_INDEX))
    except FormatError as error:
        yield str(error)


def _structure(connection: apsw.Connection) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check(20)"):
        if line != "ok":
            yield str(line)
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} refers to a row of {parent} that is not there"


def _rows(connection: apsw.Connection) -> Iterator[str]:
    for row in connection.execute(_ARCHIVES):
        try:
            read_archive(row)
        except FormatError as error:
            yield str(error)
    for row in connection.execute(_ENTRIES):
        try:
            read_entry(row)
        except FormatError as error:
            yield str(error)
