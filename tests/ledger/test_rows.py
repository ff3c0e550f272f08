"""Rows go in and come out as they were, and what is asked of many is found by an index."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldframe.ledger import changes as changes_module
from coldframe.ledger import facts as facts_module
from coldframe.ledger import governing as governing_module
from coldframe.model import Action, InventoryFormat, JobStatus, Tier
from coldframe.ports import ArchiveRow, FindingRow, JobRow, PartRow, ScrubRow, UploadRow, UploadState
from coldframe.service.jobs import KEPT_MS, is_expired, status_of

if TYPE_CHECKING:
    from coldframe.ledger import SqliteLedger
    from coldframe.ports import Changes, Facts, VaultRow

_HASH = "0123456789abcdef" * 4
_ONCE = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def _vault(ledger: SqliteLedger, name: str = "v") -> VaultRow:
    def act(changes: Changes) -> VaultRow:
        if changes.vault(name) is None:
            changes.add_vault(name, 5)
        found = changes.vault(name)
        assert found is not None
        return found

    return ledger.write(act)


def test_vault_row_comes_back(ledger: SqliteLedger) -> None:
    """All counts of a vault."""
    vault = replace(
        _vault(ledger),
        change=7,
        archives=6,
        size=2**45,
        stale_since_ms=8,
        inventory_ms=9,
        inventory_change=4,
        inventory_archives=3,
        inventory_size=2,
    )
    ledger.write(lambda changes: changes.update_vault(vault))
    assert ledger.read(lambda facts: facts.vault("v")) == vault
    assert ledger.read(lambda facts: facts.vault_name(vault.row)) == "v"


def test_archive_row_comes_back(ledger: SqliteLedger) -> None:
    """Live and deleted; its jobs that were not ready fail with it."""
    vault = _vault(ledger).row
    archive = ArchiveRow(_key(1), vault, 10, 1, 2**45, _HASH, 'a "light"')
    waiting = JobRow(_key(2), vault, Action.ARCHIVE_RETRIEVAL, 10, 30, archive=archive.key, start=0, end=5)
    ready = replace(waiting, key=_key(3), ready_ms=20)

    def act(changes: Changes) -> None:
        changes.add_archive(archive)
        changes.add_job(waiting)
        changes.add_job(ready)

    ledger.write(act)
    assert ledger.read(lambda facts: facts.archive(archive.key)) == archive
    assert ledger.read(lambda facts: facts.last_use_ms(archive.key)) == 30
    ledger.write(lambda changes: changes.delete_archive(archive.key, now_ms=20, change=2))
    deleted = replace(archive, deleted_ms=20, deleted_change=2)
    assert ledger.read(lambda facts: facts.archive(archive.key)) == deleted
    assert ledger.read(lambda facts: facts.job(waiting.key)) == replace(waiting, failed_ms=20)
    assert ledger.read(lambda facts: facts.job(ready.key)) == ready
    assert ledger.read(lambda facts: facts.last_use_ms(archive.key)) == 20
    assert ledger.read(lambda facts: facts.deleted_archives(after=b"", limit=5)) == [deleted]
    ledger.write(lambda changes: changes.mark_freed(archive.key))
    assert ledger.read(lambda facts: facts.deleted_archives(after=b"", limit=5)) == []


def test_upload_row_comes_back(ledger: SqliteLedger) -> None:
    """Open, touched, ended, dropped."""
    upload = UploadRow(_key(1), _vault(ledger).row, 10, 10, 2**32, "text")
    ledger.write(lambda changes: changes.add_upload(upload))
    assert ledger.read(lambda facts: facts.upload(upload.key)) == upload
    ledger.write(lambda changes: changes.touch_upload(upload.key, 20))
    ledger.write(lambda changes: changes.end_upload(upload.key, UploadState.COMPLETED, 30))
    ended = replace(upload, active_ms=20, state=UploadState.COMPLETED, ended_ms=30)
    assert ledger.read(lambda facts: facts.uploads_after(b"", limit=5)) == [ended]
    ledger.write(lambda changes: changes.drop_upload(upload.key))
    assert ledger.read(lambda facts: facts.upload(upload.key)) is None


def test_part_rows_come_back(ledger: SqliteLedger) -> None:
    """By owner and place, by blob; replaced, found around a position, dropped some at a time."""
    parts = [PartRow(_key(9), start, 10, _HASH, _key(100 - start)) for start in (0, 10, 20)]
    newer = replace(parts[1], size=7, blob=_key(77))
    for part in [*reversed(parts), newer]:
        ledger.write(lambda changes, part=part: changes.put_part(part))  # type: ignore[misc]
    expected = [parts[0], newer, parts[2]]

    def look(facts: Facts) -> None:
        assert facts.parts(_key(9), first=0, limit=9) == expected
        assert facts.parts(_key(9), first=5, limit=1) == [newer]
        assert facts.part_at(_key(9), 19) == newer
        assert facts.part_at(_key(9), 20) == parts[2]
        assert facts.part_at(_key(8), 5) is None
        assert facts.parts_by_blob(_key(77), limit=9) == [parts[2], parts[0]]
        assert facts.referenced([_key(77), _key(90), _key(100)]) == {_key(77), _key(100)}

    ledger.read(look)
    assert [ledger.write(lambda changes: changes.drop_parts(_key(9), limit=2)) for _ in range(3)] == [2, 1, 0]


def test_job_row_comes_back(ledger: SqliteLedger) -> None:
    """Every field of both kinds of job."""
    vault = _vault(ledger).row
    archive = ArchiveRow(_key(1), vault, 10, 1, 5, _HASH, "")
    retrieval = JobRow(_key(2), vault, Action.ARCHIVE_RETRIEVAL, 10, 20, None, "text", "arn", _key(1), 0, 5, _HASH)
    retrieval = replace(retrieval, tier=Tier.BULK)
    inventory = JobRow(_key(3), vault, Action.INVENTORY_RETRIEVAL, 10, 20, format=InventoryFormat.CSV, from_ms=1)
    inventory = replace(inventory, until_ms=2, item_limit=3, marker="m", snapshot=4, snapshot_ms=5)

    def act(changes: Changes) -> None:
        changes.add_archive(archive)
        changes.add_job(retrieval)
        changes.add_job(inventory)

    ledger.write(act)
    assert ledger.read(lambda facts: facts.jobs_after(b"", limit=9)) == [retrieval, inventory]
    ledger.write(lambda changes: changes.set_output(inventory.key, size=2**40, next_marker="n"))
    written = replace(inventory, output_size=2**40, next_marker="n")
    assert ledger.read(lambda facts: facts.job(inventory.key)) == written
    ledger.write(lambda changes: changes.drop_job(inventory.key))
    assert ledger.read(lambda facts: facts.job(inventory.key)) is None


def test_scrub_rows_come_back(ledger: SqliteLedger) -> None:
    """The place of a scrub and what it found; a finding about the same blob is replaced."""
    assert ledger.read(lambda facts: facts.scrub()) is None
    for scrub in (ScrubRow(5, b""), ScrubRow(5, _key(1), 3, 2**45, 9)):
        ledger.write(lambda changes, scrub=scrub: changes.set_scrub(scrub))  # type: ignore[misc]
        assert ledger.read(lambda facts: facts.scrub()) == scrub
    found = [FindingRow(_key(1), "damaged", "a bit", 5, _key(2)), FindingRow(_key(1), "missing", "all", 6)]
    for finding in found:
        ledger.write(lambda changes, finding=finding: changes.add_finding(finding))  # type: ignore[misc]
    assert ledger.read(lambda facts: facts.findings(after=b"", limit=9)) == [found[1]]
    ledger.write(lambda changes: changes.drop_findings())
    assert ledger.read(lambda facts: facts.findings(after=b"", limit=9)) == []


def test_floor_only_rises(ledger: SqliteLedger) -> None:
    """The latest moment seen is remembered, an earlier one changes nothing."""
    for moment, floor in [(5, 5), (3, 5), (9, 9)]:
        ledger.write(lambda changes, moment=moment: changes.raise_floor(moment))  # type: ignore[misc]
        assert ledger.read(lambda facts: facts.floor_ms()) == floor


def test_retention_time_is_as_it_was_said(ledger: SqliteLedger) -> None:
    """0 before anybody said anything, and then what was said last, later or earlier."""
    assert ledger.read(lambda facts: facts.retention_ms()) == 0
    for moment in (9, 5):
        ledger.write(lambda changes, moment=moment: changes.set_retention(moment))  # type: ignore[misc]
        assert ledger.read(lambda facts: facts.retention_ms()) == moment


@given(
    rows=st.lists(st.tuples(st.integers(0, 40), st.none() | st.integers(0, 40)), min_size=1, max_size=12),
    now=st.integers(0, 60),
    statuses=st.sets(st.sampled_from(JobStatus)),
)
@_ONCE
def test_jobs_are_filtered_as_the_rule_says(
    ledger: SqliteLedger, rows: list[tuple[int, int | None]], now: int, statuses: set[JobStatus]
) -> None:
    """The filter in SQL finds what the rule in Python says of each job, newest first, expired ones left out."""
    hour = KEPT_MS // 24
    vault = _vault(ledger).row
    jobs = [
        JobRow(_key(number + 1), vault, Action.INVENTORY_RETRIEVAL, 0, ready * hour)
        for number, (ready, _) in enumerate(rows)
    ]
    failed = [None if moment is None else moment * hour for _, moment in rows]

    def fill(changes: Changes) -> None:
        connection = changes._connection  # type: ignore[attr-defined]  # no change sets failed_ms of an inventory
        connection.execute("DELETE FROM job")
        for job, failed_ms in zip(jobs, failed, strict=True):
            changes.add_job(job)
            connection.execute("UPDATE job SET failed_ms = ? WHERE key = ?", (failed_ms, job.key))

    ledger.write(fill)
    all_jobs = [replace(job, failed_ms=moment) for job, moment in zip(jobs, failed, strict=True)]
    now_ms = now * hour
    expected = [job for job in all_jobs if status_of(job, now_ms) in statuses and not is_expired(job, now_ms)]
    wanted = {"now_ms": now_ms, "ended_ms": now_ms - KEPT_MS, "statuses": sorted(statuses)}
    found = ledger.read(lambda facts: facts.jobs(vault, first=None, limit=99, **wanted))  # type: ignore[arg-type]
    assert found == expected[::-1]


@given(
    lives=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8)), max_size=10),
    snapshot=st.integers(0, 22),
    after=st.integers(-1, 60),
    until_ms=st.integers(0, 60),
)
@_ONCE
def test_inventory_is_the_state_of_its_change(
    ledger: SqliteLedger, lives: list[tuple[int, int]], snapshot: int, after: int, until_ms: int
) -> None:
    """An inventory holds what was made at or before its change and not deleted by then, in order of creation."""
    vault = _vault(ledger).row
    moment, archives = 0, []
    for number, (pause, life) in enumerate(lives):
        moment += pause
        archive = ArchiveRow(_key(number + 1), vault, moment, number + 1, 5, _HASH, "")
        if life < 8:
            archive = replace(archive, deleted_ms=moment + life, deleted_change=number + 2 + life)
        archives.append(archive)

    def fill(changes: Changes) -> None:
        changes._connection.execute("DELETE FROM archive")  # type: ignore[attr-defined]  # nothing forgets archives
        for archive in archives:
            changes.add_archive(replace(archive, deleted_ms=None, deleted_change=None))
            if archive.deleted_ms is not None and archive.deleted_change is not None:
                changes.delete_archive(archive.key, now_ms=archive.deleted_ms, change=archive.deleted_change)

    ledger.write(fill)
    expected = [
        archive
        for archive in archives
        if archive.created_change <= snapshot
        and (archive.deleted_change is None or archive.deleted_change > snapshot)
        and (archive.created_ms, archive.created_change) > (after, 3)
        and archive.created_ms < until_ms
    ]
    found = ledger.read(
        lambda facts: facts.inventory(vault, snapshot=snapshot, after=(after, 3), until_ms=until_ms, limit=99)
    )
    assert found == expected


def test_no_query_reads_a_whole_table(ledger: SqliteLedger) -> None:
    """Each statement on a table that grows is answered by an index; vaults are 1,000 at most, the rest one row."""
    plans = {}
    for name, sql in _statements():
        rows = ledger._writer.connection.execute(f"EXPLAIN QUERY PLAN {sql}", _Anything()).fetchall()
        plans[name] = [row[3] for row in rows]
    bounded = r"SCAN (?!store|scrub|vault|capacity)"
    scans = {name: plan for name, plan in plans.items() if any(re.match(bounded, str(step)) for step in plan)}
    assert len(plans) > 15
    assert scans == {}


class _Anything(dict[str, int]):
    """Any named value."""

    def __missing__(self, key: str) -> int:
        """One will do."""
        return 1


def _statements() -> list[tuple[str, str]]:
    """Every SQL text of the ledger's modules, the short ones among the code included."""
    found = []
    for module in (facts_module, changes_module, governing_module):
        assert module.__file__ is not None
        with open(module.__file__, encoding="utf-8") as file:
            source = file.read()
        for name, value in vars(module).items():
            if isinstance(value, str) and re.match(r"\s*(SELECT|UPDATE|DELETE)", value) and "WHERE" in value:
                found.append((name, value.replace("%s", "TRUE")))
        for number, match in enumerate(re.finditer(r'"((?:SELECT|UPDATE|DELETE)[^"{}]*WHERE[^"{}]*)"', source)):
            found.append((f"{module.__name__}:{number}", match[1]))
    named = [(name, re.sub(r"\?\d*", ":x", sql)) for name, sql in found]
    return [(name, sql) for name, sql in named if "deleted_ms IS NULL\n" not in sql]
