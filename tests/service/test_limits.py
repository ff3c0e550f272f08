"""The account's limits in time: rates and days of the data retrieval policy, months of provisioned capacity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import InsufficientCapacity, LimitExceeded, PolicyEnforced
from coldframe.model import AMAZON_WAITS, ArchiveRetrieval, Tier
from coldframe.ports.admin import DataRetrievalPolicy, RetrievalStrategy
from coldframe.service import VaultService
from coldframe.service.limits import month_later
from coldframe.testing.bodies import read_output
from coldframe.testing.contract.world import VAULT, keep

if TYPE_CHECKING:
    from coldframe.testing.clock import FakeClock
    from conftest import OpenService


def _governed(store: VaultService, policy: DataRetrievalPolicy) -> ArchiveRetrieval:
    """A store under a policy, with an archive of 1,000 bytes; the retrieval of it."""
    store.create_vault(VAULT)
    archive_id = keep(store, bytes(1000))
    store.set_data_retrieval_policy(policy)
    return ArchiveRetrieval(archive_id)


def test_rate_adds_up_what_runs(open_service: OpenService, clock: FakeClock) -> None:
    """Jobs in progress and the new one, spread over four hours; what has ended counts no more."""
    store = open_service(waits=AMAZON_WAITS)
    wanted = _governed(store, DataRetrievalPolicy(RetrievalStrategy.BYTES_PER_HOUR, 500))
    store.initiate_job(VAULT, wanted)
    clock.advance(hours=1)
    store.initiate_job(VAULT, wanted)
    with pytest.raises(PolicyEnforced) as caught:
        store.initiate_job(VAULT, wanted)
    assert str(caught.value) == "InitiateJob request denied by current data retrieval policy."
    clock.advance(hours=3)
    store.initiate_job(VAULT, wanted)
    assert len(store.list_jobs(VAULT).items) == 3


def test_running_jobs_outlast_a_policy(open_service: OpenService, clock: FakeClock) -> None:
    """A stricter policy refuses new jobs and touches none that runs; it is in force after a restart too."""
    store = open_service(waits=AMAZON_WAITS)
    job_id = store.initiate_job(VAULT, _governed(store, DataRetrievalPolicy()))
    store.set_data_retrieval_policy(DataRetrievalPolicy(RetrievalStrategy.BYTES_PER_HOUR, 1))
    again = open_service(waits=AMAZON_WAITS)
    with pytest.raises(PolicyEnforced):
        again.initiate_job(VAULT, ArchiveRetrieval(again.describe_job(VAULT, job_id).archive_id or ""))
    clock.advance(hours=4)
    assert len(read_output(again, VAULT, job_id)) == 1000


def test_free_tier_allows_so_much_a_day(store_folder: str, service: VaultService, clock: FakeClock) -> None:
    """The sum of a UTC day, of Standard jobs alone; midnight begins anew."""
    core = service._core
    store = VaultService(core.ledger, core.blobs, clock=clock, url=store_folder, free_daily_bytes=2999)
    wanted = _governed(store, DataRetrievalPolicy(RetrievalStrategy.FREE_TIER))
    clock.set(datetime(2040, 3, 1, 23, 59, 59, tzinfo=UTC))
    store.initiate_job(VAULT, wanted)
    store.initiate_job(VAULT, ArchiveRetrieval(wanted.archive_id, tier=Tier.BULK))
    store.initiate_job(VAULT, wanted)
    with pytest.raises(PolicyEnforced):
        store.initiate_job(VAULT, wanted)
    clock.advance(1)
    store.initiate_job(VAULT, wanted)


def test_scarce_expedited_needs_capacity(store_folder: str, service: VaultService, clock: FakeClock) -> None:
    """Refused without a unit, served while one is valid, refused when it has expired."""
    core = service._core
    store = VaultService(core.ledger, core.blobs, clock=clock, url=store_folder, is_expedited_scarce=True)
    wanted = ArchiveRetrieval(_governed(store, DataRetrievalPolicy()).archive_id, tier=Tier.EXPEDITED)
    with pytest.raises(InsufficientCapacity):
        store.initiate_job(VAULT, wanted)
    store.purchase_provisioned_capacity()
    store.initiate_job(VAULT, wanted)
    clock.set(store.list_provisioned_capacity()[0].expires_at)
    with pytest.raises(InsufficientCapacity):
        store.initiate_job(VAULT, wanted)
    service.initiate_job(VAULT, wanted)


def test_capacity_lasts_a_month(open_service: OpenService, clock: FakeClock) -> None:
    """To the second, over a restart; an expired unit makes room for another."""
    clock.set(datetime(2041, 1, 31, 5, 6, 7, 891000, tzinfo=UTC))
    store = open_service()
    first = store.purchase_provisioned_capacity()
    clock.advance(days=1)
    second = store.purchase_provisioned_capacity()
    store = open_service()
    units = store.list_provisioned_capacity()
    assert [unit.capacity_id for unit in units] == [first, second]
    assert (units[0].started_at, units[0].expires_at) == (
        datetime(2041, 1, 31, 5, 6, 7, tzinfo=UTC),
        datetime(2041, 2, 28, 5, 6, 7, tzinfo=UTC),
    )
    clock.set(units[0].expires_at - timedelta(milliseconds=1))
    with pytest.raises(LimitExceeded):
        store.purchase_provisioned_capacity()
    clock.advance(0.001)
    third = store.purchase_provisioned_capacity()
    assert [unit.capacity_id for unit in store.list_provisioned_capacity()] == [second, third]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ((2040, 1, 31), (2040, 2, 29)),
        ((2041, 1, 30), (2041, 2, 28)),
        ((2040, 12, 31), (2041, 1, 31)),
        ((2040, 11, 30), (2040, 12, 30)),
        ((2040, 3, 31), (2040, 4, 30)),
    ],
)
def test_month_ends_on_the_same_day_or_the_last(start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    """The 31st becomes the last day of a shorter month (glacier-api, operation 33)."""
    assert month_later(datetime(*start, 9, 8, 7, tzinfo=UTC)) == datetime(*end, 9, 8, 7, tzinfo=UTC)
