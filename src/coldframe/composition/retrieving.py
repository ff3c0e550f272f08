"""The whole job of retrieving: plan, place an order or find the one that is open, carry it on (design 1.2)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from coldframe.catalog.order_model import OrderState
from coldframe.composition.spending import Outlay
from coldframe.composition.telling import Teller
from coldframe.composition.vaults import unknown_vault
from coldframe.errors import BadUsage, ColdframeError, DamagedArchive, NothingMatched, TreeHashMismatch
from coldframe.names import printable, write_path
from coldframe.progress import Outcome, ignore
from coldframe.retriever.pricing import Price

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from decimal import Decimal

    from coldframe.catalog import Query
    from coldframe.catalog.order_model import Order
    from coldframe.composition.library import Coldframe
    from coldframe.model import Tier
    from coldframe.progress import Observer
    from coldframe.retriever.plan import Plan
    from coldframe.retriever.results import RetrievedFile

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveJob:
    """What to retrieve and where to.

    Args:
        into: The folder to fill.
        query: What to look for in the catalog, or
        inventory: an inventory CSV whose rows are wanted, those that match any of `match` if there are any.
        vault_name: The vault of rows that name none.
        overwrite: Whether a different file at the destination is replaced.
    """

    into: str
    query: Query | None = None
    inventory: str | None = None
    match: tuple[str, ...] = ()
    vault_name: str | None = None
    overwrite: bool = False


@dataclass(slots=True)
class RetrieveSummary:
    """What has come of an order: files and bytes that are in place, and what is not."""

    retrieved: int = 0
    size: int = 0
    present: int = 0
    failed: int = 0
    mismatched: int = 0

    def add(self, result: RetrievedFile) -> None:
        """Count one file."""
        if result.outcome is Outcome.RETRIEVED:
            self.retrieved += 1
            self.size += result.size
        elif result.outcome is Outcome.PRESENT:
            self.present += 1
        else:
            self.failed += 1
            self.mismatched += isinstance(result.error, TreeHashMismatch | DamagedArchive)


class RetrieveRun:
    """One run of a retrieve job: :meth:`plan`, then :meth:`order`, then :meth:`carry_on`."""

    def __init__(self, coldframe: Coldframe, job: RetrieveJob, *, observer: Observer = ignore) -> None:
        """Store the arguments."""
        self.summary = RetrieveSummary()
        self._coldframe = coldframe
        self._job = job
        self._observer = observer
        self._retriever = coldframe.retriever(observer)

    @property
    def stop(self) -> Callable[[], None]:
        """Asks to finish what is being fetched; called again, to leave it at once."""
        return self._retriever.stop

    def plan(self) -> Plan:
        """What it would mean; nothing is asked of the store.

        Raises:
            NothingMatched: Nothing known is wanted.
        """
        job = self._job
        if job.inventory is not None:
            return self._retriever.plan_inventory(
                job.inventory, match=job.match, vault_name=job.vault_name, into=job.into, overwrite=job.overwrite
            )
        if job.query is None:
            raise ValueError("a retrieve job has a query or an inventory")
        try:
            return self._retriever.plan(job.query, into=job.into, overwrite=job.overwrite)
        except NothingMatched as error:
            why = unknown_vault(self._coldframe.catalog, job.query.vault_name, store=self._coldframe.store_identity)
            if why is None and len(job.query.text.split()) > 1:
                why = "nothing that is archived matches: all words must occur in one path"
            raise (NothingMatched(why) if why else error) from None

    def open_order(self, plan: Plan) -> Order | None:
        """The open or paused order that fills the same folder with all that is wanted, so that none is paid twice."""
        for order in self._coldframe.orders.orders(store=plan.store):
            is_same_place = order.closed_at is None and order.destination == write_path(plan.destination)
            if is_same_place and self._has_all(order, plan):
                return order
        return None

    def _has_all(self, order: Order, plan: Plan) -> bool:
        wanted = (each.archive_id for each, _ in plan.draft.batches() if each is not None)
        is_known = False
        while batch := set(islice(wanted, _BATCH)):
            is_known = self._coldframe.orders.has_archives(order.number, batch)
            if not is_known:
                return False
        return is_known

    def is_paused(self, number: int) -> bool:
        """Whether the order waits for somebody's consent: what has expired would cost more than was agreed."""
        return self._coldframe.orders.order(number).state is OrderState.PAUSED

    def order(self, plan: Plan, *, tier: Tier, max_cost: Decimal | None = None) -> int:
        """Place a durable order and answer its number; no job is started.

        Raises:
            LimitRefused: It costs more than `max_cost`, or than the month's budget allows.
        """
        outlay = self.outlay(plan, tier)
        outlay.commit()
        try:
            number = self._retriever.place_order(plan, tier=tier, max_cost=max_cost)
        except BaseException:
            outlay.settle(Price())  # no order, no job
            raise
        outlay.set_order(self._coldframe.orders.order(number).token)
        return number

    def outlay(self, plan: Plan, tier: Tier) -> Outlay:
        """The money that an order takes, for whoever asks before it is placed."""
        price, vault_name = plan.offer(tier).price, self._job.vault_name or ""
        return Outlay(self._coldframe, "retrieve", price, vault_name, transfer_size=plan.job_size)

    def carry_on(
        self, number: int, *, wait: bool = False, wait_until: datetime | None = None
    ) -> Iterator[RetrievedFile]:
        """Do what can be done for an order, and tell what became of each file.

        Raises:
            NotReady: `wait_until` has come and jobs are still in progress.
        """
        teller = Teller(self._coldframe, observer=self._observer)
        try:
            for result in self._retriever.carry_on(number, wait=wait, wait_until=wait_until):
                self.summary.add(result)
                yield result
        except ColdframeError:
            teller.deliver()
            raise
        teller.deliver()

    def expected_at(self, number: int) -> datetime | None:
        """When the last of the order's jobs should be ready, as far as the store's waits are known."""
        order = self._coldframe.orders.order(number)
        waits = self._coldframe.terms.waits
        wait = waits.of(order.tier) if waits else 0
        return order.placed_at + timedelta(seconds=wait) if wait else None

    def is_open(self, number: int) -> bool:
        """Whether anything of the order is left to do."""
        return self._coldframe.orders.order(number).state is OrderState.OPEN


def missing_ids(coldframe: Coldframe, query: Query) -> Sequence[str]:
    """The archive IDs of a query that the catalog does not know."""
    known = {entry.archive.archive_id for entry in coldframe.catalog.select(query)}
    return [archive_id for archive_id in query.archive_ids if archive_id not in known]


def check_destination(path: str, *, is_filled: bool = False) -> None:
    """Find out before anything is asked for that files could not be put there in the end.

    Args:
        path: The folder, or where it is to be made.
        is_filled: Whether anything is to be written; what is there already is only read.

    Raises:
        BadUsage: It is no folder, or this user may not read it or write to it.
    """
    place = os.path.abspath(path)
    shown = printable(write_path(place))
    while not os.path.lexists(place) and place != os.path.dirname(place):
        place = os.path.dirname(place)
    if not os.path.isdir(place):
        raise BadUsage(f"{printable(write_path(place))} is no folder: name another with --into.")
    if not os.access(place, os.R_OK | os.X_OK):
        raise BadUsage(f"{shown} cannot be read: this user may not. Name another folder with --into.")
    if is_filled and not os.access(place, os.W_OK):
        raise BadUsage(
            f"{shown} cannot be written to: this user may not, or its disk is read-only."
            " Name another folder with --into."
        )
