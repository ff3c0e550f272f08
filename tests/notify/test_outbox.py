"""At least once, or given up after 24 hours of trying (reliability R9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import ServiceUnavailable
from coldframe.model import InventoryRetrieval
from coldframe.ports import NoticeRow, NoticeState
from coldframe.ports.notices import NoRoute, NotDelivered, Undeliverable
from coldframe.service.outbox import (
    BATCH,
    CLAIM_MS,
    FIRST_WAIT_MS,
    LONGEST_WAIT_MS,
    TRIED_MS,
    ServiceOutbox,
    after_failure,
)
from notify.world import ACCOUNT, OWN, VAULTS, Listener, open_one

if TYPE_CHECKING:
    from coldframe.ports.notices import Notice
    from coldframe.testing.clock import FakeClock
    from notify.world import World

_ROW = NoticeRow(b"j" * 16, OWN, ended_ms=1_000_000, next_ms=1_000_000)


class Killed(BaseException):
    """The process ends here."""


def _down(_notice: Notice) -> None:
    raise NotDelivered("the endpoint is down")


def test_failure_waits_twice_as_long_each_time() -> None:
    """The waits double up to a quarter of an hour."""
    row, waits = _ROW, []
    for _ in range(12):
        now_ms = row.next_ms
        row = after_failure(row, now_ms, chance=1.0)
        waits.append(row.next_ms - now_ms)
    assert waits[:8] == [FIRST_WAIT_MS << step for step in range(8)]
    assert waits[8:] == [LONGEST_WAIT_MS] * 4


@pytest.mark.parametrize(("chance", "share"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_half_of_a_wait_is_chance(chance: float, share: float) -> None:
    """What failed together does not come back together."""
    assert after_failure(_ROW, 1_000_000, chance=chance).next_ms == 1_000_000 + FIRST_WAIT_MS * share


def test_last_attempt_is_at_24_hours() -> None:
    """A wait never goes beyond the day; a failure at its end is the last one."""
    last_ms = _ROW.ended_ms + TRIED_MS
    row = replace(_ROW, attempts=50)
    assert after_failure(row, last_ms - 1000, chance=1.0).next_ms == last_ms
    assert after_failure(row, last_ms - 1, chance=1.0).state is NoticeState.WAITING
    assert after_failure(row, last_ms, chance=1.0).state is NoticeState.GIVEN_UP


def test_wait_is_bounded_however_often_it_failed() -> None:
    """A count that no day can reach does no harm."""
    row = after_failure(replace(_ROW, attempts=10**6), 1_000_000, chance=1.0)
    assert row.next_ms == 1_000_000 + LONGEST_WAIT_MS


def test_failing_endpoint_is_tried_for_a_day_and_given_up(world: World, clock: FakeClock) -> None:
    """A dead endpoint is tried ever more rarely for 24 hours, and no longer; the log tells of both ends."""
    world.listener.trouble = _down
    job_id, began = world.retrieve(OWN), clock.now()
    moments = []
    while world.states(job_id) == ["waiting"]:
        world.pass_to_next()
        world.outbox().deliver()
        moments.append(clock.now() - began)
    assert moments[:4] == [timedelta(seconds=seconds) for seconds in (0, 5, 15, 35)]
    assert moments[-1] == timedelta(days=1)
    assert 90 < len(moments) == world.listener.tried < 120
    assert world.states(job_id) == ["given up"]
    first, last = world.lines
    assert [(line["state"], line["attempts"]) for line in (first, last)] == [("waiting", 1), ("given up", len(moments))]
    assert (last["job_id"], last["sns_topic"], last["account_id"]) == (job_id, OWN, ACCOUNT)
    assert "endpoint is down" in last["message"]
    assert world.counted == {"waiting": len(moments) - 1, "given up": 1}
    clock.advance(days=2)
    assert not world.outbox().is_due()


def test_endpoint_that_comes_back_hears(world: World, clock: FakeClock) -> None:
    """After an outage of hours the message comes, once."""
    world.listener.trouble = _down
    job_id = world.retrieve(OWN)
    for _ in range(20):
        world.deliver()
        clock.advance(600)
    world.listener.trouble = lambda _: None
    clock.advance(900)
    assert world.deliver() == 1
    assert world.states(job_id) == ["delivered"]
    assert len(world.lines) == 1
    assert world.counted == {"waiting": world.listener.tried - 1, "delivered": 1}


def test_notice_that_nobody_tried_for_a_day_is_tried_still(world: World, clock: FakeClock) -> None:
    """A server that was down for longer than a day tells what it missed, if the job is not forgotten."""
    world.retrieve(OWN)
    clock.advance(hours=30)
    assert world.deliver() == 1


def test_crash_between_delivery_and_mark_delivers_again(world: World, clock: FakeClock) -> None:
    """Whoever dies after the endpoint has taken a message is followed by another who sends it again."""

    def die(notice: Notice) -> None:
        world.listener.heard.append(notice)
        raise Killed

    job_id = world.retrieve(OWN)
    with pytest.raises(Killed):
        world.outbox(Listener(die)).deliver()
    assert world.states(job_id) == ["waiting"]
    assert not world.outbox().is_due()
    clock.advance(CLAIM_MS / 1000)
    assert world.deliver() == 1
    first, second = world.listener.heard
    assert first == second


def test_mark_that_fails_delivers_again(world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger that cannot be written after a delivery loses nothing."""
    job_id = world.retrieve(OWN)

    def fail(*_: object) -> None:
        raise ServiceUnavailable("The ledger cannot be written.")

    with monkeypatch.context() as patch:
        patch.setattr(ServiceOutbox, "_mark", fail)
        with pytest.raises(ServiceUnavailable):
            world.outbox().deliver()
    clock.advance(CLAIM_MS / 1000)
    assert world.deliver() == 1
    assert len(world.listener.heard) == 2
    assert world.states(job_id) == ["delivered"]


