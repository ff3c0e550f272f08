"""Jobs: waited for, recognised, never started twice, asked for again when they expire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.catalog import Query
from coldframe.catalog.order_model import OrderState, WantedState
from coldframe.errors import (
    Busy,
    InsufficientCapacity,
    LimitRefused,
    NotReady,
    ResourceNotFound,
    ServiceUnavailable,
)
from coldframe.model import MIB, ArchiveRetrieval, ByteRange, JobStatus, Tier, TierWaits
from coldframe.progress import Noted, Outcome
from coldframe.retriever import Price
from retriever.world import VAULT, World, frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.errors import StoreError
    from coldframe.model import JobDescription, JobRequest, Page, Receipt
    from coldframe.ports import Upload
    from coldframe.progress import Event
    from coldframe.retriever import RetrievedFile, Retriever, Work

MakeWorld = Callable[[TierWaits], World]
WAITS = TierWaits(expedited_seconds=300, standard_seconds=4 * 3600, bulk_seconds=12 * 3600)


class Counting:
    """A store that counts what is asked of it, and refuses some of it."""

    def __init__(self, world: World, refuse: dict[str, list[Exception]] | None = None) -> None:
        self._store = world.store
        self._refuse = refuse or {}
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def list_jobs(self, vault_name: str, *, marker: str | None = None) -> Page[JobDescription]:
        """List, counted."""
        self._call("list_jobs")
        return self._store.list_jobs(vault_name, marker=marker)

    def initiate_job(self, vault_name: str, request: JobRequest) -> str:
        """Start, counted."""
        self._call("initiate_job")
        return self._store.initiate_job(vault_name, request)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self._refuse.get(name):
            raise self._refuse[name].pop(0)


def test_retrieve_waits_four_hours(make_world: MakeWorld) -> None:
    """A Standard order is carried on over four hours, asking the store less than a hundred times."""
    world = make_world(WAITS)
    world.add("a.fit", frame(1))
    store = Counting(world)
    start = world.clock.now()

    (result,) = world.retriever(store=store).carry_on(world.order())

    passed = world.clock.now() - start
    assert result.outcome is Outcome.RETRIEVED
    assert timedelta(hours=4) <= passed <= timedelta(hours=4, minutes=7)
    assert store.calls.count("list_jobs") < 100
    assert store.calls.count("initiate_job") == 1


def test_carry_on_without_waiting_starts_the_jobs_and_returns(make_world: MakeWorld) -> None:
    """`wait=False` starts what is missing, fetches what is ready, and leaves the order open."""
    world = make_world(WAITS)
    world.add("a.fit", frame(1))
    number = world.order(tier=Tier.EXPEDITED)

    assert list(world.retriever().carry_on(number, wait=False)) == []
    assert world.orders.order(number).state is OrderState.OPEN
    assert world.orders.tally(number).jobs == {WantedState.STARTED: 1}
    world.clock.advance(301)
    assert [result.path for result in world.retriever().carry_on(number, wait=False)] == ["a.fit"]
    assert world.orders.order(number).state is OrderState.DONE


def test_wait_that_runs_out_says_so(make_world: MakeWorld) -> None:
    """When the time to wait is over and jobs are in progress, that is an error of its own, and the order stays open."""
    world = make_world(WAITS)
    world.add("a.fit", frame(1))
    number = world.order()

    with pytest.raises(NotReady, match="1 job is"):
        list(world.retriever().carry_on(number, wait_until=world.clock.now() + timedelta(hours=1)))

    assert [result.path for result in world.retriever().carry_on(number)] == ["a.fit"]
    assert len(world.jobs()) == 1


def test_job_that_was_started_but_not_recorded_is_recognised(make_world: MakeWorld) -> None:
    """A crash between starting a job and recording its ID does not start it twice."""
    world = make_world(WAITS)
    archive = world.add("Light/a.fit", frame(1))
    number = world.order()
    world.store.initiate_job(VAULT, ArchiveRetrieval(archive.archive_id, None, Tier.STANDARD, "a.fit"))

    (result,) = world.retriever().carry_on(number)

    assert result.outcome is Outcome.RETRIEVED
    assert len(world.jobs()) == 1


def test_job_of_another_program_is_adopted_when_it_is_ready(make_world: MakeWorld) -> None:
    """A job that a PowerShell script started for the same archive serves the order."""
    world = make_world(WAITS)
    archive = world.add("Light/a.fit", frame(1))
    job_id = world.store.initiate_job(VAULT, ArchiveRetrieval(archive.archive_id, description="a.fit"))
    world.clock.advance(hours=5)
    number = world.order(tier=Tier.EXPEDITED)

    (result,) = world.retriever().carry_on(number, wait=False)

    assert result.job_id == job_id


def test_slower_job_of_another_program_is_not_waited_for(make_world: MakeWorld) -> None:
    """Who pays for Expedited does not wait for somebody's Bulk job."""
    world = make_world(WAITS)
    archive = world.add("a.fit", frame(1))
    world.store.initiate_job(VAULT, ArchiveRetrieval(archive.archive_id, tier=Tier.BULK, description="a.fit"))
    start = world.clock.now()

    list(world.retriever().carry_on(world.order(tier=Tier.EXPEDITED)))

    assert world.clock.now() - start < timedelta(minutes=12)
    assert len(world.jobs()) == 2


