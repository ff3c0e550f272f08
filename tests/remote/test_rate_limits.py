"""A limit that goes by the time of the day, on the way to a real server and back."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import Query
from coldframe.composition.ordering import Watch
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.model import MIB, Tier, TierWaits
from coldframe.rates import parse_limit
from remote.world import ServedWorld

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedWorld]:
    """A file of 5 MiB at home, and a clock that stands at noon."""
    made = ServedWorld(tmp_path, monkeypatch, waits=TierWaits())
    noon = made.clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
    made.clock.advance((noon + timedelta(days=1) - made.clock.now()).total_seconds())
    made.write("a.fit", Random(1).randbytes(5 * MIB))
    yield made
    made.close()


def test_part_on_its_way_to_a_server_feels_the_change(world: ServedWorld) -> None:
    """One request of 5 MiB: ten seconds at 100 KiB/s, and the rest at 1 MiB/s."""
    world.coldframe = world.new_process(limit_rate=parse_limit("12:00-13:00=100K,*=1M"))
    world.clock.advance(3600 - 10)
    began = world.clock.monotonic()
    world.archive()
    assert len(world.requests("UploadArchive", at_least=1)) == 1
    assert world.clock.monotonic() - began == pytest.approx(10 + (5 * 1024 - 1000) / 1024, abs=1.0)


def test_part_on_its_way_to_a_server_goes_evenly(world: ServedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held back are the bytes on the line: no slice is longer than what goes in an eighth of a second."""
    from coldframe.stores.bodies import PreparedBody  # noqa: PLC0415 - what botocore reads from

    slices: list[int] = []
    read = PreparedBody.read

    def counted(self: PreparedBody, size: int = -1, /) -> bytes:
        data = read(self, size)
        slices.append(len(data))
        return data

    monkeypatch.setattr(PreparedBody, "read", counted)
    world.coldframe = world.new_process(limit_rate=parse_limit("800K"))
    world.archive()
    assert sum(slices) == 5 * MIB
    assert max(slices) == 800 * 1024 // 8


def test_output_of_a_job_feels_the_change(world: ServedWorld) -> None:
    """On the way back likewise: two seconds at 1 MiB/s, then all at once."""
    world.archive()
    world.coldframe = world.new_process(limit_rate=parse_limit("12:00-13:00=1M,*=full"))
    world.clock.advance(3600 - 2)
    run = RetrieveRun(world.coldframe, RetrieveJob(into=str(world.into), query=Query("a.fit")))
    number = run.order(run.plan(), tier=Tier.STANDARD)
    began = world.clock.monotonic()
    (result,) = run.carry_on(number)
    assert result.size == 5 * MIB
    assert world.clock.monotonic() - began == pytest.approx(2, abs=1.5)


def test_watch_feels_the_change(world: ServedWorld) -> None:
    """Whoever carries the order on: two seconds at 1 MiB/s, then all at once."""
    world.archive()
    run = RetrieveRun(world.coldframe, RetrieveJob(into=str(world.into), query=Query("a.fit")))
    run.order(run.plan(), tier=Tier.STANDARD)
    world.coldframe = world.new_process(limit_rate=parse_limit("12:00-13:00=1M,*=full"))
    world.clock.advance(3600 - 2)
    began = world.clock.monotonic()
    (result,) = Watch(world.coldframe).carry_on(wait=True)
    assert result.size == 5 * MIB
    assert world.clock.monotonic() - began == pytest.approx(2, abs=1.5)
