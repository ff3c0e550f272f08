"""The thread that delivers: it wakes, works, survives, and stops."""

from __future__ import annotations

import json
from threading import Event
from typing import TYPE_CHECKING

from coldframe.clock import SystemClock
from coldframe.composition.notifying import open_deliverer
from coldframe.errors import ServiceUnavailable
from coldframe.notify.deliverer import Deliverer
from notify.world import OWN, VAULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.ports.notices import Notice
    from notify.world import World


class Box:
    """Implements `ports.notices.Outbox`: so many batches are due."""

    def __init__(self, batches: int = 0, trouble: Exception | None = None) -> None:
        self.batches = batches
        self.trouble = trouble

    def is_due(self) -> bool:
        """Whether a batch is left."""
        if self.trouble is not None:
            raise self.trouble
        return self.batches > 0

    def deliver(self, *, is_over: Callable[[], bool]) -> int:
        """Deliver a batch."""
        assert not is_over()
        self.batches -= 1
        return 1


def test_started_deliverer_delivers_and_stops(world: World) -> None:
    """A job that ends while it runs is told of within moments."""
    told = Event()
    world.listener.trouble = lambda notice: told.set() if notice.topic_arn == OWN else None
    deliverer = open_deliverer(lambda: [world.store], world.listener, poll_seconds=0.01)
    deliverer.start()
    job_id = world.retrieve(OWN)
    assert told.wait(10)
    assert deliverer.stop(10)
    assert world.states(job_id) == ["delivered"]


def test_stop_ends_a_rest_at_once() -> None:
    """Nobody waits for the next look."""
    deliverer = Deliverer(lambda: [Box()], clock=SystemClock(), poll_seconds=3600)
    deliverer.start()
    assert deliverer.stop(10)
    assert Deliverer(list, clock=SystemClock()).stop(0)


def test_stop_finishes_the_message_at_hand(world: World) -> None:
    """What was begun is delivered and marked, what was not is left for the next start."""
    begun, go_on = Event(), Event()

    def hold(_notice: Notice) -> None:
        begun.set()
        assert go_on.wait(10)

    world.listener.trouble = hold
    jobs = [world.retrieve(OWN) for _ in range(3)]
    deliverer = open_deliverer(lambda: [world.store], world.listener, poll_seconds=0.01)
    deliverer.start()
    assert begun.wait(10)
    assert not deliverer.stop(0)
    go_on.set()
    assert deliverer.stop(10)
    assert sorted(state for job_id in jobs for state in world.states(job_id)) == ["delivered", "waiting", "waiting"]
    assert world.outbox().is_due()


def test_round_goes_through_all_outboxes() -> None:
    """Each account's store has its turn, a batch at a time, until nothing is due."""
    boxes = [Box(2), Box(0), Box(1)]
    deliverer = Deliverer(lambda: boxes, clock=SystemClock())
    assert [deliverer.round() for _ in range(3)] == [True, True, False]
    assert [box.batches for box in boxes] == [0, 0, 0]


def test_broken_outbox_stops_no_other() -> None:
    """A ledger that cannot be read is logged once until it can be again; the other stores are served."""
    lines: list[str] = []
    broken, sound = Box(1, ServiceUnavailable("The ledger cannot be used.")), Box(5)
    deliverer = Deliverer(lambda: [broken, sound], clock=SystemClock(), log=lines.append)
    for _ in range(3):
        deliverer.round()
    assert sound.batches == 2
    assert [json.loads(line)["message"] for line in lines] == ["ServiceUnavailable: The ledger cannot be used."]
    trouble, broken.trouble = broken.trouble, None
    deliverer.round()
    broken.trouble = trouble
    deliverer.round()
    assert len(lines) == 2


def test_broken_outbox_is_no_busy_loop() -> None:
    """What fails is not tried again at once."""
    assert not Deliverer(lambda: [Box(1, ServiceUnavailable("no"))], clock=SystemClock(), log=lambda _: None).round()


def test_stores_that_cannot_be_found_are_looked_for_again() -> None:
    """Whatever goes wrong, the thread lives."""
    lines: list[str] = []

    def find() -> list[Box]:
        raise RuntimeError("no")

    assert not Deliverer(find, clock=SystemClock(), log=lines.append).round()
    assert len(lines) == 1


def test_accounts_that_come_later_are_served(world: World) -> None:
    """The stores are asked for anew each time."""
    stores: list[object] = []
    deliverer = open_deliverer(lambda: stores, world.listener)  # type: ignore[arg-type, return-value]
    world.listen(VAULTS)
    world.retrieve()
    assert not deliverer.round()
    stores.append(world.store)
    assert deliverer.round()
    assert world.listener.topics == [VAULTS]
