"""The contract of `ports.Vaults`."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import InvalidParameterValue, LimitExceeded, ResourceNotFound
from coldframe.model import ARCHIVE_OVERHEAD, MAX_VAULTS, MIB
from coldframe.testing.contract.world import SMALL, StoreWorld, all_items, keep

if TYPE_CHECKING:
    from coldframe.ports import ColdStore


class VaultsContract(StoreWorld):
    """Vaults are made, described, listed, and deleted when empty."""

    def test_vault_describes_itself(self, store: ColdStore, vault: str) -> None:
        """A new vault is empty and has had no inventory."""
        described = store.describe_vault(vault)
        assert described.vault_name == vault
        assert described.vault_arn.endswith(f":vaults/{vault}")
        assert described.created_at.tzinfo is UTC
        assert (described.number_of_archives, described.size, described.last_inventory_at) == (0, 0, None)

    def test_vault_is_created_once(self, store: ColdStore, vault: str) -> None:
        """Making a vault that is there is no error and changes nothing."""
        keep(store)
        before = store.describe_vault(vault)
        store.create_vault(vault)
        assert store.describe_vault(vault) == before

    def test_vault_counts_its_archives(self, store: ColdStore, vault: str) -> None:
        """The inventory counts archives, and 32 KiB more for each than its bytes."""
        first = keep(store)
        keep(store, b"x" * 1000)
        described = store.describe_vault(vault)
        assert described.number_of_archives == 2
        assert described.size == len(SMALL) + 1000 + 2 * ARCHIVE_OVERHEAD
        assert described.last_inventory_at is not None
        store.delete_archive(vault, first)
        assert store.describe_vault(vault).number_of_archives == 1

    @pytest.mark.parametrize("name", ["", "a/b", "ä", "a b", "x" * 256, ".", "..", "a\n"])
    def test_vault_name_is_checked(self, store: ColdStore, name: str) -> None:
        """A name that the protocol forbids makes no vault, and names none."""
        with pytest.raises(InvalidParameterValue):
            store.create_vault(name)
        with pytest.raises(ResourceNotFound):
            store.describe_vault(name)

    @pytest.mark.parametrize("name", ["x", "x" * 255, "A-z_0.9", "-", "..."])
    def test_vault_name_may_be(self, store: ColdStore, name: str) -> None:
        """Letters, digits, `_`, `.` and `-` may be in any order, up to 255."""
        store.create_vault(name)
        assert store.describe_vault(name).vault_name == name

    def test_vault_names_know_case(self, store: ColdStore) -> None:
        """Names that differ in case are two vaults."""
        store.create_vault("Night")
        store.create_vault("night")
        assert [vault.vault_name for vault in store.list_vaults().items] == ["Night", "night"]

    def test_missing_vault_is_not_found(self, store: ColdStore) -> None:
        """Every operation on a vault that is not there says so, except deleting it."""
        with pytest.raises(ResourceNotFound):
            store.describe_vault("nowhere")
        with pytest.raises(ResourceNotFound):
            store.list_jobs("nowhere")
        with pytest.raises(ResourceNotFound):
            store.list_multipart_uploads("nowhere")
        with pytest.raises(ResourceNotFound):
            store.initiate_multipart_upload("nowhere", part_size=MIB)
        with pytest.raises(ResourceNotFound):
            keep(store, vault="nowhere")
        store.delete_vault("nowhere")

    def test_vaults_are_listed_by_name(self, store: ColdStore) -> None:
        """Vaults come in ASCII order, ten a page at most, however the pages are cut."""
        names = sorted(f"{letter}{number}" for letter in "Zab_" for number in range(6))
        for name in reversed(names):
            store.create_vault(name)
        assert len(store.list_vaults().items) == 10
        assert len(store.list_vaults(limit=50).items) == 10
        for limit in (None, 1, 7, 10):
            assert [vault.vault_name for vault in all_items(store.list_vaults, limit=limit)] == names

    def test_vault_list_goes_on_when_its_next_is_gone(self, store: ColdStore) -> None:
        """A marker stays good when the vault it names is deleted."""
        for name in "abcd":
            store.create_vault(name)
        page = store.list_vaults(limit=2)
        store.delete_vault("c")
        assert [vault.vault_name for vault in store.list_vaults(marker=page.marker).items] == ["d"]

    def test_vault_list_refuses_nonsense(self, store: ColdStore) -> None:
        """A limit below one and a marker that the store did not make are refused; an empty marker counts as none."""
        store.create_vault("a")
        for limit in (0, -1):
            with pytest.raises(InvalidParameterValue):
                store.list_vaults(limit=limit)
        with pytest.raises(InvalidParameterValue):
            store.list_vaults(marker="nonsense")
        assert len(store.list_vaults(marker="").items) == 1

    def test_vaults_are_limited(self, store: ColdStore) -> None:
        """The 1,001st vault is refused; one that is there already is no new one."""
        for number in range(MAX_VAULTS):
            store.create_vault(f"v{number}")
        with pytest.raises(LimitExceeded):
            store.create_vault("one-too-many")
        store.create_vault("v0")
        store.delete_vault("v1")
        store.create_vault("one-more")

    def test_empty_vault_is_deleted(self, store: ColdStore, vault: str) -> None:
        """A vault without archives goes, and deleting it again is no error."""
        store.delete_archive(vault, keep(store))
        store.delete_vault(vault)
        with pytest.raises(ResourceNotFound):
            store.describe_vault(vault)
        store.delete_vault(vault)
        assert store.list_vaults().items == []

    def test_full_vault_is_not_deleted(self, store: ColdStore, vault: str) -> None:
        """A vault with an archive stays, with its archive."""
        keep(store)
        with pytest.raises(InvalidParameterValue):
            store.delete_vault(vault)
        assert store.describe_vault(vault).number_of_archives == 1

    def test_deleting_a_vault_drops_its_uploads(self, store: ColdStore, vault: str) -> None:
        """An open upload does not keep a vault, and a new vault of the same name does not know it."""
        upload_id = store.initiate_multipart_upload(vault, part_size=MIB)
        store.delete_vault(vault)
        store.create_vault(vault)
        assert store.list_multipart_uploads(vault).items == []
        with pytest.raises(ResourceNotFound):
            store.list_parts(vault, upload_id)

    def test_vault_of_the_same_name_is_a_new_one(self, store: ColdStore, vault: str) -> None:
        """A vault that is made again has nothing of the one before."""
        archive_id = keep(store)
        store.delete_archive(vault, archive_id)
        store.delete_vault(vault)
        store.create_vault(vault)
        described = store.describe_vault(vault)
        assert (described.number_of_archives, described.last_inventory_at) == (0, None)
        assert store.list_jobs(vault).items == []
        with pytest.raises(InvalidParameterValue):
            store.delete_archive(vault, archive_id)
