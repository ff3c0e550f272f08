"""A laptop that sleeps for days in the middle of an order, against a real server over HTTP."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import Query
from coldframe.catalog.order_model import OrderState, WantedState
from coldframe.composition.ordering import Watch
from coldframe.composition.resuming import resume_offer, resume_order
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.errors import LimitRefused
from coldframe.model import MIB, Tier
from coldframe.progress import Noted
from remote.world import VAULT, ServedWorld

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.composition.library import Coldframe
    from coldframe.progress import Event

_FILES = 6


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedWorld]:
    """Six files in a vault whose Standard jobs take four hours."""
    made = ServedWorld(tmp_path, monkeypatch)
    for number in range(_FILES):
        made.write(f"{number}.fit", Random(number).randbytes(MIB))
    made.archive()
    yield made
    made.close()


def order(coldframe: Coldframe, into: Path) -> int:
    """An order for everything."""
    run = RetrieveRun(coldframe, RetrieveJob(into=str(into), query=Query("*")))
    return run.order(run.plan(), tier=Tier.STANDARD)


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_laptop_that_slept_through_everything_gets_its_files(world: ServedWorld) -> None:
    """Jobs started, lid closed for three days: all outputs are gone, are asked for again, and all files come."""
    number = order(world.coldframe, world.into)
    list(Watch(world.coldframe).carry_on(wait=False))
    assert len(world.requests("InitiateJob", at_least=_FILES)) == _FILES
    world.clock.advance(days=3)

    morning = world.new_process()
    began = world.clock.monotonic()
    results = list(Watch(morning).carry_on(wait=True))

    assert len(results) == _FILES
    assert contents(world.into) == contents(world.top / "Subs")
    assert len(world.requests("InitiateJob", at_least=2 * _FILES)) == 2 * _FILES
    assert morning.orders.order(number).state is OrderState.DONE
    assert 4 * 3600 <= world.clock.monotonic() - began <= 4 * 3600 + 400
    assert len(world.requests("ListJobs")) < 100


def test_laptop_that_slept_half_way_asks_only_for_the_rest(world: ServedWorld) -> None:
    """What was fetched before the lid was closed is not asked for again."""
    number = order(world.coldframe, world.into)
    list(Watch(world.coldframe).carry_on(wait=False))
    world.clock.advance(hours=5)
    watch = Watch(world.coldframe)
    some = watch.carry_on(wait=False)
    for _ in range(2):
        next(some)
    watch.stop()
    done = 2 + len(list(some))
    assert done < _FILES
    world.clock.advance(days=3)

    results = list(Watch(world.new_process()).carry_on(wait=True))

    assert len(results) == _FILES - done
    assert contents(world.into) == contents(world.top / "Subs")
    asked = _FILES + _FILES - done
    assert len(world.requests("InitiateJob", at_least=asked)) == asked
    assert world.coldframe.orders.order(number).state is OrderState.DONE


def test_laptop_that_slept_pays_nothing_without_consent(
    world: ServedWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a store with prices the order pauses instead; consent to the price that is told lets it go on."""
    from importlib import resources  # noqa: PLC0415 - this test alone has prices

    text = resources.files("coldframe.prices").joinpath("amazon.toml").read_text("utf-8")
    (tmp_path / "own.toml").write_text(text.replace("[regions.us-east-1", "[regions.default"), encoding="utf-8")
    dear = world.new_process(prices=str(tmp_path / "own.toml"))
    number = order(dear, world.into)
    agreed = dear.orders.order(number).max_cost
    assert agreed > 0
    list(Watch(dear).carry_on(wait=False))
    world.clock.advance(days=3)
    noted: list[Event] = []

    assert list(Watch(dear, observer=noted.append).carry_on(wait=True)) == []

    assert len(world.requests("InitiateJob", at_least=_FILES)) == _FILES
    assert dear.orders.order(number).state is OrderState.PAUSED
    assert dear.orders.tally(number).jobs == {WantedState.HELD: _FILES}
    assert any(isinstance(event, Noted) and "orders resume" in event.text for event in noted)
    offer = resume_offer(dear, number)
    assert offer.jobs == _FILES
    assert offer.price.limit is not None
    assert agreed < offer.price.limit <= 2 * agreed + Decimal("0.000002")
    with pytest.raises(LimitRefused):
        resume_order(dear, offer, max_cost=agreed)
    resume_order(dear, offer)
    assert len(list(Watch(dear).carry_on(wait=True))) == _FILES
    assert contents(world.into) == contents(world.top / "Subs")
    assert len(world.requests("InitiateJob", at_least=2 * _FILES)) == 2 * _FILES


def test_policy_of_the_account_is_waited_for(world: ServedWorld) -> None:
    """A server that lets 2 MiB in four hours through: refusals cost nothing, and all comes in three turns."""
    from coldframe.ports.admin import DataRetrievalPolicy, RetrievalStrategy  # noqa: PLC0415 - this test alone

    world.coldframe.store.set_data_retrieval_policy(DataRetrievalPolicy(RetrievalStrategy.BYTES_PER_HOUR, 2 * MIB // 4))
    order(world.coldframe, world.into)
    began = world.clock.monotonic()
    assert len(list(Watch(world.coldframe).carry_on(wait=True))) == _FILES
    assert contents(world.into) == contents(world.top / "Subs")
    assert 12 * 3600 <= world.clock.monotonic() - began <= 12 * 3600 + 3 * 700
    started = [line for line in world.requests("InitiateJob", at_least=_FILES) if line["status"] == 202]
    assert len(started) == _FILES


def test_slow_line_gets_no_more_than_it_can_fetch(world: ServedWorld) -> None:
    """A line of 2.5 MiB a day: two jobs at a time, so that no output expires unread, and none is paid twice."""
    slow = world.new_process(download_rate=2.5 * MIB / 86400 / 0.8)
    order(slow, world.into)
    list(Watch(slow).carry_on(wait=False))
    assert len(world.requests("InitiateJob", at_least=2)) == 2
    assert len(list(Watch(slow).carry_on(wait=True))) == _FILES
    assert contents(world.into) == contents(world.top / "Subs")
    assert len(world.requests("InitiateJob", at_least=_FILES)) == _FILES
    assert VAULT in {job.vault_arn.rpartition("/")[2] for job in slow.store.list_jobs(VAULT).items}
