"""Jobs at the store: recognised, started once, looked after by one listing per vault and round.

Starting a job and recording its ID are two steps. A crash between them leaves a job that nobody knows; so before any
job is started a complete listing of the vault is searched for one that retrieves the same bytes: one that we started,
or one that was started elsewhere with a file name as its description.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.catalog.order_model import WantedChange, WantedState
from coldframe.errors import ResourceNotFound
from coldframe.model import Action, ByteRange, JobStatus, Tier
from coldframe.progress import Noted
from coldframe.quantities import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from coldframe.catalog.order_model import Order, Wanted
    from coldframe.catalog.orders import Orders
    from coldframe.model import JobDescription
    from coldframe.ports import ColdStore
    from coldframe.progress import Observer

_SPEED = {Tier.BULK: 0, Tier.STANDARD: 1, Tier.EXPEDITED: 2}
_WAITING = frozenset({WantedState.WANTED, WantedState.HELD})


class Listing:
    """One look at all jobs of the orders' vaults, and what follows from it.

    Args:
        store: Where the jobs are.
        orders: Where it is recorded.
        open_orders: The orders to look after, by their numbers.
        observer: Is told what happens.
        now: The present moment.
    """

    def __init__(
        self, store: ColdStore, orders: Orders, open_orders: dict[int, Order], *, observer: Observer, now: datetime
    ) -> None:
        """Store the arguments."""
        self._store = store
        self._orders = orders
        self._open = open_orders
        self._observer = observer
        self._now = now
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
                    self._take(vault_name, page)
            except ResourceNotFound as error:
                self._lose(vault_name, f"its vault is not there: {error}")
        self._adopt()
        self._orders.asking.settle(list(self._open), self._now)
        self._miss()

    def _record(self, changes: Sequence[WantedChange]) -> None:
        self._orders.change(changes)
        self.failed += [change for change in changes if change.state is WantedState.FAILED]

    def _lose(self, vault_name: str, why: str) -> None:
        states = (*_WAITING, WantedState.STARTED, WantedState.READY)
        for number in self._open:
            lost = (wanted for wanted in self._orders.wanted(number, *states) if wanted.vault_name == vault_name)
            self._record([WantedChange(wanted.row, WantedState.FAILED, wanted.job_id, why) for wanted in lost])

    def _take(self, vault_name: str, page: Sequence[JobDescription]) -> None:
        by_key: dict[str, list[JobDescription]] = {}
        for job in page:
            if job.action is Action.ARCHIVE_RETRIEVAL and job.archive_id:
                for key in filter(None, (job.archive_id, job.archive_tree_hash)):
                    by_key.setdefault(key, []).append(job)
        changes: list[WantedChange] = []
        for wanted in self._orders.find_wanted(list(self._open), list(by_key)):
            keys = (wanted.archive_id, wanted.tree_hash or "") if wanted.vault_name == vault_name else ()
            jobs = {job.job_id: job for key in keys for job in by_key.get(key, ())}
            for job in jobs.values():
                changes += self._match(wanted, job)
        self._record(changes)

    def _match(self, wanted: Wanted, job: JobDescription) -> list[WantedChange]:
        if wanted.job_id == job.job_id:
            self._seen.add(wanted.row)
            change = progress_of(wanted, job)
            return [change] if change.state is not wanted.state else []
        if wanted.state in _WAITING and offers(job, wanted, self._open[wanted.order_number].tier):
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
            self._observer(Noted(f"{were} started before, here or elsewhere; nothing is asked for twice."))

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
    """Whether a job that we do not know as ours brings what is wanted, and not later than one that we start.

    It need not be of the same archive: one of another that holds the same bytes, and has the file's name as its
    description, was started for the same file.
    """
    is_same = _is_same_archive(job, wanted) and wanted.is_same_range(job.range, job.archive_size)
    is_soon = job.status is JobStatus.SUCCEEDED or job.tier is None or _SPEED[job.tier] >= _SPEED[tier]
    is_right = wanted.tree_hash is None or job.archive_tree_hash in {None, wanted.tree_hash}
    return is_same and is_soon and is_right and job.status is not JobStatus.FAILED


def _is_same_archive(job: JobDescription, wanted: Wanted) -> bool:
    if job.archive_id == wanted.archive_id:
        return True
    is_whole = wanted.range is None and job.range in {None, ByteRange(0, job.archive_size or 0)}
    is_same = wanted.tree_hash is not None and job.archive_tree_hash == wanted.tree_hash
    return is_whole and is_same and job.description == wanted.description


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
