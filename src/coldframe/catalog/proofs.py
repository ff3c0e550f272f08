"""What the catalog can say for a local file: which entries were read from it, and how many archives hold its bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from coldframe.catalog.database import damaged
from coldframe.catalog.of_vault import OfVault
from coldframe.catalog.rows import ARCHIVE_COLUMNS, ENTRY_COLUMNS, read_entry
from coldframe.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.catalog.model import Entry

_BATCH = 500
_VAULT = "(SELECT v.id FROM vault AS v JOIN store AS s ON s.id = v.store WHERE s.identity = :store AND v.name = :name)"
_FROM = (
    f"SELECT {ARCHIVE_COLUMNS}, {ENTRY_COLUMNS} FROM json_each(:sources) AS wanted"
    " CROSS JOIN entry CROSS JOIN archive ON archive.id = entry.archive"
    " JOIN vault ON vault.id = archive.vault JOIN store ON store.id = vault.store"
    f" WHERE entry.vault = {_VAULT} AND entry.source = wanted.value AND entry.is_newest"
)
_FILES = f"{_FROM} AND entry.bundle IS NULL AND entry.kind = 'file'"
_MEMBERS = f"{_FROM} AND entry.bundle IS NOT NULL"
_IN_LAST = (
    "EXISTS (SELECT 1 FROM sighting WHERE sighting.archive = archive.id AND sighting.inventory >="
    " (SELECT max(i.id) FROM vault_inventory AS i WHERE i.vault = archive.vault AND i.archives IS NOT NULL))"
)
_WHOLE_COPIES = (
    "SELECT count(*) FROM archive WHERE archive.vault IN (SELECT id FROM vault) AND archive.size = :size"
    f" AND archive.tree_hash = :hash AND {_IN_LAST}"
)
_MEMBER_COPIES = (
    "SELECT count(DISTINCT entry.archive) FROM entry JOIN archive ON archive.id = entry.archive"
    " WHERE substr(entry.sha256, 1, 12) = substr(:hash, 1, 12) AND entry.sha256 IS NOT NULL AND entry.sha256 = :hash"
    f" AND entry.size = :size AND {_IN_LAST}"
)
_BUNDLES = "SELECT source FROM entry WHERE archive = ? AND kind = 'bundle' AND is_newest AND source IS NOT NULL"


class Proofs(OfVault):
    """The evidence for local files in one vault."""

    def entries(self, sources: Sequence[str]) -> dict[str, list[Entry]]:
        """The newest files and members that were read from each of these absolute local paths, files first."""
        found: dict[str, list[Entry]] = {}
        bindings = {"store": self._store, "name": self._vault_name}
        for start in range(0, len(sources), _BATCH):
            wanted = bindings | {"sources": json.dumps(sources[start : start + _BATCH])}
            for sql in (_FILES, _MEMBERS):
                for entry in self._read(sql, wanted):
                    found.setdefault(entry.source or "", []).append(entry)
        return found

    def copies(self, entry: Entry) -> int:
        """How many archives, of all vaults and stores, hold these bytes and are in their vault's last inventory."""
        member = entry.member
        sql, content = (_MEMBER_COPIES, member.sha256) if member else (_WHOLE_COPIES, entry.archive.tree_hash)
        with self._database.read() as connection:
            row = connection.execute(sql, {"size": entry.size, "hash": content}).fetchone()
        return 0 if row is None else int(row[0])

    def bundle_sources(self, archive: int) -> list[str]:
        """The local folders that became a bundle's archive (its row)."""
        with self._database.read() as connection:
            return [str(row[0]) for row in connection.execute(_BUNDLES, (archive,))]

    def _read(self, sql: str, bindings: dict[str, str]) -> list[Entry]:
        with self._database.read() as connection:
            try:
                return [read_entry(row) for row in connection.execute(sql, bindings)]
            except FormatError as error:
                raise damaged(self._database.path, str(error)) from error
