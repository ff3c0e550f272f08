"""The catalog: our own record of what went where, and of work in progress.

Whatever a method has recorded when it returns survives a power cut. All methods may be called from any thread, and
several processes may have one catalog open.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Self, TypeVar

from coldframe.catalog import recording, searching
from coldframe.catalog.checking import find_damage
from coldframe.catalog.database import damaged, open_database
from coldframe.catalog.rows import (
    ARCHIVE_COLUMNS,
    ATTEMPT_COLUMNS,
    ENTRY_COLUMNS,
    read_archive,
    read_attempt,
    read_entry,
)
from coldframe.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    import apsw

    from coldframe.catalog.database import Database
    from coldframe.catalog.model import ArchiveRecord, Attempt, Entry, Query
    from coldframe.catalog.recording import Added, Recording
    from coldframe.catalog.rows import Row
    from coldframe.clock import Clock
    from coldframe.files import Files

T = TypeVar("T")

_BATCH = 500
_VAULT = (
    "(SELECT v.id FROM vault AS v JOIN store AS s ON s.id = v.store WHERE s.identity = :store AND v.name = :vault_name)"
)
_OWNERS = "JOIN vault ON vault.id = archive.vault JOIN store ON store.id = vault.store"
_LIST_ARCHIVES = f"SELECT {ARCHIVE_COLUMNS} FROM archive {_OWNERS} WHERE archive.vault = {_VAULT} ORDER BY archive.id"
_NEXT_ARCHIVES = (
    f"SELECT {ARCHIVE_COLUMNS} FROM archive {_OWNERS} WHERE archive.vault = {_VAULT} AND archive.id > :after"
    " ORDER BY archive.id LIMIT :limit"
)
_LIST_VAULTS = (
    "SELECT DISTINCT vault.name FROM vault JOIN store ON store.id = vault.store"
    " WHERE (:store IS NULL OR store.identity = :store)"
    " AND EXISTS (SELECT 1 FROM archive WHERE archive.vault = vault.id) ORDER BY vault.name"
)
_LIST_MEMBERS = (
    f"SELECT {ARCHIVE_COLUMNS}, {ENTRY_COLUMNS} FROM entry JOIN archive ON archive.id = entry.archive {_OWNERS}"
    " WHERE entry.bundle = (SELECT b.id FROM entry AS b JOIN archive AS a ON a.id = b.archive"
    f" WHERE a.vault = {_VAULT} AND a.archive_id = :archive_id AND b.path = :path AND b.kind = 'bundle'"
    " ORDER BY b.id DESC LIMIT 1) ORDER BY entry.header_offset, entry.id"
)
_LIST_ATTEMPTS = (
    f"SELECT {ATTEMPT_COLUMNS} FROM attempt JOIN vault ON vault.id = attempt.vault"
    f" JOIN store ON store.id = vault.store WHERE attempt.vault = {_VAULT} ORDER BY attempt.id"
)
_FIND_SOURCES = (
    f"SELECT {ARCHIVE_COLUMNS}, {ENTRY_COLUMNS} FROM json_each(:sources) AS wanted"
    f" CROSS JOIN entry CROSS JOIN archive ON archive.id = entry.archive {_OWNERS}"
    f" WHERE entry.vault = {_VAULT} AND entry.source = wanted.value AND entry.is_newest AND entry.bundle IS NULL"
    " ORDER BY archive.archived_at, entry.id"
)
_AT_PATH = (
    f"SELECT {ARCHIVE_COLUMNS}, {ENTRY_COLUMNS} FROM entry JOIN archive ON archive.id = entry.archive {_OWNERS}"
    f" WHERE entry.vault = {_VAULT} AND entry.path = :path AND entry.is_newest"
    " ORDER BY archive.archived_at DESC, entry.id DESC"
)
_SAME_SIZE = f"SELECT {ARCHIVE_COLUMNS} FROM archive {_OWNERS} WHERE archive.vault = {_VAULT} AND archive.size = :size"
_SAME_TREE = "(:tree IS NULL OR archive.tree_hash = :tree)"
_FIND_CONTENT = (
    f"{_SAME_SIZE} AND archive.head_hash = :head AND {_SAME_TREE}"
    f" UNION ALL {_SAME_SIZE} AND archive.head_hash IS NULL AND {_SAME_TREE}"
)


class Catalog:
    """What went where; opened by :func:`open_catalog`."""

    def __init__(self, database: Database) -> None:
        """Store the open database."""
        self.database = database

    # --- stores -------------------------------------------------------------------------------------------------------

    def store_seen(self, identity: str, url: str) -> None:
        """Remember under which URL a store was last opened. Costs a write only when that changed."""
        if self.store_url(identity) == url:
            return
        sql = "INSERT INTO store (identity, url) VALUES (?, ?) ON CONFLICT (identity) DO UPDATE SET url = excluded.url"
        self.database.write(lambda connection: connection.execute(sql, (identity, url)))

    def store_url(self, identity: str) -> str | None:
        """The URL under which a store was last opened."""
        with self.database.read() as connection:
            row = connection.execute("SELECT url FROM store WHERE identity = ?", (identity,)).fetchone()
        return None if row is None or row[0] is None else str(row[0])

    def identity_at(self, url: str) -> str | None:
        """The store that was last opened under a URL, the newest of them if a URL has led to several."""
        with self.database.read() as connection:
            row = connection.execute("SELECT identity FROM store WHERE url = ? ORDER BY id DESC", (url,)).fetchone()
        return None if row is None else str(row[0])

    # --- notes --------------------------------------------------------------------------------------------------------

    def set_note(self, name: str, text: str) -> None:
        """Remember a text under a name: small things that one run leaves for the next."""
        sql = "INSERT INTO note (name, text) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET text = excluded.text"
        self._change(sql, (name, text))

    def note(self, name: str) -> str | None:
        """The text that was left under a name."""
        with self.database.read() as connection:
            row = connection.execute("SELECT text FROM note WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def drop_note(self, name: str) -> None:
        """Forget what was left under a name."""
        self._change("DELETE FROM note WHERE name = ?", (name,))

    # --- looking up ---------------------------------------------------------------------------------------------------

    def find_sources(self, store: str, vault_name: str, sources: Sequence[str]) -> dict[str, Entry]:
        """The newest file or bundle that was read from each of these absolute local paths."""
        found: dict[str, Entry] = {}
        for start in range(0, len(sources), _BATCH):
            batch = json.dumps(sources[start : start + _BATCH])
            bindings: searching.Bindings = {"store": store, "vault_name": vault_name, "sources": batch}
            for entry in self._read(_FIND_SOURCES, bindings, read_entry):
                if entry.source is not None:
                    found[entry.source] = entry
        return found

    def find_content(
        self, store: str, vault_name: str, *, size: int, head_hash: str, tree_hash: str | None = None
    ) -> list[ArchiveRecord]:
        """The archives that may hold the same bytes: their size, and the same or an unknown hash of the first chunk.

        Only the tree hash decides; where it is known, only archives that have it are answered.
        """
        bindings: searching.Bindings = {"store": store, "vault_name": vault_name}
        bindings |= {"size": size, "head": head_hash, "tree": tree_hash}
        try:
            return [read_archive(row) for row in self.database.fetch(_FIND_CONTENT, bindings)]
        except FormatError as error:
            raise damaged(self.database.path, str(error)) from error

    def at_path(self, store: str, vault_name: str, path: str) -> Iterator[Entry]:
        """The newest versions of exactly this path, members included: one for each source that it was read from."""
        return self._read(_AT_PATH, {"store": store, "vault_name": vault_name, "path": path}, read_entry)

    def archives(self, store: str, vault_name: str) -> Iterator[ArchiveRecord]:
        """All archives that are recorded of a vault, in the order of their recording."""
        return self._read(_LIST_ARCHIVES, {"store": store, "vault_name": vault_name}, read_archive)

    def next_archives(self, store: str, vault_name: str, *, after: int, limit: int) -> list[ArchiveRecord]:
        """Some archives of a vault whose rows come after a row, for whoever changes the catalog between two pages."""
        bindings: searching.Bindings = {"store": store, "vault_name": vault_name}
        return list(self._read(_NEXT_ARCHIVES, bindings | {"after": after, "limit": limit}, read_archive))

    def select(self, query: Query) -> Iterator[Entry]:
        """What a query finds, by vault and path, members last; one at a time, however many there are."""
        vaults = self._vaults(query)
        yield from self._read(*searching.select_sql(query, vaults=vaults, members=False), read_entry)
        if searching.may_find_members(query):
            yield from self._read(*searching.select_sql(query, vaults=vaults, members=True), read_entry)

    def members(self, bundle: Entry) -> Iterator[Entry]:
        """What the catalog knows to lie in a bundle, in the order of the zip."""
        archive = bundle.archive
        bindings: searching.Bindings = {"store": archive.store, "vault_name": archive.vault_name}
        return self._read(_LIST_MEMBERS, bindings | {"archive_id": archive.archive_id, "path": bundle.path}, read_entry)

    def count(self, query: Query) -> tuple[int, int]:
        """How many entries a query finds, and how many bytes they have."""
        vaults = self._vaults(query)
        kinds = (False, True) if searching.may_find_members(query) else (False,)
        sums = [next(self._read(*searching.count_sql(query, vaults=vaults, members=kind), tuple)) for kind in kinds]
        return sum(int(one[0]) for one in sums), sum(int(one[1]) for one in sums)

    def vault_names(self, store: str | None = None) -> list[str]:
        """The names of all vaults of which anything is recorded, of one store or of all."""
        return list(self._read(_LIST_VAULTS, {"store": store}, lambda row: str(row[0])))

    def _vaults(self, query: Query) -> list[int] | None:
        """The rows of the vaults that a query is about; None if it is about all."""
        if query.store is None and query.vault_name is None:
            return None
        return list(self._read(*searching.vaults_sql(query), lambda row: int(row[0])))

    # --- work in progress ---------------------------------------------------------------------------------------------

    def begin(self, attempts: Sequence[Attempt]) -> list[int]:
        """Remember durably what is about to be sent, in one transaction; answers their rows."""
        return self.database.write(lambda connection: [recording.begin(connection, attempt) for attempt in attempts])

    def set_upload(self, row: int, upload_id: str, part_size: int) -> None:
        """Remember the multipart upload that an attempt has opened."""
        self._change("UPDATE attempt SET upload_id = ?, part_size = ? WHERE id = ?", (upload_id, part_size, row))

    def set_tree_hash(self, row: int, tree_hash: str) -> None:
        """Remember, just before an upload is completed, what it hashes to: completing may then be repeated."""
        self._change("UPDATE attempt SET tree_hash = ? WHERE id = ?", (tree_hash, row))

    def attempts(self, store: str, vault_name: str) -> list[Attempt]:
        """What was begun in a vault and is neither recorded nor forgotten, oldest first."""
        return list(self._read(_LIST_ATTEMPTS, {"store": store, "vault_name": vault_name}, read_attempt))

    def forget(self, row: int) -> None:
        """Drop an attempt."""
        self._change("DELETE FROM attempt WHERE id = ?", (row,))

    # --- recording ----------------------------------------------------------------------------------------------------

    def record(self, archive: ArchiveRecord, entries: Sequence[Entry], *, attempt: int | None = None) -> None:
        """Record a confirmed archive with its entries, and that the attempt is done: all or nothing.

        Repeating it changes nothing. A bundle's members are entries beside the bundle's own.

        Raises:
            FormatError: The archive ID is known with another tree hash or size.
        """

        def act(connection: apsw.Connection) -> None:
            recording.record_archive(connection, archive, entries)
            if attempt is not None:
                connection.execute("DELETE FROM attempt WHERE id = ?", (attempt,))

        self.database.write(act)

    def record_all(self, batch: Sequence[Recording]) -> list[FormatError | None]:
        """As :meth:`record` for each of a batch, in one transaction; answers why one was refused, or None, for each."""

        def act(connection: apsw.Connection) -> None:
            recording.record_batch(connection, batch)

        try:
            self.database.write(act)
        except FormatError:
            return [self._refusal(one) for one in batch]  # nothing of it is there; it is known which one it was then
        return [None] * len(batch)

    def _refusal(self, one: Recording) -> FormatError | None:
        try:
            self.record(one.archive, one.entries, attempt=one.attempt)
        except FormatError as error:
            return error
        return None

    def record_entries(self, archive: ArchiveRecord, entries: Sequence[Entry]) -> None:
        """Record that known content has another path too."""
        self.record(archive, entries)

    def record_many(
        self, batch: Sequence[tuple[ArchiveRecord, Sequence[Entry]]], *, only_new: bool = False
    ) -> list[Added | FormatError]:
        """Record many archives in one transaction, for imports; an archive that contradicts the catalog is refused.

        With `only_new` an archive that is known keeps just the entries it has. Answers, for each archive, what it
        added, or why it was refused.
        """

        def act(connection: apsw.Connection) -> list[Added | FormatError]:
            return [recording.try_archive(connection, *one, only_new=only_new) for one in batch]

        return self.database.write(act)

    def learn_size(self, archive: ArchiveRecord, size: int) -> None:
        """Fill in a size that was UNKNOWN_SIZE, for the archive and its entries."""
        names = (archive.store, archive.vault_name)
        self.database.write(
            lambda connection: recording.learn_size(connection, *names, archive_id=archive.archive_id, size=size)
        )

    def forget_archives(self, store: str, vault_name: str, archive_ids: Sequence[str]) -> int:
        """Drop archives and their entries; answers how many were known. Older versions become the newest again."""
        return self.database.write(lambda connection: recording.forget(connection, store, vault_name, archive_ids))

    # --- the file itself ----------------------------------------------------------------------------------------------

    def find_damage(self) -> Iterator[str]:
        """Read everything and tell what is not as it was written; nothing if all is well."""
        return find_damage(self.database)

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()

    def __enter__(self) -> Self:
        """The catalog itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _change(self, sql: str, values: tuple[str | int, ...]) -> None:
        self.database.write(lambda connection: connection.execute(sql, values))

    def _read(self, sql: str, bindings: searching.Bindings, make: Callable[[Row], T]) -> Iterator[T]:
        with self.database.read() as connection:
            try:
                for row in connection.execute(sql, bindings):
                    yield make(row)
            except FormatError as error:
                raise damaged(self.database.path, str(error)) from error


def open_catalog(path: str, *, clock: Clock, files: Files | None = None, vfs: str = "") -> Catalog:
    """Open the catalog in a file; it and its folder are made if they are not there.

    Raises:
        FormatError: The file is damaged, no catalog, or one of a newer coldframe.
        CatalogUnavailable: It cannot be opened or written.
    """
    return Catalog(open_database(path, clock=clock, files=files, vfs=vfs))
