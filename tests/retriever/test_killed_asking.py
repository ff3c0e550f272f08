"""Killed before any change while days pass: never more jobs than were agreed to, and in the end all files are there."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import Query
from coldframe.catalog.order_model import OrderState
from coldframe.model import Tier, TierWaits
from coldframe.retriever import Price, Retriever
from retriever.taps import DeadAfter, Killed, TappedFiles, TappedStore, tapped_orders
from retriever.world import VAULT, frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.model import JobRequest
    from coldframe.retriever import Work
    from retriever.world import World

WAITS = TierWaits(standard_seconds=4 * 3600)
ALIVE = 10**9
VARYING = 20
"""By so many changes lives may differ: the first makes folders, and jobs have random IDs, which order them."""


def a_dollar_each(work: Work) -> Price:
    """Every job costs a dollar."""
    return Price(Decimal(work.jobs))


class Paid:
    """The store, counting the jobs that were really started: each costs a dollar."""

    def __init__(self, world: World) -> None:
        self._store = world.store
        self.dollars = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def initiate_job(self, vault_name: str, request: JobRequest) -> str:
        """Start, and pay."""
        self.dollars += 1
        return self._store.initiate_job(vault_name, request)


class Life:
    """An order's life over days: started, slept through, paid again as far as agreed, paused, agreed to, done."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.paid = world, Paid(world)
        self.files = {f"{seed}-{number}.fit": frame(10 * seed + number) for number in range(2)}
        for path, data in self.files.items():
            world.add(path, data)
        retriever = world.retriever(pricing=a_dollar_each)
        plan = retriever.plan(Query(f"{seed}-"), into=world.into)
        self.number = retriever.place_order(plan, tier=Tier.STANDARD, max_cost=Decimal(3))

    def process(self, tap: DeadAfter, *, wait: bool) -> None:
        """One process carries the order on, with consent if it is paused."""
        world = self.world
        orders = tapped_orders(world.catalog.database, tap)
        order = orders.order(self.number)
        if order.state is OrderState.PAUSED:
            orders.asking.resume(self.number, max_cost=order.max_cost + 2)
        mine = Retriever(
            TappedStore(self.paid, tap),  # type: ignore[arg-type]  # a wrapper of the same interface
            world.catalog,
            orders,
            clock=world.clock,
            jobs=1,
            files=TappedFiles(tap),
            pricing=a_dollar_each,
        )
        for _ in mine.carry_on(self.number, wait=wait):
            pass

    def live(self, tap: DeadAfter) -> None:
        """All of it, in processes that share a fate."""
        self.process(tap, wait=False)
        self.world.clock.advance(days=3)
        self.process(tap, wait=True)
        self.process(tap, wait=True)

    @property
    def is_within(self) -> bool:
        """Whether no more was paid than was agreed to."""
        return self.paid.dollars <= self.world.orders.order(self.number).max_cost


@pytest.mark.parametrize(
    ("sleeps_days", "step"),
    [(0, 17), (3, 13), *(pytest.param(days, 1, marks=pytest.mark.slow, id=f"every-change-{days}") for days in (0, 3))],
)
def test_order_killed_at_every_step_pays_no_more_than_agreed(
    make_world: Callable[[TierWaits], World], sleeps_days: int, step: int
) -> None:
    """Whatever change is the last one, and however long nobody comes back: the price holds, and all files come."""
    world = make_world(WAITS)
    counting = DeadAfter(ALIVE)
    whole = Life(world, 0)
    whole.live(counting)
    assert whole.paid.dollars == 4
    assert world.orders.order(whole.number).state is OrderState.DONE
    assert world.jobs().count(world.store.list_jobs(VAULT).items[0].archive_id or "") >= 1

    for at in range(0, counting.seen - VARYING, step):
        life = Life(world, at + 1)
        with pytest.raises(Killed):
            life.live(DeadAfter(at))
        assert life.is_within, at
        world.clock.advance(days=sleeps_days)
        for _ in range(4):
            life.process(DeadAfter(ALIVE), wait=True)
            assert life.is_within, at
        assert world.orders.order(life.number).state is OrderState.DONE, at
        assert all(world.read(path) == data for path, data in life.files.items()), at