def test_two_deliverers_share_the_work(store_folder: str, world: World, clock: FakeClock) -> None:
    """Two processes at one store send each message once."""
    other = open_one(store_folder, clock)
    for _ in range(3 * BATCH):
        world.retrieve(OWN)
    gate = Barrier(2)

    def work(store: object) -> None:
        gate.wait()
        world.deliver(store=store)  # type: ignore[arg-type]

    threads = [Thread(target=work, args=(store,)) for store in (world.store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert len(world.listener.heard) == len({told["JobId"] for told in world.listener.told}) == 3 * BATCH


def test_claim_keeps_others_away(store_folder: str, world: World, clock: FakeClock) -> None:
    """While one delivers slowly, another finds nothing to do; whose claim has ended, marks nothing more."""
    other = open_one(store_folder, clock)
    seen: list[object] = []

    def look(_notice: Notice) -> None:
        seen.append(world.outbox(store=other).is_due())
        clock.advance(CLAIM_MS / 1000)
        seen.append(world.outbox(Listener(), store=other).deliver())
        raise NotDelivered("too late")

    job_id = world.retrieve(OWN)
    world.outbox(Listener(look)).deliver()
    other.close()
    assert seen == [False, 1]
    assert world.states(job_id) == ["delivered"]


def test_undeliverable_notice_is_not_tried_again(world: World, clock: FakeClock) -> None:
    """What can never succeed is recorded and logged, and over."""

    def refuse(_notice: Notice) -> None:
        raise Undeliverable("SNS refused the message: NotFound: no such topic")

    world.listener.trouble = refuse
    job_id = world.retrieve(OWN)
    world.deliver()
    clock.advance(hours=1)
    assert world.states(job_id) == ["undeliverable"]
    assert (world.listener.tried, world.outbox().is_due()) == (1, False)
    assert [line["state"] for line in world.lines] == ["undeliverable"]
    assert world.counted == {"undeliverable": 1}


def test_notice_without_a_route_is_dropped_silently(world: World) -> None:
    """Whoever found that nothing is configured has logged it; the row says what became of it."""

    def no_route(_notice: Notice) -> None:
        raise NoRoute("nothing is configured")

    world.listener.trouble = no_route
    job_id = world.retrieve(OWN)
    world.deliver()
    assert (world.states(job_id), world.lines) == (["undeliverable"], [])


def test_error_nobody_thought_of_is_tried_again(world: World, clock: FakeClock) -> None:
    """A fault of a notifier's own loses no message."""

    def stumble(_notice: Notice) -> None:
        raise ZeroDivisionError("by zero")

    world.listener.trouble = stumble
    job_id = world.retrieve(OWN)
    world.deliver()
    assert world.states(job_id) == ["waiting"]
    assert "ZeroDivisionError" in world.lines[0]["message"]
    world.listener.trouble = lambda _: None
    clock.advance(5)
    assert world.deliver() == 1


def test_dead_endpoint_is_asked_once_for_a_batch(world: World, clock: FakeClock) -> None:
    """What one message meets, the others of its batch are spared; other topics are not delayed by it."""

    def own_is_down(notice: Notice) -> None:
        if notice.topic_arn == OWN:
            _down(notice)

    world.listener.trouble = own_is_down
    jobs = [world.retrieve(OWN) for _ in range(5)]
    world.listen(VAULTS)
    world.retrieve()
    assert world.deliver() == 1
    assert world.listener.topics == [VAULTS]
    assert world.listener.tried == 2
    assert [world.rows(job_id)[0].attempts for job_id in jobs] == [1] * 5
    world.listener.trouble = lambda _: None
    clock.advance(5)
    assert world.deliver() == 5


def test_round_that_is_over_gives_back_what_it_took(world: World) -> None:
    """Whoever is told to stop finishes the message at hand; the others are free at once."""
    for _ in range(5):
        world.retrieve(OWN)
    assert world.outbox().deliver(is_over=lambda: len(world.listener.heard) == 2) == 2
    assert world.deliver() == 3
    assert len(world.listener.heard) == 5


def test_slow_endpoint_does_not_hold_a_round_for_ever(world: World, clock: FakeClock) -> None:
    """After a minute no more of the batch are begun: the claims must not run out meanwhile."""
    world.listener.trouble = lambda _: clock.advance(25)
    for _ in range(5):
        world.retrieve(OWN)
    assert world.outbox().deliver() == 3
    assert world.deliver() == 2


def test_message_keeps_its_id(world: World, clock: FakeClock) -> None:
    """A receiver that gets a message twice can tell; two messages never have one ID."""
    seen: list[Notice] = []

    def fail(notice: Notice) -> None:
        seen.append(notice)
        _down(notice)

    world.listener.trouble = fail
    world.listen(VAULTS)
    world.retrieve(OWN)
    world.deliver()
    world.listener.trouble = lambda _: None
    clock.advance(5)
    world.deliver()
    assert {notice.message_id for notice in seen} == {notice.message_id for notice in world.listener.heard}
    assert len({notice.message_id for notice in seen}) == 2


def test_sweep_forgets_notices_with_their_jobs(world: World, clock: FakeClock) -> None:
    """Two days after the end of a job nothing of it is left, told or not."""
    world.listener.trouble = _down
    job_id = world.retrieve(OWN)
    world.deliver()
    clock.advance(days=2, seconds=-1)
    world.store.sweep()
    assert world.states(job_id) == ["waiting"]
    clock.advance(1)
    world.store.sweep()
    assert world.rows(job_id) == []
    assert not world.outbox().is_due()


def test_sweep_in_the_middle_of_a_delivery_does_no_harm(world: World, clock: FakeClock) -> None:
    """A job that is forgotten between claim and delivery is passed over."""
    job_id = world.retrieve(OWN)
    clock.advance(hours=47)

    def sweep(_notice: Notice) -> None:
        clock.advance(hours=1)
        world.store.sweep()

    world.retrieve(VAULTS)
    world.listener.trouble = sweep
    world.outbox().deliver()
    assert world.rows(job_id) == []


def test_output_that_cannot_be_written_waits(world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """An inventory whose size cannot be told now, since the disk is full, is told of later."""
    job_id = world.store.initiate_job("v", InventoryRetrieval(sns_topic=OWN))

    def full(*_: object) -> None:
        raise ServiceUnavailable("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr("coldframe.service.jobs.materialise", full)
        world.deliver()
    assert world.states(job_id) == ["waiting"]
    clock.advance(5)
    assert world.deliver() == 1


def test_clock_set_back_stops_nothing_for_long(world: World, clock: FakeClock) -> None:
    """The store's time does not run back, so what was due stays due."""
    world.retrieve(OWN)
    clock.set(clock.now() - timedelta(days=300))
    assert world.deliver() == 1
