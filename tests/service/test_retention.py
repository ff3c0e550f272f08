"""A lock that asks for age or date is not opened early by a clock that was set forward (reliability A19)."""

from __future__ import annotations

import json
import os
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldframe.errors import AccessDenied, in_words
from coldframe.service.retention import STEP_MS, retention_after
from coldframe.testing.bodies import BytesBody
from coldframe.testing.contract.world import VAULT, keep
from coldframe.wire.faults import encode_fault

if TYPE_CHECKING:
    from datetime import datetime

    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock
    from conftest import OpenService

_ARN = f"arn:aws:glacier:local:000000000000:vaults/{VAULT}"
_YOUNG = {"NumericLessThan": {"glacier:ArchiveAgeInDays": "30"}}


def _lock(store: VaultService, condition: object, action: object = "glacier:DeleteArchive") -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": _ARN, "Condition": condition}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    store.complete_vault_lock(VAULT, store.initiate_vault_lock(VAULT, policy))


def _locked(store: VaultService) -> str:
    """A vault that keeps its one archive for 30 days."""
    store.create_vault(VAULT)
    archive_id = keep(store)
    _lock(store, _YOUNG)
    return archive_id


def _refused(store: VaultService, archive_id: str) -> AccessDenied:
    with pytest.raises(AccessDenied) as caught:
        store.delete_archive(VAULT, archive_id)
    return caught.value


def _confirm(store: VaultService, clock: FakeClock) -> None:
    store.confirm_clock(clock.now())


def _until(now: datetime, days: int) -> dict[str, object]:
    return {"DateLessThan": {"aws:CurrentTime": f"{now + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"}}


def test_clock_set_forward_opens_nothing(open_service: OpenService, clock: FakeClock) -> None:
    """Ten years ahead, over restarts, writes, sweeps and other processes: an archive of today is of today."""
    store = open_service()
    archive_id = _locked(store)
    clock.advance(days=3650)
    for each in (store, open_service()):
        each.upload_archive(VAULT, BytesBody(b"y"))
        each.sweep()
        _refused(each, archive_id)


def test_clock_that_was_put_right_goes_on(kept: tuple[VaultService, str], clock: FakeClock) -> None:
    """After ten years ahead and back, time for locks passes with the clock, not from where it had been."""
    store, archive_id = kept
    made = clock.now()
    clock.advance(days=3650)
    store.upload_archive(VAULT, BytesBody(b"y"))
    for day in range(1, 30):
        clock.set(made + timedelta(days=day))
        store.sweep()
        _refused(store, archive_id)
    clock.set(made + timedelta(days=30))
    store.delete_archive(VAULT, archive_id)


def test_time_passes_with_daily_writes(open_service: OpenService, clock: FakeClock) -> None:
    """Nobody confirms anything where a store is used every 24 hours, by whatever process; a sweep is a use."""
    stores = [open_service(), open_service()]
    archive_id = _locked(stores[0])
    for day in range(1, 30):
        clock.advance(days=1)
        stores[day % 2].sweep()
        _refused(stores[0], archive_id)
    clock.advance(days=1)
    stores[0].delete_archive(VAULT, archive_id)


def test_reading_and_refusals_pass_no_time(kept: tuple[VaultService, str], clock: FakeClock) -> None:
    """Only what is committed counts."""
    store, archive_id = kept
    begun = store.clock_state().retention_at
    for _ in range(2):
        clock.advance(hours=20)
        store.describe_vault(VAULT)
        _refused(store, archive_id)
    assert store.clock_state().retention_at == begun


