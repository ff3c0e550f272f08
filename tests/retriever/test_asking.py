"""What an order asks of its store: never more than was agreed, never more than can be fetched, whatever is cut off."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.catalog import Query
from coldframe.catalog.news import OrderNews
from coldframe.catalog.order_model import OrderState, WantedState
from coldframe.errors import PolicyEnforced, RequestTimeout, StoreUnreachable
from coldframe.model import MIB, ArchiveRetrieval, Tier, TierWaits
from coldframe.progress import Noted, Outcome
from coldframe.retriever import Price
from coldframe.retriever.allowance import ASSUMED_RATE, SHARE, Room
from coldframe.retriever.line import Line
from retriever.world import VAULT, World, frame

if TYPE_CHECKING:
    from coldframe.catalog.order_model import Wanted
    from coldframe.model import JobRequest
    from coldframe.progress import Event
    from coldframe.retriever import Work

MakeWorld = Callable[[TierWaits], World]
WAITS = TierWaits(expedited_seconds=300, standard_seconds=4 * 3600, bulk_seconds=12 * 3600)
DAY = 86400


def a_dollar_each(work: Work) -> Price:
    """Every job costs a dollar."""
    return Price(Decimal(work.jobs))


def line_of(world: World, size_in_a_day: float) -> Line:
    """A line that brings so many bytes within the share of a day that is used."""
    rate = size_in_a_day / DAY / SHARE
    return Line(world.catalog, world.store.identity, clock=world.clock, configured=rate, limit=None)


def place(world: World, *, max_cost: str) -> int:
    """An order for everything, at a dollar for each job."""
    retriever = world.retriever(pricing=a_dollar_each)
    return retriever.place_order(
        retriever.plan(Query(), into=world.into), tier=Tier.STANDARD, max_cost=Decimal(max_cost)
    )


class Tampering:
    """A store that counts the jobs that are started, and does something else to a request first."""

    def __init__(self, world: World, act: Callable[[Callable[[], str]], str] | None = None) -> None:
        self._store = world.store
        self._act = act or (lambda start: start())
        self.started = 0
        self.refused = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def initiate_job(self, vault_name: str, request: JobRequest) -> str:
        """Start, counted."""

        def start() -> str:
            self.started += 1
            return self._store.initiate_job(vault_name, request)

        return self._act(start)


# --- money ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 8])
def test_expired_jobs_together_stay_within_the_agreed_price(make_world: MakeWorld, threads: int) -> None:
    """Of ten that have expired three are asked for again, since thirteen dollars were agreed; then the order pauses."""
    world = make_world(WAITS)
    for number in range(10):
        world.add(f"{number}.fit", frame(number))
    number = place(world, max_cost="13.5")
    store = Tampering(world)
    list(world.retriever(store=store, pricing=a_dollar_each, jobs=threads).carry_on(number, wait=False))
    world.clock.advance(days=3)

    results = list(world.retriever(store=store, pricing=a_dollar_each, jobs=threads).carry_on(number))

    assert [result.outcome for result in results] == [Outcome.RETRIEVED] * 3
    assert store.started == 13
    assert world.orders.spent(number).jobs == 13
    assert world.orders.order(number).state is OrderState.PAUSED
    assert world.orders.tally(number).jobs == {WantedState.DONE: 3, WantedState.HELD: 7}


def test_jobs_that_were_not_asked_for_yet_keep_their_money(make_world: MakeWorld) -> None:
    """What waits for room was agreed to as well: a job that is repeated may not spend its price."""
    world = make_world(WAITS)
    for number in range(3):
        world.add(f"{number}.fit", frame(number, MIB))
    number = place(world, max_cost="3")
    slow, store = line_of(world, MIB), Tampering(world)
    list(world.retriever(store=store, pricing=a_dollar_each, line=slow).carry_on(number, wait=False))
    assert store.started == 1
    world.clock.advance(days=3)

    results = list(world.retriever(store=store, pricing=a_dollar_each, line=slow).carry_on(number))

    assert sorted(result.path for result in results) == ["1.fit", "2.fit"]
    assert store.started == 3
    assert world.orders.order(number).state is OrderState.PAUSED


def test_paused_order_goes_on_with_consent(make_world: MakeWorld) -> None:
    """After consent each held job is asked for once more, and no oftener; the price that was agreed is the new one."""
    world = make_world(WAITS)
    for number in range(2):
        world.add(f"{number}.fit", frame(number))
    number = place(world, max_cost="2")
    retriever, store = world.retriever, Tampering(world)
    list(retriever(store=store, pricing=a_dollar_each).carry_on(number, wait=False))
    world.clock.advance(days=3)
    assert list(retriever(store=store, pricing=a_dollar_each).carry_on(number)) == []
    assert list(retriever(store=store, pricing=a_dollar_each).watch()) == []
    asking = world.orders.asking
    assert (asking.committed(number).jobs, asking.held(number).jobs, asking.held(number).size) == (2, 2, 10_000)

    asking.resume(number, max_cost=Decimal(4))
    assert world.orders.order(number).max_cost == 4
    list(retriever(store=store, pricing=a_dollar_each).carry_on(number, wait=False))
    assert store.started == 4
    world.clock.advance(days=3)
    assert list(retriever(store=store, pricing=a_dollar_each).carry_on(number)) == []
    assert world.orders.order(number).state is OrderState.PAUSED

    asking.resume(number, max_cost=Decimal(6))
    assert len(list(retriever(store=store, pricing=a_dollar_each).carry_on(number))) == 2
    assert world.orders.order(number).state is OrderState.DONE
    assert store.started == world.orders.spent(number).jobs == 6


def test_price_that_nobody_knows_takes_consent_each_time(make_world: MakeWorld) -> None:
    """Nothing is repeated by itself where nobody knows what it costs; consent is for one more time."""
    world = make_world(WAITS)
    world.add("a.fit", frame(1))

    def unknown(_work: Work) -> Price:
        return Price(None)

    retriever = world.retriever(pricing=unknown)
    number = retriever.place_order(retriever.plan(Query(), into=world.into), tier=Tier.STANDARD)
    store = Tampering(world)
    for times in (1, 2):
        list(world.retriever(store=store, pricing=unknown).carry_on(number, wait=False))
        world.clock.advance(days=3)
        assert list(world.retriever(store=store, pricing=unknown).carry_on(number)) == []
        assert store.started == times
        world.orders.asking.resume(number, max_cost=Decimal(0))
    (result,) = world.retriever(store=store, pricing=unknown).carry_on(number)
    assert result.outcome is Outcome.RETRIEVED


@pytest.mark.parametrize("error", [StoreUnreachable, RequestTimeout])
@pytest.mark.parametrize("has_arrived", [False, True])
def test_request_without_an_answer_is_neither_forgotten_nor_repeated(
    make_world: MakeWorld, error: type[Exception], *, has_arrived: bool
) -> None:
    """The listing tells whether it arrived: one that did is paid once, one that did not may be sent again."""
    world = make_world(WAITS)
    world.add("a.fit", frame(1))
    number = place(world, max_cost="1")
    is_lost = [True]

    def lose(start: Callable[[], str]) -> str:
        if not is_lost:
            return start()
        is_lost.clear()
        if has_arrived:
            start()
        raise error("gone")

    store = Tampering(world, lose)
    list(world.retriever(store=store, pricing=a_dollar_each).carry_on(number, wait=False))
    assert world.orders.spent(number).jobs == 1  # it may have arrived, so it counts

    (result,) = world.retriever(store=store, pricing=a_dollar_each).carry_on(number)

    assert result.outcome is Outcome.RETRIEVED
    assert store.started == world.orders.spent(number).jobs == 1


# --- the user's line --------------------------------------------------------------------------------------------------


def test_no_more_is_started_than_a_day_can_fetch(make_world: MakeWorld) -> None:
    """Two MiB a day: two jobs at a time are on their way, over all orders, and all come in the end, none twice."""
    world = make_world(WAITS)
    for number in range(7):
        world.add(f"{number}.fit", frame(number, MIB))
    orders = [world.order(f"{number}.fit") for number in range(7)]
    store, slow = Tampering(world), line_of(world, 2 * MIB)
    most = 0

    def watch(_event: Event) -> None:
        nonlocal most
        most = max(most, world.orders.asking.outstanding(world.store.identity))

    results = list(world.retriever(store=store, line=slow, observer=watch).watch())

    assert len(results) == store.started == 7
    assert MIB <= most <= 2 * MIB
    assert all(world.orders.order(number).state is OrderState.DONE for number in orders)
    assert world.clock.monotonic() < 4 * 4 * 3600 + 4 * 400


def test_waiting_for_room_is_told_once(make_world: MakeWorld) -> None:
    """The user hears why jobs wait, not every five minutes."""
    world = make_world(WAITS)
    for number in range(3):
        world.add(f"{number}.fit", frame(number, MIB))
    noted: list[Event] = []
    list(world.retriever(line=line_of(world, MIB), observer=noted.append).carry_on(world.order()))
    told = [event.text for event in noted if isinstance(event, Noted) and "until others are downloaded" in event.text]
    assert len(told) == 1
    assert "2 jobs wait" in told[0]


def test_archive_that_is_larger_than_a_day_comes_alone(make_world: MakeWorld) -> None:
    """What no day can fetch is started when nothing else is on its way, rather than never."""
    world = make_world(WAITS)
    for number in range(2):
        world.add(f"{number}.fit", frame(number, 3 * MIB))
    assert len(list(world.retriever(line=line_of(world, MIB)).carry_on(world.order()))) == 2


@pytest.mark.parametrize(("is_known", "rate"), [(True, 1.0 * MIB), (False, ASSUMED_RATE)])
def test_room_is_what_the_line_brings_in_most_of_a_day(world: World, rate: float, *, is_known: bool) -> None:
    """Before anything is known a modest line is assumed; without a line there is room for everything."""
    configured = rate if is_known else None
    line = Line(world.catalog, "s", clock=world.clock, configured=configured, limit=None)
    assert Room(line, 0).size == pytest.approx(rate * DAY * SHARE)
    assert Room(None, 10**18).take(wanted(10**18))


def wanted(size: int | None) -> Wanted:
    """An archive of that size."""
    from coldframe.catalog.order_model import Wanted  # noqa: PLC0415 - made here alone

    return Wanted(vault_name=VAULT, archive_id="a", archive_size=size, tree_hash=None, description="a")


def test_archives_of_unknown_size_take_room_too(world: World) -> None:
    """They are taken for 64 MiB each until their jobs tell."""
    room = Room(line_of(world, 100 * MIB), 0)
    assert [room.take(wanted(None)) for _ in range(2)] == [True, False]


# --- the account's policy ---------------------------------------------------------------------------------------------


def test_policy_that_refuses_is_waited_for(make_world: MakeWorld) -> None:
    """BytesPerHour lets some through at a time: the others wait, are told of once, and all come."""
    world = make_world(WAITS)
    for number in range(6):
        world.add(f"{number}.fit", frame(number, MIB))
    number = world.order()
    refused: list[int] = []
    noted: list[Event] = []

    def enforce(start: Callable[[], str]) -> str:
        if world.orders.asking.outstanding(world.store.identity) >= 2 * MIB:
            refused.append(1)
            raise PolicyEnforced("InitiateJob request denied by current data retrieval policy.")
        return start()

    store = Tampering(world, enforce)
    results = list(world.retriever(store=store, jobs=1, observer=noted.append).carry_on(number))

    assert [result.outcome for result in results] == [Outcome.RETRIEVED] * 6
    assert store.started == world.orders.spent(number).jobs == 6
    assert 2 <= len(refused) < 300
    assert sum("retrieval policy" in event.text for event in noted if isinstance(event, Noted)) == 1


# --- jobs of others ---------------------------------------------------------------------------------------------------


def test_job_for_a_copy_with_the_files_name_is_adopted(make_world: MakeWorld) -> None:
    """Another archive with the same bytes, whose job has the file name as its description, serves as well."""
    world = make_world(WAITS)
    data = frame(1)
    other = world.add("elsewhere/a.fit", data)
    world.add("Light/a.fit", data)
    world.store.initiate_job(VAULT, ArchiveRetrieval(other.archive_id, None, Tier.STANDARD, "a.fit"))
    store = Tampering(world)

    (result,) = world.retriever(store=store).carry_on(world.order("Light/a.fit"))

    assert result.outcome is Outcome.RETRIEVED
    assert world.read("Light/a.fit") == data
    assert store.started == 0


@pytest.mark.parametrize(("description", "data"), [("b.fit", frame(1)), ("a.fit", frame(2))])
def test_job_for_another_file_is_not_adopted(make_world: MakeWorld, description: str, data: bytes) -> None:
    """The name alone, or the bytes alone, are not enough."""
    world = make_world(WAITS)
    other = world.add("elsewhere/a.fit", data)
    world.add("Light/a.fit", frame(1))
    world.store.initiate_job(VAULT, ArchiveRetrieval(other.archive_id, None, Tier.STANDARD, description))
    store = Tampering(world)

    list(world.retriever(store=store).carry_on(world.order("Light/a.fit")))

    assert world.read("Light/a.fit") == frame(1)
    assert store.started == 1


def test_held_job_takes_one_that_somebody_else_started(make_world: MakeWorld) -> None:
    """What costs too much to ask for again comes for nothing if another program asks for it."""
    world = make_world(WAITS)
    archives = [world.add(f"{number}.fit", frame(number)) for number in range(2)]
    number = place(world, max_cost="3")
    list(world.retriever(pricing=a_dollar_each).carry_on(number, wait=False))
    world.clock.advance(days=3)
    list(world.retriever(pricing=a_dollar_each).carry_on(number, wait=False))
    assert world.orders.tally(number).jobs == {WantedState.STARTED: 1, WantedState.HELD: 1}
    held = next(iter(world.orders.wanted(number, WantedState.HELD)))
    archive = next(archive for archive in archives if archive.archive_id == held.archive_id)
    world.store.initiate_job(VAULT, ArchiveRetrieval(archive.archive_id, None, Tier.STANDARD, "by hand"))

    assert len(list(world.retriever(pricing=a_dollar_each).carry_on(number))) == 2
    assert world.orders.order(number).state is OrderState.DONE


def test_pause_is_news_each_time(make_world: MakeWorld) -> None:
    """Whoever is to be told hears that an order waits for consent, and hears it again when it waits once more."""
    world = make_world(WAITS)
    world.add("a.fit", frame(1))
    number, news = place(world, max_cost="1"), OrderNews(world.catalog.database)
    list(world.retriever(pricing=a_dollar_each).carry_on(number, wait=False))
    for _ in range(2):
        world.clock.advance(days=2)
        list(world.retriever(pricing=a_dollar_each).carry_on(number))
        told = news.claim(world.clock.now(), lease_seconds=1)
        assert told is not None
        assert (told.kind, told.order_number) == ("paused", number)
        assert "orders resume" in told.detail
        world.orders.asking.resume(number, max_cost=world.orders.order(number).max_cost + 1)
        assert news.claim(world.clock.now(), lease_seconds=1) is None
        list(world.retriever(pricing=a_dollar_each).carry_on(number, wait=False))
