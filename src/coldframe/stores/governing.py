"""The second half of the store port over a boto3 client."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from coldframe.ports.admin import (
    DataRetrievalPolicy,
    LockState,
    ProvisionedCapacity,
    RetrievalStrategy,
    VaultEvent,
    VaultLock,
    VaultNotifications,
)
from coldframe.stores import decode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class GlacierGoverning(ABC):
    """Implements `ports.admin.VaultAdmin`."""

    def add_tags_to_vault(self, vault_name: str, tags: Mapping[str, str]) -> None:
        """Set tags."""
        self._ask("add_tags_to_vault", vaultName=vault_name, Tags=dict(tags))

    def remove_tags_from_vault(self, vault_name: str, tag_keys: Sequence[str]) -> None:
        """Remove tags."""
        self._ask("remove_tags_from_vault", vaultName=vault_name, TagKeys=list(tag_keys))

    def list_tags_for_vault(self, vault_name: str) -> Mapping[str, str]:
        """All tags of the vault."""
        return dict(self._ask("list_tags_for_vault", vaultName=vault_name).get("Tags") or {})

    def set_vault_notifications(self, vault_name: str, notifications: VaultNotifications) -> None:
        """Replace the configuration."""
        told = {"SNSTopic": notifications.sns_topic, "Events": [event.value for event in notifications.events]}
        self._ask("set_vault_notifications", vaultName=vault_name, vaultNotificationConfig=told)

    def get_vault_notifications(self, vault_name: str) -> VaultNotifications:
        """The configuration."""
        found = self._ask("get_vault_notifications", vaultName=vault_name)["vaultNotificationConfig"]
        return decode.read(_notifications, found)

    def delete_vault_notifications(self, vault_name: str) -> None:
        """Tell nobody."""
        self._ask("delete_vault_notifications", vaultName=vault_name)

    def set_vault_access_policy(self, vault_name: str, policy: str) -> None:
        """Replace the access policy."""
        self._ask("set_vault_access_policy", vaultName=vault_name, policy={"Policy": policy})

    def get_vault_access_policy(self, vault_name: str) -> str:
        """The text that was set."""
        found = self._ask("get_vault_access_policy", vaultName=vault_name)
        return decode.read(lambda members: str(members["policy"]["Policy"]), found)

    def delete_vault_access_policy(self, vault_name: str) -> None:
        """Remove the access policy."""
        self._ask("delete_vault_access_policy", vaultName=vault_name)

    def initiate_vault_lock(self, vault_name: str, policy: str) -> str:
        """Put a lock policy in force for 24 hours."""
        return str(self._ask("initiate_vault_lock", vaultName=vault_name, policy={"Policy": policy})["lockId"])

    def complete_vault_lock(self, vault_name: str, lock_id: str) -> None:
        """Lock for ever."""
        self._ask("complete_vault_lock", vaultName=vault_name, lockId=lock_id)

    def abort_vault_lock(self, vault_name: str) -> None:
        """Drop a lock in progress."""
        self._ask("abort_vault_lock", vaultName=vault_name)

    def get_vault_lock(self, vault_name: str) -> VaultLock:
        """The lock in progress or complete."""
        return decode.read(_lock, self._ask("get_vault_lock", vaultName=vault_name))

    def get_data_retrieval_policy(self) -> DataRetrievalPolicy:
        """The policy."""
        return decode.read(_policy, self._ask("get_data_retrieval_policy"))

    def set_data_retrieval_policy(self, policy: DataRetrievalPolicy) -> None:
        """Replace the policy."""
        rule: dict[str, Any] = {"Strategy": policy.strategy.value}
        if policy.bytes_per_hour is not None:
            rule["BytesPerHour"] = policy.bytes_per_hour
        self._ask("set_data_retrieval_policy", Policy={"Rules": [rule]})

    def list_provisioned_capacity(self) -> Sequence[ProvisionedCapacity]:
        """The account's valid units."""
        units = self._ask("list_provisioned_capacity").get("ProvisionedCapacityList") or []
        return [decode.read(_capacity, unit) for unit in units]

    def purchase_provisioned_capacity(self) -> str:
        """Take one more unit for a month."""
        return str(self._ask("purchase_provisioned_capacity")["capacityId"])

    @abstractmethod
    def _ask(self, operation: str, **parameters: Any) -> Mapping[str, Any]: ...


def _notifications(members: Mapping[str, Any]) -> VaultNotifications:
    return VaultNotifications(members["SNSTopic"], tuple(VaultEvent(event) for event in members["Events"]))


def _lock(members: Mapping[str, Any]) -> VaultLock:
    expires = members.get("ExpirationDate")
    return VaultLock(
        policy=members["Policy"],
        state=LockState(members["State"]),
        created_at=decode.moment(members["CreationDate"]),
        expires_at=decode.moment(expires) if expires else None,
    )


def _policy(members: Mapping[str, Any]) -> DataRetrievalPolicy:
    rules = members["Policy"].get("Rules") or [{}]
    strategy = RetrievalStrategy(rules[0].get("Strategy") or RetrievalStrategy.NONE)
    return DataRetrievalPolicy(strategy, rules[0].get("BytesPerHour"))


def _capacity(members: Mapping[str, Any]) -> ProvisionedCapacity:
    return ProvisionedCapacity(
        capacity_id=members["CapacityId"],
        started_at=decode.moment(members["StartDate"]),
        expires_at=decode.moment(members["ExpirationDate"]),
    )
