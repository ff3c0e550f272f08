"""The outbox: every notice is delivered at least once, or given up after 24 hours of trying (reliability R9).

A notice is claimed for some minutes, delivered, and marked. If the process dies in between, the claim ends by itself
and the notice is delivered again: it may come twice, and is never lost. Several processes share the work without
waiting for each other. A notice that fails waits, longer each time. What one notice to a topic meets, the others of
its batch are spared from trying: the endpoint is down for all of them.
"""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from random import SystemRandom
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from coldframe.clock import format_moment
from coldframe.ports import NoticeState
from coldframe.ports.notices import NoRoute, NotDelivered, Notice, Undeliverable
from coldframe.service.core import DAY_MS
from coldframe.service.ids import Kind, encode_id
from coldframe.service.jobs import describe_ended
from coldframe.service.notices import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coldframe.model import JobDescription
    from coldframe.ports import Changes, Facts, NoticeRow
    from coldframe.ports.notices import Notifier
    from coldframe.service.core import Core

TRIED_MS = DAY_MS
"""For how long after the end of its job a notice is tried again: as long as the job can be asked for."""
CLAIM_MS = 3 * 60_000
"""How long nobody else takes a notice that somebody delivers."""
BATCH = 16
FIRST_WAIT_MS = 5_000
LONGEST_WAIT_MS = 15 * 60_000
_ROUND_SECONDS = 60.0
_MOST_DOUBLINGS = 16
_RANDOM = SystemRandom()
_NAMESPACE = UUID("6f1c9a0e-2d0b-4f1e-9a53-3c0f5a1d7b42")


def log_line(line: str) -> None:
    """Hand a line to Python's logging, under the name `coldframe.outbox`."""
    logging.getLogger("coldframe.outbox").warning("%s", line)


@dataclass(frozen=True, slots=True)
class OutboxPorts:
    """What an outbox works with.

    Attributes:
        notifier: Delivers.
        message: The text that tells of a job: the protocol's JSON.
        count: Hears of each attempt how the notice stands after it, and of each notice that is given up untried.
        log: Takes one JSON line for each notice that fails for the first time, and for each that fails for good.
        chance: A number from 0 to 1, so that notices that failed together do not come back together.
    """

    notifier: Notifier
    message: Callable[[JobDescription], str]
    count: Callable[[NoticeState], None] = lambda _: None
    log: Callable[[str], None] = log_line
    chance: Callable[[], float] = _RANDOM.random


