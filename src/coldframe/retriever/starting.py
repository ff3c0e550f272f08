"""Starting the jobs that are missing: within the agreed price, the user's line, and what the store lets through.

A job is counted as asked for before the request is sent; whether a request whose answer was lost has arrived, the next
listing tells (`jobs`).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from math import inf
from threading import Lock
from typing import TYPE_CHECKING

from coldframe.catalog.order_model import WantedChange, WantedState
from coldframe.clock import EPOCH
from coldframe.errors import (
    InsufficientCapacity,
    InvalidParameterValue,
    LimitExceeded,
    PolicyEnforced,
    RequestTimeout,
    ResourceNotFound,
    ServiceUnavailable,
    StoreError,
    StoreUnreachable,
    Throttled,
)
from coldframe.model import ArchiveRetrieval
from coldframe.ports import takes_together
from coldframe.progress import Noted
from coldframe.quantities import count, format_size
from coldframe.retriever.allowance import Purse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from coldframe.catalog.order_model import Order, Wanted
    from coldframe.catalog.orders import Orders
    from coldframe.ports import ColdStore
    from coldframe.progress import Observer
    from coldframe.retriever.allowance import Room
    from coldframe.retriever.pace import Stop
    from coldframe.retriever.pricing import Pricing

HELD = "the job has expired, and asking again would cost more than was agreed"
_LATER = (InsufficientCapacity, LimitExceeded, PolicyEnforced, RequestTimeout, ServiceUnavailable, Throttled)
_MOST_REFUSALS = 3
"""After so many in a row nothing more is asked of the store in this round."""
_MOST_OF_POLICY = 10
"""After so many refusals of the account's policy in a round, whatever their order, the sizes that are tried halve."""
_BATCH = 200


class Why(Enum):
    """Why an order waits."""

    ROOM = auto()
    POLICY = auto()


