"""The contract of `ports.admin.AccountLimits`, and of all of `VaultAdmin` where vaults come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from coldframe.errors import LimitExceeded, PolicyEnforced, ResourceNotFound
from coldframe.model import MIB, ArchiveRetrieval, ByteRange, InventoryRetrieval, Tier
from coldframe.ports.admin import DataRetrievalPolicy, RetrievalStrategy, VaultEvent, VaultNotifications
from coldframe.testing.contract.admin import REFUSED, policy_text, topic_of
from coldframe.testing.contract.world import VAULT, StoreWorld, keep

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.ports.admin import GovernedStore


class LimitsContract(StoreWorld):
    """What an account allows itself."""

    def test_retrieval_policy_is_kept(self, store: GovernedStore) -> None:
        """None at first; then the last one that was set."""
        assert store.get_data_retrieval_policy() == DataRetrievalPolicy()
        for policy in (
            DataRetrievalPolicy(RetrievalStrategy.BYTES_PER_HOUR, 2**63 - 1),
            DataRetrievalPolicy(RetrievalStrategy.FREE_TIER),
            DataRetrievalPolicy(RetrievalStrategy.BYTES_PER_HOUR, 1),
            DataRetrievalPolicy(),
        ):
            store.set_data_retrieval_policy(policy)
            assert store.get_data_retrieval_policy() == policy

    @pytest.mark.parametrize(
        "policy",
        [
            DataRetrievalPolicy(RetrievalStrategy.BYTES_PER_HOUR),
            DataRetrievalPolicy(RetrievalStrategy.BYTES_PER_HOUR, 0),
            DataRetrievalPolicy(RetrievalStrategy.BYTES_PER_HOUR, -1),
            DataRetrievalPolicy(RetrievalStrategy.FREE_TIER, 5),
            DataRetrievalPolicy(RetrievalStrategy.NONE, 5),
        ],
    )
    def test_retrieval_policy_is_checked(self, store: GovernedStore, policy: DataRetrievalPolicy) -> None:
        """A rate goes with its own strategy alone, and is at least 1."""
        with pytest.raises(REFUSED):
            store.set_data_retrieval_policy(policy)
        assert store.get_data_retrieval_policy() == DataRetrievalPolicy()

    def test_rate_limits_standard_retrievals(self, store: GovernedStore, vault: str) -> None:
        """A Standard job above the rate is refused and is no job; other tiers, ranges and inventories are not."""
        archive_id = keep(store, bytes(4 * MIB + 4))
        store.set_data_retrieval_policy(DataRetrievalPolicy(RetrievalStrategy.BYTES_PER_HOUR, MIB))
        with pytest.raises(PolicyEnforced):
            store.initiate_job(vault, ArchiveRetrieval(archive_id))
        assert store.list_jobs(vault).items == []
        store.initiate_job(vault, ArchiveRetrieval(archive_id, range=ByteRange(0, 4 * MIB)))
        store.initiate_job(vault, ArchiveRetrieval(archive_id, tier=Tier.BULK))
        store.initiate_job(vault, ArchiveRetrieval(archive_id, tier=Tier.EXPEDITED))
        store.initiate_job(vault, InventoryRetrieval())
        store.set_data_retrieval_policy(DataRetrievalPolicy())
        store.initiate_job(vault, ArchiveRetrieval(archive_id))
        assert len(store.list_jobs(vault).items) == 5

    def test_capacity_is_limited(self, store: GovernedStore) -> None:
        """Two units, each with an ID of its own, valid from now, to the second."""
        assert list(store.list_provisioned_capacity()) == []
        bought = {store.purchase_provisioned_capacity() for _ in range(2)}
        with pytest.raises(LimitExceeded):
            store.purchase_provisioned_capacity()
        units = store.list_provisioned_capacity()
        assert {unit.capacity_id for unit in units} == bought
        assert all(len(unit.capacity_id) == 24 and unit.capacity_id.isalnum() for unit in units)
        assert all(unit.started_at < unit.expires_at and unit.expires_at.microsecond == 0 for unit in units)


_ASKING: list[Callable[[GovernedStore, str], Any]] = [
    lambda store, vault: store.add_tags_to_vault(vault, {"a": "b"}),
    lambda store, vault: store.remove_tags_from_vault(vault, ["a"]),
    lambda store, vault: store.list_tags_for_vault(vault),
    lambda store, vault: store.set_vault_notifications(
        vault, VaultNotifications(topic_of(store), (VaultEvent.ARCHIVE_RETRIEVAL_COMPLETED,))
    ),
    lambda store, vault: store.get_vault_notifications(vault),
    lambda store, vault: store.delete_vault_notifications(vault),
    lambda store, vault: store.set_vault_access_policy(vault, policy_text(store)),
    lambda store, vault: store.get_vault_access_policy(vault),
    lambda store, vault: store.delete_vault_access_policy(vault),
    lambda store, vault: store.initiate_vault_lock(vault, policy_text(store)),
    lambda store, vault: store.complete_vault_lock(vault, "A" * 24),
    lambda store, vault: store.abort_vault_lock(vault),
    lambda store, vault: store.get_vault_lock(vault),
]


class GovernedLifeContract(StoreWorld):
    """What governs a vault comes and goes with it."""

    @pytest.mark.parametrize("ask", _ASKING)
    def test_missing_vault_is_not_governed(
        self, store: GovernedStore, vault: str, ask: Callable[[GovernedStore, str], Any]
    ) -> None:
        """Every operation on a vault that is not there says so."""
        assert vault == VAULT
        with pytest.raises(ResourceNotFound):
            ask(store, "nowhere")

    def test_deleted_vault_takes_its_governing_along(self, store: GovernedStore, vault: str) -> None:
        """A new vault of the same name has no tags, policy, notifications or lock."""
        store.add_tags_to_vault(vault, {"a": "b"})
        store.set_vault_access_policy(vault, policy_text(store))
        store.set_vault_notifications(vault, VaultNotifications(topic_of(store), tuple(VaultEvent)))
        store.delete_vault(vault)
        store.create_vault(vault)
        assert store.list_tags_for_vault(vault) == {}
        for ask in (store.get_vault_access_policy, store.get_vault_notifications, store.get_vault_lock):
            with pytest.raises(ResourceNotFound):
                ask(vault)

    def test_vault_that_is_made_again_stays_governed(self, store: GovernedStore, vault: str) -> None:
        """Making a vault that is there already changes nothing about it."""
        store.add_tags_to_vault(vault, {"a": "b"})
        store.initiate_vault_lock(vault, policy_text(store))
        lock = store.get_vault_lock(vault)
        store.create_vault(vault)
        assert (store.list_tags_for_vault(vault), store.get_vault_lock(vault)) == ({"a": "b"}, lock)
