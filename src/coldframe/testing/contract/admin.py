"""The contract of `ports.admin.VaultAdmin`: what governs vaults and an account."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import (
    AccessDenied,
    InvalidParameterValue,
    LimitExceeded,
    MissingParameterValue,
    ResourceNotFound,
)
from coldframe.model import ArchiveRetrieval
from coldframe.ports.admin import (
    MAX_POLICY_SIZE,
    MAX_TAGS,
    MAX_TAGS_PER_CALL,
    LockState,
    VaultEvent,
    VaultNotifications,
)
from coldframe.testing.contract.world import VAULT, StoreWorld, keep

if TYPE_CHECKING:
    from coldframe.ports.admin import GovernedStore

REFUSED = (InvalidParameterValue, MissingParameterValue)
"""What a store may answer to a value that is none; which of the two, depends on who looks first."""


def policy_text(
    store: GovernedStore, vault: str = VAULT, *, action: str = "glacier:DeleteArchive", size: int = 0
) -> str:
    """A policy about a vault that denies something to everybody, in JSON with more blanks than it needs."""
    arn = store.describe_vault(vault).vault_arn
    statement = {"Sid": "hold", "Principal": "*", "Effect": "Deny", "Action": action, "Resource": [arn]}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=3)
    return text + " " * (size - len(text))


def topic_of(store: GovernedStore, *, region: str | None = None) -> str:
    """The ARN of a topic in the store's region, or in another."""
    _, _, _, own, account, _ = store.describe_vault(VAULT).vault_arn.split(":", 5)
    return f"arn:aws:sns:{region or own}:{account}:done"


class TagsContract(StoreWorld):
    """Tags are set, replaced, removed, and limited."""

    def test_tags_are_set_and_replaced(self, store: GovernedStore, vault: str) -> None:
        """A key has one value, the last; keys know case; values may be empty."""
        assert store.list_tags_for_vault(vault) == {}
        store.add_tags_to_vault(vault, {"Telescope": "RC 8", "hold": "", "été/1": "a_b.c=d+e-f@g"})
        store.add_tags_to_vault(vault, {"Telescope": "RC 10", "telescope": "x"})
        expected = {"Telescope": "RC 10", "telescope": "x", "hold": "", "été/1": "a_b.c=d+e-f@g"}
        assert store.list_tags_for_vault(vault) == expected

    def test_tags_are_removed(self, store: GovernedStore, vault: str) -> None:
        """Keys that are not there are no error."""
        store.add_tags_to_vault(vault, {"a": "1", "b": "2"})
        for _ in range(2):
            store.remove_tags_from_vault(vault, ["a", "none"])
            assert store.list_tags_for_vault(vault) == {"b": "2"}

    def test_tags_are_limited(self, store: GovernedStore, vault: str) -> None:
        """A vault has 50 tags; a call that would bring more adds none, and one that replaces is no addition."""
        keys = [f"key{number}" for number in range(MAX_TAGS)]
        for start in range(0, MAX_TAGS, MAX_TAGS_PER_CALL):
            store.add_tags_to_vault(vault, dict.fromkeys(keys[start : start + MAX_TAGS_PER_CALL], "old"))
        with pytest.raises(LimitExceeded):
            store.add_tags_to_vault(vault, {"key0": "new", "one too many": ""})
        assert store.list_tags_for_vault(vault) == dict.fromkeys(keys, "old")
        store.add_tags_to_vault(vault, {"key0": "new"})
        assert store.list_tags_for_vault(vault)["key0"] == "new"

    @pytest.mark.parametrize(
        "tags",
        [
            {},
            {f"k{number}": "" for number in range(11)},
            {"": "x"},
            {"k" * 129: "x"},
            {"k": "v" * 256},
            {"aws:k": "x"},
            {"k": "semi;colon"},
            {"line\n": "x"},
            {"good": "x", "bad*": "x"},
        ],
    )
    def test_tags_are_checked(self, store: GovernedStore, vault: str, tags: dict[str, str]) -> None:
        """None or more than ten at once, bad keys and bad values are refused, and nothing is set."""
        with pytest.raises(REFUSED):
            store.add_tags_to_vault(vault, tags)
        assert store.list_tags_for_vault(vault) == {}

    def test_longest_tag_is_kept(self, store: GovernedStore, vault: str) -> None:
        """A key of 128 characters with a value of 255."""
        store.add_tags_to_vault(vault, {"é" * 128: "ü" * 255})
        assert store.list_tags_for_vault(vault) == {"é" * 128: "ü" * 255}

    @pytest.mark.parametrize("keys", [[], [f"k{number}" for number in range(11)]])
    def test_removal_is_checked(self, store: GovernedStore, vault: str, keys: list[str]) -> None:
        """None or more than ten at once."""
        with pytest.raises(REFUSED):
            store.remove_tags_from_vault(vault, keys)


