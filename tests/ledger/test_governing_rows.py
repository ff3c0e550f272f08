"""Rows that govern go in and come out as they were, and a complete lock never goes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import apsw
import pytest

from coldframe.errors import ServiceUnavailable
from coldframe.ledger.connection import SCHEMA
from coldframe.model import Action, Tier
from coldframe.ports import ArchiveRow, CapacityRow, JobRow, LockRow
from coldframe.ports.admin import DataRetrievalPolicy, RetrievalStrategy, VaultEvent, VaultNotifications

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.ledger import SqliteLedger
    from coldframe.ports import Changes, Facts

_LOCK = LockRow(1, "A" * 24, "arn:v", '{"Statement": []}', created_ms=5, expires_ms=10)
_COMPLETE = replace(_LOCK, expires_ms=None)


@pytest.fixture
def vaults(ledger: SqliteLedger) -> SqliteLedger:
    """A ledger with the vaults 1 and 2."""

    def act(changes: Changes) -> None:
        changes.add_vault("v", 5)
        changes.add_vault("w", 5)

    ledger.write(act)
    return ledger


def test_what_governs_a_vault_comes_back(vaults: SqliteLedger) -> None:
    """Tags, access policy, notifications, and a lock in progress: each of its own vault, replaced, and dropped."""
    notices = VaultNotifications("arn:aws:sns:local:000000000000:t", tuple(VaultEvent))

    def fill(changes: Changes) -> None:
        for vault, text in ((1, "old"), (2, "other"), (1, "new")):
            changes.put_tag(vault, "key", text)
            changes.set_access_policy(vault, text)
            changes.set_notifications(vault, replace(notices, events=notices.events[:1]))
        changes.put_tag(1, "second", "")
        changes.set_notifications(1, notices)
        changes.add_lock(_LOCK)

    def look(facts: Facts, vault: int) -> tuple[object, ...]:
        return facts.tags(vault), facts.access_policy(vault), facts.notifications(vault), facts.lock(vault)

    vaults.write(fill)
    other = ({"key": "other"}, "other", replace(notices, events=notices.events[:1]), None)
    assert vaults.read(lambda facts: look(facts, 1)) == ({"key": "new", "second": ""}, "new", notices, _LOCK)
    assert vaults.read(lambda facts: look(facts, 2)) == other
    vaults.write(lambda changes: changes.drop_tag(1, "key"))
    assert vaults.read(lambda facts: facts.tags(1)) == {"second": ""}
    vaults.write(lambda changes: changes.drop_governing(1))
    assert vaults.read(lambda facts: look(facts, 1)) == ({}, None, None, None)
    assert vaults.read(lambda facts: look(facts, 2)) == other


def test_account_limits_come_back(ledger: SqliteLedger) -> None:
    """The retrieval policy, none at first; and of the units those that are valid at a moment."""
    assert ledger.read(lambda facts: facts.retrieval_policy()) == DataRetrievalPolicy()
    for policy in (
        DataRetrievalPolicy(RetrievalStrategy.BYTES_PER_HOUR, 2**63 - 1),
        DataRetrievalPolicy(RetrievalStrategy.FREE_TIER),
    ):
        ledger.write(lambda changes, policy=policy: changes.set_retrieval_policy(policy))  # type: ignore[misc]
        assert ledger.read(lambda facts: facts.retrieval_policy()) == policy
    units = [CapacityRow("b", 1, 10), CapacityRow("a", 2, 11)]
    for unit in units:
        ledger.write(lambda changes, unit=unit: changes.add_capacity(unit))  # type: ignore[misc]
    assert ledger.read(lambda facts: facts.capacity(9)) == units
    assert ledger.read(lambda facts: facts.capacity(10)) == units[1:]


def test_standard_jobs_are_added_up(vaults: SqliteLedger) -> None:
    """Those in progress, and those since a moment; other tiers, inventories and failures run for nothing."""
    job = JobRow(b"0" * 16, 1, Action.ARCHIVE_RETRIEVAL, 10, 20, archive=b"a" * 16, start=5, end=12, tier=Tier.STANDARD)

    def fill(changes: Changes) -> None:
        changes.add_archive(ArchiveRow(b"a" * 16, 1, 1, 1, 99, "00" * 32, ""))
        changes.add_archive(ArchiveRow(b"b" * 16, 1, 2, 2, 99, "00" * 32, ""))
        changes.add_job(job)
        changes.add_job(replace(job, key=b"1" * 16, created_ms=11, ready_ms=30))
        changes.add_job(replace(job, key=b"2" * 16, tier=Tier.BULK, ready_ms=99))
        changes.add_job(JobRow(b"3" * 16, 1, Action.INVENTORY_RETRIEVAL, 10, 99))
        changes.add_job(replace(job, key=b"4" * 16, archive=b"b" * 16, end=1000, created_ms=9, ready_ms=99))
        changes.delete_archive(b"b" * 16, now_ms=12, change=3)

    vaults.write(fill)
    assert [vaults.read(lambda facts, at=at: facts.standard_bytes_running(at)) for at in (19, 20, 30)] == [14, 7, 0]  # type: ignore[misc]
    assert [vaults.read(lambda facts, at=at: facts.standard_bytes_since(at)) for at in (9, 10, 11, 12)] == [  # type: ignore[misc]
        1009,
        14,
        7,
        0,
    ]


def _drop_bluntly(changes: Changes) -> None:
    changes._connection.execute("DELETE FROM vault_lock")  # type: ignore[attr-defined]  # as no code of ours does


def _reopen_bluntly(changes: Changes) -> None:
    changes._connection.execute("UPDATE vault_lock SET policy = 'x', expires_ms = 1")  # type: ignore[attr-defined]  # as above


@pytest.mark.parametrize("act", [_drop_bluntly, _reopen_bluntly, lambda changes: changes.add_lock(_LOCK)])
def test_complete_lock_withstands(vaults: SqliteLedger, act: Callable[[Changes], None]) -> None:
    """The ledger refuses to change, delete or replace a complete lock, whoever asks it to."""
    vaults.write(lambda changes: changes.add_lock(_LOCK))
    vaults.write(lambda changes: changes.complete_lock(1))
    with pytest.raises(ServiceUnavailable):
        vaults.write(act)
    vaults.write(lambda changes: changes.drop_governing(1))
    assert vaults.read(lambda facts: facts.lock(1)) == _COMPLETE


def test_ledger_of_the_first_version_is_brought_up(
    ledger_path: str, open_one: Callable[..., SqliteLedger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger that was made before vaults were governed keeps its vaults, and takes tags."""
    with monkeypatch.context() as patch:
        patch.setattr("coldframe.ledger.ledger.SCHEMA", replace(SCHEMA, scripts=SCHEMA.scripts[:1]))
        old = open_one()
        old.write(lambda changes: changes.add_vault("v", 5))
        with pytest.raises(apsw.SQLError):
            old._writer.connection.execute("SELECT * FROM tag")
        old.close()
    new = open_one()
    new.write(lambda changes: changes.put_tag(1, "key", "value"))
    assert new.read(lambda facts: facts.tags(1)) == {"key": "value"}
