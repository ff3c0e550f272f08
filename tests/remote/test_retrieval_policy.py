"""An order under a server's data retrieval policy: refused over HTTP, waited for over midnights, and done."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import Query
from coldframe.catalog.order_model import OrderState
from coldframe.composition.ordering import Watch
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.model import MIB, Tier
from coldframe.ports.admin import DataRetrievalPolicy, RetrievalStrategy
from coldframe.progress import Noted, Outcome
from remote.world import ServedWorld

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.progress import Event

_FILES = 5


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedWorld]:
    """Five files of a MiB, and one that is beyond every day, on a server that lets two and a half through in a day."""
    made = ServedWorld(tmp_path, monkeypatch, free_daily_bytes=5 * MIB // 2)
    noon = made.clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
    made.clock.advance((noon + timedelta(days=1) - made.clock.now()).total_seconds())
    made.write("0-large.fit", Random(99).randbytes(3 * MIB))
    for number in range(_FILES):
        made.write(f"{number}.fit", Random(number).randbytes(MIB))
    made.archive()
    made.coldframe.store.set_data_retrieval_policy(DataRetrievalPolicy(RetrievalStrategy.FREE_TIER))
    yield made
    made.close()


def test_watch_takes_what_each_day_lets_through(world: ServedWorld) -> None:
    """Two files a day over HTTP, none twice; a round has few refusals, and they are told of once."""
    run = RetrieveRun(world.coldframe, RetrieveJob(into=str(world.into), query=Query("*")))
    number = run.order(run.plan(), tier=Tier.STANDARD)
    noted: list[Event] = []
    watch, came, began = Watch(world.coldframe, observer=noted.append), Counter[int](), world.clock.now()
    for result in watch.carry_on(wait=True):
        assert result.outcome is Outcome.RETRIEVED
        came[(world.clock.now().date() - began.date()).days] += 1
        if sum(came.values()) == _FILES:
            break
    assert came == {0: 2, 1: 2, 2: 1}
    assert sum("retrieval policy" in event.text for event in noted if isinstance(event, Noted)) == 1
    asked = Counter(line["status"] for line in world.requests("InitiateJob", at_least=_FILES))
    assert asked[202] == _FILES == world.coldframe.orders.spent(number).jobs
    assert set(asked) == {202, 400}
    assert asked[400] <= 4 * len(world.requests("ListJobs"))
    assert world.coldframe.orders.order(number).state is OrderState.OPEN


def test_another_policy_lets_the_rest_through(world: ServedWorld) -> None:
    """What no day would have let through comes when the account allows it."""
    run = RetrieveRun(world.coldframe, RetrieveJob(into=str(world.into), query=Query("large")))
    number = run.order(run.plan(), tier=Tier.STANDARD)
    assert list(run.carry_on(number)) == []
    assert world.coldframe.orders.spent(number).jobs == 0
    world.clock.advance(days=3)
    assert list(Watch(world.new_process()).carry_on(wait=False)) == []
    world.coldframe.store.set_data_retrieval_policy(DataRetrievalPolicy())
    (result,) = Watch(world.new_process()).carry_on(wait=True)
    assert (result.outcome, result.size) == (Outcome.RETRIEVED, 3 * MIB)
    assert world.coldframe.orders.spent(number).jobs == 1
