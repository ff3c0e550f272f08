"""Endings and notices go in and come out as they were, are taken by one at a time, and go with their job."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coldframe.ledger.connection import SCHEMA
from coldframe.model import Action, Tier
from coldframe.ports import ArchiveRow, JobRow, NoticeRow, NoticeState

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.ledger import SqliteLedger
    from coldframe.ports import Changes

_ARCHIVE = ArchiveRow(b"a" * 16, 1, created_ms=5, created_change=1, size=7, tree_hash="00" * 32, description="")


def _job(letter: bytes, *, ready_ms: int = 100) -> JobRow:
    return JobRow(
        letter * 16, 1, Action.ARCHIVE_RETRIEVAL, 10, ready_ms, archive=_ARCHIVE.key, start=0, end=7, tier=Tier.BULK
    )


def _notice(letter: bytes, next_ms: int, topic: str = "t") -> NoticeRow:
    return NoticeRow(letter * 16, topic, ended_ms=100, next_ms=next_ms)


@pytest.fixture
def jobs(ledger: SqliteLedger) -> SqliteLedger:
    """A ledger with the jobs x, y and z, for one archive."""

    def act(changes: Changes) -> None:
        changes.add_vault("v", 5)
        changes.add_archive(_ARCHIVE)
        for letter in (b"x", b"y", b"z"):
            changes.add_job(_job(letter))

    ledger.write(act)
    return ledger


def test_endings_come_in_the_order_of_their_moments(jobs: SqliteLedger) -> None:
    """What is due at a moment, not before, and not after it was dropped."""

    def act(changes: Changes) -> None:
        for letter, due_ms in ((b"x", 30), (b"y", 20), (b"z", 31)):
            changes.add_ending(letter * 16, due_ms)

    jobs.write(act)
    assert jobs.read(lambda facts: facts.next_notice_ms()) == 20
    assert jobs.read(lambda facts: facts.ended_jobs(19, limit=9)) == []
    assert jobs.read(lambda facts: facts.ended_jobs(30, limit=9)) == [b"y" * 16, b"x" * 16]
    assert jobs.read(lambda facts: facts.ended_jobs(99, limit=1)) == [b"y" * 16]
    jobs.write(lambda changes: changes.drop_ending(b"y" * 16))
    assert jobs.read(lambda facts: facts.next_notice_ms()) == 30


def test_deleted_archive_ends_its_jobs_now(jobs: SqliteLedger) -> None:
    """Jobs that fail end at that moment; one that was ready before has its own end."""
    jobs.write(lambda changes: changes.add_job(_job(b"r", ready_ms=40)))
    jobs.write(lambda changes: changes.add_ending(b"x" * 16, 100))
    jobs.write(lambda changes: changes.add_ending(b"r" * 16, 40))
    jobs.write(lambda changes: changes.delete_archive(_ARCHIVE.key, now_ms=50, change=2))
    assert jobs.read(lambda facts: facts.ended_jobs(50, limit=9)) == [b"r" * 16, b"x" * 16]


def test_notice_is_taken_by_one_at_a_time(jobs: SqliteLedger) -> None:
    """A claim lasts until its end; only whoever holds it may change the notice."""
    for row in (_notice(b"x", 10), _notice(b"x", 10, "u"), _notice(b"y", 60)):
        jobs.write(lambda changes, row=row: changes.add_notice(row))  # type: ignore[misc]
    assert jobs.read(lambda facts: facts.notices(b"x" * 16)) == [_notice(b"x", 10), _notice(b"x", 10, "u")]
    first = jobs.write(lambda changes: changes.take_notices(10, until_ms=50, limit=9))
    assert first == [_notice(b"x", 50), _notice(b"x", 50, "u")]
    assert jobs.write(lambda changes: changes.take_notices(49, until_ms=89, limit=9)) == []
    second = jobs.write(lambda changes: changes.take_notices(50, until_ms=90, limit=1))
    assert [row.next_ms for row in second] == [90]
    loser, winner = next(row for row in first if row.topic == second[0].topic), second[0]
    done = replace(winner, state=NoticeState.DELIVERED, attempts=3)
    assert not jobs.write(lambda changes: changes.update_notice(done, taken=loser))
    assert jobs.write(lambda changes: changes.update_notice(done, taken=winner))
    assert not jobs.write(lambda changes: changes.update_notice(done, taken=winner))
    assert done in jobs.read(lambda facts: facts.notices(b"x" * 16))
    assert jobs.read(lambda facts: facts.next_notice_ms()) == 50


def test_endings_and_notices_go_with_their_job(jobs: SqliteLedger) -> None:
    """A forgotten job leaves nothing."""
    jobs.write(lambda changes: changes.add_ending(b"x" * 16, 10))
    jobs.write(lambda changes: changes.add_notice(_notice(b"x", 10)))
    jobs.write(lambda changes: changes.drop_job(b"x" * 16))
    assert jobs.read(lambda facts: (facts.next_notice_ms(), facts.notices(b"x" * 16))) == (None, [])


def test_jobs_of_an_older_ledger_are_told_of(
    open_one: Callable[..., SqliteLedger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that runs while its ledger is brought to the present shape has an ending; one that is over has none."""
    with monkeypatch.context() as patch:
        patch.setattr("coldframe.ledger.ledger.SCHEMA", replace(SCHEMA, scripts=SCHEMA.scripts[:3]))
        old = open_one()

        def act(changes: Changes) -> None:
            changes.raise_floor(50)
            changes.add_vault("v", 5)
            changes.add_archive(_ARCHIVE)
            changes.add_job(_job(b"x"))
            changes.add_job(_job(b"y", ready_ms=50))

        old.write(act)
    assert open_one().read(lambda facts: facts.ended_jobs(999, limit=9)) == [b"x" * 16]
