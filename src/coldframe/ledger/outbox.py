"""Endings and notices in SQL."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from coldframe.ports.outbox import NoticeRow, NoticeState

if TYPE_CHECKING:
    from typing import Any

    import apsw

    Columns = tuple[Any, ...]

_ENDED = "SELECT job FROM ending WHERE due_ms <= ? ORDER BY due_ms LIMIT ?"
_NOTICES = "SELECT job, topic, ended_ms, next_ms, attempts, state FROM notice WHERE job = ? ORDER BY topic"
_NEXT = """
SELECT min(moment) FROM (
    SELECT min(due_ms) AS moment FROM ending
    UNION ALL
    SELECT min(next_ms) FROM notice WHERE state = 'waiting'
)
"""
_ADD_ENDING = "INSERT INTO ending (job, due_ms) VALUES (?, ?)"
_ADD_NOTICE = """
INSERT INTO notice (job, topic, ended_ms, next_ms, attempts, state)
VALUES (:job, :topic, :ended_ms, :next_ms, :attempts, :state)
"""
_TAKE = """
UPDATE notice SET next_ms = :until
WHERE (job, topic) IN (
    SELECT job, topic FROM notice WHERE state = 'waiting' AND next_ms <= :now ORDER BY next_ms LIMIT :limit
)
RETURNING job, topic, ended_ms, next_ms, attempts, state
"""
_UPDATE = """
UPDATE notice SET next_ms = :next_ms, attempts = :attempts, state = :state
WHERE job = :job AND topic = :topic AND state = 'waiting' AND next_ms = :taken_ms
"""


class SqliteOutboxFacts:
    """Implements `ports.outbox.OutboxFacts` on a connection that is inside a transaction."""

    _connection: apsw.Connection

    def ended_jobs(self, now_ms: int, *, limit: int) -> list[bytes]:
        """The keys of jobs whose ending is due."""
        return [bytes(key) for (key,) in self._connection.execute(_ENDED, (now_ms, limit))]

    def notices(self, job: bytes) -> list[NoticeRow]:
        """The notices of a job."""
        return [_row(columns) for columns in self._connection.execute(_NOTICES, (job,))]

    def next_notice_ms(self) -> int | None:
        """When there is something to do."""
        found = self._connection.execute(_NEXT).get
        return None if found is None else int(found)


class SqliteOutboxChanges:
    """Implements `ports.outbox.OutboxChanges`."""

    _connection: apsw.Connection

    def add_ending(self, job: bytes, due_ms: int) -> None:
        """Remember that a job is yet to end."""
        self._connection.execute(_ADD_ENDING, (job, due_ms))

    def drop_ending(self, job: bytes) -> None:
        """Forget that a job is yet to end."""
        self._connection.execute("DELETE FROM ending WHERE job = ?", (job,))

    def add_notice(self, notice: NoticeRow) -> None:
        """Add a notice."""
        self._connection.execute(_ADD_NOTICE, asdict(notice))

    def take_notices(self, now_ms: int, *, until_ms: int, limit: int) -> list[NoticeRow]:
        """Claim notices that wait and are due."""
        wanted = {"now": now_ms, "until": until_ms, "limit": limit}
        taken = [_row(columns) for columns in self._connection.execute(_TAKE, wanted)]
        return sorted(taken, key=lambda notice: (notice.ended_ms, notice.job))  # RETURNING knows no order

    def update_notice(self, notice: NoticeRow, *, taken: NoticeRow) -> bool:
        """Replace a notice that is still as it was taken."""
        self._connection.execute(_UPDATE, {**asdict(notice), "taken_ms": taken.next_ms})
        return self._connection.changes() > 0


def _row(columns: Columns) -> NoticeRow:
    job, topic, ended_ms, next_ms, attempts, state = columns
    return NoticeRow(job, topic, ended_ms, next_ms, attempts, NoticeState(state))
