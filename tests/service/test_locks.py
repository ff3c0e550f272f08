"""What a vault lock does in time, over restarts and set-back clocks, and what it keeps from whom."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.errors import AccessDenied, InvalidParameterValue, ResourceNotFound
from coldframe.model import ArchiveRetrieval
from coldframe.ports.admin import LockState
from coldframe.service import VaultService
from coldframe.service.ids import Kind, decode_id
from coldframe.testing.bodies import read_output
from coldframe.testing.contract.world import VAULT, keep

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.service.protection import Deed
    from coldframe.testing.clock import FakeClock
    from conftest import OpenService

_ARN = f"arn:aws:glacier:local:000000000000:vaults/{VAULT}"
_YEAR = {"NumericLessThan": {"glacier:ArchiveAgeInDays": "365"}}
_HOLD = {"StringEquals": {"glacier:ResourceTag/LegalHold": "true"}}


_DENIED = (
    "User: arn:aws:iam::000000000000:root is not authorized to perform: glacier:DeleteArchive "
    f"on resource: {_ARN} with an explicit deny"
)


def _policy(action: object = "glacier:DeleteArchive", condition: object = None) -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": _ARN}
    if condition is not None:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _lock(store: VaultService, policy: str) -> None:
    store.complete_vault_lock(VAULT, store.initiate_vault_lock(VAULT, policy))


class _BrokenRules:
    """Cannot read any policy."""

    def require(self, policy: str, *, vault_arn: str, is_lock: bool) -> None:
        """Let everything in."""

    def protects(self, policy: str, deed: Deed) -> bool:
        """Fail."""
        raise RecursionError(policy, deed)


@pytest.fixture
def store(service: VaultService) -> VaultService:
    """A store with a vault."""
    service.create_vault(VAULT)
    return service


def test_lock_expires_after_a_day(store: VaultService, clock: FakeClock) -> None:
    """To the millisecond: then there is none, nothing is protected, and another may begin."""
    archive_id = keep(store)
    lock_id = store.initiate_vault_lock(VAULT, _policy())
    clock.advance(hours=24, seconds=-0.001)
    with pytest.raises(AccessDenied):
        store.delete_archive(VAULT, archive_id)
    assert store.get_vault_lock(VAULT).state is LockState.IN_PROGRESS
    clock.advance(0.001)
    with pytest.raises(ResourceNotFound):
        store.complete_vault_lock(VAULT, lock_id)
    store.delete_archive(VAULT, archive_id)
    assert store.initiate_vault_lock(VAULT, _policy()) != lock_id


def test_lock_may_be_completed_at_the_last_moment(store: VaultService, clock: FakeClock) -> None:
    """A millisecond before its 24 hours are over."""
    lock_id = store.initiate_vault_lock(VAULT, _policy())
    clock.advance(hours=24, seconds=-0.001)
    store.complete_vault_lock(VAULT, lock_id)
    clock.advance(days=40000)
    store.complete_vault_lock(VAULT, lock_id)
    assert store.get_vault_lock(VAULT).state is LockState.LOCKED


@pytest.mark.parametrize("notice", ["get_vault_lock", "complete_vault_lock", "abort_vault_lock"])
def test_expired_lock_stays_expired(open_service: OpenService, clock: FakeClock, notice: str) -> None:
    """Once anybody was told that it is over, setting the clock back does not revive it, nor does a restart."""
    store = open_service()
    store.create_vault(VAULT)
    lock_id = store.initiate_vault_lock(VAULT, _policy())
    begun = clock.now()
    clock.advance(hours=25)
    ask: Callable[..., object] = getattr(store, notice)
    if notice == "abort_vault_lock":
        ask(VAULT)
    else:
        with pytest.raises(ResourceNotFound):
            ask(VAULT, *([lock_id] if notice == "complete_vault_lock" else []))
    clock.set(begun)
    for each in (store, open_service()):
        with pytest.raises(ResourceNotFound):
            each.get_vault_lock(VAULT)
        with pytest.raises(ResourceNotFound):
            each.complete_vault_lock(VAULT, lock_id)


def test_clock_set_back_does_not_lengthen_the_window(open_service: OpenService, clock: FakeClock) -> None:
    """Time stands still until the clock has caught up, also over a restart; a complete lock does not care."""
    store = open_service()
    store.create_vault(VAULT)
    archive_id = keep(store)
    lock_id = store.initiate_vault_lock(VAULT, _policy())
    lock = store.get_vault_lock(VAULT)
    clock.set(lock.created_at - timedelta(days=700))
    store = open_service()
    assert store.get_vault_lock(VAULT) == lock
    store.complete_vault_lock(VAULT, lock_id)
    for moment in (-700, 0, 1, 40000):
        clock.set(lock.created_at + timedelta(days=moment))
        with pytest.raises(AccessDenied):
            store.delete_archive(VAULT, archive_id)
        store.sweep()
        assert open_service().get_vault_lock(VAULT).state is LockState.LOCKED


def test_age_protects_whole_days(store: VaultService, clock: FakeClock) -> None:
    """'Less than 365 days' holds for a full 365 x 24 hours, whatever the clock was in between."""
    archive_id = keep(store)
    made = clock.now()
    _lock(store, _policy(condition=_YEAR))
    clock.set(made - timedelta(days=500))
    with pytest.raises(AccessDenied):
        store.delete_archive(VAULT, archive_id)
    clock.set(made + timedelta(days=365, milliseconds=-1))
    with pytest.raises(AccessDenied):
        store.delete_archive(VAULT, archive_id)
    clock.set(made + timedelta(days=365))
    store.confirm_clock(clock.now())
    store.delete_archive(VAULT, archive_id)


def test_tag_holds_archives(store: VaultService) -> None:
    """A legal hold by tag protects while the tag is there; the lock can keep the tag from being touched."""
    archive_id = keep(store)
    hold = json.loads(_policy(condition=_HOLD))["Statement"]
    tags = json.loads(_policy(["glacier:RemoveTagsFromVault", "glacier:AddTagsToVault"], _HOLD))["Statement"]
    _lock(store, json.dumps({"Version": "2012-10-17", "Statement": hold + tags}))
    store.add_tags_to_vault(VAULT, {"LegalHold": "true"})
    touches: list[Callable[[], None]] = [
        lambda: store.remove_tags_from_vault(VAULT, ["LegalHold"]),
        lambda: store.add_tags_to_vault(VAULT, {"LegalHold": "false"}),
        lambda: store.delete_archive(VAULT, archive_id),
    ]
    for touch in touches:
        with pytest.raises(AccessDenied):
            touch()
    assert store.list_tags_for_vault(VAULT) == {"LegalHold": "true"}
    assert read_output(store, VAULT, store.initiate_job(VAULT, ArchiveRetrieval(archive_id)))


def test_unreadable_lock_denies(store: VaultService, store_folder: str) -> None:
    """What cannot be evaluated protects archives, tags and the vault, whoever tries to read it (I10)."""
    archive_id = keep(store)
    core = store._core
    broken = VaultService(core.ledger, core.blobs, clock=core.clock, url=store_folder, policies=_BrokenRules())
    _lock(broken, "nothing that anybody could read")
    acts: list[Callable[[VaultService], None]] = [
        lambda each: each.delete_archive(VAULT, archive_id),
        lambda each: each.delete_vault(VAULT),
        lambda each: each.remove_tags_from_vault(VAULT, ["a"]),
        lambda each: each.add_tags_to_vault(VAULT, {"a": "b"}),
    ]
    for each, act in product((broken, store), acts):
        with pytest.raises(AccessDenied):
            act(each)


def test_sweep_frees_nothing_that_a_lock_holds(store: VaultService, clock: FakeClock) -> None:
    """Even if a mistake marked a protected archive as deleted, its bytes stay; those deleted before the lock go."""
    before, held = keep(store, b"deleted in time"), keep(store, b"held")
    store.delete_archive(VAULT, before)
    clock.advance(1)
    _lock(store, _policy())
    key = decode_id(Kind.ARCHIVE, held)
    assert key is not None
    store._core.write(lambda changes, now_ms: changes.delete_archive(key, now_ms=now_ms, change=99))
    clock.advance(days=10)
    assert store.sweep().archives == 1
    assert len(store._core.read(lambda facts, _: facts.parts(key, first=0, limit=5))) == 1
    assert store.sweep().archives == 0


def test_lock_outlasts_the_stores_name(store: VaultService, store_folder: str) -> None:
    """A store that is opened under another region and account keeps its locks."""
    archive_id = keep(store)
    _lock(store, _policy())
    core = store._core
    other = VaultService(
        core.ledger, core.blobs, clock=core.clock, url=store_folder, region="mars-1", account_id="123456789012"
    )
    with pytest.raises(AccessDenied):
        other.delete_archive(VAULT, archive_id)


@pytest.mark.parametrize("is_forbidden", [False, True])
def test_empty_locked_vault_goes_if_its_lock_allows(store: VaultService, *, is_forbidden: bool) -> None:
    """A new vault of that name is not locked; the archives of the one before stay as gone as they were."""
    store.delete_archive(VAULT, keep(store))
    _lock(store, _policy("glacier:Delete*" if is_forbidden else "glacier:DeleteArchive"))
    if is_forbidden:
        with pytest.raises(AccessDenied):
            store.delete_vault(VAULT)
        assert store.get_vault_lock(VAULT).state is LockState.LOCKED
        return
    store.delete_vault(VAULT)
    store.create_vault(VAULT)
    with pytest.raises(ResourceNotFound):
        store.get_vault_lock(VAULT)
    store.delete_archive(VAULT, keep(store))


def test_one_of_many_begins_a_lock(open_service: OpenService) -> None:
    """Threads of two processes' worth of connections begin at once: one gets an ID, and that one completes it."""
    stores = [open_service(), open_service()]
    stores[0].create_vault(VAULT)

    def begin(number: int) -> str | None:
        try:
            return stores[number % 2].initiate_vault_lock(VAULT, _policy())
        except AccessDenied:
            return None

    with ThreadPoolExecutor(8) as threads:
        (lock_id,) = [found for found in threads.map(begin, range(16)) if found is not None]
    stores[1].complete_vault_lock(VAULT, lock_id)
    assert stores[0].get_vault_lock(VAULT).state is LockState.LOCKED


