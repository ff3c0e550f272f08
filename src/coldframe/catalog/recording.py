"""Writing archives and entries: idempotent, and always clear about which version of a path is the newest.

Every function here runs inside a transaction of `Database.write`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from coldframe.catalog.model import Kind
from coldframe.catalog.rows import check, check_entry, write_entry
from coldframe.clock import to_milliseconds
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
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
)
_INSERT_ENTRY = (
    f"INSERT INTO entry (vault, archive, bundle, checked, {_COLUMNS})"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
)
_INSERT_ATTEMPT = (
    "INSERT INTO attempt (vault, path, source, size, modified_ns, description, started_at, signature, part_size,"
    " upload_id, tree_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
)
_FIND_ARCHIVE = "SELECT id FROM archive WHERE vault = ? AND archive_id = ?"
_FIND_VERSIONS = (
    "SELECT entry.id, entry.is_newest, entry.archive, archive.archived_at, entry.source"
    " FROM entry JOIN archive ON archive.id = entry.archive"
    " WHERE entry.vault = ? AND entry.path = ? AND entry.source IS ?"
    " ORDER BY archive.archived_at, entry.id"
)


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
    connection: apsw.Connection, archive: ArchiveRecord, entries: Iterable[Entry], *, head_hash: str | None = None
) -> int:
    """Record an archive, or find it recorded, and its entries; answer the archive's row.

    Raises:
        FormatError: The archive ID is known with another tree hash or size.
    """
    vault = ensure_vault(connection, archive.store, archive.vault_name)
    everything = list(entries)
    known_head = head_hash or next((e.head_hash for e in everything if e.kind is not Kind.MEMBER and e.head_hash), None)
    row = _ensure_archive(connection, vault, archive, known_head)
    bundle = None
    for entry in (e for e in everything if e.kind is not Kind.MEMBER):
        number = _ensure_entry(connection, vault, row, entry, bundle=None)
        bundle = number if entry.kind is Kind.BUNDLE else bundle
    members = [e for e in everything if e.kind is Kind.MEMBER]
    if members:
        record_members(connection, row, members, bundle=bundle)
    return row


def record_members(
    connection: apsw.Connection, archive: int, members: Sequence[Entry], *, bundle: int | None = None
) -> None:
    """Record the members of a bundle that is in the catalog or just got there."""
    vault = _one(connection, "SELECT vault FROM archive WHERE id = ?", (archive,))
    sql = "SELECT id FROM entry WHERE archive = ? AND kind = 'bundle' ORDER BY id DESC LIMIT 1"
    owner = bundle if bundle is not None else _first(connection, sql, (archive,))
    if owner is None:
        raise FormatError(f"members belong to a bundle, and archive row {archive} is none")
    for member in members:
        _ensure_entry(connection, vault, archive, member, bundle=owner)


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
    for row, is_newest, *_rest in versions[:-1]:
        if is_newest:
            _mark(connection, cast("int", row), is_newest=False)
    if versions and not versions[-1][1]:
        _mark(connection, cast("int", versions[-1][0]), is_newest=True)


def _ensure_archive(connection: apsw.Connection, vault: int, archive: ArchiveRecord, head_hash: str | None) -> int:
    head = head_hash or (archive.tree_hash if archive.size <= MIB else None)  # a single chunk is its own tree
    sql = "SELECT id, size, tree_hash, head_hash FROM archive WHERE vault = ? AND archive_id = ?"
    found = connection.execute(sql, (vault, archive.archive_id)).fetchone()
    if found is None:
        values = _archive_values(archive, head)
        names = (archive.store, archive.vault_name)
        return _one(connection, _INSERT_ARCHIVE, (vault, *values, check((*names, *values))))
    row, size, tree_hash, known_head = found
    if (size, tree_hash) != (archive.size, archive.tree_hash):
        raise FormatError(
            f"archive {archive.archive_id} of vault {archive.vault_name} is known with another size or tree hash;"
            " an archive never changes, so one of the two records is wrong. The catalog keeps its own"
        )
    if known_head is None and head is not None:
        _learn_head(connection, cast("int", row), head)
    return cast("int", row)


def _archive_values(archive: ArchiveRecord, head_hash: str | None) -> tuple[Value, ...]:
    own = (archive.archive_id, archive.size, archive.tree_hash, archive.description)
    return (*own, to_milliseconds(archive.archived_at), head_hash)


def _learn_head(connection: apsw.Connection, row: int, head_hash: str) -> None:
    sql = (
        "SELECT identity, name, archive_id, size, tree_hash, description, archived_at FROM archive"
        " JOIN vault ON vault.id = archive.vault JOIN store ON store.id = vault.store WHERE archive.id = ?"
    )
    values = connection.execute(sql, (row,)).fetchone()
    if values is not None:
        checked = check((*values, head_hash))
        connection.execute("UPDATE archive SET head_hash = ?, checked = ? WHERE id = ?", (head_hash, checked, row))


def _ensure_entry(connection: apsw.Connection, vault: int, archive: int, entry: Entry, *, bundle: int | None) -> int:
    """Record an entry, unless this archive has it already; one without a source learns it now."""
    sql = (
        "SELECT id, source FROM entry WHERE vault = ? AND path = ? AND archive = ?"
        " AND (source IS ? OR source IS NULL) AND kind = ? ORDER BY source IS NULL"
    )
    found = connection.execute(sql, (vault, entry.path, archive, entry.source, entry.kind.value)).fetchone()
    if found is not None and found[1] == entry.source:
        return cast("int", found[0])
    if found is not None:
        connection.execute("DELETE FROM entry WHERE id = ?", (found[0],))
    return _insert_entry(connection, vault, archive, entry, bundle=bundle)


def _insert_entry(connection: apsw.Connection, vault: int, archive: int, entry: Entry, *, bundle: int | None) -> int:
    values = write_entry(entry, is_newest=True)
    row = _one(connection, _INSERT_ENTRY, (vault, archive, bundle, check_entry(archive, values), *values))
    settle_versions(connection, vault, entry.path, entry.source)
    return row


def _mark(connection: apsw.Connection, row: int, *, is_newest: bool) -> None:
    values = connection.execute(f"SELECT archive, {_COLUMNS} FROM entry WHERE id = ?", (row,)).fetchone()
    if values is None:
        return
    changed = (*values[1:7], int(is_newest), *values[8:])
    checked = check_entry(cast("int", values[0]), changed)
    connection.execute("UPDATE entry SET is_newest = ?, checked = ? WHERE id = ?", (int(is_newest), checked, row))


def _first(connection: apsw.Connection, sql: str, values: tuple[Value, ...]) -> int | None:
    row = connection.execute(sql, values).fetchone()
    return None if row is None else cast("int", row[0])


def _one(connection: apsw.Connection, sql: str, values: tuple[Value, ...]) -> int:
    (row,) = connection.execute(sql, values).fetchall()
    return cast("int", row[0])
