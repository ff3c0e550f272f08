"""Accounts and access keys in SQL."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from coldframe.ports.keys import KeyRow

if TYPE_CHECKING:
    from typing import Any

    import apsw

    Columns = tuple[Any, ...]

_KEY = """
SELECT access_key_id, account_id, scope, created_ms, expires_ms, seal_id, sealed, revoked_ms, rotated_ms, successor_id
FROM access_key
"""
_ADD_KEY = """
INSERT INTO access_key (access_key_id, account_id, scope, created_ms, expires_ms, seal_id, sealed, revoked_ms,
                        rotated_ms, successor_id)
VALUES (:access_key_id, :account_id, :scope, :created_ms, :expires_ms, :seal_id, :sealed, :revoked_ms,
        :rotated_ms, :successor_id)
"""
_UPDATE_KEY = """
UPDATE access_key SET expires_ms = :expires_ms, sealed = :sealed, revoked_ms = :revoked_ms,
                      rotated_ms = :rotated_ms, successor_id = :successor_id
WHERE access_key_id = :access_key_id
"""


class SqliteKeyFacts:
    """Implements `ports.keys.KeyFacts` on a connection that is inside a transaction."""

    _connection: apsw.Connection

    def own_account(self) -> str | None:
        """The account that the store itself belongs to."""
        found = self._connection.execute("SELECT account_id FROM store").get
        return None if found is None else str(found)

    def access_key(self, access_key_id: str) -> KeyRow | None:
        """The key of that ID."""
        found = self._connection.execute(f"{_KEY} WHERE access_key_id = ?", (access_key_id,)).fetchone()
        return None if found is None else _row(found)

    def access_keys(self) -> list[KeyRow]:
        """All keys."""
        found = self._connection.execute(f"{_KEY} ORDER BY account_id, created_ms, access_key_id")
        return [_row(columns) for columns in found]

    def has_account(self, account_id: str) -> bool:
        """Whether a key was ever made for an account."""
        sql = "SELECT EXISTS (SELECT 1 FROM access_key WHERE account_id = ?)"
        return bool(self._connection.execute(sql, (account_id,)).get)


class SqliteKeyChanges:
    """Implements `ports.keys.KeyChanges`."""

    _connection: apsw.Connection

    def settle_own_account(self, account_id: str) -> None:
        """Say whom the store itself belongs to, unless that is settled."""
        self._connection.execute("UPDATE store SET account_id = ? WHERE account_id IS NULL", (account_id,))

    def add_access_key(self, key: KeyRow) -> None:
        """Add a key."""
        self._connection.execute(_ADD_KEY, asdict(key))

    def update_access_key(self, key: KeyRow) -> None:
        """Change what may become of a key; whose it is and what it may do stays."""
        self._connection.execute(_UPDATE_KEY, asdict(key))


def _row(columns: Columns) -> KeyRow:
    access_key_id, account_id, scope, created_ms, expires_ms, seal_id, sealed, revoked_ms, rotated_ms, heir = columns
    return KeyRow(
        access_key_id=access_key_id,
        account_id=account_id,
        scope=scope,
        created_ms=created_ms,
        expires_ms=expires_ms,
        seal_id=seal_id,
        sealed=sealed,
        revoked_ms=revoked_ms,
        rotated_ms=rotated_ms,
        successor_id=heir,
    )