class ServiceOutbox:
    """Implements `ports.notices.Outbox` over one store.

    Args:
        core: The store.
        ports: What it works with.
    """

    def __init__(self, core: Core, ports: OutboxPorts) -> None:
        """Keep the arguments."""
        self._core = core
        self._ports = ports

    def is_due(self) -> bool:
        """Whether a job has ended that is not settled, or a notice is to be tried."""

        def act(facts: Facts, now_ms: int) -> bool:
            next_ms = facts.next_notice_ms()
            return next_ms is not None and next_ms <= now_ms

        return self._core.read(act)

    def deliver(self, *, is_over: Callable[[], bool] = lambda: False) -> int:
        """Try a batch of what is due, its topics at once."""
        topics: dict[str, list[NoticeRow]] = {}
        for row in self._core.write(_take):
            topics.setdefault(row.topic, []).append(row)
        if len(topics) <= 1:
            return sum(self._deliver_to_topic(rows, is_over) for rows in topics.values())
        with ThreadPoolExecutor(len(topics), thread_name_prefix="coldframe-outbox") as threads:
            return sum(threads.map(lambda rows: self._deliver_to_topic(rows, is_over), topics.values()))

    def _deliver_to_topic(self, rows: Sequence[NoticeRow], is_over: Callable[[], bool]) -> int:
        """Deliver one after the other, until the first that does not get through, or the time is over."""
        delivered = 0
        until = self._core.clock.monotonic() + _ROUND_SECONDS
        for at, row in enumerate(rows):
            if is_over() or self._core.clock.monotonic() > until:
                self._mark(rows[at:], lambda row, now_ms: replace(row, next_ms=now_ms))
                break
            trouble = self._try(row)
            if trouble is None:
                self._mark([row], lambda row, _: replace(row, state=NoticeState.DELIVERED))
                self._ports.count(NoticeState.DELIVERED)
                delivered += 1
            elif isinstance(trouble, Undeliverable):
                self._mark([row], lambda row, _: replace(row, state=NoticeState.UNDELIVERABLE))
                self._ports.count(NoticeState.UNDELIVERABLE)
                self._report(row, NoticeState.UNDELIVERABLE, trouble)
            else:
                self._postpone(rows[at:], trouble)
                break
        return delivered

    def _try(self, row: NoticeRow) -> NotDelivered | None:
        """Deliver a notice, or tell why not."""
        try:
            job = describe_ended(self._core, row.job)
            if job is None:
                return None  # a sweep has forgotten the job, and the notice with it
            message_id = str(uuid5(_NAMESPACE, f"{job.job_id} {row.topic}"))
            self._ports.notifier.deliver(Notice(message_id, row.topic, self._ports.message(job)))
        except NotDelivered as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not keep other notices from being tried
            return NotDelivered(f"{type(error).__name__}: {error}")
        return None

    def _postpone(self, rows: Sequence[NoticeRow], trouble: NotDelivered) -> None:
        """Let the notice that failed wait, and those behind it; give up those whose time is over."""
        chance = self._ports.chance
        marked = self._mark(rows, lambda row, now_ms: after_failure(row, now_ms, chance=chance()))
        for number, row in enumerate(marked):
            if number == 0 or row.state is NoticeState.GIVEN_UP:
                self._ports.count(row.state)
            if row.state is NoticeState.GIVEN_UP or (number == 0 and row.attempts == 1):
                self._report(row, row.state, trouble)

    def _mark(self, rows: Sequence[NoticeRow], change: Callable[[NoticeRow, int], NoticeRow]) -> list[NoticeRow]:
        """Change rows, each only while the claim to it lasts, and answer what they are to be."""

        def act(changes: Changes, now_ms: int) -> list[NoticeRow]:
            changed = [change(row, now_ms) for row in rows]
            for row, taken in zip(changed, rows, strict=True):
                changes.update_notice(row, taken=taken)
            return changed

        return self._core.write(act)

    def _report(self, row: NoticeRow, state: NoticeState, trouble: NotDelivered) -> None:
        """One JSON line; what has no route was logged where that was found."""
        if isinstance(trouble, NoRoute):
            return
        line = {
            "at": format_moment(self._core.clock.now()),
            "event": "notification failed",
            "state": state.value,
            "account_id": self._core.account_id,
            "job_id": encode_id(Kind.JOB, row.job),
            "sns_topic": row.topic,
            "attempts": row.attempts,
            "message": str(trouble),
        }
        self._ports.log(json.dumps(line))


def after_failure(row: NoticeRow, now_ms: int, *, chance: float) -> NoticeRow:
    """A notice after it has failed: it waits twice as long as before, half of that by chance, or is given up.

    The last attempt is made 24 hours after the end of its job; one that was never tried before then has one attempt.
    """
    row = replace(row, attempts=row.attempts + 1)
    last_ms = row.ended_ms + TRIED_MS
    if now_ms >= last_ms:
        return replace(row, state=NoticeState.GIVEN_UP)
    wait_ms = min(FIRST_WAIT_MS << min(row.attempts - 1, _MOST_DOUBLINGS), LONGEST_WAIT_MS)
    return replace(row, next_ms=min(last_ms, now_ms + round(wait_ms * (1 + chance) / 2)))


def _take(changes: Changes, now_ms: int) -> list[NoticeRow]:
    """Settle jobs that have ended, then claim notices, in one transaction."""
    settle(changes, now_ms, limit=BATCH)
    return changes.take_notices(now_ms, until_ms=now_ms + CLAIM_MS, limit=BATCH)