def test_deleted_vault_aborts_its_lock(store: VaultService) -> None:
    """A lock in progress that lets its vault go, goes with it: its ID completes nothing."""
    lock_id = store.initiate_vault_lock(VAULT, _policy())
    store.delete_vault(VAULT)
    store.create_vault(VAULT)
    with pytest.raises(ResourceNotFound):
        store.complete_vault_lock(VAULT, lock_id)


@pytest.mark.parametrize(
    ("act", "error", "text"),
    [
        (
            lambda store: store.delete_archive(VAULT, keep(store)),
            AccessDenied,
            _DENIED,
        ),
        (
            lambda store: store.initiate_vault_lock(VAULT, _policy()),
            AccessDenied,
            f"A vault lock is in progress; abort it to begin another: {_ARN}",
        ),
        (
            lambda store: store.complete_vault_lock(VAULT, "A" * 24),
            InvalidParameterValue,
            f"Invalid lock ID: {'A' * 24}",
        ),
    ],
)
def test_lock_refuses_in_words(store: VaultService, act: Callable[[VaultService], Any], error: Any, text: str) -> None:
    """What a caller is told."""
    store.initiate_vault_lock(VAULT, _policy())
    with pytest.raises(error) as caught:
        act(store)
    assert str(caught.value) == text
