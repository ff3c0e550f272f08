"""The second half of the port, closed loop: what is set on one side of the wire is read on the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import AccessDenied, InvalidParameterValue, LimitExceeded, ResourceNotFound
from coldframe.ports.admin import DataRetrievalPolicy, LockState, RetrievalStrategy, VaultEvent, VaultNotifications

if TYPE_CHECKING:
    from coldframe.ports.admin import GovernedStore
    from coldframe.stores.glacier import GlacierStore

_POLICY = """{"Version":"2012-10-17",  "Statement":[{"Effect":"Deny", "Principal":"*", "Action":"glacier:DeleteArchive",
  "Resource":"arn:aws:glacier:local:000000000000:vaults/v"}]}"""


@pytest.fixture
def store(closed_loop: GlacierStore) -> GovernedStore:
    """A store with a vault; both halves of the port are there for the type checker to see."""
    closed_loop.create_vault("v")
    return closed_loop


def test_tags_are_kept(store: GovernedStore) -> None:
    """Tags are added, replaced, removed; a vault that is not there has none."""
    store.add_tags_to_vault("v", {"telescope": "RC8", "hold": ""})
    store.add_tags_to_vault("v", {"telescope": "RC10"})
    assert store.list_tags_for_vault("v") == {"telescope": "RC10", "hold": ""}
    store.remove_tags_from_vault("v", ["hold", "none"])
    assert store.list_tags_for_vault("v") == {"telescope": "RC10"}
    for start in range(0, 40, 10):
        store.add_tags_to_vault("v", {f"t{number}": "" for number in range(start, start + 10)})
    with pytest.raises(LimitExceeded):
        store.add_tags_to_vault("v", {f"more{number}": "" for number in range(10)})
    with pytest.raises(ResourceNotFound):
        store.list_tags_for_vault("w")


def test_notifications_are_kept(store: GovernedStore) -> None:
    """A configuration comes back equal, and is not found when it is gone."""
    wanted = VaultNotifications("arn:aws:sns:local:000000000000:done", tuple(VaultEvent))
    store.set_vault_notifications("v", wanted)
    assert store.get_vault_notifications("v") == wanted
    store.delete_vault_notifications("v")
    with pytest.raises(ResourceNotFound):
        store.get_vault_notifications("v")


def test_access_policy_is_kept_to_the_letter(store: GovernedStore) -> None:
    """The identical text, blanks and all."""
    store.set_vault_access_policy("v", _POLICY)
    assert store.get_vault_access_policy("v") == _POLICY
    store.delete_vault_access_policy("v")
    with pytest.raises(ResourceNotFound):
        store.get_vault_access_policy("v")


def test_lock_goes_its_way(store: GovernedStore) -> None:
    """Begun, aborted, begun, refused a wrong ID, completed, and then for ever."""
    store.initiate_vault_lock("v", _POLICY)
    with pytest.raises(AccessDenied):
        store.initiate_vault_lock("v", _POLICY)
    store.abort_vault_lock("v")
    lock_id = store.initiate_vault_lock("v", _POLICY)
    begun = store.get_vault_lock("v")
    assert (begun.state, begun.policy, begun.expires_at is None) == (LockState.IN_PROGRESS, _POLICY, False)
    with pytest.raises(InvalidParameterValue):
        store.complete_vault_lock("v", "A" * 24)
    store.complete_vault_lock("v", lock_id)
    assert store.get_vault_lock("v") == replace(begun, state=LockState.LOCKED, expires_at=None)
    with pytest.raises(AccessDenied):
        store.abort_vault_lock("v")


def test_account_limits_are_kept(store: GovernedStore) -> None:
    """The retrieval policy of each strategy, and the units of capacity."""
    assert store.get_data_retrieval_policy() == DataRetrievalPolicy()
    for policy in (
        DataRetrievalPolicy(RetrievalStrategy.BYTES_PER_HOUR, 10**10),
        DataRetrievalPolicy(RetrievalStrategy.FREE_TIER),
        DataRetrievalPolicy(),
    ):
        store.set_data_retrieval_policy(policy)
        assert store.get_data_retrieval_policy() == policy
    assert store.list_provisioned_capacity() == []
    bought = [store.purchase_provisioned_capacity() for _ in range(2)]
    assert [unit.capacity_id for unit in store.list_provisioned_capacity()] == bought
    with pytest.raises(LimitExceeded):
        store.purchase_provisioned_capacity()
