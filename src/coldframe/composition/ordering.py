"""Orders as users see them: listed, shown file by file, given up, and carried on whatever store they belong to."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coldframe.catalog.order_model import OrderState, WantedState
from coldframe.composition.bell import SLOW_SECONDS
from coldframe.composition.library import Coldframe
from coldframe.composition.locks import run_lock
from coldframe.composition.queueing import open_bell
from coldframe.composition.telling import Teller
from coldframe.composition.watching import Arrivals
from coldframe.errors import (
    CatalogUnavailable,
    ColdframeError,
    DestinationUnavailable,
    RequestTimeout,
    ServiceUnavailable,
    Throttled,
    in_words,
)
from coldframe.progress import Noted, ignore
from coldframe.retriever.hold import hold_order
from coldframe.retriever.pace import LONGEST_SECONDS, Pace, Stop
from coldframe.retriever.results import result_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from coldframe.catalog.order_model import Order, Placement, Tally, Wanted
    from coldframe.composition.bell import Bell
    from coldframe.progress import Observer
    from coldframe.retriever.results import RetrievedFile
    from coldframe.retriever.retriever import Retriever


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order, how far it is, and the URL of its store."""

    order: Order
    tally: Tally
    store_url: str | None


def list_orders(coldframe: Coldframe, *, open_only: bool = False) -> Iterator[OrderView]:
    """All orders, or those that are not over, paused ones included, oldest first."""
    for order in coldframe.orders.orders():
        if open_only and order.closed_at is not None:
            continue
        yield OrderView(order, coldframe.orders.tally(order.number), coldframe.catalog.store_url(order.store))


def files_done(coldframe: Coldframe, number: int) -> Iterator[RetrievedFile]:
    """The files of an order whose work has ended.

    Raises:
        NothingMatched: There is no order of that number.
    """
    coldframe.orders.order(number)
    for placement, wanted in coldframe.orders.closed_placements(number):
        yield result_of(placement, wanted)


def files_waiting(coldframe: Coldframe, number: int) -> Iterator[tuple[Placement, Wanted]]:
    """The files of an order that are still to come, with the job that brings each."""
    states = [state for state in WantedState if state not in {WantedState.DONE, WantedState.FAILED}]
    for wanted in coldframe.orders.wanted(number, *states):
        for placement in coldframe.orders.placements(wanted.row):
            yield placement, wanted


def cancel_order(coldframe: Coldframe, number: int) -> None:
    """Give an open order up. Files that are in place stay; jobs at the store cannot be stopped and expire.

    Raises:
        NothingMatched: There is no order of that number.
        Busy: Another process is carrying it on.
    """
    coldframe.orders.order(number)
    with hold_order(coldframe.orders.path, number, coldframe.files):
        coldframe.orders.cancel(number, coldframe.clock.now())


