"""Writing archives and entries: idempotent, and always clear about which version of a path is the newest.

Every function here runs inside a transaction of `Database.write`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from coldframe.catalog.model import UNKNOWN_SIZE, Kind
from coldframe.catalog.rows import check, check_entry, write_entry
from coldframe.clock import EPOCH, to_milliseconds
from coldframe.errors import FormatError
from coldframe.model import MIB

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import apsw

    from coldframe.catalog.model import ArchiveRecord, Attempt, Entry
    from coldframe.catalog.rows import Value

_PLACE_COLUMNS = "name, header_offset, data_offset, compressed_size, method, sha256, crc32"
_COLUMNS = f"path, kind, size, modified_ns, source, signature, is_newest, {_PLACE_COLUMNS}"
_INSERT_ARCHIVE = (
    "INSERT INTO archive (vault, archive_id, size, tree_hash, description, archived_at, head_hash, checked)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (archive_id, vault) DO NOTHING RETURNING id"
)
_INSERT_ENTRY = (
    f"INSERT INTO entry (vault, archive, bundle, checked, {_COLUMNS})"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
)
_INSERT_ATTEMPT = (
    "INSERT INTO attempt (vault, path, source, size, modified_ns, description, started_at, signature, part_size,"
    " upload_id, tree_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
)
_ARCHIVE_COLUMNS = (
    "identity",
    "name",
    "archive_id",
    "size",
    "tree_hash",
    "description",
    "archived_at",
    "head_hash",
)
_READ_ARCHIVE = (
    f"SELECT {', '.join(_ARCHIVE_COLUMNS)} FROM archive"
    " JOIN vault ON vault.id = archive.vault JOIN store ON store.id = vault.store WHERE archive.id = ?"
)
_ENTRY_COLUMNS = tuple(_COLUMNS.split(", "))
_FIND_ENTRY = "SELECT id, source FROM entry WHERE vault = ? AND path = ? AND archive = ? AND kind = ?"
_FIND_ARCHIVE = "SELECT id FROM archive WHERE vault = ? AND archive_id = ?"
_FIND_VERSIONS = (
    "SELECT entry.id, entry.is_newest"
    " FROM entry JOIN archive ON archive.id = entry.archive"
    " WHERE entry.vault = ? AND entry.path = ? AND entry.source IS ?"
    " ORDER BY archive.archived_at, entry.id"
)


@dataclass(frozen=True, slots=True)
class Added:
    """What recording an archive added to the catalog: nothing, if all of it was there."""

    row: int
    is_new: bool
    entries: int


@dataclass(frozen=True, slots=True)
class Recording:
    """A confirmed archive and its entries, and the row of the attempt that is done with it."""

    archive: ArchiveRecord
    entries: Sequence[Entry]
    attempt: int | None = None


def find_vault(connection: apsw.Connection, store: str, vault_name: str) -> int | None:
    """The row of a vault, None if nothing was ever recorded about it."""
    sql = "SELECT vault.id FROM vault JOIN store ON store.id = vault.store WHERE identity = ? AND name = ?"
    return _first(connection, sql, (store, vault_name))


def ensure_vault(connection: apsw.Connection, store: str, vault_name: str) -> int:
    """The row of a vault, made if needed."""
    found = find_vault(connection, store, vault_name)
    if found is not None:
        return found
    connection.execute("INSERT INTO store (identity) VALUES (?) ON CONFLICT DO NOTHING", (store,))
    sql = "INSERT INTO vault (store, name) SELECT id, ? FROM store WHERE identity = ? RETURNING id"
    return _one(connection, sql, (vault_name, store))


def record_archive(
    connection: apsw.Connection, archive: ArchiveRecord, entries: Iterable[Entry], *, only_new: bool = False
) -> Added:
    """Record an archive, or find it recorded, and its entries; with `only_new`, a known one is left as it is.

    Raises:
        FormatError: The archive ID is known with another tree hash or size.
    """
    vault = ensure_vault(connection, archive.store, archive.vault_name)
    return _record_in(connection, vault, archive, entries, only_new=only_new)


def record_batch(connection: apsw.Connection, batch: Sequence[Recording]) -> None:
    """Record archives with their entries, and that their attempts are done.

    Raises:
        FormatError: As :func:`record_archive`, for any of them.
    """
    vaults: dict[tuple[str, str], int] = {}
    for one in batch:
        names = (one.archive.store, one.archive.vault_name)
        if names not in vaults:
            vaults[names] = ensure_vault(connection, *names)
        _record_in(connection, vaults[names], one.archive, one.entries)
    done = [one.attempt for one in batch if one.attempt is not None]
    connection.execute("DELETE FROM attempt WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(done),))


def _record_in(
    connection: apsw.Connection,
    vault: int,
    archive: ArchiveRecord,
    entries: Iterable[Entry],
    *,
    only_new: bool = False,
) -> Added:
    everything = list(entries)
    own = [entry for entry in everything if entry.kind is not Kind.MEMBER]
    head_hash = next((entry.head_hash for entry in own if entry.head_hash), None)
    row, is_new = _ensure_archive(connection, vault, archive, head_hash)
    if only_new and not is_new:
        return Added(row, is_new=False, entries=0)
    place = _Place(vault, row, is_new=is_new and len(own) == 1)
    added = sum(_ensure_entry(connection, place, entry) for entry in own)
    members = [entry for entry in everything if entry.kind is Kind.MEMBER]
    if members:
        bundle = next((entry.path for entry in own if entry.kind is Kind.BUNDLE), None)
        inside = _Place(vault, row, _find_bundle(connection, row, bundle))
        added += sum(_ensure_entry(connection, inside, member) for member in members)
    return Added(row, is_new=is_new, entries=added)


def try_archive(
    connection: apsw.Connection, archive: ArchiveRecord, entries: Iterable[Entry], *, only_new: bool = False
) -> Added | FormatError:
    """As :func:`record_archive`, but a contradiction is answered, not raised, and then nothing of it was recorded."""
    connection.execute("SAVEPOINT one")
    try:
        return record_archive(connection, archive, entries, only_new=only_new)
    except FormatError as error:
        connection.execute("ROLLBACK TO one")
        return error
    finally:
        connection.execute("RELEASE one")


def learn_size(connection: apsw.Connection, store: str, vault_name: str, *, archive_id: str, size: int) -> None:
    """Fill in the size of an archive, and of its entries, that is unknown so far."""
    vault = find_vault(connection, store, vault_name)
    row = _first(connection, _FIND_ARCHIVE, (vault or 0, archive_id))
    if row is None:
        return
    known = connection.execute("SELECT size FROM archive WHERE id = ?", (row,)).fetchone()
    if known is not None and known[0] == UNKNOWN_SIZE:
        _change_archive(connection, row, size=size)
        unknown = "SELECT id FROM entry WHERE archive = ? AND size = ?"
        for (entry,) in connection.execute(unknown, (row, UNKNOWN_SIZE)).fetchall():
            _change_entry(connection, cast("int", entry), size=size)


def begin(connection: apsw.Connection, attempt: Attempt) -> int:
    """Remember what is about to be sent; answers its row."""
    vault = ensure_vault(connection, attempt.store, attempt.vault_name)
    what = (attempt.path, attempt.source, attempt.size, attempt.modified_ns, attempt.description)
    started_at = to_milliseconds(attempt.started_at)
    how = (attempt.signature, attempt.part_size, attempt.upload_id, attempt.tree_hash)
    return _one(connection, _INSERT_ATTEMPT, (vault, *what, started_at, *how))


def forget(connection: apsw.Connection, store: str, vault_name: str, archive_ids: Sequence[str]) -> int:
    """Drop archives with their entries; answers how many there were."""
    vault = find_vault(connection, store, vault_name)
    rows = [
        row
        for archive_id in archive_ids
        if (row := _first(connection, _FIND_ARCHIVE, (vault or 0, archive_id))) is not None
    ]
    for row in rows:
        _forget_one(connection, row)
    return len(rows)


def _forget_one(connection: apsw.Connection, archive: int) -> None:
    sql = "SELECT DISTINCT vault, path, source FROM entry WHERE archive = ?"
    places = connection.execute(sql, (archive,)).fetchall()
    connection.execute("DELETE FROM archive WHERE id = ?", (archive,))
    for vault, path, source in places:
        settle_versions(connection, cast("int", vault), str(path), None if source is None else str(source))


def settle_versions(connection: apsw.Connection, vault: int, path: str, source: str | None) -> None:
    """Mark the newest of all versions of a path and source, and only that one."""
    versions = connection.execute(_FIND_VERSIONS, (vault, path, source)).fetchall()
    for row, is_newest in versions[:-1]:
        if is_newest:
            _change_entry(connection, cast("int", row), is_newest=0)
    if versions and not versions[-1][1]:
        _change_entry(connection, cast("int", versions[-1][0]), is_newest=1)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an entry belongs."""

    vault: int
    archive: int
    bundle: int | None = None
    is_new: bool = False
    """Whether the archive was recorded just now, and this is the first entry of it."""


