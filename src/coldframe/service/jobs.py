"""Jobs: a row, and a state that is computed from it and the time (glacier-api 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.clock import from_milliseconds, to_milliseconds
from coldframe.errors import DamagedArchive, InvalidParameterValue
from coldframe.model import (
    Action,
    ArchiveRetrieval,
    ByteRange,
    InventoryRetrieval,
    JobDescription,
    JobStatus,
    Page,
)
from coldframe.ports import JobRow
from coldframe.service import rules
from coldframe.service.archives import archive_not_found
from coldframe.service.core import DAY_MS
from coldframe.service.ids import Kind, decode_id, encode_id, new_key
from coldframe.service.inventories import decode_inventory_marker, materialise
from coldframe.service.limits import require_retrievable
from coldframe.service.notices import begin_job
from coldframe.service.outputs import job_not_found, offer_archive, offer_inventory, open_output, range_tree_hash
from coldframe.service.vaults import renewed, with_inventory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coldframe.model import JobRequest
    from coldframe.ports import ArchiveRow, Changes, Facts, JobOutput, VaultRow
    from coldframe.service.core import Core

MAX_JOBS_PAGE = 50
KEPT_MS = DAY_MS
"""How long a job and its output are kept after it has ended."""
_MESSAGES = {
    JobStatus.IN_PROGRESS: "Operation in progress.",
    JobStatus.SUCCEEDED: "Succeeded",
    JobStatus.FAILED: "Failed",
}


class ServiceJobs:
    """Implements `ports.Jobs`."""

    _core: Core

    def initiate_job(self, vault_name: str, request: JobRequest) -> str:
        """Start a retrieval."""
        return self.initiate_jobs(vault_name, [request])[0]

    def initiate_jobs(self, vault_name: str, requests: Sequence[JobRequest]) -> Sequence[str]:
        """Start retrievals: all, with one commit, or none."""
        acts = [self._beginning(vault_name, request) for request in requests]
        keys = self._core.write(lambda changes, now_ms: [act(changes, now_ms) for act in acts])
        return [encode_id(Kind.JOB, key) for key in keys]

    def _beginning(self, vault_name: str, request: JobRequest) -> Callable[[Changes, int], bytes]:
        """What begins a retrieval, and answers its key."""
        if isinstance(request, ArchiveRetrieval):
            return self._retrieve_archive(vault_name, request)
        return self._retrieve_inventory(vault_name, request)

    def describe_job(self, vault_name: str, job_id: str) -> JobDescription:
        """The job now."""
        job, archive, now_ms = self._ready(vault_name, job_id)
        return describe(self._core, vault_name, job, archive, now_ms)

    def list_jobs(
        self,
        vault_name: str,
        *,
        completed: bool | None = None,
        status: JobStatus | None = None,
        limit: int | None = None,
        marker: str | None = None,
    ) -> Page[JobDescription]:
        """The vault's jobs, newest first; the marker is the ID of the next one."""
        core = self._core
        count = rules.page_limit(limit, MAX_JOBS_PAGE)
        statuses = _statuses(completed=completed, status=status)
        first = decode_id(Kind.JOB, marker) if marker else None
        if marker and first is None:
            raise rules.bad_marker(marker)

        def act(facts: Facts, now_ms: int) -> tuple[list[tuple[JobRow, ArchiveRow | None]], int]:
            vault = core.vault(facts, vault_name)
            found = facts.jobs(
                vault.row, first=first, now_ms=now_ms, ended_ms=now_ms - KEPT_MS, statuses=statuses, limit=count + 1
            )
            return [(job, _archive_of(facts, job)) for job in found], now_ms

        found, now_ms = core.read(act)
        shown = [
            describe(core, vault_name, with_output(core, vault_name, job, now_ms), archive, now_ms)
            for job, archive in found[:count]
        ]
        return Page(shown, encode_id(Kind.JOB, found[count][0].key) if len(found) > count else None)

    def get_job_output(self, vault_name: str, job_id: str, *, byte_range: ByteRange | None = None) -> JobOutput:
        """The output of a job that has succeeded."""
        job, archive, now_ms = self._ready(vault_name, job_id)
        if status_of(job, now_ms) is not JobStatus.SUCCEEDED:
            msg = f"The job is not currently available for download: {job_id}"
            raise InvalidParameterValue(msg)
        offer = offer_inventory(self._core, job) if archive is None else offer_archive(job, archive)
        return open_output(self._core, offer, byte_range)

    def _ready(self, vault_name: str, job_id: str) -> tuple[JobRow, ArchiveRow | None, int]:
        """The job that is there now, its output written if it is ready, its archive, and the time."""
        core = self._core

        def act(facts: Facts, now_ms: int) -> tuple[JobRow, ArchiveRow | None, int]:
            vault = core.vault(facts, vault_name)
            key = decode_id(Kind.JOB, job_id)
            job = None if key is None else facts.job(key)
            if job is None or job.vault != vault.row or is_expired(job, now_ms):
                raise job_not_found(job_id)
            return job, _archive_of(facts, job), now_ms

        job, archive, now_ms = core.read(act)
        return with_output(core, vault_name, job, now_ms), archive, now_ms

    def _retrieve_archive(self, vault_name: str, request: ArchiveRetrieval) -> Callable[[Changes, int], bytes]:
        core = self._core
        description, topic = self._labels(request)

        def find(facts: Facts) -> tuple[VaultRow, ArchiveRow]:
            vault = core.vault(facts, vault_name)
            key = decode_id(Kind.ARCHIVE, request.archive_id)
            archive = None if key is None else facts.archive(key)
            if archive is None or archive.vault != vault.row or archive.deleted_ms is not None:
                raise archive_not_found(request.archive_id)
            return vault, archive

        archive = core.read(lambda facts, _: find(facts))[1]
        wanted = request.range or ByteRange(0, archive.size)
        rules.require_retrieval_range(wanted, archive.size)
        is_whole = wanted.size == archive.size
        try:
            tree_hash = archive.tree_hash if is_whole else range_tree_hash(core, archive.key, wanted, size=archive.size)
        except DamagedArchive:
            core.read(lambda facts, _: find(facts))  # it may have been deleted and freed since
            raise

        def act(changes: Changes, now_ms: int) -> bytes:
            vault, archive = find(changes)
            require_retrievable(core, changes, tier=request.tier, size=wanted.size, now_ms=now_ms)
            key, ready_ms = new_key(now_ms), now_ms + round(core.waits.of(request.tier) * 1000)
            job = JobRow(
                key,
                vault.row,
                Action.ARCHIVE_RETRIEVAL,
                now_ms,
                ready_ms,
                description=description,
                sns_topic=topic,
                archive=archive.key,
                start=wanted.start,
                end=wanted.end,
                tree_hash=tree_hash,
                tier=request.tier,
            )
            begin_job(changes, job, now_ms)
            return key

        return act

    def _retrieve_inventory(self, vault_name: str, request: InventoryRetrieval) -> Callable[[Changes, int], bytes]:
        core = self._core
        description, topic = self._labels(request)
        from_ms, until_ms = (
            None if moment is None else to_milliseconds(moment) for moment in (request.start_at, request.end_at)
        )

        def act(changes: Changes, now_ms: int) -> bytes:
            vault = core.vault(changes, vault_name)
            rules.require_inventory_request(request)
            key, ready_ms = new_key(now_ms), now_ms + round(core.waits.inventory_seconds * 1000)
            snapshot, snapshot_ms = self._snapshot(changes, vault, request, now_ms)
            job = JobRow(
                key,
                vault.row,
                Action.INVENTORY_RETRIEVAL,
                now_ms,
                ready_ms,
                description=description,
                sns_topic=topic,
                format=request.format,
                from_ms=from_ms,
                until_ms=until_ms,
                item_limit=request.limit,
                marker=request.marker or None,
                snapshot=snapshot,
                snapshot_ms=snapshot_ms,
            )
            begin_job(changes, job, now_ms)
            return key

        return act

    def _snapshot(self, changes: Changes, vault: VaultRow, request: InventoryRetrieval, now_ms: int) -> tuple[int, int]:
        """Which state of the vault the job shows: that of its marker, or the last inventory's.

        A vault that has never had an inventory gets one on the spot (glacier-api 10.3, the ordinary mode).
        """
        if request.marker:
            position = decode_inventory_marker(request.marker, vault)
            return position.snapshot, position.snapshot_ms
        vault = with_inventory(vault, now_ms, self._core.inventory_ms)
        if vault.inventory_ms is None:
            vault = renewed(vault, now_ms)
            changes.update_vault(vault)
        return vault.inventory_change, vault.inventory_ms or now_ms

    def _labels(self, request: JobRequest) -> tuple[str | None, str | None]:
        return rules.job_description(request.description), rules.sns_topic(request.sns_topic, self._core.region)


