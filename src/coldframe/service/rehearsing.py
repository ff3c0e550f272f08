"""A sweep's rehearsal: what a sweep would free at this moment, counted, while nothing is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from coldframe.ports import ArchiveRow, JobRow, UploadRow, UploadState
from coldframe.service.sweeping import (
    ORPHAN_MS,
    SweepReport,
    find_orphans,
    has_ended,
    is_forgettable,
    is_over,
    is_unused,
    old_leftovers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.ports import Facts
    from coldframe.service.core import Core

Row = TypeVar("Row", JobRow, UploadRow, ArchiveRow)

_PAGE = 100
_PARTS = 500


class Rehearsal:
    """Counts what :class:`~coldframe.service.sweeping.Sweep` would remove.

    Others may write meanwhile, so the sweep itself may find a little more or less.

    Args:
        core: The store.
    """

    def __init__(self, core: Core) -> None:
        """Nothing has been counted yet."""
        self._core = core
        self._report = SweepReport()

    def run(self) -> SweepReport:
        """Count everything; the ledger and the blobs are only read."""
        jobs = self._each(lambda facts, key: facts.jobs_after(key, limit=_PAGE), _is_due_job)
        uploads = self._each(lambda facts, key: facts.uploads_after(key, limit=_PAGE), _is_due_upload)
        archives = self._each(lambda facts, key: facts.deleted_archives(after=key, limit=_PAGE), self._is_due_archive)
        for keys in find_orphans(self._core):
            self._count(keys)
        leftovers = len(old_leftovers(self._core))
        return replace(self._report, jobs=jobs, uploads=uploads, archives=archives, temporary_files=leftovers)

    def _each(self, page: Callable[[Facts, bytes], list[Row]], is_due: Callable[[Facts, Row, int], bool]) -> int:
        """Count the blobs of all rows whose parts a sweep would drop; answer how many rows these are."""
        done, key = 0, b""
        while rows := self._core.read(lambda facts, _: page(facts, key)):  # noqa: B023 - run at once
            key = rows[-1].key
            due = self._core.read(lambda facts, now_ms: [row for row in rows if is_due(facts, row, now_ms)])
            for row in due:
                for keys in self._blobs_of(row.key):
                    self._count(keys)
            done += len(due)
        return done

    def _is_due_archive(self, facts: Facts, archive: ArchiveRow, now_ms: int) -> bool:
        return is_unused(self._core, facts, archive, now_ms)

    def _blobs_of(self, owner: bytes) -> Iterator[list[bytes]]:
        first = 0
        while parts := self._core.read(lambda facts, _: facts.parts(owner, first=first, limit=_PARTS)):  # noqa: B023 - as above
            yield [part.blob for part in parts]
            first = parts[-1].start + 1

    def _count(self, keys: list[bytes]) -> None:
        before_ms = self._core.now_ms() - ORPHAN_MS
        blobs = self._core.blobs
        sizes = [size for key in keys if blobs.touched_ms(key) <= before_ms and (size := blobs.size(key))]
        report = self._report
        self._report = replace(report, blobs=report.blobs + len(sizes), size=report.size + sum(sizes))


def _is_due_job(_facts: Facts, job: JobRow, now_ms: int) -> bool:
    return is_forgettable(job, now_ms)


def _is_due_upload(_facts: Facts, upload: UploadRow, now_ms: int) -> bool:
    if upload.state is UploadState.COMPLETED:  # its parts are an archive's
        return is_over(upload, now_ms)
    return has_ended(upload, now_ms)
