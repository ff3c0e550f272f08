"""What a cold store is, in the fewest words that can be run: dictionaries, and the protocol's rules spelled out again.

It shares no code with the service, so that a misreading must be made twice to go unnoticed. IDs are the real store's:
whoever compares hands them over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.errors import InvalidParameterValue, ResourceNotFound
from coldframe.model import ARCHIVE_OVERHEAD, MIB, JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_DAY = timedelta(days=1)


@dataclass
class ModelArchive:
    """An archive, live until `deleted_at`."""

    vault: ModelVault
    data: bytes
    description: str
    deleted_at: datetime | None = None


@dataclass
class ModelUpload:
    """A multipart upload and how it ended, if it did."""

    vault: ModelVault
    part_size: int
    description: str
    active_at: datetime
    parts: dict[int, bytes] = field(default_factory=dict)
    archive_id: str | None = None
    is_aborted: bool = False
    ended_at: datetime | None = None


@dataclass
class ModelJob:
    """A job: `content` is what its output must be: bytes, or the IDs of an inventory."""

    vault: ModelVault
    created_at: datetime
    ready_at: datetime
    content: bytes | list[str]
    archive: ModelArchive | None = None


@dataclass
class ModelVault:
    """A vault that may have been deleted."""

    name: str
    was_written: bool = False


class ModelStore:
    """The rules of `ports.ColdStore`, with inventories always of the present.

    Args:
        now: Tells the time.
        archive_wait: How long an archive retrieval takes.
        inventory_wait: How long an inventory job takes.
    """

    def __init__(self, now: Callable[[], datetime], *, archive_wait: timedelta, inventory_wait: timedelta) -> None:
        """Nothing is kept yet."""
        self.vaults: dict[str, ModelVault] = {}
        self.archives: dict[str, ModelArchive] = {}
        self.uploads: dict[str, ModelUpload] = {}
        self.jobs: dict[str, ModelJob] = {}
        self._now = now
        self._waits = (archive_wait, inventory_wait)

    def create_vault(self, name: str) -> None:
        """Make a vault."""
        self.vaults.setdefault(name, ModelVault(name))

    def delete_vault(self, name: str) -> None:
        """Delete an empty vault."""
        vault = self.vaults.get(name)
        if vault is None:
            return
        if self.live(vault):
            raise InvalidParameterValue
        del self.vaults[name]

    def count(self, name: str) -> tuple[int, int]:
        """Archives and size as DescribeVault tells them."""
        archives = self.live(self._vault(name)).values()
        return len(archives), sum(len(archive.data) + ARCHIVE_OVERHEAD for archive in archives)

    def live(self, vault: ModelVault) -> dict[str, ModelArchive]:
        """The archives of a vault, oldest first."""
        return {
            archive_id: archive
            for archive_id, archive in self.archives.items()
            if archive.vault is vault and archive.deleted_at is None
        }

    def upload_archive(self, name: str, data: bytes, description: str, archive_id: str) -> None:
        """Keep an archive."""
        vault = self._vault(name)
        if not data:
            raise InvalidParameterValue
        self.archives[archive_id] = ModelArchive(vault, data, description)

    def delete_archive(self, name: str, archive_id: str) -> None:
        """Delete an archive."""
        vault = self._vault(name)
        archive = self.archives[archive_id]
        if archive.vault is not vault:
            raise InvalidParameterValue
        archive.deleted_at = archive.deleted_at or self._now()

    def initiate_upload(self, name: str, part_size: int, description: str, upload_id: str) -> None:
        """Open an upload."""
        self.uploads[upload_id] = ModelUpload(self._vault(name), part_size, description, self._now())

    def upload_part(self, name: str, upload_id: str, start: int, data: bytes) -> None:
        """Keep a part."""
        upload = self._open(name, upload_id)
        if not data or len(data) > upload.part_size or start % upload.part_size:
            raise InvalidParameterValue
        upload.parts[start] = data
        upload.active_at = self._now()

    def complete_upload(self, name: str, upload_id: str, size: int, tree_hash: str, archive_id: str) -> None:
        """Turn an upload into an archive, or repeat that."""
        upload = self._known(name, upload_id)
        if upload.archive_id is not None and not self._is_forgotten(upload):
            data = self.archives[upload.archive_id].data
            if (size, tree_hash) != (len(data), simple_tree_hash(data)):
                raise InvalidParameterValue
            return
        self._open(name, upload_id)
        data = b"".join(upload.parts[start] for start in sorted(upload.parts))
        is_whole = sorted(upload.parts) == list(range(0, len(data), upload.part_size))
        if not data or not is_whole or (size, tree_hash) != (len(data), simple_tree_hash(data)):
            raise InvalidParameterValue
        upload.archive_id, upload.ended_at = archive_id, self._now()
        self.archives[archive_id] = ModelArchive(upload.vault, data, upload.description)

    def abort_upload(self, name: str, upload_id: str) -> None:
        """Drop an upload, or repeat that."""
        upload = self._known(name, upload_id)
        if upload.is_aborted and not self._is_forgotten(upload):
            return
        self._open(name, upload_id)
        upload.is_aborted, upload.ended_at = True, self._now()

    def parts(self, name: str, upload_id: str) -> list[tuple[int, int, str]]:
        """Start, size and tree hash of the parts of an open upload."""
        parts = self._open(name, upload_id).parts
        return [(start, len(data), simple_tree_hash(data)) for start, data in sorted(parts.items())]

    def open_uploads(self, name: str) -> set[str]:
        """The IDs of a vault's open uploads."""
        vault = self._vault(name)
        return {key for key, upload in self.uploads.items() if upload.vault is vault and self._is_open(upload)}

    def retrieve_archive(self, name: str, archive_id: str, span: tuple[int, int] | None, job_id: str) -> None:
        """Start an archive retrieval."""
        vault = self._vault(name)
        archive = self.archives[archive_id]
        if archive.vault is not vault or archive.deleted_at is not None:
            raise ResourceNotFound
        start, end = span or (0, len(archive.data))
        is_aligned = start % MIB == 0 and (end % MIB == 0 or end == len(archive.data))
        if not 0 <= start < end <= len(archive.data) or not is_aligned:
            raise InvalidParameterValue
        now = self._now()
        self.jobs[job_id] = ModelJob(vault, now, now + self._waits[0], archive.data[start:end], archive)

    def retrieve_inventory(self, name: str, job_id: str) -> None:
        """Start an inventory job."""
        vault = self._vault(name)
        now = self._now()
        self.jobs[job_id] = ModelJob(vault, now, now + self._waits[1], list(self.live(vault)))

    def job_status(self, name: str, job_id: str) -> JobStatus:
        """How a job stands now."""
        vault = self._vault(name)
        job = self.jobs[job_id]
        if job.vault is not vault:
            raise ResourceNotFound
        now, failed_at = self._now(), None
        if job.archive is not None and job.archive.deleted_at is not None and job.archive.deleted_at < job.ready_at:
            failed_at = job.archive.deleted_at
        if now >= (failed_at or job.ready_at) + _DAY:
            raise ResourceNotFound
        if failed_at is not None:
            return JobStatus.FAILED
        return JobStatus.SUCCEEDED if now >= job.ready_at else JobStatus.IN_PROGRESS

    def job_output(self, name: str, job_id: str) -> bytes | list[str]:
        """What a finished job offers."""
        if self.job_status(name, job_id) is not JobStatus.SUCCEEDED:
            raise InvalidParameterValue
        return self.jobs[job_id].content

    def listed_jobs(self, name: str) -> dict[str, JobStatus]:
        """A vault's jobs and how they stand."""
        found = {}
        for job_id, job in self.jobs.items():
            if job.vault is self._vault(name):
                try:
                    found[job_id] = self.job_status(name, job_id)
                except ResourceNotFound:
                    continue
        return found

    def _vault(self, name: str) -> ModelVault:
        if name not in self.vaults:
            raise ResourceNotFound
        return self.vaults[name]

    def _known(self, name: str, upload_id: str) -> ModelUpload:
        upload = self.uploads[upload_id]
        if upload.vault is not self._vault(name):
            raise ResourceNotFound
        return upload

    def _open(self, name: str, upload_id: str) -> ModelUpload:
        upload = self._known(name, upload_id)
        if not self._is_open(upload):
            raise ResourceNotFound
        return upload

    def _is_open(self, upload: ModelUpload) -> bool:
        return upload.ended_at is None and self._now() - upload.active_at <= _DAY

    def _is_forgotten(self, upload: ModelUpload) -> bool:
        return upload.ended_at is not None and self._now() - upload.ended_at > _DAY


def simple_tree_hash(data: bytes) -> str:
    """The tree hash as glacier-api 6 words it, level by level."""
    level = [sha256(data[start : start + MIB]).digest() for start in range(0, len(data), MIB)]
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [sha256(b"".join(pair)).digest() if len(pair) > 1 else pair[0] for pair in pairs]
    return level[0].hex()
