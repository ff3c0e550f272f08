"""The verbs of the port's second half: tags, policies, locks, notifications, limits (glacier-api 8.1 to 8.4, 8.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.errors import InvalidParameterValue
from coldframe.ports.admin import (
    DataRetrievalPolicy,
    RetrievalStrategy,
    VaultEvent,
    VaultNotifications,
)
from coldframe.wire import decode, encode
from coldframe.wire.call import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coldframe.wire.call import Answer, Call, Verb

_MAX_BYTES_PER_HOUR = 2**63 - 1


def _add_tags(call: Call) -> Answer:
    tags = call.content.get("Tags")
    if not tags:
        raise decode.missing("Tags")
    call.store.add_tags_to_vault(call.vault_name, tags)
    return NOTHING


def _remove_tags(call: Call) -> Answer:
    keys = call.content.get("TagKeys")
    if not keys:
        raise decode.missing("TagKeys")
    call.store.remove_tags_from_vault(call.vault_name, keys)
    return NOTHING


def _list_tags(call: Call) -> Answer:
    return {"Tags": dict(call.store.list_tags_for_vault(call.vault_name))}


def _set_notifications(call: Call) -> Answer:
    topic = decode.required(call.content, "SNSTopic", "SNSTopic")
    events = call.content.get("Events")
    if not events:
        raise decode.missing("Events")
    found = tuple(decode.choice(event, VaultEvent, "event") for event in events)
    call.store.set_vault_notifications(call.vault_name, VaultNotifications(topic, found))
    return NOTHING


def _get_notifications(call: Call) -> Answer:
    found = call.store.get_vault_notifications(call.vault_name)
    return {"vaultNotificationConfig": encode.notifications(found)}


def _delete_notifications(call: Call) -> Answer:
    call.store.delete_vault_notifications(call.vault_name)
    return NOTHING


def _set_access_policy(call: Call) -> Answer:
    call.store.set_vault_access_policy(call.vault_name, decode.required(call.content, "Policy", "Policy"))
    return NOTHING


def _get_access_policy(call: Call) -> Answer:
    return {"policy": {"Policy": call.store.get_vault_access_policy(call.vault_name)}}


def _delete_access_policy(call: Call) -> Answer:
    call.store.delete_vault_access_policy(call.vault_name)
    return NOTHING


def _initiate_lock(call: Call) -> Answer:
    policy = decode.required(call.content, "Policy", "Policy")
    return {"lockId": call.store.initiate_vault_lock(call.vault_name, policy)}


def _complete_lock(call: Call) -> Answer:
    call.store.complete_vault_lock(call.vault_name, call.parameters["lockId"])
    return NOTHING


def _abort_lock(call: Call) -> Answer:
    call.store.abort_vault_lock(call.vault_name)
    return NOTHING


def _get_lock(call: Call) -> Answer:
    return encode.lock(call.store.get_vault_lock(call.vault_name))


def _get_retrieval_policy(call: Call) -> Answer:
    return encode.retrieval_policy(call.store.get_data_retrieval_policy())


def _set_retrieval_policy(call: Call) -> Answer:
    call.store.set_data_retrieval_policy(_retrieval_policy(call.content))
    return NOTHING


def _list_capacity(call: Call) -> Answer:
    units = call.store.list_provisioned_capacity()
    return {"ProvisionedCapacityList": [encode.capacity(unit) for unit in units]}


def _purchase_capacity(call: Call) -> Answer:
    return {"capacityId": call.store.purchase_provisioned_capacity()}


def _retrieval_policy(content: Mapping[str, object]) -> DataRetrievalPolicy:
    """The one rule; a number goes with BytesPerHour alone (glacier-api, operation 31)."""
    policy = content.get("Policy")
    rules = policy.get("Rules") if isinstance(policy, dict) else None
    if not rules:
        raise decode.missing("Rules")
    if len(rules) > 1:
        raise InvalidParameterValue("A data retrieval policy has exactly one rule.")
    strategy = decode.choice(decode.required(rules[0], "Strategy", "Strategy"), RetrievalStrategy, "strategy")
    rate = rules[0].get("BytesPerHour")
    if strategy is not RetrievalStrategy.BYTES_PER_HOUR and rate is not None:
        raise InvalidParameterValue(f"BytesPerHour is not for the strategy {strategy.value}.")
    if strategy is RetrievalStrategy.BYTES_PER_HOUR and rate is None:
        raise decode.missing("BytesPerHour")
    if rate is not None and not 1 <= rate <= _MAX_BYTES_PER_HOUR:
        raise InvalidParameterValue(f"Invalid BytesPerHour: {rate}")
    return DataRetrievalPolicy(strategy, rate)


GOVERNING_VERBS: Mapping[str, Verb] = {
    "AddTagsToVault": _add_tags,
    "RemoveTagsFromVault": _remove_tags,
    "ListTagsForVault": _list_tags,
    "SetVaultNotifications": _set_notifications,
    "GetVaultNotifications": _get_notifications,
    "DeleteVaultNotifications": _delete_notifications,
    "SetVaultAccessPolicy": _set_access_policy,
    "GetVaultAccessPolicy": _get_access_policy,
    "DeleteVaultAccessPolicy": _delete_access_policy,
    "InitiateVaultLock": _initiate_lock,
    "CompleteVaultLock": _complete_lock,
    "AbortVaultLock": _abort_lock,
    "GetVaultLock": _get_lock,
    "GetDataRetrievalPolicy": _get_retrieval_policy,
    "SetDataRetrievalPolicy": _set_retrieval_policy,
    "ListProvisionedCapacity": _list_capacity,
    "PurchaseProvisionedCapacity": _purchase_capacity,
}