def describe_ended(core: Core, key: bytes) -> JobDescription | None:
    """A job that has ended, expired or not, and whether its vault is still there or not; None if it is forgotten.

    An inventory is written, if nobody has asked for it yet, so that its size can be told.
    """

    def act(facts: Facts, now_ms: int) -> tuple[JobRow, str, ArchiveRow | None, int] | None:
        job = facts.job(key)
        vault_name = None if job is None else facts.vault_name(job.vault)
        return None if job is None or vault_name is None else (job, vault_name, _archive_of(facts, job), now_ms)

    found = core.read(act)
    if found is None:
        return None
    job, vault_name, archive, now_ms = found
    return describe(core, vault_name, with_output(core, vault_name, job, now_ms), archive, now_ms)


def describe(core: Core, vault_name: str, job: JobRow, archive: ArchiveRow | None, now_ms: int) -> JobDescription:
    """What DescribeJob tells of a job at a moment."""
    status = status_of(job, now_ms)
    return JobDescription(
        job_id=encode_id(Kind.JOB, job.key),
        action=job.action,
        vault_arn=core.arn(vault_name),
        status=status,
        status_message=_MESSAGES[status],
        created_at=from_milliseconds(job.created_ms),
        completed_at=None if status is JobStatus.IN_PROGRESS else from_milliseconds(ended_ms(job)),
        description=job.description,
        archive_id=None if archive is None else encode_id(Kind.ARCHIVE, archive.key),
        archive_size=None if archive is None else archive.size,
        archive_tree_hash=None if archive is None else archive.tree_hash,
        range=None if job.start is None or job.end is None else ByteRange(job.start, job.end),
        tree_hash=job.tree_hash,
        tier=job.tier,
        inventory=_inventory_request(job, status),
        inventory_size=job.output_size,
        sns_topic=job.sns_topic,
    )


