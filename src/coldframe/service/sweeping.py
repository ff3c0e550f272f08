"""Sweeping: forgetting what has ended, and removing the bytes that nothing refers to any more.

Facts go first, bytes last. A blob is removed only if no part refers to it, it has shown no sign of life for 48 hours,
and both are still so inside a transaction of its own, in which nobody can publish it (I4, reliability S23). A crash at
any point leaves work for the next sweep.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from coldframe.ports import ArchiveRow, JobRow, UploadRow, UploadState
from coldframe.service.core import DAY_MS
from coldframe.service.jobs import KEPT_MS, ended_ms
from coldframe.service.multipart import is_expired, is_forgotten
from coldframe.service.protection import is_held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coldframe.ports import Changes, Facts, Leftover
    from coldframe.service.core import Core

Row = TypeVar("Row", JobRow, UploadRow, ArchiveRow)

ORPHAN_MS = 2 * DAY_MS
"""How long a blob without a part is left alone: its upload may still be about to publish it."""
STREAM_MS = DAY_MS
"""How long an expired job's bytes are kept for a reader who began in time."""
_PAGE = 100
_PARTS = 500
_UNLINKS = 16


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep has done, or would do: what it forgot, and the blobs and bytes that it freed."""

    jobs: int = 0
    uploads: int = 0
    archives: int = 0
    blobs: int = 0
    size: int = 0
    temporary_files: int = 0

    def __add__(self, other: SweepReport) -> SweepReport:
        """Both together."""
        return SweepReport(*map(sum, zip(astuple(self), astuple(other), strict=True)))


class _Outcome(Enum):
    """What became of a row: it is done with, it is to stay, or it has more parts than one transaction drops."""

    DONE = 1
    KEPT = 2
    AGAIN = 3


class Sweep:
    """One sweep over a store.

    Args:
        core: The store.
    """

    def __init__(self, core: Core) -> None:
        """Nothing has been swept yet."""
        self._core = core

    def run(self) -> SweepReport:
        """Sweep everything."""
        self._core.write(lambda _changes, _now_ms: None)  # whatever a failed commit left in the log is overwritten
        jobs = self._each(lambda facts, key: facts.jobs_after(key, limit=_PAGE), is_forgettable, _forget_job)
        uploads = self._each(lambda facts, key: facts.uploads_after(key, limit=_PAGE), has_ended, _forget_upload)
        archives = self._each(
            lambda facts, key: facts.deleted_archives(after=key, limit=_PAGE), _any, self._free_archive
        )
        report = SweepReport(jobs=jobs, uploads=uploads, archives=archives)
        for keys in find_orphans(self._core):
            sizes = [size for size in self._unlink(keys) if size]
            report = replace(report, blobs=report.blobs + len(sizes), size=report.size + sum(sizes))
        return replace(report, temporary_files=self._unlink_leftovers())

    def _each(
        self,
        page: Callable[[Facts, bytes], list[Row]],
        is_due: Callable[[Row, int], bool],
        act: Callable[[Changes, Row, int], _Outcome],
    ) -> int:
        """Run `act` for every row that is due and answer how many were done.

        A page shares a transaction, each row with a bounded number of parts, so that others can write in between.
        """
        done = 0
        key = b""
        while rows := self._core.read(lambda facts, _: page(facts, key)):  # noqa: B023 - run at once
            key = rows[-1].key
            now_ms = self._core.now_ms()
            due = [row for row in rows if is_due(row, now_ms)]
            while due:
                outcomes = self._core.write(lambda changes, now_ms: [act(changes, row, now_ms) for row in due])  # noqa: B023 - run at once
                done += outcomes.count(_Outcome.DONE)
                due = [row for row, outcome in zip(due, outcomes, strict=True) if outcome is _Outcome.AGAIN]
        return done

    def _free_archive(self, changes: Changes, archive: ArchiveRow, now_ms: int) -> _Outcome:
        """Drop the parts of a deleted archive once nothing needs them."""
        if not is_unused(self._core, changes, archive, now_ms):
            return _Outcome.KEPT
        if changes.drop_parts(archive.key, limit=_PARTS) == _PARTS:
            return _Outcome.AGAIN
        changes.mark_freed(archive.key)
        return _Outcome.DONE

    def _unlink(self, keys: Sequence[bytes]) -> list[int]:
        """Remove blobs, each only if nothing refers to it now, and answer their sizes.

        Alone in its transaction: what a neighbour in a shared one has undone could come back with a failed commit.
        """

        def act(changes: Changes, _now_ms: int) -> list[int]:
            known = changes.referenced(keys)
            return [self._core.blobs.unlink(key) for key in keys if key not in known]

        return self._core.write_alone(act)

    def _unlink_leftovers(self) -> int:
        old = old_leftovers(self._core)
        for leftover in old:
            self._core.blobs.unlink_leftover(leftover)
        return len(old)


def find_orphans(core: Core) -> Iterator[list[bytes]]:
    """Blobs that nothing seems to refer to and that are old enough, a few at a time."""
    before_ms = core.now_ms() - ORPHAN_MS
    for keys in core.blobs.keys(before_ms=before_ms):
        known = core.read(lambda facts, _: facts.referenced(keys))  # noqa: B023 - run at once
        orphans = [key for key in keys if key not in known and core.blobs.touched_ms(key) <= before_ms]
        yield from (orphans[at : at + _UNLINKS] for at in range(0, len(orphans), _UNLINKS))


def old_leftovers(core: Core) -> list[Leftover]:
    """The temporary files that have shown no sign of life for so long that nobody writes them."""
    before_ms = core.now_ms() - ORPHAN_MS
    return [leftover for leftover in core.blobs.leftovers() if leftover.touched_ms <= before_ms]


def is_forgettable(job: JobRow, now_ms: int) -> bool:
    """Whether a job has been expired for so long that its row and its output can go."""
    return now_ms - ended_ms(job) >= KEPT_MS + STREAM_MS


def _forget_job(changes: Changes, job: JobRow, _now_ms: int) -> _Outcome:
    if changes.drop_parts(job.key, limit=_PARTS) == _PARTS:
        return _Outcome.AGAIN
    changes.drop_job(job.key)
    return _Outcome.DONE


def has_ended(upload: UploadRow, now_ms: int) -> bool:
    """Whether an upload has become no archive and never will, or is over."""
    return upload.state is UploadState.ABORTED or is_over(upload, now_ms)


def is_over(upload: UploadRow, now_ms: int) -> bool:
    """Whether nobody may carry on an upload or repeat its end any more."""
    return is_expired(upload, now_ms) or is_forgotten(upload, now_ms)


def is_unused(core: Core, facts: Facts, archive: ArchiveRow, now_ms: int) -> bool:
    """Whether no job needs the bytes of a deleted archive any more, and no vault lock holds them."""
    used_ms = facts.last_use_ms(archive.key)
    is_idle = used_ms is None or now_ms - used_ms >= KEPT_MS + STREAM_MS
    return is_idle and not is_held(core, facts, archive, now_ms)


def _forget_upload(changes: Changes, upload: UploadRow, now_ms: int) -> _Outcome:
    """Drop the parts of an upload that became no archive, and the upload once nobody may repeat its end."""
    found = changes.upload(upload.key)
    if found is None or not has_ended(found, now_ms):
        return _Outcome.KEPT
    if found.state is not UploadState.COMPLETED and changes.drop_parts(found.key, limit=_PARTS) == _PARTS:
        return _Outcome.AGAIN
    if not is_over(found, now_ms):
        return _Outcome.KEPT
    changes.drop_upload(found.key)
    return _Outcome.DONE


def _any(_archive: ArchiveRow, _now_ms: int) -> bool:
    return True
