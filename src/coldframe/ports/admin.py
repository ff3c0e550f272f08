"""The second half of the store port: how a vault and an account are governed.

:class:`VaultAdmin` is to `ColdStore` what the protocol's other 17 operations are to its first 16: tags, notifications,
access policies, vault lock, data retrieval policy and provisioned capacity. The same rules hold: values that break the
protocol's rules raise `InvalidParameterValue`, what is not there raises `ResourceNotFound`, trouble inside the store
raises `ServiceUnavailable`, and any operation may be called from any thread. What may be done by whom is not decided
here; a lock policy is the exception, for it binds whoever calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from coldframe.ports.store import ColdStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

# glacier-api 5
MAX_TAGS = 50
MAX_TAGS_PER_CALL = 10
MAX_POLICY_SIZE = 20 * 1024
MAX_CAPACITY_UNITS = 2


class VaultEvent(StrEnum):
    """What a vault can tell a topic."""

    ARCHIVE_RETRIEVAL_COMPLETED = "ArchiveRetrievalCompleted"
    INVENTORY_RETRIEVAL_COMPLETED = "InventoryRetrievalCompleted"


class LockState(StrEnum):
    """How far a vault lock is; a vault without one has no state."""

    IN_PROGRESS = "InProgress"
    LOCKED = "Locked"


class RetrievalStrategy(StrEnum):
    """How retrievals are limited (glacier-api 15)."""

    NONE = "None"
    FREE_TIER = "FreeTier"
    BYTES_PER_HOUR = "BytesPerHour"


@dataclass(frozen=True, slots=True)
class VaultNotifications:
    """The topic that hears of a vault's jobs, and of which."""

    sns_topic: str
    events: tuple[VaultEvent, ...]


@dataclass(frozen=True, slots=True)
class VaultLock:
    """A vault's lock. `expires_at` is None once it is Locked: it never ends."""

    policy: str
    state: LockState
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DataRetrievalPolicy:
    """The account's one rule; `bytes_per_hour` goes with that strategy alone."""

    strategy: RetrievalStrategy = RetrievalStrategy.NONE
    bytes_per_hour: int | None = None


@dataclass(frozen=True, slots=True)
class ProvisionedCapacity:
    """One unit that keeps Expedited retrievals from being refused while it lasts."""

    capacity_id: str
    started_at: datetime
    expires_at: datetime


class VaultTags(Protocol):
    """Words that a user hangs on a vault."""

    def add_tags_to_vault(self, vault_name: str, tags: Mapping[str, str]) -> None:
        """Set 1 to 10 tags; a key that is there gets the new value.

        Raises `LimitExceeded` if the vault would have more than 50, and then adds none.
        """
        ...

    def remove_tags_from_vault(self, vault_name: str, tag_keys: Sequence[str]) -> None:
        """Remove 1 to 10 tags; keys that are not there are no error."""
        ...

    def list_tags_for_vault(self, vault_name: str) -> Mapping[str, str]:
        """All tags of the vault."""
        ...


class VaultNotices(Protocol):
    """Who hears that a job has ended."""

    def set_vault_notifications(self, vault_name: str, notifications: VaultNotifications) -> None:
        """Replace the configuration. The topic must be of this region; whether it is there is not checked."""
        ...

    def get_vault_notifications(self, vault_name: str) -> VaultNotifications:
        """The configuration; `ResourceNotFound` if none is set."""
        ...

    def delete_vault_notifications(self, vault_name: str) -> None:
        """Tell nobody; no error if nobody was told."""
        ...


class VaultPolicies(Protocol):
    """Who may do what with a vault, as JSON text that is kept as it was given."""

    def set_vault_access_policy(self, vault_name: str, policy: str) -> None:
        """Replace the access policy. One that is malformed, over 20 KB or not about this vault is refused."""
        ...

    def get_vault_access_policy(self, vault_name: str) -> str:
        """The identical text that was set; `ResourceNotFound` without one."""
        ...

    def delete_vault_access_policy(self, vault_name: str) -> None:
        """Remove the access policy; no error without one."""
        ...


class VaultLocks(Protocol):
    """A policy that, once complete, nobody can take back (glacier-api 12.4)."""

    def initiate_vault_lock(self, vault_name: str, policy: str) -> str:
        """Put a lock policy in force for 24 hours and answer the lock ID that completes it.

        Raises `AccessDenied` if a lock is in progress or complete.
        """
        ...

    def complete_vault_lock(self, vault_name: str, lock_id: str) -> None:
        """Lock for ever; again with the same ID is no error.

        Raises `ResourceNotFound` without a lock in progress, `InvalidParameterValue` for another ID, and `AccessDenied`
        for another ID once locked.
        """
        ...

    def abort_vault_lock(self, vault_name: str) -> None:
        """Drop a lock in progress; no error without one. `AccessDenied` once locked."""
        ...

    def get_vault_lock(self, vault_name: str) -> VaultLock:
        """The lock in progress or complete; `ResourceNotFound` without one."""
        ...


class AccountLimits(Protocol):
    """What an account allows itself to retrieve."""

    def get_data_retrieval_policy(self) -> DataRetrievalPolicy:
        """The policy; one that was never set is of strategy None."""
        ...

    def set_data_retrieval_policy(self, policy: DataRetrievalPolicy) -> None:
        """Replace the policy; jobs that run are not touched."""
        ...

    def list_provisioned_capacity(self) -> Sequence[ProvisionedCapacity]:
        """The account's valid units."""
        ...

    def purchase_provisioned_capacity(self) -> str:
        """Take one more unit for a month and answer its ID; `LimitExceeded` beyond two."""
        ...


class VaultAdmin(VaultTags, VaultNotices, VaultPolicies, VaultLocks, AccountLimits, Protocol):
    """All that governs vaults and an account."""


class GovernedStore(ColdStore, VaultAdmin, Protocol):
    """A store with both halves of the port: what all 33 operations of the protocol need."""
