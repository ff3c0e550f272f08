"""Orders under the account's data retrieval policy, as the embedded store keeps it: refused, waited for, and done."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.catalog.order_model import OrderState
from coldframe.errors import NotReady, PolicyEnforced
from coldframe.model import MIB, Tier, TierWaits
from coldframe.ports.admin import DataRetrievalPolicy, RetrievalStrategy
from coldframe.progress import Noted, Outcome
from coldframe.service import VaultService
from retriever.world import World, frame

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from coldframe.catalog import Catalog
    from coldframe.model import JobRequest
    from coldframe.progress import Event
    from coldframe.testing.clock import FakeClock
    from conftest import OpenService

_WAITS = TierWaits(expedited_seconds=300, standard_seconds=4 * 3600, bulk_seconds=12 * 3600)
_A_DAY = 5 * MIB // 2
"""What the strategy FreeTier allows here: two files of a MiB, and half of one."""
FREE_TIER = DataRetrievalPolicy(RetrievalStrategy.FREE_TIER)


class Watched:
    """A store that notes of each archive job when it was asked for, and whether it was refused."""

    def __init__(self, store: VaultService, clock: FakeClock) -> None:
        self._store = store
        self._clock = clock
        self.started: Counter[date] = Counter()
        self.refused: Counter[date] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def initiate_job(self, vault_name: str, request: JobRequest) -> str:
        """Start, noted."""
        today = self._clock.now().date()
        try:
            job_id = self._store.initiate_job(vault_name, request)
        except PolicyEnforced:
            self.refused[today] += 1
            raise
        self.started[today] += 1
        return job_id


@pytest.fixture
def world(open_service: OpenService, store_folder: str, catalog: Catalog, clock: FakeClock, tmp_path: Path) -> World:
    """A world at noon whose account keeps to FreeTier."""
    core = open_service(waits=_WAITS)._core
    store = VaultService(core.ledger, core.blobs, clock=clock, url=store_folder, waits=_WAITS, free_daily_bytes=_A_DAY)
    clock.set(clock.now().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1))
    made = World(store, catalog, clock, str(tmp_path))
    store.set_data_retrieval_policy(FREE_TIER)
    return made


def watched(world: World) -> Watched:
    """Its store, watched."""
    assert isinstance(world.store, VaultService)
    return Watched(world.store, world.clock)


@pytest.mark.parametrize("threads", [1, 4])
def test_free_tier_lets_an_order_through_day_by_day(world: World, threads: int) -> None:
    """Two files a day, asked for again soon after midnight; each is asked for once, and refusals cost nothing."""
    for number in range(5):
        world.add(f"{number}.fit", frame(number, MIB))
    number = world.order()
    noted: list[Event] = []
    store, began = watched(world), world.clock.now()

    results = list(world.retriever(store=store, jobs=threads, observer=noted.append).carry_on(number))

    assert [result.outcome for result in results] == [Outcome.RETRIEVED] * 5
    assert list(store.started.values()) == [2, 2, 1]
    assert world.orders.spent(number).jobs == 5
    assert max(store.refused.values()) <= 24 * 60 * 60 / 300 * 1.5 * threads
    assert sum("retrieval policy" in event.text for event in noted if isinstance(event, Noted)) == 1
    third_midnight = began.replace(hour=0) + timedelta(days=2)
    assert world.clock.now() - third_midnight < timedelta(hours=4, minutes=15)


def test_order_under_a_policy_survives_its_process(world: World) -> None:
    """A round now and then, each from a new process, comes to the same."""
    for number in range(4):
        world.add(f"{number}.fit", frame(number, MIB))
    number, store = world.order(), watched(world)
    results = []
    for _ in range(9):
        results += list(world.retriever(store=store).carry_on(number, wait=False))
        world.clock.advance(hours=5)
    assert [result.outcome for result in results] == [Outcome.RETRIEVED] * 4
    assert list(store.started.values()) == [2, 2]
    assert world.orders.order(number).state is OrderState.DONE


@pytest.mark.parametrize("threads", [1, 4])
def test_archive_beyond_the_policy_keeps_no_other_from_coming(world: World, threads: int) -> None:
    """It waits for ever, as the policy says; what is smaller comes, and with another policy so does it."""
    world.add("0-large.fit", frame(0, 3 * MIB))
    for number in range(1, 4):
        world.add(f"{number}.fit", frame(number, MIB))
    number, store = world.order(), watched(world)
    until = world.clock.now() + timedelta(days=2)
    with pytest.raises(NotReady):
        list(world.retriever(store=store, jobs=threads).carry_on(number, wait_until=until))
    placed = world.orders.tally(number).placed_files
    assert placed == 3
    assert world.orders.order(number).state is OrderState.OPEN

    world.store.set_data_retrieval_policy(DataRetrievalPolicy())  # type: ignore[attr-defined]  # a whole service
    (result,) = world.retriever(store=store).carry_on(number)
    assert (result.path, result.outcome) == ("0-large.fit", Outcome.RETRIEVED)
    assert world.orders.spent(number).jobs == 4


def test_what_is_larger_has_its_turn_when_the_day_begins(world: World) -> None:
    """Asked one after the other, smaller ones take what is left of a day, and never all of every day."""
    world.add("0.fit", frame(0, MIB))
    world.add("1-large.fit", frame(1, 2 * MIB))
    for number in range(2, 8):
        world.add(f"{number}.fit", frame(number, MIB))
    number, store = world.order(), watched(world)
    done_at = {
        result.path: world.clock.now().date() for result in world.retriever(store=store, jobs=1).carry_on(number)
    }
    assert done_at["1-large.fit"] == min(store.started) + timedelta(days=1)
    assert len(done_at) == 8


def test_round_asks_few_times_for_what_is_refused(world: World) -> None:
    """However many archives are beyond the policy, and however they are ordered."""
    for number in range(60):
        world.add(f"{number:02}.fit", frame(number, 4 * MIB - number * 1024))
    world.add("99.fit", frame(99, MIB))
    number, store = world.order(), watched(world)
    list(world.retriever(store=store, jobs=1).carry_on(number, wait=False))
    assert sum(store.started.values()) == 1
    assert sum(store.refused.values()) <= 2 * 10  # a second round follows at once, since something was started


def test_bytes_an_hour_let_jobs_through_as_others_end(world: World) -> None:
    """As many as run within four hours at that rate; each round asks again, and all come."""
    world.store.set_data_retrieval_policy(  # type: ignore[attr-defined]  # a whole service
        DataRetrievalPolicy(RetrievalStrategy.BYTES_PER_HOUR, MIB // 2)
    )
    for number in range(5):
        world.add(f"{number}.fit", frame(number, MIB))
    number, store, began = world.order(), watched(world), world.clock.now()
    results = list(world.retriever(store=store).carry_on(number))
    assert [result.outcome for result in results] == [Outcome.RETRIEVED] * 5
    assert timedelta(hours=12) <= world.clock.now() - began < timedelta(hours=13)


def test_policy_is_for_standard_alone(world: World) -> None:
    """Bulk goes through in one round, whatever the day has had."""
    for number in range(5):
        world.add(f"{number}.fit", frame(number, MIB))
    store = watched(world)
    results = list(world.retriever(store=store).carry_on(world.order(tier=Tier.BULK)))
    assert len(results) == 5
    assert not store.refused