def with_output(core: Core, vault_name: str, job: JobRow, now_ms: int) -> JobRow:
    """The job, the output of an inventory written if it is due and nobody has done so yet."""
    is_due = job.action is Action.INVENTORY_RETRIEVAL and status_of(job, now_ms) is JobStatus.SUCCEEDED
    return materialise(core, vault_name, job) if is_due and job.output_size is None else job


def ended_ms(job: JobRow) -> int:
    """When the job ended, or will."""
    return job.ready_ms if job.failed_ms is None else job.failed_ms


def status_of(job: JobRow, now_ms: int) -> JobStatus:
    """The job's state at a moment. A job fails when its archive is deleted before it is ready (glacier-api 9.5)."""
    if job.failed_ms is not None:
        return JobStatus.FAILED
    return JobStatus.SUCCEEDED if job.ready_ms <= now_ms else JobStatus.IN_PROGRESS


def is_expired(job: JobRow, now_ms: int) -> bool:
    """Whether the job ended so long ago that it is not found any more."""
    return now_ms - ended_ms(job) >= KEPT_MS


def _statuses(*, completed: bool | None, status: JobStatus | None) -> Sequence[JobStatus]:
    """The states that both filters let through."""
    wanted = [each for each in JobStatus if completed is None or completed is (each is not JobStatus.IN_PROGRESS)]
    return [each for each in wanted if status is None or each is status]


def _archive_of(facts: Facts, job: JobRow) -> ArchiveRow | None:
    return None if job.archive is None else facts.archive(job.archive)


def _inventory_request(job: JobRow, status: JobStatus) -> InventoryRetrieval | None:
    if job.format is None:
        return None
    return InventoryRetrieval(
        format=job.format,
        start_at=None if job.from_ms is None else from_milliseconds(job.from_ms),
        end_at=None if job.until_ms is None else from_milliseconds(job.until_ms),
        limit=job.item_limit,
        marker=job.next_marker if status is JobStatus.SUCCEEDED else job.marker,
    )
