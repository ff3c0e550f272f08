"""`watch --stay`: it waits for new orders too, and no trouble of a store ends it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from coldframe.archiver.request import ArchiveRequest
from coldframe.catalog import Query
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.library import Coldframe
from coldframe.composition.ordering import Watch
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.model import Tier
from coldframe.progress import Noted
from coldframe.settings import Home, Settings
from coldframe.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from coldframe.progress import Event


class _Clock(FakeClock):
    """A clock in whose sleep something happens, once, at a moment."""

    def __init__(self) -> None:
        super().__init__()
        self.plans: list[tuple[float, Callable[[], object]]] = []

    def sleep(self, seconds: float) -> None:
        """Let time pass, and do what is due."""
        super().sleep(seconds)
        while self.plans and self.plans[0][0] <= self.monotonic():
            self.plans.pop(0)[1]()


class _World:
    """A user with one archived file, at an embedded store without waits."""

    def __init__(self, top: Path) -> None:
        self.clock = _Clock()
        self.store = top / "store"
        self.coldframe = Coldframe(Home(str(top), str(top)), Settings(store=str(self.store)), clock=self.clock)
        self.coldframe.create_store().create_vault("v")
        (top / "a.fit").write_bytes(b"light")
        with self.coldframe.archive(
            ArchiveJob(request=ArchiveRequest(paths=(str(top / "a.fit"),), vault_name="v"))
        ) as run:
            list(run.results())
        self._into = top / "back"

    def order(self) -> int:
        """Order the file into a folder of its own."""
        run = RetrieveRun(self.coldframe, RetrieveJob(into=f"{self._into}{self.clock.monotonic()}", query=Query()))
        return run.order(run.plan(), tier=Tier.STANDARD)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[_World]:
    """A user."""
    made = _World(tmp_path)
    yield made
    made.coldframe.close()


def test_watch_that_stays_takes_new_orders_up_at_once(world: _World) -> None:
    """Within seconds of an order that somebody places, however long nothing was to be done before."""
    watch, placed_at = Watch(world.coldframe), [3600.0, 90_000.0]
    world.clock.plans = [(moment, world.order) for moment in placed_at]
    world.clock.plans.append((100_000.0, watch.stop))
    done_at = [world.clock.monotonic() for _ in watch.carry_on(wait=True, stay=True)]
    assert [0 <= done - placed < 10 for done, placed in zip(done_at, placed_at, strict=True)] == [True, True]


def test_watch_ends_without_it(world: _World) -> None:
    """As it always did: when no order is open."""
    world.order()
    assert len(list(Watch(world.coldframe).carry_on(wait=True))) == 1


def test_watch_that_stays_outlasts_a_store_that_is_gone(world: _World) -> None:
    """The trouble is told once, not with each round, and the order is done when the disk is back."""
    told: list[str] = []

    def observe(event: Event) -> None:
        told.extend([event.text] if isinstance(event, Noted) else [])

    world.order()
    world.coldframe.close()
    away = world.store.with_name("away")
    os.rename(world.store, away)
    watch = Watch(world.coldframe, observer=observe)
    world.clock.plans = [(5000.0, lambda: os.rename(away, world.store)), (6000.0, watch.stop)]
    assert len(list(watch.carry_on(wait=True, stay=True))) == 1
    assert world.clock.monotonic() >= 5000
    assert len([text for text in told if "carried on when that is mended" in text]) == 1
