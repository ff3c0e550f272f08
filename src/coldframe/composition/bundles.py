"""The members of bundles, brought back into the catalog out of the bundles themselves.

What is needed of a bundle is the end of its zip, which says where the central directory lies, and the directory: of a
store that makes us wait and may want money, only these are retrieved, in one job where the directory is short. They
tell of each member all but its SHA-256; its CRC-32 stands in for it. One's own disk is read to the last byte, so that
every member is checked and gets its SHA-256.

Nothing is remembered of what was begun: the store's own list of jobs tells it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.catalog import Kind, Query
from coldframe.errors import DamagedArchive, FormatError, NotReady, TreeHashMismatch
from coldframe.inventory.zip_members import LONGEST_END, read_members
from coldframe.model import MIB, Action, ArchiveRetrieval, ByteRange, JobStatus
from coldframe.retriever.receive import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coldframe.catalog import Entry
    from coldframe.composition.library import Coldframe
    from coldframe.model import JobDescription

JOB_DESCRIPTION = "coldframe inventory rebuild --members"
"""By which a job is known as one of ours."""

_MOST = 64 * MIB
"""A longer central directory takes several jobs, so that none asks for all of an archive because of a false number."""

_WINDOW = 8 * MIB
"""How much of an output is held in memory."""


@dataclass(frozen=True, slots=True)
class BundleRead:
    """What became of one bundle: its members are in the catalog, or it waits for a job, or it cannot be read."""

    bundle: Entry
    members: int = 0
    is_waiting: bool = False
    problem: str = ""


class MemberRebuild:
    """Brings back the members of one vault's bundles of which the catalog knows none.

    Args:
        coldframe: Whose catalog and store.
        vault_name: The vault.
    """

    def __init__(self, coldframe: Coldframe, vault_name: str) -> None:
        """Look which bundles there are, and which jobs of earlier calls."""
        self._coldframe = coldframe
        self.vault_name = vault_name
        self.bundles: Sequence[Entry] = tuple(_without_members(coldframe, vault_name))
        self._jobs = self._find_jobs() if self.bundles else {}

    @property
    def is_free(self) -> bool:
        """Whether the bytes are at hand: on this process's own disk, with no wait."""
        from coldframe.service import VaultService  # noqa: PLC0415 - loaded where a store is open anyway

        settings = self._coldframe.settings
        return isinstance(self._coldframe.store, VaultService) and settings.tiers.of(settings.tier) == 0

    @property
    def is_under_way(self) -> bool:
        """Whether an earlier call has started jobs that one waits for."""
        ours = (job for jobs in self._jobs.values() for job in jobs)
        return not self.is_free and any(job.description == JOB_DESCRIPTION for job in ours)

    @property
    def size(self) -> int:
        """How many bytes a job for the end of each bundle brings; a long directory takes a second one."""
        sizes = [bundle.archive.size for bundle in self.bundles]
        return sum(size - _end_start(size) for size in sizes if size > 0)

    def run(self) -> Iterator[BundleRead]:
        """Read what can be read now and start the jobs that are missing."""
        for bundle in self.bundles:
            try:
                entries = list(self._read(bundle))
                self._coldframe.catalog.record(bundle.archive, (bundle, *entries))
            except NotReady:
                yield BundleRead(bundle, is_waiting=True)
            except (DamagedArchive, FormatError, TreeHashMismatch) as error:
                yield BundleRead(bundle, problem=str(error))
            else:
                yield BundleRead(bundle, len(entries))

    def _read(self, bundle: Entry) -> Iterator[Entry]:
        archive = bundle.archive
        if archive.size <= 0:
            raise FormatError("its size is not known; a rebuild from the vault's inventory tells it")
        first = ByteRange(0, archive.size)
        if not self.is_free:
            first = ByteRange(_end_start(archive.size), archive.size)
        jobs = self._jobs.setdefault(archive.archive_id, [])
        source = _Bytes(self._coldframe, bundle, jobs, first)
        return read_members(source.read, bundle, hash_data=self.is_free)

    def _find_jobs(self) -> dict[str, list[JobDescription]]:
        """The jobs that retrieve bytes of our bundles, and have not failed, whoever started them."""
        wanted = {bundle.archive.archive_id for bundle in self.bundles}
        found: dict[str, list[JobDescription]] = {}
        marker = None
        while True:
            page = self._coldframe.store.list_jobs(self.vault_name, marker=marker)
            for job in page.items:
                is_retrieval = job.action is Action.ARCHIVE_RETRIEVAL and job.status is not JobStatus.FAILED
                if is_retrieval and job.archive_id in wanted:
                    found.setdefault(job.archive_id, []).append(job)
            marker = page.marker
            if marker is None:
                return found