def _ensure_archive(
    connection: apsw.Connection, vault: int, archive: ArchiveRecord, head_hash: str | None
) -> tuple[int, bool]:
    """The archive's row, and whether it is new."""
    head = head_hash or (archive.tree_hash if 0 <= archive.size <= MIB else None)  # a single chunk is its own tree
    values, names = _archive_values(archive, head), (archive.store, archive.vault_name)
    made = connection.execute(_INSERT_ARCHIVE, (vault, *values, check((*names, *values)))).fetchall()
    if made:
        return cast("int", made[0][0]), True
    sql = "SELECT id, size, tree_hash, head_hash, archived_at FROM archive WHERE vault = ? AND archive_id = ?"
    ((row, size, tree_hash, known_head, archived_at),) = connection.execute(sql, (vault, archive.archive_id))
    if tree_hash != archive.tree_hash or (size != archive.size and UNKNOWN_SIZE not in {size, archive.size}):
        raise FormatError(
            f"archive {archive.archive_id} of vault {archive.vault_name} is known with another size or tree hash;"
            " an archive never changes, so one of the two records is wrong. The catalog keeps its own"
        )
    if size == UNKNOWN_SIZE != archive.size:
        learn_size(connection, *names, archive_id=archive.archive_id, size=archive.size)
    if known_head is None and head is not None:
        _change_archive(connection, cast("int", row), head_hash=head)
    if archived_at == 0 and archive.archived_at > EPOCH:
        _learn_moment(connection, vault, cast("int", row), to_milliseconds(archive.archived_at))
    return cast("int", row), False


