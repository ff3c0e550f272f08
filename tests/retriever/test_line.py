"""What the user's line brings: configured, measured, remembered, and counted into what an order takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.catalog import Query
from coldframe.model import MIB, TierWaits
from coldframe.rates import parse_limit
from coldframe.retriever.line import Line
from coldframe.testing.clock import FakeClock
from retriever.world import frame

if TYPE_CHECKING:
    from coldframe.catalog import Catalog
    from retriever.world import World

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def line(catalog: Catalog, *, configured: float | None = None, limit: str | None = None, store: str = "s") -> Line:
    """A line as a new process has it."""
    clock = FakeClock(NOON)
    return Line(catalog, store, clock=clock, configured=configured, limit=parse_limit(limit) if limit else None)


def test_measured_rate_is_remembered_for_its_store(catalog: Catalog) -> None:
    """The next process knows it; of another store nothing is known; what is newer counts for half."""
    line(catalog).note(100 * MIB, 100)
    assert line(catalog).rate == MIB
    line(catalog).note(300 * MIB, 100)
    assert line(catalog).rate == 2 * MIB
    assert line(catalog, store="other").rate is None


def test_little_says_nothing_about_a_line(catalog: Catalog) -> None:
    """A few bytes, or a moment, are no measurement; what is configured is not measured."""
    line(catalog).note(15 * MIB, 100)
    line(catalog).note(100 * MIB, 0.5)
    line(catalog, configured=5.0).note(100 * MIB, 100)
    assert line(catalog).rate is None
    assert line(catalog, configured=5.0).rate == 5.0


@pytest.mark.parametrize(
    ("configured", "limit", "seconds"),
    [
        (1.0 * MIB, None, 36_000),
        (1.0 * MIB, "full", 36_000),
        (4.0 * MIB, "2M", 18_000),
        (None, "2M", 18_000),
        (None, None, None),
        (None, "12:00-13:00=1M,*=full", None),
        (inf, None, 0),
        (inf, "12:00-13:00=1M,*=full", 3600),
        (10.0 * MIB, "12:00-13:00=1M,*=full", 3600 + 3240),
        (0.25 * MIB, "00:00-24:00=1M", 144_000),
    ],
)
def test_download_takes_as_long_as_line_and_limit_let_it(
    catalog: Catalog, configured: float | None, limit: str | None, seconds: float | None
) -> None:
    """36,000 MiB from noon on; of a line that nobody knows nothing is said, unless a limit always holds."""
    found = line(catalog, configured=configured, limit=limit).seconds_for(36_000 * MIB, from_=NOON)
    assert found == (None if seconds is None else pytest.approx(seconds))


def test_plan_tells_when_all_is_here(world: World) -> None:
    """The moment at which the jobs are ready, and the time to download behind it."""
    world.add("a.fit", frame(1, 3 * MIB))
    mine = Line(world.catalog, world.store.identity, clock=world.clock, configured=MIB / 10, limit=None)
    plan = world.retriever(waits=TierWaits(60, 3600, 7200), line=mine).plan(Query(), into=world.into)
    assert [offer.here_at for offer in plan.offers] == [
        world.clock.now() + timedelta(seconds=seconds + 30) for seconds in (60, 3600, 7200)
    ]
    plan.close()


def test_line_is_measured_while_outputs_are_fetched(world: World) -> None:
    """Where the clock passes while bytes come, their rate is known afterwards; where a limit holds, it is not."""
    world.add("a.fit", frame(1, 20 * MIB))
    number = world.order()
    mine = Line(world.catalog, world.store.identity, clock=world.clock, configured=None, limit=None)

    class Slow:
        """A store whose outputs take two seconds each."""

        def __getattr__(self, name: str) -> Any:
            return getattr(world.store, name)

        def get_job_output(self, *arguments: Any, **options: Any) -> Any:
            world.clock.advance(2)
            return world.store.get_job_output(*arguments, **options)

    assert len(list(world.retriever(store=Slow(), line=mine).carry_on(number))) == 1
    assert mine.rate == pytest.approx(2 * MIB)