class Watch:
    """Carries on all open orders, of whatever store, so that none waits for another's jobs.

    Args:
        coldframe: Whose orders.
        observer: Is told of progress.
        queues: URLs or ARNs of SQS queues that hear of the vaults' jobs; while they answer, jobs are looked at once an
            hour, and whenever a message comes.
    """

    def __init__(self, coldframe: Coldframe, *, observer: Observer = ignore, queues: Sequence[str] = ()) -> None:
        """Nothing is open."""
        self._queues = queues
        self._is_well = True
        self.bell: Bell | None = None
        self._coldframe = coldframe
        self._observer = observer
        self._retrievers: dict[str, Retriever] = {}
        self._told: dict[str, str] = {}
        self._stop = Stop()

    def stop(self) -> None:
        """Finish what is being fetched and record it; called again, leave it at once. For signal handlers."""
        self._stop.request()
        for retriever in list(self._retrievers.values()):
            retriever.stop()

    def carry_on(self, *, wait: bool, stay: bool = False) -> Iterator[RetrievedFile]:
        """A round over the orders of every store; with `wait` others follow, at growing intervals, until all is done.

        A store that has trouble does not keep the others from being asked. With `wait` it is asked again if the trouble
        may pass.

        With `stay` it goes on until somebody stops it: it waits for new orders, too, and no trouble of a store ends it.

        Raises:
            Busy: Another watch is using this catalog; the message says which.
            ColdframeError: What the first of the stores has met that were given up; the others were carried on.
        """
        mine = self._coldframe
        pace = Pace(mine.clock, self._stop)
        teller = Teller(mine, observer=self._observer)
        lost: dict[str, ColdframeError] = {}
        with ExitStack() as opened:
            opened.enter_context(run_lock(mine.home.locks, "watch", clock=mine.clock, files=mine.files))
            self.bell = bell = open_bell(mine, self._queues if wait else (), observer=self._observer)
            opened.callback(bell.stop)
            while not self._stop.soon:
                arrivals, heard = Arrivals(mine.orders, mine.clock), bell.take()
                is_waiting, self._is_well = False, True
                for identity in self._stores():
                    if identity not in lost and not self._stop.soon:
                        is_waiting |= yield from self._round(identity, opened, pace, lost, wait=wait, stay=stay)
                if self._is_well and not self._stop.soon:
                    bell.settle(heard)
                teller.deliver()
                if not (stay or (wait and is_waiting)):
                    break
                self._pause(pace, bell, arrivals)
        self._retrievers.clear()
        if lost:
            raise next(iter(lost.values()))

    def paused_orders(self) -> list[int]:
        """The orders that wait for somebody's consent: what has expired would cost more than was agreed."""
        return [order.number for order in self._coldframe.orders.orders() if order.state is OrderState.PAUSED]

    def open_orders(self) -> int:
        """How many orders there are to carry on."""
        return len(self._coldframe.orders.orders(open_only=True))

    def _stores(self) -> list[str]:
        return list(dict.fromkeys(order.store for order in self._coldframe.orders.orders(open_only=True)))

    def _pause(self, pace: Pace, bell: Bell, arrivals: Arrivals) -> None:
        """Until it is time to look again, a message says so, or an order is placed."""
        pace.longest_seconds = SLOW_SECONDS if bell.is_reliable else LONGEST_SECONDS
        pace.pause(wake=lambda: bell.is_ringing() or arrivals())
        if arrivals.has_come or bell.is_ringing():
            pace.quicken()

    def _round(  # noqa: PLR0913 - what the rounds of all stores share
        self, identity: str, opened: ExitStack, pace: Pace, lost: dict[str, ColdframeError], *, wait: bool, stay: bool
    ) -> Generator[RetrievedFile, None, bool]:
        """One round over the orders of a store; return whether another may be worth it."""
        try:
            results = self._retriever(identity, opened).watch(wait=False)
            while True:
                try:
                    result = next(results)
                except StopIteration as end:
                    self._told.pop(identity, None)
                    return bool(end.value)
                pace.quicken()
                yield result
        except (RequestTimeout, ServiceUnavailable, Throttled) as error:
            self._is_well = False
            if wait:
                self._observer(Noted(f"the store has trouble, and is asked again later: {error}"))
                return True
            lost[identity] = error
        except ColdframeError as error:
            self._is_well = False
            self._note(identity, error)
            if stay:
                self._tell(identity, f"{in_words(error)} The orders wait, and are carried on when that is mended.")
                return True
            lost[identity] = error
        return False

    def _note(self, identity: str, error: ColdframeError) -> None:
        """Have the trouble of a store told to whoever wants to hear of its orders; that of a destination is noted."""
        if isinstance(error, CatalogUnavailable | DestinationUnavailable):
            return
        orders, now = self._coldframe.orders, self._coldframe.clock.now()
        for order in orders.orders(store=identity, open_only=True):
            orders.trouble(order.number, error, now)

    def _tell(self, identity: str, text: str) -> None:
        """Tell of trouble that lasts once, not with each round."""
        if self._told.get(identity) != text:
            self._told[identity] = text
            self._observer(Noted(text))

    def _retriever(self, identity: str, opened: ExitStack) -> Retriever:
        """The way out of a store, opened once."""
        if identity not in self._retrievers:
            mine = self._coldframe
            url = mine.catalog.store_url(identity)
            settings = replace(mine.settings, store=url or mine.settings.store)
            with ExitStack() as opening:
                coldframe = Coldframe(mine.home, settings, clock=mine.clock, files=mine.files, vfs=mine.vfs)
                opening.enter_context(coldframe)
                self._retrievers[identity] = coldframe.retriever(self._observer)
                opened.push(opening.pop_all())
        return self._retrievers[identity]


def is_open(view: OrderView) -> bool:
    """Whether anything of an order is left to do."""
    return view.order.state is OrderState.OPEN
