"""`watch --stay`: it waits for new orders too, and no trouble of a store ends it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from agents.world import World
from coldframe.composition.ordering import Watch
from coldframe.model import TierWaits
from coldframe.progress import Noted, Planned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.progress import Event


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A user."""
    made = World(tmp_path)
    yield made
    made.coldframe.close()


def test_watch_that_stays_takes_new_orders_up_at_once(world: World) -> None:
    """Within seconds of an order that somebody places, however long nothing was to be done before."""
    watch, placed_at = Watch(world.coldframe), [3600.0, 90_000.0]
    world.clock.plans = [(moment, world.order) for moment in placed_at]
    world.clock.plans.append((100_000.0, watch.stop))
    done_at = [world.clock.monotonic() for _ in watch.carry_on(wait=True, stay=True)]
    assert [0 <= done - placed < 10 for done, placed in zip(done_at, placed_at, strict=True)] == [True, True]


def test_work_is_announced_once_however_often_it_is_looked_at(tmp_path: Path) -> None:
    """Or a line of progress would tell of more and more files."""
    world = World(tmp_path, tiers=TierWaits(standard_seconds=3600))
    world.order()
    planned: list[Planned] = []
    watch = Watch(world.coldframe, observer=lambda it: planned.extend([it] if isinstance(it, Planned) else []))
    assert len(list(watch.carry_on(wait=True))) == 1
    assert planned == [Planned(1, 5)]
    world.coldframe.close()


def test_watch_ends_without_it(world: World) -> None:
    """As it always did: when no order is open."""
    world.order()
    assert len(list(Watch(world.coldframe).carry_on(wait=True))) == 1


def test_watch_that_stays_outlasts_a_store_that_is_gone(world: World) -> None:
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
