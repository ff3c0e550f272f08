"""What is to be told of orders, cut off: whoever wants to hear of an order hears of it, if need be twice."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.catalog import Query
from coldframe.catalog.order_model import OrderState
from coldframe.composition import ordering
from coldframe.composition.bell import Bell
from coldframe.composition.ordering import Watch
from coldframe.composition.telling import Teller
from coldframe.errors import AccessDenied, ServiceUnavailable
from coldframe.model import MIB, Tier, TierWaits
from coldframe.notify.hearers import NotTold
from coldframe.notify.order_hooks import Hooks
from coldframe.notify.queues import Message
from coldframe.settings import Settings
from crash.home_scenarios import SMALL, VAULT, Archive, HomeScenario
from crash.notice_scenarios import TO_BE_TOLD, TOLD
from crash.spending_scenarios import patience

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coldframe.catalog.news import News
    from coldframe.notify.hearers import Hearer
    from crash.bench import Bench, Observation
    from crash.expectations import Subject, Value
    from crash.home_scenarios import Work

_OPEN, _DONE = OrderState.OPEN.value, OrderState.DONE.value
_KINDS = (_DONE, AccessDenied.__name__)
"""What a failing disk has told of it besides is no matter here."""
_HEARERS = ("command", "url")
_HOOKS = Hooks(on_done=("a program",), on_attention=("another",), timeout_seconds=1)
_DAYS = 1


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Order all files."""

    def do(self, work: Work) -> None:
        """Place it."""
        work.bench.intend(("order",), _OPEN)
        retriever = work.coldframe.retriever()
        with closing(retriever.plan(Query(vault_name=VAULT), into=work.bench.path("into"))) as plan:
            retriever.place_order(plan, tier=Tier.STANDARD)
        work.bench.confirm(("order",), _OPEN)

    def finish(self, work: Work) -> None:
        """Place it unless it is there."""
        if not work.coldframe.orders.orders():
            self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """An open order."""
        return {("order",): _OPEN}


@dataclass(frozen=True, slots=True)
class MeetTrouble:
    """The order meets trouble, as when the store refuses whoever asks."""

    def do(self, work: Work) -> None:
        """Note it."""
        (order,) = work.coldframe.orders.orders()
        if order.closed_at is None:
            _intend(work, AccessDenied.__name__)
            work.coldframe.orders.trouble(order.number, AccessDenied("no"), work.clock.now())
            work.bench.confirm(("news", AccessDenied.__name__), TO_BE_TOLD)

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """Its news, which are told."""
        return _told(AccessDenied.__name__)


@dataclass(frozen=True, slots=True)
class CarryOn:
    """Carry the order on to its end, which is news."""

    def do(self, work: Work) -> None:
        """As soon as anybody is told that the order is over, its news are there."""
        _intend(work, _DONE)
        work.bench.intend(("order",), _DONE)
        (order,) = work.coldframe.orders.orders()
        list(work.coldframe.retriever().carry_on(order.number, wait_until=patience(work)))
        if work.coldframe.orders.order(order.number).closed_at is None:
            raise ServiceUnavailable("the order is not over")
        work.bench.confirm(("order",), _DONE)
        if _standing(work)[_DONE] == TO_BE_TOLD:
            work.bench.confirm(("news", _DONE), TO_BE_TOLD)

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """It is over, and its news are told."""
        return {("order",): _DONE, **_told(_DONE)}


@dataclass(frozen=True, slots=True)
class HearAndCarryOn:
    """A queue says that the order's job is done, and a watch listens to it."""

    def do(self, work: Work) -> None:
        """Begin the job, hear of its end, and look. From the moment at which the message is deleted all is recorded."""
        for subject in (("order",), ("news", _DONE)):
            work.bench.intend(subject, _DONE if subject == ("order",) else TO_BE_TOLD)
        work.bench.intend(("news", _DONE), TOLD)
        queue = _Queue(work.bench)
        bell = Bell((queue,), lambda _: True, clock=work.clock)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ordering, "open_bell", lambda *_, **__: bell)
            list(Watch(work.coldframe).carry_on(wait=False))
            work.clock.advance(days=_DAYS / 2)
            bell.listen_once(queue)
            list(Watch(work.coldframe).carry_on(wait=False))
        if not queue.is_empty:
            raise ServiceUnavailable("the message is still there")

    def finish(self, work: Work) -> None:
        """Hear of it once more, unless nobody waits for it."""
        if any(order.closed_at is None for order in work.coldframe.orders.orders()):
            self.do(work)
        list(Watch(work.coldframe).carry_on(wait=False))

    def leaves(self) -> dict[Subject, Value]:
        """An order that is over; of that nobody wants to hear."""
        return {("order",): _DONE, ("news", _DONE): TOLD}


