"""The ledger port's facts about how vaults and the account are governed; `ports.ledger` takes them in.

Vaults are named by their rows. What these rows mean, and what may become of them, the service says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from coldframe.ports.admin import DataRetrievalPolicy, VaultNotifications


@dataclass(frozen=True, slots=True)
class LockRow:
    """A vault lock: in progress until `expires_ms`, complete and for ever if that is None.

    `vault_arn` is the ARN by which the policy names the vault, whatever the store calls itself later.
    """

    vault: int
    lock_id: str
    vault_arn: str
    policy: str
    created_ms: int
    expires_ms: int | None


@dataclass(frozen=True, slots=True)
class CapacityRow:
    """A provisioned unit, valid from `started_ms` until before `expires_ms`."""

    capacity_id: str
    started_ms: int
    expires_ms: int


class GoverningFacts(Protocol):
    """What can be read."""

    def tags(self, vault: int) -> dict[str, str]:
        """The vault's tags."""
        ...

    def access_policy(self, vault: int) -> str | None:
        """The text of the vault's access policy."""
        ...

    def notifications(self, vault: int) -> VaultNotifications | None:
        """The vault's notification configuration."""
        ...

    def lock(self, vault: int) -> LockRow | None:
        """The vault's lock, expired or not; also that of a deleted vault, if it was complete."""
        ...

    def retrieval_policy(self) -> DataRetrievalPolicy:
        """The account's data retrieval policy; one that was never set is of strategy None."""
        ...

    def capacity(self, now_ms: int) -> list[CapacityRow]:
        """The units that are valid at a moment, the first bought first."""
        ...

    def standard_bytes_running(self, now_ms: int) -> int:
        """How many bytes the Standard archive jobs that are in progress retrieve."""
        ...

    def standard_bytes_since(self, since_ms: int) -> int:
        """How many bytes were asked for by Standard archive jobs from a moment on; up to two days back."""
        ...


class GoverningChanges(Protocol):
    """What can be changed."""

    def put_tag(self, vault: int, key: str, value: str) -> None:
        """Set a tag."""
        ...

    def drop_tag(self, vault: int, key: str) -> None:
        """Forget a tag, if it is there."""
        ...

    def set_access_policy(self, vault: int, policy: str | None) -> None:
        """Replace the access policy, or with None forget it."""
        ...

    def set_notifications(self, vault: int, notifications: VaultNotifications | None) -> None:
        """Replace the notification configuration, or with None forget it."""
        ...

    def add_lock(self, lock: LockRow) -> None:
        """Begin a lock on a vault that has none."""
        ...

    def complete_lock(self, vault: int) -> None:
        """Lock for ever: nothing changes or forgets the row again."""
        ...

    def drop_lock(self, vault: int) -> None:
        """Forget a lock that is not complete, if there is one."""
        ...

    def drop_governing(self, vault: int) -> None:
        """Forget tags, access policy, notification configuration and a lock in progress."""
        ...

    def set_retrieval_policy(self, policy: DataRetrievalPolicy) -> None:
        """Replace the account's data retrieval policy."""
        ...

    def add_capacity(self, unit: CapacityRow) -> None:
        """Add a provisioned unit."""
        ...