class NoticesContract(StoreWorld):
    """One topic a vault."""

    def test_notifications_are_replaced(self, store: GovernedStore, vault: str) -> None:
        """The last configuration counts; without one nothing is found, and deleting is no error."""
        for events in (tuple(VaultEvent), (VaultEvent.INVENTORY_RETRIEVAL_COMPLETED,)):
            wanted = VaultNotifications(topic_of(store), events)
            store.set_vault_notifications(vault, wanted)
            assert store.get_vault_notifications(vault) == wanted
        for _ in range(2):
            store.delete_vault_notifications(vault)
            with pytest.raises(ResourceNotFound):
                store.get_vault_notifications(vault)

    def test_notifications_are_checked(self, store: GovernedStore, vault: str) -> None:
        """A topic of another region, one that is none, and a configuration without events."""
        events = tuple(VaultEvent)
        for bad in (
            VaultNotifications(topic_of(store, region="mars-1"), events),
            VaultNotifications("done", events),
            VaultNotifications(topic_of(store), ()),
        ):
            with pytest.raises(REFUSED):
                store.set_vault_notifications(vault, bad)
        with pytest.raises(ResourceNotFound):
            store.get_vault_notifications(vault)


class PoliciesContract(StoreWorld):
    """Policies are texts."""

    def test_access_policy_is_kept_to_the_letter(self, store: GovernedStore, vault: str) -> None:
        """Up to 20 KB, blanks and all; the last one counts; without one nothing is found, and deleting is no error."""
        for text in (policy_text(store, action="glacier:Delete*"), policy_text(store, size=MAX_POLICY_SIZE)):
            store.set_vault_access_policy(vault, text)
            assert store.get_vault_access_policy(vault) == text
        for _ in range(2):
            store.delete_vault_access_policy(vault)
            with pytest.raises(ResourceNotFound):
                store.get_vault_access_policy(vault)

    @pytest.mark.parametrize("text", ["{", "[]", '"Allow"', "null", "{'a': 1}"])
    def test_malformed_policy_is_refused(self, store: GovernedStore, vault: str, text: str) -> None:
        """As access policy and as lock policy; what was there stays."""
        policy = policy_text(store)
        store.set_vault_access_policy(vault, policy)
        for refuse in (store.set_vault_access_policy, store.initiate_vault_lock):
            with pytest.raises(InvalidParameterValue):
                refuse(vault, text)
        assert store.get_vault_access_policy(vault) == policy
        with pytest.raises(ResourceNotFound):
            store.get_vault_lock(vault)

    def test_large_policy_is_refused(self, store: GovernedStore, vault: str) -> None:
        """One byte more than 20 KB."""
        text = policy_text(store, size=MAX_POLICY_SIZE + 1)
        for refuse in (store.set_vault_access_policy, store.initiate_vault_lock):
            with pytest.raises(InvalidParameterValue):
                refuse(vault, text)


