"""The ledger port's facts about who is told that a job has ended; `ports.ledger` takes them in.

An ending is a job that is yet to end. A notice is one message about a job that has ended, to one topic. Both belong to
their job and go when it is forgotten. What becomes of them, the service says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class NoticeState(StrEnum):
    """How far a notice is.

    `waiting` to be delivered, `delivered`, `given up` after 24 hours of trying, or `undeliverable`: trying again would
    change nothing.
    """

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given up"
    UNDELIVERABLE = "undeliverable"


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A message about the end of `job`, to the topic of that ARN.

    `next_ms` is when it is tried next, or, while somebody tries, the end of that claim to it. `attempts` counts
    failures.
    """

    job: bytes
    topic: str
    ended_ms: int
    next_ms: int
    attempts: int = 0
    state: NoticeState = NoticeState.WAITING


class OutboxFacts(Protocol):
    """What can be read."""

    def ended_jobs(self, now_ms: int, *, limit: int) -> list[bytes]:
        """The keys of jobs whose ending is due at a moment, the first ended first."""
        ...

    def notices(self, job: bytes) -> list[NoticeRow]:
        """The notices of a job, in the order of their topics."""
        ...

    def next_notice_ms(self) -> int | None:
        """When there is something to do: the first ending, or the first notice that waits. None without any."""
        ...


class OutboxChanges(Protocol):
    """What can be changed."""

    def add_ending(self, job: bytes, due_ms: int) -> None:
        """Remember that a job is yet to end. It ends earlier when its archive is deleted."""
        ...

    def drop_ending(self, job: bytes) -> None:
        """Forget that a job is yet to end, if it was."""
        ...

    def add_notice(self, notice: NoticeRow) -> None:
        """Add a notice; its job has no other to the same topic."""
        ...

    def take_notices(self, now_ms: int, *, until_ms: int, limit: int) -> list[NoticeRow]:
        """Claim notices that wait and are due, and answer them as they are then: nobody else gets them before."""
        ...

    def update_notice(self, notice: NoticeRow, *, taken: NoticeRow) -> bool:
        """Replace a notice that was taken; answers whether it still was as it had been taken, and so was replaced."""
        ...