def test_job_over_another_range_is_not_adopted(world: World) -> None:
    """A job that brings only a part of an archive does not serve an order for all of it."""
    archive = world.add("a.fit", frame(1, 3 * MIB))
    world.store.initiate_job(VAULT, ArchiveRetrieval(archive.archive_id, ByteRange(0, MIB), description="a.fit"))

    world.retrieve()

    assert world.files() == {"a.fit": frame(1, 3 * MIB)}
    assert len(world.jobs()) == 2


def test_expired_job_is_asked_for_again(make_world: MakeWorld) -> None:
    """An output that nobody fetched within its 24 hours is asked for again, and the file still comes."""
    world = make_world(WAITS)
    world.add("a.fit", frame(1))
    number = world.order()
    list(world.retriever().carry_on(number, wait=False))
    world.clock.advance(days=3)

    (result,) = world.retriever().carry_on(number)

    assert result.outcome is Outcome.RETRIEVED
    assert world.orders.spent(number).jobs == 2


def test_expired_job_is_not_asked_for_again_beyond_the_agreed_price(make_world: MakeWorld) -> None:
    """What was agreed is never exceeded: the order pauses and says so."""
    world = make_world(WAITS)
    world.add("a.fit", frame(1))

    def pricing(work: Work) -> Price:
        return Price(Decimal("0.05") * work.jobs)

    retriever = world.retriever(pricing=pricing)
    number = retriever.place_order(
        retriever.plan(Query(), into=world.into), tier=Tier.STANDARD, max_cost=Decimal("0.09")
    )
    list(retriever.carry_on(number, wait=False))
    world.clock.advance(days=3)

    noted: list[Event] = []

    assert list(world.retriever(pricing=pricing, observer=noted.append).carry_on(number)) == []

    assert any(isinstance(event, Noted) and "orders resume" in event.text for event in noted)
    assert world.orders.order(number).state is OrderState.PAUSED
    assert world.orders.spent(number).jobs == 1


def test_order_beyond_the_limit_is_refused(world: World) -> None:
    """A plan that costs more than allowed becomes no order."""
    world.add("a.fit", frame(1))
    retriever = world.retriever(pricing=lambda work: Price(Decimal(work.jobs)))

    with pytest.raises(LimitRefused):
        retriever.place_order(retriever.plan(Query(), into=world.into), tier=Tier.BULK, max_cost=Decimal("0.5"))

    assert world.orders.orders() == []


def test_archive_that_was_deleted_fails_alone(make_world: MakeWorld) -> None:
    """An archive that is gone closes its file with a reason; the others come."""
    world = make_world(WAITS)
    world.add("a.fit", frame(1))
    gone = world.add("gone.fit", frame(2))
    late = world.add("late.fit", frame(3))
    number = world.order()
    world.store.delete_archive(VAULT, gone.archive_id)
    results = list(world.retriever().carry_on(number, wait=False))
    world.store.delete_archive(VAULT, late.archive_id)

    results += world.retriever().carry_on(number)

    outcomes = {result.path: result.outcome for result in results}
    assert outcomes == {"a.fit": Outcome.RETRIEVED, "gone.fit": Outcome.FAILED, "late.fit": Outcome.FAILED}
    assert all(result.detail for result in results if result.outcome is Outcome.FAILED)
    assert world.orders.order(number).state is OrderState.INCOMPLETE


def test_capacity_that_is_short_is_asked_for_again(world: World) -> None:
    """A store that has no capacity now is asked again later; nothing fails."""
    world.add("a.fit", frame(1))
    store = Counting(world, {"initiate_job": [InsufficientCapacity("later"), InsufficientCapacity("later")]})

    (result,) = world.retriever(store=store).carry_on(world.order())

    assert result.outcome is Outcome.RETRIEVED
    assert store.calls.count("initiate_job") == 3


def test_store_in_trouble_is_asked_again(world: World) -> None:
    """A listing that fails ends a round, not the waiting; without waiting it is the caller's to know."""
    world.add("a.fit", frame(1))
    number = world.order()
    store = Counting(world, {"list_jobs": [ServiceUnavailable("x")] * 3})

    with pytest.raises(ServiceUnavailable):
        list(world.retriever(store=store).carry_on(number, wait=False))
    (result,) = world.retriever(store=store).carry_on(number)

    assert result.outcome is Outcome.RETRIEVED


