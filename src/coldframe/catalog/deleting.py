"""Deletions that were decided and are not known to be done: written down before the store is asked.

The catalog must never go on listing an archive that is gone, for an archive run would take its file for safe. So a
deletion is noted first, then done at the store, and then archive and note leave the catalog in one transaction. A note
that a killed run has left says that the archive may be gone: whoever finds it deletes again, which is no error, and
finishes. Notes lie in the table `note`, under names of their own.

What was deleted is remembered in the table `deletion`: an inventory of the vault from before names it still, and must
not bring it back.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from coldframe.catalog import recording
from coldframe.clock import to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import apsw

    from coldframe.catalog.database import Database

_PREFIX = "deleting "
_ADD = "INSERT INTO note (name, text) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
_DROP = "DELETE FROM note WHERE name = ?"
_REMEMBER = (
    "INSERT INTO deletion (vault, archive_id, deleted_at) VALUES (?, ?, ?)"
    " ON CONFLICT (vault, archive_id) DO UPDATE SET deleted_at = excluded.deleted_at"
)
_LIST = "SELECT text FROM note WHERE name >= ? AND name < ? ORDER BY name"


class Deletions:
    """The deletions of one store that are under way.

    Args:
        database: The catalog's.
        store: The store's identity.
    """

    def __init__(self, database: Database, store: str) -> None:
        """Store the arguments."""
        self._database = database
        self._store = store

    def begin(self, vault_name: str, archive_ids: Sequence[str]) -> None:
        """Note that these archives are about to be deleted."""
        notes = [(self._name(vault_name, each), json.dumps([vault_name, each])) for each in archive_ids]

        def act(connection: apsw.Connection) -> None:
            for note in notes:
                connection.execute(_ADD, note)

        self._database.write(act)

    def pending(self) -> list[tuple[str, str]]:
        """Vault and ID of each archive that may be gone."""
        first = f"{_PREFIX}{self._store} "
        with self._database.read() as connection:
            rows = connection.execute(_LIST, (first, first[:-1] + "!")).fetchall()
        return [
            (str(vault_name), str(archive_id)) for vault_name, archive_id in (json.loads(str(row[0])) for row in rows)
        ]

    def finish(self, vault_name: str, archive_ids: Sequence[str], *, at: datetime) -> None:
        """These are gone: forget them and their notes, and remember when that was, in one transaction."""

        def act(connection: apsw.Connection) -> None:
            recording.forget(connection, self._store, vault_name, archive_ids)
            vault = recording.ensure_vault(connection, self._store, vault_name)
            for archive_id in archive_ids:
                connection.execute(_REMEMBER, (vault, archive_id, to_milliseconds(at)))
            self._drop(connection, vault_name, archive_ids)

        self._database.write(act)

    def give_up(self, vault_name: str, archive_ids: Sequence[str]) -> None:
        """These are certainly still there: the catalog keeps them."""
        self._database.write(lambda connection: self._drop(connection, vault_name, archive_ids))

    def _drop(self, connection: apsw.Connection, vault_name: str, archive_ids: Sequence[str]) -> None:
        for archive_id in archive_ids:
            connection.execute(_DROP, (self._name(vault_name, archive_id),))

    def _name(self, vault_name: str, archive_id: str) -> str:
        return f"{_PREFIX}{self._store} {vault_name} {archive_id}"
