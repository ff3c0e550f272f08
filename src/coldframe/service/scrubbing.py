"""Scrubbing: hashing every stored byte again, and telling what is not as it was promised (reliability 4.1).

A scrub only reads. It goes through the blobs in the order of their keys and keeps its place in the ledger, so that it
goes on where it was cut off. With one copy of each blob it can detect damage, not repair it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from coldframe.clock import from_milliseconds
from coldframe.ports import BlobState, FindingRow, ScrubRow
from coldframe.service.ids import Kind, encode_id
from coldframe.service.sweeping import ORPHAN_MS
from coldframe.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from coldframe.ports import Changes, Facts, PartRow, Verdict
    from coldframe.rates import Limit
    from coldframe.service.core import Core

_BATCH = 64
_SAVE_SECONDS = 10.0
_FIRST = b""


class FindingKind(StrEnum):
    """What is wrong: `damaged` bytes, `missing` ones, or `unreferenced` ones, which the next sweep removes."""

    DAMAGED = "damaged"
    MISSING = "missing"
    UNREFERENCED = "unreferenced"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with one blob, and whose bytes it holds: an archive's, an open upload's or a job output's."""

    kind: FindingKind
    blob: str
    detail: str
    vault_name: str | None = None
    archive_id: str | None = None
    description: str | None = None
    upload_id: str | None = None
    job_id: str | None = None


@dataclass(frozen=True, slots=True)
class ScrubProgress:
    """How far the last scrub is; `size` counts the bytes that were hashed."""

    started_at: datetime
    finished_at: datetime | None
    blobs: int
    size: int


class Scrub:
    """One pass over all blobs.

    Args:
        core: The store.
        rate: At most so many bytes a second, always or by the time of the day; None for as fast as the disk.
        restart: Begin anew, though an earlier scrub was cut off.
    """

    def __init__(self, core: Core, *, rate: Limit | None, restart: bool) -> None:
        """Nothing has been read yet."""
        self._core = core
        self._restart = restart
        self._throttle = Throttle(rate, clock=core.clock)

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong: first what this scrub had found before it was cut off, then the rest."""
        progress = self._begin()
        yield from self._known()
        for part, verdict in self._verdicts(progress):
            finding = self._judge(part, verdict)
            if finding is not None:
                yield finding
        yield from self._unreferenced()

    def _begin(self) -> ScrubRow:
        """Go on with the scrub that was cut off, or begin one."""

        def act(facts: Facts, now_ms: int) -> ScrubRow:
            found = facts.scrub()
            is_over = found is None or found.finished_ms is not None
            return ScrubRow(now_ms, _FIRST) if self._restart or is_over or found is None else found

        progress = self._core.read(act)
        if progress.cursor == _FIRST:
            self._core.write(lambda changes, _: _start(changes, progress))
        return progress

    def _known(self) -> Iterator[Finding]:
        after = _FIRST
        while rows := self._core.read(lambda facts, _: facts.findings(after=after, limit=_BATCH)):  # noqa: B023 - run at once
            yield from (self._core.read(lambda facts, _: _describe(facts, row)) for row in rows)  # noqa: B023 - as above
            after = rows[-1].blob

    def _verdicts(self, progress: ScrubRow) -> Iterator[tuple[PartRow, Verdict]]:
        """Every part's blob, hashed again; those that were made since the scrub began are fresh enough."""
        saved = self._core.clock.monotonic()
        while parts := self._batch(progress):
            for part in parts:
                pace = self._throttle.settle
                yield part, self._core.blobs.check(part.blob, size=part.size, tree_hash=part.tree_hash, pace=pace)
                blobs, size = progress.blobs + 1, progress.size + part.size
                progress = replace(progress, cursor=part.blob, blobs=blobs, size=size)
                if self._core.clock.monotonic() - saved >= _SAVE_SECONDS:
                    self._save(progress)
                    saved = self._core.clock.monotonic()
            self._save(progress)
        self._core.write(lambda changes, now_ms: changes.set_scrub(replace(progress, finished_ms=now_ms)))

    def _batch(self, progress: ScrubRow) -> list[PartRow]:
        end = progress.started_ms.to_bytes(6, "big")
        parts = self._core.read(lambda facts, _: facts.parts_by_blob(progress.cursor, limit=_BATCH))
        return [part for part in parts if part.blob < end]

    def _save(self, progress: ScrubRow) -> None:
        self._core.write(lambda changes, _: changes.set_scrub(progress))

    def _judge(self, part: PartRow, verdict: Verdict) -> Finding | None:
        """The finding that a verdict amounts to, remembered before it is told; none if the part is gone meanwhile."""
        if verdict.state is BlobState.WHOLE or not self._core.read(lambda facts, _: facts.referenced([part.blob])):
            return None
        now_ms = self._core.now_ms()
        row = FindingRow(part.blob, verdict.state.value, verdict.detail, now_ms, owner=part.owner)
        self._core.write(lambda changes, _: changes.add_finding(row))
        return self._core.read(lambda facts, _: _describe(facts, row))

    def _unreferenced(self) -> Iterator[Finding]:
        """Blobs without a part that are too old to be on their way in."""
        for keys in self._core.blobs.keys(before_ms=self._core.now_ms() - ORPHAN_MS):
            known = self._core.read(lambda facts, _: facts.referenced(keys))  # noqa: B023 - run at once
            for key in keys:
                if key not in known:
                    detail = "no archive, upload or job refers to it"
                    yield Finding(FindingKind.UNREFERENCED, key.hex(), detail)


def progress_of(core: Core) -> ScrubProgress | None:
    """How far the last scrub is; None if there was none."""
    found = core.read(lambda facts, _: facts.scrub())
    if found is None:
        return None
    finished_at = None if found.finished_ms is None else from_milliseconds(found.finished_ms)
    return ScrubProgress(from_milliseconds(found.started_ms), finished_at, found.blobs, found.size)


def _start(changes: Changes, progress: ScrubRow) -> None:
    changes.drop_findings()
    changes.set_scrub(progress)


def _describe(facts: Facts, row: FindingRow) -> Finding:
    """A finding with the names that a user knows."""
    finding = Finding(FindingKind(row.kind), row.blob.hex(), row.detail)
    owner = row.owner or _FIRST
    if (archive := facts.archive(owner)) is not None:
        detail = row.detail if archive.deleted_ms is None else f"{row.detail} (the archive is deleted)"
        name, archive_id = facts.vault_name(archive.vault), encode_id(Kind.ARCHIVE, owner)
        named = replace(finding, vault_name=name, archive_id=archive_id, detail=detail)
        return replace(named, description=archive.description or None)
    if (upload := facts.upload(owner)) is not None:
        name = facts.vault_name(upload.vault)
        named = replace(finding, vault_name=name, upload_id=encode_id(Kind.UPLOAD, owner))
        return replace(named, description=upload.description or None)
    if (job := facts.job(owner)) is not None:
        return replace(finding, vault_name=facts.vault_name(job.vault), job_id=encode_id(Kind.JOB, owner))
    return finding
