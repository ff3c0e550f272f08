"""Jobs at the store: recognised, started once, looked after by one listing per vault and round.

Starting a job and recording its ID are two steps. A crash between them leaves a job that nobody knows; so before any
job is started a complete listing of the vault is searched for one that retrieves the same bytes: one that we started,
or one that was started elsewhere with a file name as its description.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from coldframe.catalog.order_model import WantedChange, WantedState
from coldframe.errors import (
    InsufficientCapacity,
    InvalidParameterValue,
    LimitExceeded,
    PolicyEnforced,
    RequestTimeout,
    ResourceNotFound,
    ServiceUnavailable,
    Throttled,
)
from coldframe.model import Action, ArchiveRetrieval, JobStatus, Tier
from coldframe.progress import Noted
from coldframe.quantities import count
from coldframe.retriever.pricing import Work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coldframe.catalog.order_model import Order, Wanted
    from coldframe.catalog.orders import Orders
    from coldframe.model import JobDescription
    from coldframe.ports import ColdStore
    from coldframe.progress import Observer
    from coldframe.retriever.pace import Stop
    from coldframe.retriever.pricing import Pricing

_LATER = (InsufficientCapacity, LimitExceeded, PolicyEnforced, RequestTimeout, ServiceUnavailable, Throttled)
_MOST_REFUSALS = 3
"""After so many in a row nothing more is asked of the store in this round."""

_SPEED = {Tier.BULK: 0, Tier.STANDARD: 1, Tier.EXPEDITED: 2}
_BATCH = 200


class Listing:
    """One look at all jobs of the orders' vaults, and what follows from it.

    Args:
        store: Where the jobs are.
        orders: Where it is recorded.
        open_orders: The orders to look after, by their numbers.
        observer: Is told what happens.
    """

    def __init__(self, store: ColdStore, orders: Orders, open_orders: dict[int, Order], *, observer: Observer) -> None:
        """Store the arguments."""
        self._store = store
        self._orders = orders
        self._open = open_orders
        self._observer = observer
        self._seen: set[int] = set()
        self._adopted: dict[int, tuple[Wanted, JobDescription]] = {}
        self.lapsed: set[int] = set()
        self.failed: list[WantedChange] = []

    def sweep(self) -> None:
        """List each vault's jobs once; record which are ready, which have failed, and which are recognised.

        Afterwards `lapsed` holds the rows whose jobs have vanished: whether another job offers their bytes was not
        looked for, so the next round decides.
        """
        for vault_name in self._orders.vaults(list(self._open)):
            try:
                for page in _pages(self._store, vault_name):
                    self._take(page)
            except ResourceNotFound as error:
                self._lose(vault_name, f"its vault is not there: {error}")
        self._adopt()
        self._miss()

    def _record(self, changes: Sequence[WantedChange]) -> None:
        self._orders.change(changes)
        self.failed += [change for change in changes if change.state is WantedState.FAILED]

    def _lose(self, vault_name: str, why: str) -> None:
        states = (WantedState.WANTED, WantedState.STARTED, WantedState.READY)
        for number in self._open:
            lost = (wanted for wanted in self._orders.wanted(number, *states) if wanted.vault_name == vault_name)
            self._record([WantedChange(wanted.row, WantedState.FAILED, wanted.job_id, why) for wanted in lost])

    def _take(self, page: Sequence[JobDescription]) -> None:
        jobs = [job for job in page if job.action is Action.ARCHIVE_RETRIEVAL and job.archive_id]
        by_archive: dict[str, list[JobDescription]] = {}
        for job in jobs:
            by_archive.setdefault(str(job.archive_id), []).append(job)
        changes: list[WantedChange] = []
        for wanted in self._orders.find_wanted(list(self._open), list(by_archive)):
            for job in by_archive[wanted.archive_id]:
                changes += self._match(wanted, job)
        self._record(changes)

    def _match(self, wanted: Wanted, job: JobDescription) -> list[WantedChange]:
        if wanted.job_id == job.job_id:
            self._seen.add(wanted.row)
            change = progress_of(wanted, job)
            return [change] if change.state is not wanted.state else []
        if wanted.state is WantedState.WANTED and offers(job, wanted, self._open[wanted.order_number].tier):
            best = self._adopted.get(wanted.row)
            if best is None or _is_better(job, best[1]):
                self._adopted[wanted.row] = wanted, job
        return []

    def _adopt(self) -> None:
        changes = []
        for wanted, job in self._adopted.values():
            self._seen.add(wanted.row)
            changes.append(progress_of(wanted, job))
        if changes:
            self._record(changes)
            were = count(len(changes), "job was", "jobs were")
            self._observer(Noted(f"{were} started before, here or elsewhere; nothing new is asked for in their place"))

    def _miss(self) -> None:
        """Jobs that no page showed: ask for each, since pages may shift while they are listed."""
        for number in self._open:
            for wanted in self._orders.wanted(number, WantedState.STARTED, WantedState.READY):
                if wanted.row not in self._seen and wanted.job_id:
                    self._look_up(wanted, wanted.job_id)

    def _look_up(self, wanted: Wanted, job_id: str) -> None:
        try:
            change = progress_of(wanted, self._store.describe_job(wanted.vault_name, job_id))
        except ResourceNotFound:
            change = WantedChange(wanted.row, WantedState.WANTED, detail="the job has expired")
            self.lapsed.add(wanted.row)
            self._observer(Noted(f"{wanted.description}: the job has expired"))
        self._record([change])


class Starter:
    """Starts the jobs that are missing.

    Args:
        store: Where to start them.
        orders: Where it is recorded.
        pricing: What a job costs.
        observer: Is told what happens.
        stop: After the first request no more are started.
        threads: How many to start side by side.
    """

    def __init__(  # noqa: PLR0913 - two things it works on; the rest are settings
        self, store: ColdStore, orders: Orders, *, pricing: Pricing, observer: Observer, stop: Stop, threads: int
    ) -> None:
        """Store the arguments."""
        self._store = store
        self._orders = orders
        self._pricing = pricing
        self._observer = observer
        self._stop = stop
        self._threads = threads
        self._refusals = 0
        self._lock = Lock()
        self.failed: list[WantedChange] = []

    def start(self, order: Order, *, leave_out: set[int]) -> int:
        """Start a job for whatever is wanted, but for the rows in `leave_out`; answer how many were started.

        What the store refuses for good is closed, and is in `failed` then.
        """
        self._refusals, self.failed = 0, []
        wanted = (w for w in self._orders.wanted(order.number, WantedState.WANTED) if w.row not in leave_out)
        started = 0
        with ThreadPoolExecutor(self._threads, thread_name_prefix="start") as pool:
            try:
                while (batch := list(islice(wanted, _BATCH))) and not (self._is_refused() or self._stop.soon):
                    started += sum(pool.map(lambda it: self._start(order, it), batch))
            finally:
                self._refusals = _MOST_REFUSALS  # whatever has interrupted this: start no more
        return started

    def _start(self, order: Order, wanted: Wanted) -> bool:
        if self._is_refused() or self._stop.soon:
            return False
        if wanted.asked and not self._is_within_price(order, wanted):
            self._fail(wanted, "the job has expired, and asking again would cost more than was agreed; order it anew")
            return False
        request = ArchiveRetrieval(wanted.archive_id, wanted.range, order.tier, wanted.description)
        try:
            job_id = self._store.initiate_job(wanted.vault_name, request)
        except _LATER as error:
            self._refuse(wanted, error)
            return False
        except (ResourceNotFound, InvalidParameterValue) as error:
            self._fail(wanted, f"the store does not have it: {error}")
            return False
        self._orders.started(wanted.row, job_id)
        self._refusals = 0
        return True

    def _is_refused(self) -> bool:
        return self._refusals >= _MOST_REFUSALS

    def _refuse(self, wanted: Wanted, error: Exception) -> None:
        with self._lock:
            self._refusals += 1
        self._observer(Noted(f"{wanted.description}: {error}; it is asked for again later"))

    def _fail(self, wanted: Wanted, why: str) -> None:
        change = WantedChange(wanted.row, WantedState.FAILED, detail=why)
        self._orders.change([change])
        with self._lock:
            self.failed.append(change)

    def _is_within_price(self, order: Order, wanted: Wanted) -> bool:
        spent = self._orders.spent(order.number)
        work = Work(order.tier, spent.jobs + 1, spent.size + (wanted.size or 0), 1 if wanted.size is None else 0)
        return self._pricing(work).is_within(order.max_cost)


def progress_of(wanted: Wanted, job: JobDescription) -> WantedChange:
    """What a job's state means for what is wanted."""
    if job.status is JobStatus.FAILED:
        why = f"the store could not retrieve it: {job.status_message or 'no reason given'}"
        return WantedChange(wanted.row, WantedState.FAILED, job.job_id, why)
    if wanted.tree_hash and job.archive_tree_hash not in {None, wanted.tree_hash}:
        why = f"the store holds other bytes (tree hash {job.archive_tree_hash}, archived was {wanted.tree_hash})"
        return WantedChange(wanted.row, WantedState.FAILED, job.job_id, why)
    state = WantedState.READY if job.status is JobStatus.SUCCEEDED else WantedState.STARTED
    return WantedChange(wanted.row, state, job.job_id, archive_size=job.archive_size, tree_hash=job.archive_tree_hash)


def offers(job: JobDescription, wanted: Wanted, tier: Tier) -> bool:
    """Whether a job that we do not know as ours brings what is wanted, and not later than one that we start."""
    is_same = job.archive_id == wanted.archive_id and wanted.is_same_range(job.range, job.archive_size)
    is_soon = job.status is JobStatus.SUCCEEDED or job.tier is None or _SPEED[job.tier] >= _SPEED[tier]
    is_right = wanted.tree_hash is None or job.archive_tree_hash in {None, wanted.tree_hash}
    return is_same and is_soon and is_right and job.status is not JobStatus.FAILED


def _is_better(job: JobDescription, other: JobDescription) -> bool:
    """Finished ones first, and of those the one that lives longest."""
    if job.completed_at is None or other.completed_at is None:
        return other.completed_at is None and job.completed_at is not None
    return job.completed_at > other.completed_at


def _pages(store: ColdStore, vault_name: str) -> Iterator[Sequence[JobDescription]]:
    marker = None
    while True:
        page = store.list_jobs(vault_name, marker=marker)
        yield page.items
        marker = page.marker
        if not marker:
            return