class Starter:
    """Starts the jobs that are missing.

    Args:
        store: Where to start them.
        orders: Where it is recorded.
        pricing: What a job costs.
        observer: Is told what happens.
        stop: After the first request no more are started.
        threads: How many to start side by side.
        told: Why which orders wait, as far as it was told; kept by whoever carries them on for longer than a round.
    """

    def __init__(  # noqa: PLR0913 - two things it works on; the rest are settings
        self,
        store: ColdStore,
        orders: Orders,
        *,
        pricing: Pricing,
        observer: Observer,
        stop: Stop,
        threads: int,
        told: set[tuple[int, Why]],
    ) -> None:
        """Store the arguments."""
        self._store = store
        self._orders = orders
        self._pricing = pricing
        self._observer = observer
        self._stop = stop
        self._threads = threads
        self._refusals = self._policy_refusals = 0
        self._beyond = inf
        self._now = EPOCH
        self._lock = Lock()
        self._told = told
        self.failed: list[WantedChange] = []
        self.is_held_back = False

    def start(self, order: Order, room: Room, now: datetime, *, leave_out: set[int]) -> int:
        """Start a job for whatever is wanted, but for the rows in `leave_out`; answer how many were started.

        What the store refuses for good is closed, and is in `failed` then. `is_held_back` tells whether `room` was too
        small for the rest. What has expired and costs more than was agreed is held.
        """
        self._refusals, self.failed, self.is_held_back, self._now = 0, [], False, now
        self._beyond, self._policy_refusals = inf, 0
        purse = Purse(order, self._orders, self._pricing)
        wanted = (w for w in self._orders.wanted(order.number, WantedState.WANTED) if w.row not in leave_out)
        started = 0
        with ThreadPoolExecutor(self._threads, thread_name_prefix="start") as pool:
            try:
                while not (self._is_refused() or self._stop.soon) and (batch := self._pick(wanted, purse, room)):
                    started += self._start_all(order, batch, pool)
            finally:
                self._refusals = _MOST_REFUSALS  # whatever has interrupted this: start no more
        if self.is_held_back:
            self._tell_held_back(order, room)
        return started

    # --- which --------------------------------------------------------------------------------------------------------

    def _pick(self, wanted: Iterator[Wanted], purse: Purse, room: Room) -> list[Wanted]:
        """Some of what is wanted, for which there is room and money; what there is no money for is held."""
        picked: list[Wanted] = []
        again: list[int] = []
        held: list[int] = []
        for each in wanted if not self.is_held_back else ():
            if self._is_beyond(each):
                continue
            is_again = each.asked >= each.agreed
            if is_again and not purse.pay(each):
                held.append(each.row)
                continue
            if not room.take(each):
                self.is_held_back = True
                break
            picked.append(each)
            if is_again:
                again.append(each.row)
            if len(picked) == _BATCH:
                break
        if held:
            self._orders.asking.hold(held, HELD)
        self._orders.asking.agree(again)
        return picked

    # --- asking -------------------------------------------------------------------------------------------------------

    def _start_all(self, order: Order, batch: list[Wanted], pool: ThreadPoolExecutor) -> int:
        """Ask for all, counted beforehand; what certainly did not become a job is not counted any more."""
        self._orders.asking.begin([each.row for each in batch], self._now)
        if self._start_together(order, batch):
            return len(batch)
        answers = list(pool.map(lambda it: self._start(order, it), batch))
        self._orders.asking.withdraw([each.row for each, answer in zip(batch, answers, strict=True) if answer is False])
        return sum(answer is True for answer in answers)

    def _start_together(self, order: Order, batch: list[Wanted]) -> bool:
        """Whether the store took them all in one act. If not, each hears by itself what is wrong with it.

        Only a store in this process does, which asks nothing for a job: one that was begun although the act failed
        costs nothing, and the next listing finds it.
        """
        store, vaults = self._store, {each.vault_name for each in batch}
        if not takes_together(store) or len(vaults) != 1:
            return False
        try:
            job_ids = store.initiate_jobs(vaults.pop(), [_request(order, each) for each in batch])
        except StoreError:
            return False
        self._orders.started({each.row: job_id for each, job_id in zip(batch, job_ids, strict=True)})
        self._refusals = 0
        return True

    def _start(self, order: Order, wanted: Wanted) -> bool | None:
        """Whether a job was started; None if nobody knows."""
        if self._is_refused() or self._is_beyond(wanted) or self._stop.soon:
            return False
        try:
            job_id = self._store.initiate_job(wanted.vault_name, _request(order, wanted))
        except _LATER as error:
            self._refuse(order, wanted, error)
            return None if isinstance(error, RequestTimeout | StoreUnreachable) else False
        except (ResourceNotFound, InvalidParameterValue) as error:
            self._fail(wanted, f"the store does not have it: {error}")
            return False
        self._orders.started({wanted.row: job_id})
        self._refusals = 0
        return True

    def _is_refused(self) -> bool:
        return self._refusals >= _MOST_REFUSALS

    def _is_beyond(self, wanted: Wanted) -> bool:
        """Whether the account's policy would refuse it as well: it has refused one that is no larger."""
        return self._beyond < inf and (wanted.size is None or wanted.size >= self._beyond)

    def _refuse(self, order: Order, wanted: Wanted, error: Exception) -> None:
        """The store cannot now. What the account's policy refuses, it refuses of all that is no smaller.

        Smaller ones are asked for all the same, so that an archive which the policy never lets through does not keep
        the others from coming. After some refusals only what is half as large is tried, so that a round has few.
        """
        is_policy = isinstance(error, PolicyEnforced)
        with self._lock:
            if is_policy:
                self._policy_refusals += 1
                size = wanted.size or 0
                self._beyond = min(self._beyond, size if self._policy_refusals < _MOST_OF_POLICY else size // 2)
            else:
                self._refusals += 1
        if is_policy:
            self._tell(
                order,
                Why.POLICY,
                f"the account's data retrieval policy lets no more {order.tier} retrievals "
                "through now; they are asked for again. `coldframe retrieval-policy show` tells the policy",
            )
        else:
            self._observer(Noted(f"{wanted.description}: {error}; it is asked for again later"))

    def _fail(self, wanted: Wanted, why: str) -> None:
        change = WantedChange(wanted.row, WantedState.FAILED, detail=why)
        self._orders.change([change])
        with self._lock:
            self.failed.append(change)

    # --- telling ------------------------------------------------------------------------------------------------------

    def _tell_held_back(self, order: Order, room: Room) -> None:
        waiting = self._orders.count_wanted(order.number, WantedState.WANTED)
        self._tell(
            order,
            Why.ROOM,
            f"{count(waiting, 'job waits', 'jobs wait')} until others are downloaded: an output "
            f"lives for 24 hours, and your line is taken to bring {format_size(room.size)} in that time",
        )

    def _tell(self, order: Order, why: Why, text: str) -> None:
        """Say why an order waits, once, and not in every round."""
        with self._lock:
            is_new = (order.number, why) not in self._told
            self._told.add((order.number, why))
        if is_new:
            self._observer(Noted(f"order {order.number}: {text}"))


def _request(order: Order, wanted: Wanted) -> ArchiveRetrieval:
    return ArchiveRetrieval(wanted.archive_id, wanted.range, order.tier, wanted.description)
