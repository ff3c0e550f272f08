"""Orders as users see them: listed, shown file by file, given up, and carried on whatever store they belong to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coldframe.catalog.order_model import OrderState, WantedState
from coldframe.composition.library import Coldframe
from coldframe.progress import ignore
from coldframe.retriever.hold import hold_order
from coldframe.retriever.results import result_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.catalog.order_model import Order, Placement, Tally, Wanted
    from coldframe.progress import Observer
    from coldframe.retriever.results import RetrievedFile


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order, how far it is, and the URL of its store."""

    order: Order
    tally: Tally
    store_url: str | None


def list_orders(coldframe: Coldframe, *, open_only: bool = False) -> Iterator[OrderView]:
    """All orders, or those that are not over, oldest first."""
    for order in coldframe.orders.orders(open_only=open_only):
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
    """Carries on all open orders, store by store.

    Args:
        coldframe: Whose orders.
        observer: Is told of progress.
    """

    def __init__(self, coldframe: Coldframe, *, observer: Observer = ignore) -> None:
        """Nothing is open."""
        self._coldframe = coldframe
        self._observer = observer
        self._stops: list[Callable[[], None]] = []
        self._is_stopped = False

    def stop(self) -> None:
        """Finish what is being fetched and record it; called again, leave it at once. For signal handlers."""
        self._is_stopped = True
        for stop in self._stops:
            stop()

    def carry_on(self, *, wait: bool) -> Iterator[RetrievedFile]:
        """One round over the orders of every store; then, with `wait`, each store's until all is done."""
        for waits in (False, True) if wait else (False,):
            for identity in self._stores():
                if not self._is_stopped:
                    yield from self._one_store(identity, wait=waits)

    def open_orders(self) -> int:
        """How many orders are not over."""
        return len(self._coldframe.orders.orders(open_only=True))

    def _stores(self) -> list[str]:
        return list(dict.fromkeys(order.store for order in self._coldframe.orders.orders(open_only=True)))

    def _one_store(self, identity: str, *, wait: bool) -> Iterator[RetrievedFile]:
        mine = self._coldframe
        url = mine.catalog.store_url(identity)
        settings = replace(mine.settings, store=url or mine.settings.store)
        with Coldframe(mine.home, settings, clock=mine.clock, files=mine.files, vfs=mine.vfs) as coldframe:
            retriever = coldframe.retriever(self._observer)
            self._stops.append(retriever.stop)
            yield from retriever.watch(wait=wait)


def is_open(view: OrderView) -> bool:
    """Whether anything of an order is left to do."""
    return view.order.state is OrderState.OPEN
