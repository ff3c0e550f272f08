"""Jobs by hand: all of them, and the outputs of those that have succeeded as files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.catalog import Query
from coldframe.composition.locks import run_lock
from coldframe.errors import BadUsage, ResourceNotFound
from coldframe.files import ensure_folder
from coldframe.model import Action, ByteRange, InventoryFormat
from coldframe.names import write_path
from coldframe.progress import Planned, ignore
from coldframe.retriever.draft import describe
from coldframe.retriever.outputs import JobFile, Outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coldframe.composition.library import Coldframe
    from coldframe.model import Buffer, JobDescription, JobStatus
    from coldframe.ports import ColdStore
    from coldframe.progress import Observer
    from coldframe.retriever.results import RetrievedFile

_MANY = 5
"""From so many jobs on, one listing costs less than asking for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputPlace:
    """Where outputs go.

    Args:
        folder: The folder to fill; made if it is not there.
        file_name: The one name in it, for a single output; None takes each job's description.
        overwrite: Whether a different file that is in the way is replaced.
        range: The bytes of the output that are wanted, None for all.
    """

    folder: str
    file_name: str | None = None
    overwrite: bool = False
    range: ByteRange | None = None


class OutputRun:
    """One run that fetches outputs: the same run again fetches what is missing.

    Args:
        coldframe: Whose store.
        vault_name: The jobs' vault.
        observer: Is told what happens.
    """

    def __init__(
        self, coldframe: Coldframe, vault_name: str, place: OutputPlace, *, observer: Observer = ignore
    ) -> None:
        """Store the arguments."""
        self._coldframe = coldframe
        self._vault_name = vault_name
        self._place = place
        self._observer = observer
        self._outputs = Outputs(
            coldframe.store,
            os.path.realpath(place.folder),
            clock=coldframe.clock,
            files=coldframe.files,
            observer=observer,
            threads=coldframe.jobs,
            overwrite=place.overwrite,
            limit_rate=coldframe.settings.limit_rate,
        )

    @property
    def stop(self) -> Callable[[], None]:
        """Asks to finish what is being fetched; called again, to leave it at once."""
        return self._outputs.stop

    def fetch(self, jobs: Sequence[JobDescription]) -> Iterator[RetrievedFile]:
        """Fetch the outputs of jobs that have succeeded. Jobs that bring the same bytes under one name make one file.

        Raises:
            Busy: Another process fills the same folder.
        """
        wanted = list(dict.fromkeys(self._job_file(job) for job in jobs))
        alike: dict[object, JobFile] = {}
        for each in wanted:
            alike.setdefault(
                (each.path, each.archive_id, each.range, each.tree_hash) if each.archive_id else each, each
            )
        folder = os.path.realpath(self._place.folder)
        name = f"output-{sha256(os.fsencode(folder)).hexdigest()[:12]}"
        coldframe = self._coldframe
        with run_lock(coldframe.home.locks, name, clock=coldframe.clock, files=coldframe.files):
            ensure_folder(coldframe.files, folder)
            self._observer(Planned(len(alike), sum(each.range.size for each in alike.values())))
            yield from self._outputs.fetch_all(list(alike.values()))

    def pour(self, job: JobDescription, sink: Callable[[Buffer], object]) -> None:
        """Hand the bytes of one output to `sink`.

        Raises:
            TreeHashMismatch: They were not what the job promised; this is known only at the end.
        """
        self._outputs.pour(self._job_file(job), sink)

    def _job_file(self, job: JobDescription) -> JobFile:
        total_size, tree_hash = self._promise(job)
        whole = ByteRange(0, total_size)
        wanted = _clip(self._place.range, total_size) if self._place.range else whole
        return JobFile(
            vault_name=self._vault_name,
            job_id=job.job_id,
            path=write_path(self._place.file_name) if self._place.file_name else self._name(job),
            total_size=total_size,
            range=wanted,
            tree_hash=tree_hash if wanted == whole else None,
            archive_id=job.archive_id or "",
            is_exact=self._place.file_name is not None,
        )

    def _promise(self, job: JobDescription) -> tuple[int, str | None]:
        """The size and the tree hash of a job's output; for an inventory only the output itself knows the hash."""
        if job.action is Action.ARCHIVE_RETRIEVAL and job.archive_size is not None:
            is_whole = job.range is None or job.range == ByteRange(0, job.archive_size)
            tree_hash = job.tree_hash or (job.archive_tree_hash if is_whole else None)
            return (job.range.size if job.range else job.archive_size), tree_hash
        with self._coldframe.store.get_job_output(self._vault_name, job.job_id) as output:
            return output.total_size, output.tree_hash

    def _name(self, job: JobDescription) -> str:
        """The file name: the job's description, or what the catalog knows of its archive."""
        if job.archive_id is None:
            form = job.inventory.format if job.inventory else InventoryFormat.JSON
            return job.description or f"inventory-{job.job_id[:12]}.{form.lower()}"
        query = Query(
            store=self._coldframe.store_identity,
            vault_name=self._vault_name,
            archive_ids=(job.archive_id,),
            all_versions=True,
        )
        paths = [entry.path for entry in self._coldframe.catalog.select(query)]
        if not job.description:
            return paths[0] if paths else job.archive_id
        # a name beyond ASCII cannot stand in a description as it is
        return next((path.rsplit("/", 1)[-1] for path in paths if describe(path) == job.description), job.description)


def all_jobs(
    store: ColdStore, vault_name: str, *, completed: bool | None = None, status: JobStatus | None = None
) -> Iterator[JobDescription]:
    """Every job of a vault, newest first, page by page."""
    marker: str | None = None
    while True:
        page = store.list_jobs(vault_name, completed=completed, status=status, marker=marker)
        yield from page.items
        marker = page.marker
        if marker is None:
            return


def find_jobs(store: ColdStore, vault_name: str, job_ids: Sequence[str]) -> dict[str, JobDescription | None]:
    """The jobs with these IDs; None for one that is not there, or not any more."""
    if len(job_ids) > _MANY:
        known = {job.job_id: job for job in all_jobs(store, vault_name)}
        return {job_id: known.get(job_id) for job_id in job_ids}
    return {job_id: _find_job(store, vault_name, job_id) for job_id in job_ids}


def _find_job(store: ColdStore, vault_name: str, job_id: str) -> JobDescription | None:
    try:
        return store.describe_job(vault_name, job_id)
    except ResourceNotFound:
        return None


def _clip(wanted: ByteRange, total_size: int) -> ByteRange:
    if wanted.start >= total_size:
        raise BadUsage(f"The output has {total_size:,} bytes; none of them is at {wanted.start:,} or beyond.")
    return ByteRange(wanted.start, min(wanted.end, total_size))
