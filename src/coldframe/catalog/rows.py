"""Between the catalog's rows and its values, with a CRC-32 over each row.

SQLite notices a broken page structure, but not a flipped bit inside a text or a number; a wrong archive ID or tree hash
would be believed. So every row of an archive or an entry carries a checksum that is verified whenever it is read
(reliability C26).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from coldframe.catalog.model import ArchiveRecord, Attempt, Cut, Entry, Kind, MemberPlace
from coldframe.clock import from_milliseconds
from coldframe.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = tuple[Any, ...]
Value = str | int | None
"""What a column of the catalog holds."""

ARCHIVE_COLUMNS = (
    "store.identity, vault.name, archive.archive_id, archive.size, archive.tree_hash, archive.description,"
    " archive.archived_at, archive.head_hash, archive.checked, archive.id"
)
"""Needs the tables archive, vault and store."""

ENTRY_COLUMNS = (
    "entry.path, entry.kind, entry.size, entry.modified_ns, entry.source, entry.signature, entry.is_newest,"
    " entry.name, entry.header_offset, entry.data_offset, entry.compressed_size, entry.method, entry.sha256,"
    " entry.crc32, entry.checked, entry.id"
)
ATTEMPT_COLUMNS = (
    "store.identity, vault.name, attempt.path, attempt.source, attempt.size, attempt.modified_ns,"
    " attempt.description, attempt.started_at, attempt.signature, attempt.part_size, attempt.upload_id,"
    " attempt.tree_hash, attempt.id"
)
_CUT = ("header_offset", "data_offset", "compressed_size", "method", "sha256", "crc32")
_ARCHIVE_WIDTH = 10
_ARCHIVE_CHECKED = 8
_ENTRY_CHECKED = 14
_IS_NEWEST = 6
_NAME = 7


def check(values: Sequence[object]) -> int:
    """The checksum of a row's values, in the order of its columns."""
    return crc32(repr(values).encode("utf-8"))


def read_archive(row: Row) -> ArchiveRecord:
    """An archive from ARCHIVE_COLUMNS.

    Raises:
        FormatError: The row is not what was written.
    """
    if check(row[:_ARCHIVE_CHECKED]) != row[_ARCHIVE_CHECKED]:
        raise FormatError(f"archive row {row[9]} fails its checksum")
    return ArchiveRecord(
        store=row[0],
        vault_name=row[1],
        archive_id=row[2],
        size=row[3],
        tree_hash=row[4],
        description=row[5],
        archived_at=from_milliseconds(row[6]),
        row=row[9],
    )


def read_entry(row: Row) -> Entry:
    """An entry from ARCHIVE_COLUMNS followed by ENTRY_COLUMNS.

    Raises:
        FormatError: The row is not what was written.
    """
    values = row[_ARCHIVE_WIDTH:]
    archive = read_archive(row[:_ARCHIVE_WIDTH])
    if check_entry(archive.row, values[:_ENTRY_CHECKED]) != values[_ENTRY_CHECKED]:
        raise FormatError(f"entry row {values[15]} fails its checksum")
    return Entry(
        path=values[0],
        kind=Kind(values[1]),
        size=values[2],
        modified_ns=values[3],
        archive=archive,
        source=values[4],
        signature=values[5],
        head_hash=row[7],
        member=_read_place(values[_NAME:_ENTRY_CHECKED]) if values[1] == Kind.MEMBER else None,
        row=values[15],
    )


def check_entry(archive: int, values: Sequence[object]) -> int:
    """The checksum of an entry: its columns up to crc32, and which archive holds it."""
    return check((archive, *values))


def write_entry(entry: Entry, *, is_newest: bool) -> tuple[Value, ...]:
    """The values of an entry's columns up to crc32."""
    own = (entry.path, entry.kind.value, entry.size, entry.modified_ns, entry.source, entry.signature, int(is_newest))
    return (*own, entry.member.name if entry.member else None, *cut_values(entry.member))


def cut_values(cut: Cut | None) -> tuple[Value, ...]:
    """The six columns in which a member's place is kept, all of them NULL for a whole file."""
    if cut is None:
        return (None,) * 6
    return cut.header_offset, cut.data_offset, cut.compressed_size, cut.method, cut.sha256, cut.crc32


def read_cut(values: Sequence[Any]) -> Cut | None:
    """A member's place from its six columns, None for a whole file."""
    return None if values[0] is None else Cut(**_named(values))


def read_attempt(row: Row) -> Attempt:
    """An attempt from ATTEMPT_COLUMNS."""
    return Attempt(
        store=row[0],
        vault_name=row[1],
        path=row[2],
        source=row[3],
        size=row[4],
        modified_ns=row[5],
        description=row[6],
        started_at=from_milliseconds(row[7]),
        signature=row[8],
        part_size=row[9],
        upload_id=row[10],
        tree_hash=row[11],
        row=row[12],
    )


def _read_place(values: Row) -> MemberPlace:
    return MemberPlace(name=values[0], **_named(values[1:]))


def _named(values: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(_CUT, values, strict=True))