def _find_bundle(connection: apsw.Connection, archive: int, path: str | None) -> int:
    """The bundle's row: the one of that path, where several paths have the same bytes."""
    sql = (
        "SELECT id FROM entry WHERE archive = ? AND kind = 'bundle' AND coalesce(path = ?, 1) ORDER BY id DESC LIMIT 1"
    )
    found = _first(connection, sql, (archive, path))
    if found is None:
        raise FormatError(f"members belong to a bundle, and archive row {archive} is none")
    return found


def _archive_values(archive: ArchiveRecord, head_hash: str | None) -> tuple[Value, ...]:
    own = (archive.archive_id, archive.size, archive.tree_hash, archive.description)
    return (*own, to_milliseconds(archive.archived_at), head_hash)


def _change_archive(connection: apsw.Connection, row: int, **changes: Value) -> None:
    """Change columns of an archive's row, and its checksum with them."""
    values = connection.execute(_READ_ARCHIVE, (row,)).fetchone()
    if values is not None:
        changed = dict(zip(_ARCHIVE_COLUMNS, values, strict=True)) | changes
        sql = "UPDATE archive SET size = ?, archived_at = ?, head_hash = ?, checked = ? WHERE id = ?"
        checked = check(tuple(changed.values()))
        connection.execute(sql, (changed["size"], changed["archived_at"], changed["head_hash"], checked, row))


def _learn_moment(connection: apsw.Connection, vault: int, row: int, archived_at: int) -> None:
    """Fill in when an archive was made, which an inventory of PowerShell's does not tell; versions go by it."""
    _change_archive(connection, row, archived_at=archived_at)
    sql = "SELECT DISTINCT path, source FROM entry WHERE archive = ?"
    for path, source in connection.execute(sql, (row,)).fetchall():
        settle_versions(connection, vault, str(path), None if source is None else str(source))


def _ensure_entry(connection: apsw.Connection, place: _Place, entry: Entry) -> bool:
    """Record an entry, unless this archive has it already; one without a source learns it now. True if it is new.

    One that was read from the same source again, touched but with the same bytes, learns its new time.
    """
    wanted = (place.vault, entry.path, place.archive, entry.kind.value)
    found = [] if place.is_new and entry.kind is not Kind.MEMBER else connection.execute(_FIND_ENTRY, wanted).fetchall()
    same = next((cast("int", row) for row, source in found if source == entry.source), None)
    if same is not None and entry.source is not None:
        _change_entry(connection, same, signature=entry.signature, modified_ns=entry.modified_ns)
    if same is not None or (found and entry.source is None):
        return False
    nameless = next((cast("int", row) for row, source in found if source is None), None)
    if nameless is None:
        _insert_entry(connection, place, entry)
        return True
    _change_entry(connection, nameless, source=entry.source, signature=entry.signature, modified_ns=entry.modified_ns)
    settle_versions(connection, place.vault, entry.path, None)
    settle_versions(connection, place.vault, entry.path, entry.source)
    return False


def _insert_entry(connection: apsw.Connection, place: _Place, entry: Entry) -> None:
    values = write_entry(entry, is_newest=True)
    checked = check_entry(place.archive, values)
    _one(connection, _INSERT_ENTRY, (place.vault, place.archive, place.bundle, checked, *values))
    settle_versions(connection, place.vault, entry.path, entry.source)


def _change_entry(connection: apsw.Connection, row: int, **changes: Value) -> None:
    """Change columns of an entry's row, and its checksum with them."""
    values = connection.execute(f"SELECT archive, {_COLUMNS} FROM entry WHERE id = ?", (row,)).fetchone()
    if values is None:
        return
    changed = dict(zip(_ENTRY_COLUMNS, cast("tuple[Value, ...]", values[1:]), strict=True)) | changes
    sql = (
        "UPDATE entry SET size = ?, modified_ns = ?, source = ?, signature = ?, is_newest = ?, checked = ? WHERE id = ?"
    )
    settable = [changed[column] for column in ("size", "modified_ns", "source", "signature", "is_newest")]
    connection.execute(sql, (*settable, check_entry(cast("int", values[0]), tuple(changed.values())), row))


def _first(connection: apsw.Connection, sql: str, values: tuple[Value, ...]) -> int | None:
    row = connection.execute(sql, values).fetchone()
    return None if row is None else cast("int", row[0])


def _one(connection: apsw.Connection, sql: str, values: tuple[Value, ...]) -> int:
    (row,) = connection.execute(sql, values).fetchall()
    return cast("int", row[0])