class _Queue:
    """Implements `bell.Queue`: one message, which comes until it is deleted."""

    name = "queue"

    def __init__(self, bench: Bench) -> None:
        self.is_empty = False
        self._bench = bench

    def receive(self) -> list[Message]:
        """The message."""
        return [Message("1", json.dumps({"JobId": "a job", "ArchiveId": "an archive"}), "receipt")]

    def delete(self, _message: Message) -> None:
        """It never comes again: whoever deletes it has recorded what it was about."""
        self.is_empty = True
        self._bench.confirm(("order",), _DONE)


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell what is to be told, of which one hearer at first hears nothing."""

    kind: str

    def do(self, work: Work) -> None:
        """Tell, fail, wait, and tell again. From the moment at which somebody has heard, that may be noted."""
        teller = _Telling(work, is_deaf=True)
        teller.deliver()
        work.clock.advance(days=_DAYS)
        _Telling(work).deliver()
        if _standing(work).get(self.kind) != TOLD:
            raise ServiceUnavailable("nobody has heard of it yet")
        for subject, value in _told(self.kind).items():
            work.bench.confirm(subject, value)

    def finish(self, work: Work) -> None:
        """Tell what is still to be told, when the claim of the one who died has ended."""
        work.clock.advance(days=_DAYS)
        self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """Everybody has heard."""
        return _told(self.kind)


class _Telling(Teller):
    """A teller to hearers of our own: who hears is outside of the disk, and whoever watches is told of it."""

    def __init__(self, work: Work, *, is_deaf: bool = False) -> None:
        super().__init__(work.coldframe)
        self._bench = work.bench
        self._is_deaf = is_deaf

    def _hearers(self, news: News) -> list[Hearer]:
        return [_Hearer(key, news.kind, self._bench, is_deaf=self._is_deaf and key == "url") for key in _HEARERS]


@dataclass(slots=True)
class _Hearer:
    """Implements `Hearer`; a deaf one never hears anything."""

    key: str
    kind: str
    bench: Bench
    is_deaf: bool

    def tell(self, _facts: Mapping[str, Any]) -> None:
        """Hear it."""
        if self.is_deaf:
            raise NotTold("nobody is there")
        self.bench.intend(("heard", self.kind, self.key), "heard")
        if self.key == _HEARERS[-1]:  # the others have heard it, or it would not be this one's turn
            self.bench.intend(("news", self.kind), TOLD)


def look_at_news(work: Work, found: Observation) -> None:
    """What is told and to be told; of no order that is over there is nothing to tell."""
    for kind, standing in _standing(work).items():
        found.facts["news", kind] = standing
    with work.coldframe.catalog.database.read() as connection:
        rows = connection.execute("SELECT kind, value FROM order_news, json_each(order_news.told)").fetchall()
    for heard, key in rows:
        if heard in _KINDS:
            found.facts["heard", str(heard), str(key)] = "heard"
    for order in work.coldframe.orders.orders():
        found.facts["order",] = order.state.value
    if any(order.closed_at is not None for order in work.coldframe.orders.orders()) and _DONE not in _standing(work):
        found.faults.append("an order is over, and nobody will ever hear of it")


def _standing(work: Work) -> dict[str, str]:
    with work.coldframe.catalog.database.read() as connection:
        rows = connection.execute("SELECT kind, due_at FROM order_news").fetchall()
    return {str(kind): TOLD if due_at is None else TO_BE_TOLD for kind, due_at in rows if kind in _KINDS}


def _intend(work: Work, kind: str) -> None:
    work.bench.intend(("news", kind), TO_BE_TOLD)


def _told(kind: str) -> dict[Subject, Value]:
    return {("news", kind): TOLD} | {("heard", kind, key): "heard" for key in _HEARERS}


SCENARIOS = (
    HomeScenario(
        "hooks",
        (PlaceOrder(), CarryOn(), Tell(_DONE)),
        before=(Archive(SMALL[:1]),),
        looks=(look_at_news,),
        settings=Settings(jobs=1, part_size=MIB, hooks=_HOOKS),
    ),
    HomeScenario(
        "message of a queue",
        (HearAndCarryOn(),),
        before=(Archive(SMALL[:1]), PlaceOrder()),
        looks=(look_at_news,),
        settings=Settings(jobs=1, part_size=MIB, tiers=TierWaits(standard_seconds=3600)),
    ),
    HomeScenario(
        "hooks for trouble",
        (MeetTrouble(), Tell(AccessDenied.__name__)),
        before=(Archive(SMALL[:1]), PlaceOrder()),
        looks=(look_at_news,),
        settings=Settings(jobs=1, part_size=MIB, hooks=_HOOKS),
    ),
)