def test_store_left_alone_waits_for_a_word(open_service: OpenService, clock: FakeClock) -> None:
    """After five weeks the archive is old enough by the clock alone: refused until the clock is confirmed."""
    archive_id = _locked(open_service())
    clock.advance(days=35)
    store = open_service()
    assert not store.clock_state().is_following
    error = _refused(store, archive_id)
    assert "coldframe vault confirm-clock" in in_words(error)
    assert "confirm-clock" not in encode_fault(error, "request").decode()
    _confirm(store, clock)
    again = open_service()
    assert (again.clock_state().retention_at, again.clock_state().is_following) == (clock.now(), True)
    again.delete_archive(VAULT, archive_id)


def test_lock_that_refuses_by_the_clock_too_says_nothing_more(kept: tuple[VaultService, str], clock: FakeClock) -> None:
    """Confirming would not help, so nobody is sent there."""
    store, archive_id = kept
    clock.advance(days=20)
    error = _refused(store, archive_id)
    assert in_words(error) == f"{error}."


def test_old_archives_need_no_word(kept: tuple[VaultService, str], clock: FakeClock) -> None:
    """What was old enough when the store was last used goes without confirmation; what came later does not."""
    store, archive_id = kept
    clock.advance(days=30)
    _confirm(store, clock)
    clock.advance(days=60)
    young = store.upload_archive(VAULT, BytesBody(b"y")).archive_id
    store.delete_archive(VAULT, archive_id)
    clock.advance(days=40)
    _refused(store, young)


def test_date_conditions_go_by_both_times(service: VaultService, clock: FakeClock) -> None:
    """A vault that is kept until a date is not opened by a clock beyond it, its tags included."""
    service.create_vault(VAULT)
    archive_id = keep(service)
    _lock(service, _until(clock.now(), 365), ["glacier:DeleteArchive", "glacier:AddTagsToVault"])
    clock.advance(days=366)
    _refused(service, archive_id)
    with pytest.raises(AccessDenied):
        service.add_tags_to_vault(VAULT, {"a": "b"})
    _confirm(service, clock)
    service.add_tags_to_vault(VAULT, {"a": "b"})
    service.delete_archive(VAULT, archive_id)


def test_wrong_confirmation_can_be_put_right(kept: tuple[VaultService, str], clock: FakeClock) -> None:
    """Whoever has confirmed a clock that was ahead confirms the right one, and what is kept is kept."""
    store, archive_id = kept
    made = clock.now()
    clock.advance(days=3650)
    _confirm(store, clock)
    clock.set(made + timedelta(days=1))
    assert not store.clock_state().is_following
    _confirm(store, clock)
    clock.advance(hours=1)
    _refused(store, archive_id)


def test_older_ledger_begins_at_its_first_change(
    open_service: OpenService, clock: FakeClock, store_folder: str
) -> None:
    """A ledger of the version before has no retention time: the clock's is taken once, and then it counts."""
    store = open_service()
    archive_id = _locked(store)
    store.close()
    with closing(apsw.Connection(os.path.join(store_folder, "ledger.sqlite"))) as ledger:
        ledger.execute("ALTER TABLE store DROP COLUMN retention_ms; PRAGMA user_version = 5")
    clock.advance(days=3)
    store = open_service()
    assert store.clock_state().is_following
    store.sweep()
    clock.advance(days=28)
    _refused(store, archive_id)
    assert store.clock_state().retention_at == clock.now() - timedelta(days=28)


@given(st.lists(st.integers(0, 5 * STEP_MS), min_size=1))
def test_retention_time_never_leaps(moments: list[int]) -> None:
    """Whatever the clock shows, it only rises, by a day at most, and never beyond what the clock has shown."""
    retention_ms = begun_ms = 1000 * STEP_MS
    for moment in moments:
        moved_ms = retention_after(retention_ms, begun_ms + moment)
        assert 0 <= moved_ms - retention_ms <= STEP_MS
        assert moved_ms in {retention_ms, begun_ms + moment}
        retention_ms = moved_ms


@pytest.fixture
def kept(service: VaultService) -> tuple[VaultService, str]:
    """A store whose vault keeps its one archive for 30 days, and the archive."""
    return service, _locked(service)
