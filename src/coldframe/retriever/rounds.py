"""One round over open orders: look at the jobs, start those that are missing, fetch what is ready, put it in place."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING

from coldframe.catalog.order_model import WantedState
from coldframe.errors import DestinationUnavailable
from coldframe.names import printable, read_path
from coldframe.progress import Finished, Noted
from coldframe.quantities import count
from coldframe.retriever.allowance import Room
from coldframe.retriever.crew import Crew
from coldframe.retriever.delivery import Delivery
from coldframe.retriever.empties import make_empties
from coldframe.retriever.folders import Destination, mount_point
from coldframe.retriever.jobs import Listing
from coldframe.retriever.line import Meter
from coldframe.retriever.pace import Stopped
from coldframe.retriever.results import result_of
from coldframe.retriever.site import Site
from coldframe.retriever.starting import Starter
from coldframe.retriever.surroundings import Surroundings
from coldframe.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from coldframe.catalog.order_model import Order, Wanted, WantedChange
    from coldframe.catalog.orders import Orders
    from coldframe.clock import Clock
    from coldframe.files import Files
    from coldframe.ports import ColdStore
    from coldframe.progress import Event, Observer
    from coldframe.rates import Limit
    from coldframe.retriever.line import Line
    from coldframe.retriever.pace import Pace, Stop
    from coldframe.retriever.pricing import Pricing
    from coldframe.retriever.results import RetrievedFile
    from coldframe.retriever.starting import Why


class Rounds:
    """Runs rounds.

    Args:
        store: Where the jobs are.
        orders: Where everything is recorded.
        clock: Tells when an order was closed.
        files: Through which the destination changes.
        pricing: What a job costs.
        observer: Is told what happens, one event at a time.
        stop: Ends a round early.
        pace: Passes seconds while the store recovers.
        line: What the user's own line brings; it is measured here, while nothing is held back.
        limit_rate: How fast all that is fetched together may come.
        threads: How many transfers go on side by side.
        segment_size: How many bytes are fetched and marked at a time.
        told: Why which orders wait, as far as it was told.
    """

    def __init__(  # noqa: PLR0913 - the retriever's own parts, handed on once
        self,
        store: ColdStore,
        orders: Orders,
        *,
        clock: Clock,
        files: Files,
        pricing: Pricing,
        observer: Observer,
        stop: Stop,
        pace: Pace,
        line: Line | None,
        limit_rate: Limit | None,
        threads: int,
        segment_size: int,
        told: set[tuple[int, Why]],
    ) -> None:
        """Store the arguments."""
        self._store = store
        self._orders = orders
        self._clock = clock
        self._files = files
        self._observer = one_at_a_time(observer)
        self._stop = stop
        self._pace = pace
        self._segment_size = segment_size
        self._crew = Crew(threads, stop)
        self._line = line
        self._meter = Meter()
        self._throttle = Throttle(limit_rate, clock=clock, check=self._crew.check)
        self._starter = Starter(
            store, orders, pricing=pricing, observer=self._observer, stop=stop, threads=threads, told=told
        )

    def run(self, open_orders: list[Order]) -> Generator[RetrievedFile, None, bool]:
        """Carry the orders on as far as they get without waiting; return whether another round may get further.

        Raises:
            DestinationUnavailable: The destination of one of them is gone or full; the others were carried on.
        """
        for order in open_orders:
            yield from self._tell(order)
        by_number = {order.number: order for order in open_orders}
        listing = Listing(self._store, self._orders, by_number, observer=self._observer, now=self._clock.now())
        listing.sweep()
        yield from self._failures(listing.failed)
        has_changed, is_held_back = bool(listing.lapsed), False
        room = Room(self._line, self._orders.asking.outstanding(self._store.identity))
        for order in open_orders:
            has_changed |= self._starter.start(order, room, self._clock.now(), leave_out=listing.lapsed) > 0
            is_held_back |= self._starter.is_held_back
            yield from self._failures(self._starter.failed)
        for result in self._deliver_all(open_orders):
            has_changed |= is_held_back  # what was fetched has made room
            yield result
        self._pause_held(open_orders)
        return has_changed

    def _pause_held(self, open_orders: list[Order]) -> None:
        """Pause the orders of which nothing can be done without somebody's consent."""
        for order in open_orders:
            held = self._orders.asking.held(order.number)
            jobs = count(held.jobs, "output has", "outputs have")
            why = (
                f"{jobs} expired, and asking again would cost more than was agreed; "
                f"`coldframe orders resume {order.number}` tells the price, and goes on"
            )
            if held.jobs and self._orders.asking.pause(order.number, why=why, now=self._clock.now()):
                self._observer(Noted(f"order {order.number} pauses: {why}"))

    def _tell(self, order: Order) -> Iterator[RetrievedFile]:
        """Answer, once, the files for which nothing was to be done from the beginning."""
        if not order.is_told:
            for placement, wanted in self._orders.closed_placements(order.number):
                result = result_of(placement, wanted)
                self._observer(Finished(result.path, result.size, result.outcome, result.detail))
                yield result
            self._orders.told(order.number)

    def _deliver_all(self, open_orders: list[Order]) -> Iterator[RetrievedFile]:
        failure: DestinationUnavailable | None = None
        for order in open_orders:
            try:
                yield from self._deliver(order)
            except DestinationUnavailable as error:
                self._orders.trouble(order.number, error, self._clock.now())
                failure = error
        if failure is not None:
            raise failure

    def _deliver(self, order: Order) -> Iterator[RetrievedFile]:
        around = self._surroundings(order)
        if self._orders.has_work(order.number):
            require_destination(order, around.site.destination)
            try:
                yield from make_empties(around)
            except Stopped:
                return
            at_hand = self._orders.wanted(order.number, WantedState.AT_HAND)
            ready = self._orders.wanted(order.number, WantedState.READY)
            with self._measuring():
                yield from self._crew.deliver(Delivery(wanted, around) for wanted in chain(at_hand, ready))
        self._orders.close_if_over(order.number, self._clock.now())

    @contextmanager
    def _measuring(self) -> Iterator[None]:
        """Find out what the line brings."""
        began = self._clock.monotonic()
        self._meter.take()
        yield
        if self._line is not None and not self._throttle.is_limiting:
            self._line.note(self._meter.take(), self._clock.monotonic() - began)

    def _surroundings(self, order: Order) -> Surroundings:
        def places_like(place: str, row: int) -> list[str]:
            return self._orders.places_like(order.number, place, by_other_than=row)

        destination = Destination(read_path(order.destination), self._files)
        return Surroundings(
            store=self._store,
            orders=self._orders,
            order=order,
            site=Site(destination, places_like, overwrite=order.overwrite, check=self._crew.check),
            files=self._files,
            observer=self._observer,
            check=self._crew.check,
            sleep=self._pace.sleep,
            meter=self._meter,
            throttle=self._throttle,
            segment_size=self._segment_size,
        )

    def clear(self, order: Order, wanted: Iterable[Wanted]) -> None:
        """Remove the unfinished files of what will not be carried on, if the destination is there."""
        around = self._surroundings(order)
        with suppress(DestinationUnavailable):
            require_destination(order, around.site.destination)
            for it in wanted:
                Delivery(it, around).clear()

    def _failures(self, changes: Iterable[WantedChange]) -> Iterator[RetrievedFile]:
        """The files that a job's failure has closed."""
        for change in changes:
            wanted = self._orders.wanted_row(change.row)
            self.clear(self._orders.order(wanted.order_number), [wanted])
            for placement in self._orders.placements(change.row):
                if placement.detail == change.detail:
                    result = result_of(placement, wanted)
                    self._observer(Finished(result.path, result.size, result.outcome, result.detail))
                    yield result


def require_destination(order: Order, destination: Destination) -> None:
    """Make sure that an order's folder is there, on the file system where it was when the order was placed.

    An empty mount point has the name of a disk that is not there; files must not go into it.

    Raises:
        DestinationUnavailable: It is not.
    """
    if mount_point(destination.path) != read_path(order.mount_point):
        raise DestinationUnavailable(
            f"the disk of the destination {printable(order.destination)} is not mounted"
            f" (it was at {printable(order.mount_point)}); mount it and carry the order on"
        )
    destination.open().close()


def one_at_a_time(observer: Observer) -> Observer:
    """The observer, told one event at a time, from whichever threads they come."""
    lock = Lock()

    def observe(event: Event) -> None:
        with lock:
            observer(event)

    return observe