class _Bytes:
    """One bundle's bytes, through whatever jobs offer them.

    Args:
        coldframe: Whose store.
        bundle: The bundle.
        jobs: The jobs that retrieve bytes of it; those that are started here are added.
        first: The range of the first job, if none is there that offers its bytes.
    """

    def __init__(self, coldframe: Coldframe, bundle: Entry, jobs: list[JobDescription], first: ByteRange) -> None:
        self._coldframe = coldframe
        self._archive = bundle.archive
        self._jobs = jobs
        self._first = first
        self._start, self._held = 0, b""

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`; raises `NotReady` if a job must bring them first."""
        parts = []
        while start < end:
            piece = self._piece(start)[: end - start]
            parts.append(piece)
            start += len(piece)
        return b"".join(parts)

    def _piece(self, start: int) -> bytes:
        """Some bytes from `start` on, as many as are held."""
        if not self._start <= start < self._start + len(self._held):
            self._fetch(start)
        return self._held[start - self._start :]

    def _fetch(self, start: int) -> None:
        """Hold a window of bytes that `start` lies in."""
        job = self._job_for(start)
        offered = _range_of(job, self._archive.size)
        first = max(offered.start, start // MIB * MIB)
        window = ByteRange(first - offered.start, min(first + _WINDOW, offered.end) - offered.start)
        buffer = bytearray()
        receiver = Receiver(
            self._coldframe.store,
            vault_name=self._archive.vault_name,
            job_id=job.job_id,
            size=offered.size,
            sleep=self._coldframe.clock.sleep,
        )
        receiver.receive(window, lambda piece, _at: buffer.extend(piece))
        self._start, self._held = first, bytes(buffer)

    def _job_for(self, at: int) -> JobDescription:
        """A job that has succeeded and offers the byte `at`; one is started if there is none at all."""
        offering = [job for job in self._jobs if _offers(job, at, self._archive.size)]
        if not offering:
            offering = [self._start_job(at)]
            self._jobs += offering
        for job in offering:
            if job.status is JobStatus.SUCCEEDED:
                return job
        raise NotReady(f"the job {offering[0].job_id} is in progress")

    def _start_job(self, at: int) -> JobDescription:
        """One for the first range; or for what lies before it, since a directory reaches up to the end of the zip."""
        store, size = self._coldframe.store, self._archive.size
        wanted = self._first
        if at < wanted.start:
            begin = at // MIB * MIB
            wanted = ByteRange(begin, min(wanted.start, begin + _MOST))
        request = ArchiveRetrieval(
            self._archive.archive_id,
            range=None if wanted == ByteRange(0, size) else wanted,
            tier=self._coldframe.settings.tier,
            description=JOB_DESCRIPTION,
        )
        vault_name = self._archive.vault_name
        return store.describe_job(vault_name, store.initiate_job(vault_name, request))


def _end_start(size: int) -> int:
    """Where the last megabytes of a zip begin that hold its end record in any case."""
    return max(0, size - LONGEST_END) // MIB * MIB


def _without_members(coldframe: Coldframe, vault_name: str) -> Iterator[Entry]:
    query = Query(store=coldframe.store.identity, vault_name=vault_name, all_versions=True)
    for entry in coldframe.catalog.select(query):
        if entry.kind is Kind.BUNDLE and next(coldframe.catalog.members(entry), None) is None:
            yield entry


def _range_of(job: JobDescription, archive_size: int) -> ByteRange:
    return job.range or ByteRange(0, archive_size)


def _offers(job: JobDescription, at: int, archive_size: int) -> bool:
    offered = _range_of(job, archive_size)
    return offered.start <= at < offered.end
