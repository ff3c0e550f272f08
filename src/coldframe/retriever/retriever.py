"""Retrieving, the mirror of archiving: select, price, request, wait, fetch, check, place."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from decimal import Decimal
from typing import TYPE_CHECKING

from coldframe.catalog.order_model import Order, OrderState, WantedState
from coldframe.errors import (
    BadUsage,
    Busy,
    LimitRefused,
    NotReady,
    RequestTimeout,
    ServiceUnavailable,
    Throttled,
)
from coldframe.files import DiskFiles, ensure_folder
from coldframe.model import TierWaits
from coldframe.names import write_path
from coldframe.progress import Noted, Planned, ignore
from coldframe.quantities import count
from coldframe.retriever.folders import mount_point, placing
from coldframe.retriever.hold import hold_order
from coldframe.retriever.pace import Pace, Stop, Stopped
from coldframe.retriever.plan import Planner
from coldframe.retriever.pricing import free
from coldframe.retriever.ranges import SEGMENT
from coldframe.retriever.results import result_of
from coldframe.retriever.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from datetime import datetime

    from coldframe.catalog import Catalog, Query
    from coldframe.catalog.orders import Orders
    from coldframe.clock import Clock
    from coldframe.files import Files
    from coldframe.model import Tier
    from coldframe.ports import ColdStore
    from coldframe.progress import Observer
    from coldframe.rates import Limit
    from coldframe.retriever.line import Line
    from coldframe.retriever.plan import Plan
    from coldframe.retriever.pricing import Pricing
    from coldframe.retriever.results import RetrievedFile
    from coldframe.retriever.starting import Why

_NO_WAITS = TierWaits()
_MOST_AT_ONCE = 3
"""So many rounds may follow each other without a pause, when each changed something."""


class Retriever:
    """Plans, places and carries on orders.

    Args:
        store: Where the archives are.
        catalog: What is archived.
        orders: The durable orders, in the same file.
        clock: Tells the time and lets it pass.
        jobs: How many transfers go on side by side.
        observer: Is told what happens, one event at a time.
        files: Through which the destination changes.
        pricing: What a retrieval costs at this store.
        waits: How long its tiers take; None if only the store knows.
        line: What the user's own line brings; None if that does not matter.
        limit_rate: Bytes per second for all that is fetched together, always or by the time of the day.
        segment_size: How many bytes are fetched and marked at a time: a MiB times a power of two.
    """

    def __init__(  # noqa: PLR0913 - three things it works on; the rest are settings with defaults
        self,
        store: ColdStore,
        catalog: Catalog,
        orders: Orders,
        *,
        clock: Clock,
        jobs: int = 8,
        observer: Observer = ignore,
        files: Files | None = None,
        pricing: Pricing = free,
        waits: TierWaits | None = _NO_WAITS,
        line: Line | None = None,
        limit_rate: Limit | None = None,
        segment_size: int = SEGMENT,
    ) -> None:
        """Store the arguments."""
        self._store = store
        self._catalog = catalog
        self._orders = orders
        self._clock = clock
        self._jobs = jobs
        self._observer = observer
        self._files = files or DiskFiles()
        self._pricing = pricing
        self._waits = waits
        self._line = line
        self._limit_rate = limit_rate
        self._segment_size = segment_size
        self._announced: set[int] = set()
        self._waits_told: set[tuple[int, Why]] = set()
        self._stop = Stop()

    def stop(self) -> None:
        """Ask to stop: once, and what is being fetched is finished and recorded; twice, and it is left at once.

        Either way the order is carried on another time. May be called from a signal handler.
        """
        self._stop.request()

    # --- planning and placing -----------------------------------------------------------------------------------------

    def plan(self, query: Query, *, into: str, overwrite: bool = False) -> Plan:
        """What retrieving all that a query finds would mean; nothing is asked of the store.

        Files that are at the destination already are read to verify them.

        Raises:
            NothingMatched: The catalog knows nothing like it.
        """
        return self._planner().from_query(query, into=into, overwrite=overwrite)

    def plan_inventory(
        self,
        inventory: str,
        *,
        match: Sequence[str] = (),
        vault_name: str | None = None,
        into: str,
        overwrite: bool = False,
    ) -> Plan:
        """As `plan`, for the rows of an inventory CSV whose path matches any of the patterns.

        Args:
            inventory: The file.
            match: Patterns; none matches all rows.
            vault_name: The vault of rows that name none.
            into: The destination.
            overwrite: Whether a different file at the destination is replaced.
        """
        planner = self._planner()
        return planner.from_inventory(inventory, match=match, vault_name=vault_name, into=into, overwrite=overwrite)

    def place_order(self, plan: Plan, *, tier: Tier, max_cost: Decimal | None = None) -> int:
        """Keep a plan as a durable order and answer its number. No job is started.

        The destination is made, and the plan is closed.

        Args:
            plan: What to retrieve.
            tier: How quickly.
            max_cost: The most that it may cost, jobs that must be repeated included; None is the plan's price. Of an
                unknown price nothing is left for repeating.

        Raises:
            LimitRefused: It costs more, or nobody knows what it costs.
            BadUsage: The plan is for another store.
        """
        price = plan.offer(tier).price
        if plan.store != self._store.identity:
            raise BadUsage("the plan was made for another store")
        if max_cost is not None and not price.is_within(max_cost):
            told = "an unknown sum" if price.limit is None else f"{price.limit} {price.currency}"
            raise LimitRefused(f"the retrieval costs {told}; at most {max_cost} is allowed")
        with placing(write_path(plan.destination)):
            ensure_folder(self._files, plan.destination)
        order = Order(
            store=plan.store,
            destination=write_path(plan.destination),
            mount_point=write_path(mount_point(plan.destination)),
            token=secrets.token_hex(4),
            tier=tier,
            max_cost=(price.limit or Decimal(0)) if max_cost is None else max_cost,
            overwrite=plan.overwrite,
            placed_at=self._clock.now(),
        )
        number = self._orders.place(order, plan.draft.batches())
        plan.close()
        return number

    def results(self, number: int) -> Iterator[RetrievedFile]:
        """What has become of an order's files so far."""
        for placement, wanted in self._orders.closed_placements(number):
            yield result_of(placement, wanted)

    def cancel(self, number: int) -> None:
        """Give an order up. Files that are in place stay; jobs at the store cannot be stopped and expire.

        Raises:
            Busy: Another process is carrying it on.
        """
        with hold_order(self._orders.path, number, self._files):
            states = [state for state in WantedState if state not in {WantedState.DONE, WantedState.FAILED}]
            rounds = self._rounds(Pace(self._clock, self._stop))
            rounds.clear(self._orders.order(number), self._orders.wanted(number, *states))
            self._orders.cancel(number, self._clock.now())

    # --- carrying on --------------------------------------------------------------------------------------------------

    def carry_on(
        self, number: int, *, wait: bool = True, wait_until: datetime | None = None
    ) -> Iterator[RetrievedFile]:
        """Do what is to be done for an order, and answer each file as its work ends.

        Args:
            number: The order.
            wait: Wait for jobs until all is done. Otherwise only what can be done without waiting is done.
            wait_until: Wait no longer than this.

        Raises:
            Busy: Another process is carrying it on.
            NotReady: `wait_until` has come, and jobs are still in progress.
            DestinationUnavailable: The destination is gone or full; the order stays open.
        """
        order = self._orders.order(number)
        if order.store != self._store.identity:
            raise BadUsage(f"order {number} belongs to another store")
        with hold_order(self._orders.path, number, self._files):
            yield from self._until_done(lambda: self._if_open(number), wait=wait, wait_until=wait_until)

    def watch(self, *, wait: bool = True, wait_until: datetime | None = None) -> Generator[RetrievedFile, None, bool]:
        """Carry on all open orders of the store, those that come meanwhile included; one listing serves all.

        Orders that another process carries on are left to it. Arguments and errors as for `carry_on`. Returns whether
        any of the others is still open.
        """
        mine: set[int] = set()
        passed_over: set[int] = set()
        with ExitStack() as held:

            def mine_and_open() -> list[Order]:
                found = self._orders.orders(store=self._store.identity, open_only=True)
                for order in found:
                    if order.number not in mine | passed_over:
                        (mine if self._try_hold(order.number, held) else passed_over).add(order.number)
                return [order for order in found if order.number in mine]

            yield from self._until_done(mine_and_open, wait=wait, wait_until=wait_until)
            return bool(mine_and_open())

    # --- the parts ----------------------------------------------------------------------------------------------------

    def _if_open(self, number: int) -> list[Order]:
        order = self._orders.order(number)
        return [order] if order.state is OrderState.OPEN else []

    def _try_hold(self, number: int, held: ExitStack) -> bool:
        try:
            held.enter_context(hold_order(self._orders.path, number, self._files))
        except Busy as error:
            self._observer(Noted(str(error)))
            return False
        return True

    def _until_done(
        self, open_orders: Callable[[], list[Order]], *, wait: bool, wait_until: datetime | None
    ) -> Iterator[RetrievedFile]:
        """Round after round, with pauses in between, until no order is open or nobody wants to wait."""
        pace = Pace(self._clock, self._stop)
        rounds = self._rounds(pace)
        at_once = 0
        while (orders := open_orders()) and not self._stop.soon:
            self._announce(orders)
            has_changed = yield from self._round(rounds, orders, wait=wait)
            at_once = at_once + 1 if has_changed else 0
            if 0 < at_once <= _MOST_AT_ONCE:
                pace.quicken()
                continue
            if not wait or not open_orders():
                return
            self._require_time(open_orders(), wait_until)
            pace.pause(wait_until)

    def _round(self, rounds: Rounds, orders: list[Order], *, wait: bool) -> Generator[RetrievedFile, None, bool]:
        """One round; trouble at the store that may pass ends it, but not the waiting."""
        try:
            return (yield from rounds.run(orders))
        except (RequestTimeout, ServiceUnavailable, Throttled) as error:
            if not wait:
                raise
            self._observer(Noted(f"the store has trouble, and is asked again later: {error}"))
            return False

    def _announce(self, orders: list[Order]) -> None:
        """Tell of each order's work once, however many rounds follow."""
        for order in orders:
            if order.number not in self._announced:
                self._announced.add(order.number)
                tally = self._orders.tally(order.number)
                files, size = tally.placed_files + tally.failed_files, tally.placed_size
                is_new = not order.is_told  # then those that needed nothing are answered, too
                self._observer(Planned(tally.files - (0 if is_new else files), tally.size - (0 if is_new else size)))

    def _require_time(self, orders: list[Order], wait_until: datetime | None) -> None:
        if wait_until is not None and self._clock.now() >= wait_until:
            states = (WantedState.WANTED, WantedState.STARTED, WantedState.READY)
            jobs = sum(self._orders.count_wanted(order.number, *states) for order in orders)
            are = count(jobs, "job is", "jobs are")
            raise NotReady(f"{are} still to be done; `coldframe watch` carries the order on")

    def _rounds(self, pace: Pace) -> Rounds:
        return Rounds(
            self._store,
            self._orders,
            clock=self._clock,
            files=self._files,
            pricing=self._pricing,
            observer=self._observer,
            stop=self._stop,
            pace=pace,
            line=self._line,
            limit_rate=self._limit_rate,
            threads=self._jobs,
            segment_size=self._segment_size,
            told=self._waits_told,
        )

    def _planner(self) -> Planner:
        return Planner(
            store=self._store.identity,
            catalog=self._catalog,
            pricing=self._pricing,
            waits=self._waits,
            line=self._line,
            now=self._clock.now(),
            threads=self._jobs,
            observer=self._observer,
            files=self._files,
            check=self._check,
        )

    def _check(self) -> None:
        if self._stop.soon:
            raise Stopped
