"""Tags, policies, locks, notifications and limits in SQL: the half of the ledger that governs the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.ports.admin import DataRetrievalPolicy, RetrievalStrategy, VaultEvent, VaultNotifications
from coldframe.ports.governing import CapacityRow, LockRow

if TYPE_CHECKING:
    import apsw

_TAGS = "SELECT key, value FROM tag WHERE vault = ? ORDER BY key"
_ACCESS_POLICY = "SELECT policy FROM access_policy WHERE vault = ?"
_NOTIFICATIONS = "SELECT topic, events FROM notification WHERE vault = ?"
_LOCK = "SELECT vault, lock_id, vault_arn, policy, created_ms, expires_ms FROM vault_lock WHERE vault = ?"
_CAPACITY = "SELECT capacity_id, started_ms, expires_ms FROM capacity WHERE expires_ms > ? ORDER BY row"
_RUNNING = """
SELECT coalesce(sum(range_end - range_start), 0) FROM job
WHERE tier = 'Standard' AND ready_ms > ? AND failed_ms IS NULL
"""
_SINCE = "SELECT coalesce(sum(range_end - range_start), 0) FROM job WHERE tier = 'Standard' AND created_ms >= ?"
_PUT_TAG = """
INSERT INTO tag (vault, key, value) VALUES (?, ?, ?) ON CONFLICT (vault, key) DO UPDATE SET value = excluded.value
"""
_PUT_ACCESS_POLICY = "INSERT OR REPLACE INTO access_policy (vault, policy) VALUES (?, ?)"
_PUT_NOTIFICATION = "INSERT OR REPLACE INTO notification (vault, topic, events) VALUES (?, ?, ?)"
_ADD_LOCK = """
INSERT INTO vault_lock (vault, lock_id, vault_arn, policy, created_ms, expires_ms) VALUES (?, ?, ?, ?, ?, ?)
"""
_DROP_LOCK = "DELETE FROM vault_lock WHERE vault = ? AND expires_ms IS NOT NULL"
_PUT_RETRIEVAL_POLICY = "INSERT OR REPLACE INTO retrieval_policy (row, strategy, bytes_per_hour) VALUES (1, ?, ?)"
_ADD_CAPACITY = "INSERT INTO capacity (capacity_id, started_ms, expires_ms) VALUES (?, ?, ?)"


class SqliteGoverningFacts:
    """Implements `ports.governing.GoverningFacts` on a connection that is inside a transaction."""

    _connection: apsw.Connection

    def tags(self, vault: int) -> dict[str, str]:
        """The vault's tags."""
        return {str(key): str(value) for key, value in self._connection.execute(_TAGS, (vault,))}

    def access_policy(self, vault: int) -> str | None:
        """The text of the vault's access policy."""
        found = self._connection.execute(_ACCESS_POLICY, (vault,)).get
        return None if found is None else str(found)

    def notifications(self, vault: int) -> VaultNotifications | None:
        """The vault's notification configuration."""
        found = self._connection.execute(_NOTIFICATIONS, (vault,)).fetchone()
        if found is None:
            return None
        topic, events = map(str, found)
        return VaultNotifications(topic, tuple(VaultEvent(event) for event in events.split(",")))

    def lock(self, vault: int) -> LockRow | None:
        """The vault's lock, expired or not."""
        found = self._connection.execute(_LOCK, (vault,)).fetchone()
        return None if found is None else LockRow(*found)

    def retrieval_policy(self) -> DataRetrievalPolicy:
        """The account's data retrieval policy."""
        found = self._connection.execute("SELECT strategy, bytes_per_hour FROM retrieval_policy").fetchone()
        return DataRetrievalPolicy() if found is None else DataRetrievalPolicy(RetrievalStrategy(found[0]), found[1])

    def capacity(self, now_ms: int) -> list[CapacityRow]:
        """The units that are valid at a moment."""
        return [CapacityRow(*row) for row in self._connection.execute(_CAPACITY, (now_ms,))]

    def standard_bytes_running(self, now_ms: int) -> int:
        """How many bytes the Standard archive jobs that are in progress retrieve."""
        return int(self._connection.execute(_RUNNING, (now_ms,)).get)

    def standard_bytes_since(self, since_ms: int) -> int:
        """How many bytes were asked for by Standard archive jobs from a moment on."""
        return int(self._connection.execute(_SINCE, (since_ms,)).get)


class SqliteGoverningChanges:
    """Implements `ports.governing.GoverningChanges`."""

    _connection: apsw.Connection

    def put_tag(self, vault: int, key: str, value: str) -> None:
        """Set a tag."""
        self._connection.execute(_PUT_TAG, (vault, key, value))

    def drop_tag(self, vault: int, key: str) -> None:
        """Forget a tag."""
        self._connection.execute("DELETE FROM tag WHERE vault = ? AND key = ?", (vault, key))

    def set_access_policy(self, vault: int, policy: str | None) -> None:
        """Replace or forget the access policy."""
        if policy is None:
            self._connection.execute("DELETE FROM access_policy WHERE vault = ?", (vault,))
        else:
            self._connection.execute(_PUT_ACCESS_POLICY, (vault, policy))

    def set_notifications(self, vault: int, notifications: VaultNotifications | None) -> None:
        """Replace or forget the notification configuration."""
        if notifications is None:
            self._connection.execute("DELETE FROM notification WHERE vault = ?", (vault,))
        else:
            events = ",".join(event.value for event in notifications.events)
            self._connection.execute(_PUT_NOTIFICATION, (vault, notifications.sns_topic, events))

    def add_lock(self, lock: LockRow) -> None:
        """Begin a lock. Never a REPLACE: that would pass by the trigger that keeps complete locks."""
        content = (lock.lock_id, lock.vault_arn, lock.policy, lock.created_ms, lock.expires_ms)
        self._connection.execute(_ADD_LOCK, (lock.vault, *content))

    def complete_lock(self, vault: int) -> None:
        """Lock for ever."""
        self._connection.execute("UPDATE vault_lock SET expires_ms = NULL WHERE vault = ?", (vault,))

    def drop_lock(self, vault: int) -> None:
        """Forget a lock that is not complete."""
        self._connection.execute(_DROP_LOCK, (vault,))

    def drop_governing(self, vault: int) -> None:
        """Forget all that goes with a vault."""
        self._connection.execute("DELETE FROM tag WHERE vault = ?", (vault,))
        self.set_access_policy(vault, None)
        self.set_notifications(vault, None)
        self.drop_lock(vault)

    def set_retrieval_policy(self, policy: DataRetrievalPolicy) -> None:
        """Replace the account's data retrieval policy."""
        self._connection.execute(_PUT_RETRIEVAL_POLICY, (policy.strategy.value, policy.bytes_per_hour))

    def add_capacity(self, unit: CapacityRow) -> None:
        """Add a provisioned unit."""
        self._connection.execute(_ADD_CAPACITY, (unit.capacity_id, unit.started_ms, unit.expires_ms))
