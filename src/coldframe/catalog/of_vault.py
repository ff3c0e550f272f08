"""What all parts of the catalog that are about one vault begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.catalog import recording

if TYPE_CHECKING:
    import apsw

    from coldframe.catalog.database import Database


class OfVault:
    """One vault in the catalog.

    Args:
        database: The catalog's.
        store: The store's identity.
        vault_name: The vault.
    """

    def __init__(self, database: Database, store: str, vault_name: str) -> None:
        """Store the arguments."""
        self._database = database
        self._store = store
        self._vault_name = vault_name

    def _find_vault(self, connection: apsw.Connection) -> int | None:
        """The vault's row; None if nothing was ever recorded about it."""
        return recording.find_vault(connection, self._store, self._vault_name)

    def _ensure_vault(self, connection: apsw.Connection) -> int:
        """The vault's row, made if need be; in a transaction of `Database.write`."""
        return recording.ensure_vault(connection, self._store, self._vault_name)