class LocksContract(StoreWorld):
    """The state machine of a vault lock, row by row (glacier-api 12.4), but for what takes time."""

    def test_vault_without_a_lock(self, store: GovernedStore, vault: str) -> None:
        """There is nothing to find or to complete; aborting is no error."""
        store.abort_vault_lock(vault)
        with pytest.raises(ResourceNotFound):
            store.get_vault_lock(vault)
        with pytest.raises(ResourceNotFound):
            store.complete_vault_lock(vault, "A" * 24)

    def test_lock_in_progress(self, store: GovernedStore, vault: str) -> None:
        """It shows itself, ends in 24 hours, and keeps another from beginning; a wrong ID does not complete it."""
        policy = policy_text(store)
        lock_id = store.initiate_vault_lock(vault, policy)
        assert len(lock_id) == 24
        assert lock_id.isalnum()
        lock = store.get_vault_lock(vault)
        assert (lock.policy, lock.state) == (policy, LockState.IN_PROGRESS)
        assert lock.expires_at == lock.created_at + timedelta(days=1)
        with pytest.raises(AccessDenied):
            store.initiate_vault_lock(vault, policy)
        with pytest.raises(InvalidParameterValue):
            store.complete_vault_lock(vault, "A" * 24)
        assert store.get_vault_lock(vault) == lock

    def test_lock_is_aborted(self, store: GovernedStore, vault: str) -> None:
        """Then it is gone, its ID is worth nothing, and another may begin."""
        policy = policy_text(store)
        lock_id = store.initiate_vault_lock(vault, policy)
        store.abort_vault_lock(vault)
        with pytest.raises(ResourceNotFound):
            store.get_vault_lock(vault)
        with pytest.raises(ResourceNotFound):
            store.complete_vault_lock(vault, lock_id)
        again = store.initiate_vault_lock(vault, policy)
        with pytest.raises(InvalidParameterValue):
            store.complete_vault_lock(vault, lock_id)
        store.complete_vault_lock(vault, again)

    def test_complete_lock_is_for_ever(self, store: GovernedStore, vault: str) -> None:
        """It cannot be aborted or begun anew; completing it again needs the same ID."""
        lock_id = store.initiate_vault_lock(vault, policy_text(store))
        begun = store.get_vault_lock(vault)
        for _ in range(2):
            store.complete_vault_lock(vault, lock_id)
        for undo in (
            lambda: store.abort_vault_lock(vault),
            lambda: store.initiate_vault_lock(vault, policy_text(store)),
            lambda: store.complete_vault_lock(vault, "A" * 24),
        ):
            with pytest.raises(AccessDenied):
                undo()
        assert store.get_vault_lock(vault) == replace(begun, state=LockState.LOCKED, expires_at=None)

    def test_lock_protects_archives(self, store: GovernedStore, vault: str) -> None:
        """In progress and complete, it keeps an archive and its vault from everybody; an aborted one does not."""
        archive_id = keep(store)
        store.initiate_vault_lock(vault, policy_text(store))
        with pytest.raises(AccessDenied):
            store.delete_archive(vault, archive_id)
        store.abort_vault_lock(vault)
        store.delete_archive(vault, archive_id)
        archive_id = keep(store)
        store.complete_vault_lock(vault, store.initiate_vault_lock(vault, policy_text(store)))
        with pytest.raises(AccessDenied):
            store.delete_archive(vault, archive_id)
        with pytest.raises((*REFUSED, AccessDenied)):
            store.delete_vault(vault)
        store.initiate_job(vault, ArchiveRetrieval(archive_id))

    def test_lock_of_one_vault_is_its_own(self, store: GovernedStore, vault: str) -> None:
        """Its neighbour's archives can be deleted."""
        store.create_vault("other")
        archive_id = keep(store, vault="other")
        store.complete_vault_lock(vault, store.initiate_vault_lock(vault, policy_text(store)))
        store.delete_archive("other", archive_id)
        with pytest.raises(ResourceNotFound):
            store.get_vault_lock("other")