def test_second_carrier_of_an_order_hears_who_holds_it(world: World) -> None:
    """Two processes do not carry one order on; watch leaves it to the first one."""
    world.add("a.fit", frame(1))
    number = world.order()
    first = world.retriever().carry_on(number)
    noted: list[Event] = []
    assert next(first).path == "a.fit"

    with pytest.raises(Busy, match="process"):
        next(world.retriever().carry_on(number))
    list(world.retriever(observer=noted.append).watch(wait=False))

    assert list(first) == []
    assert any(isinstance(event, Noted) and "being carried on" in event.text for event in noted)


def test_watch_carries_all_open_orders_on_with_one_listing(make_world: MakeWorld) -> None:
    """Several orders of one vault are looked after by one listing per round."""
    world = make_world(WAITS)
    for name in "abc":
        world.add(f"{name}.fit", frame(ord(name)))
        world.order(f"{name}.fit")
    store = Counting(world)

    results = list(world.retriever(store=store).watch())

    assert sorted(result.path for result in results) == ["a.fit", "b.fit", "c.fit"]
    assert store.calls.count("list_jobs") < 100
    assert all(order.state is OrderState.DONE for order in world.orders.orders())


def test_many_jobs_are_listed_page_by_page(world: World) -> None:
    """More jobs than a page holds are all found."""
    for number in range(120):
        world.add(f"{number:03}.fit", frame(number, 10))

    results = world.retrieve()

    assert len(results) == len(world.files()) == len(world.jobs()) == 120


def test_stop_ends_a_pause_and_the_order_goes_on_later(make_world: MakeWorld) -> None:
    """Ctrl-C while nothing is ready returns at once; the order stays open."""
    world = make_world(WAITS)
    world.add("a.fit", frame(1))
    number = world.order()
    retriever: Retriever

    class Impatient:
        """The clock, but somebody stops after ten minutes."""

        def now(self) -> object:
            return world.clock.now()

        def monotonic(self) -> float:
            return world.clock.monotonic()

        def sleep(self, seconds: float) -> None:
            world.clock.sleep(seconds)
            if world.clock.monotonic() > 600:
                retriever.stop()

    retriever = world.retriever(clock=Impatient())
    results: list[RetrievedFile] = list(retriever.carry_on(number))

    assert results == []
    assert world.clock.monotonic() < 602
    assert world.orders.order(number).state is OrderState.OPEN
    assert [page.status for page in world.store.list_jobs(VAULT).items] == [JobStatus.IN_PROGRESS]


class Starts:
    """A store that begins jobs together, counts them, and raises afterwards or instead, if it is to."""

    def __init__(self, inner: Any, *, error: StoreError | None = None, begins: bool = True) -> None:
        self.groups: list[int] = []
        self.singles = 0
        self._inner, self._error, self._begins = inner, error, begins

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def upload_archives(self, vault_name: str, uploads: Sequence[Upload]) -> Sequence[Receipt]:
        """Hand on."""
        receipts: Sequence[Receipt] = self._inner.upload_archives(vault_name, uploads)
        return receipts

    def initiate_jobs(self, vault_name: str, requests: Sequence[JobRequest]) -> Sequence[str]:
        """Begin them, count them, or raise."""
        self.groups.append(len(requests))
        job_ids: Sequence[str] = self._inner.initiate_jobs(vault_name, requests) if self._begins else []
        if self._error is not None:
            raise self._error
        return job_ids

    def initiate_job(self, vault_name: str, request: JobRequest) -> str:
        """Begin one."""
        self.singles += 1
        job_id: str = self._inner.initiate_job(vault_name, request)
        return job_id


@pytest.mark.parametrize("begins", [True, False], ids=["begun", "not begun"])
@pytest.mark.parametrize("error", [None, ServiceUnavailable("no"), ResourceNotFound("no")], ids=["works", "503", "404"])
def test_jobs_begin_together_or_each_by_itself(world: World, error: StoreError | None, *, begins: bool) -> None:
    """In one act where the store does that; after its error each is asked for by itself, and all files come."""
    files = {f"{number}.fit": frame(number) for number in range(5)}
    for path, data in files.items():
        world.add(path, data)
    world.store = store = Starts(world.store, error=error, begins=begins or error is None)
    results = world.retrieve()
    assert {result.outcome for result in results} == {Outcome.RETRIEVED}
    assert {path: world.read(path) for path in files} == files
    assert (store.groups, store.singles) == ([5], 0 if error is None else 5)
