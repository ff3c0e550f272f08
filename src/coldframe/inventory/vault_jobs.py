"""The job that brings a vault's whole inventory: begun once, found again however often one comes back, used once.

Such a job takes hours at some stores, and a new one is made at each start; so what was begun is looked for first, and
is known by its description.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coldframe.clock import to_milliseconds
from coldframe.errors import FormatError, NotReady
from coldframe.model import Action, InventoryFormat, InventoryRetrieval, JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.catalog import Catalog
    from coldframe.model import JobDescription
    from coldframe.ports import ColdStore


@dataclass(frozen=True, slots=True)
class InventoryJobs:
    """The inventory jobs of one purpose in one vault.

    Args:
        store: Where they are.
        catalog: Remembers which were used.
        vault_name: The vault.
        description: The purpose.
        adopt: Whether a job that somebody began for another purpose will do; else only those of that description.
        before: Called before a job is begun, which may cost money; what it raises keeps that from happening.
    """

    store: ColdStore
    catalog: Catalog
    vault_name: str
    description: str
    adopt: bool = False
    before: Callable[[], None] = lambda: None

    def finished(self) -> JobDescription:
        """The newest job, if it is newer than the last one that was used, or a new one.

        A job that was finished before the vault's newest inventory is passed over if a new one is ready at once.

        Raises:
            NotReady: It is in progress; the message has its ID. Call again later.
            FormatError: The store could not make the inventory.
        """
        used_until = int(self.catalog.note(self._note()) or -1)
        unused = [job for job in self._ours() if to_milliseconds(job.created_at) > used_until]
        found = next((job for job in unused if job.status is JobStatus.SUCCEEDED), None)
        if found is not None and not self._is_outdated(found):
            return found
        if unused and unused[0].status is JobStatus.IN_PROGRESS:
            raise _not_ready(unused[0])
        job = self._begin()
        if job.status is JobStatus.SUCCEEDED:
            return job
        if job.status is JobStatus.FAILED:
            raise FormatError(f"the store could not make the inventory of {self.vault_name}: {job.status_message}")
        if found is not None:
            return found
        raise _not_ready(job)

    def set_used(self, job: JobDescription) -> None:
        """A job has done its duty: the next time another is begun."""
        self.catalog.set_note(self._note(), str(to_milliseconds(job.created_at)))

    def _begin(self) -> JobDescription:
        self.before()
        request = InventoryRetrieval(format=InventoryFormat.JSON, description=self.description)
        return self.store.describe_job(self.vault_name, self.store.initiate_job(self.vault_name, request))

    def _ours(self) -> Iterator[JobDescription]:
        """The jobs that are not lost, newest first."""
        marker = None
        while True:
            page = self.store.list_jobs(self.vault_name, marker=marker)
            for job in page.items:
                is_inventory = job.action is Action.INVENTORY_RETRIEVAL and _is_whole(job)
                if is_inventory and (self.adopt or job.description == self.description):
                    yield job
            marker = page.marker
            if marker is None:
                return

    def _is_outdated(self, job: JobDescription) -> bool:
        newest = self.store.describe_vault(self.vault_name).last_inventory_at
        return newest is not None and newest > job.created_at

    def _note(self) -> str:
        return f"inventory jobs used until, {self.description}, {self.store.identity} {self.vault_name}"


def _is_whole(job: JobDescription) -> bool:
    """Whether a job is about the whole vault, as JSON, and did not fail."""
    asked = job.inventory or InventoryRetrieval()
    plain = InventoryRetrieval(format=asked.format)
    is_plain = replace(asked, description=None, sns_topic=None, marker=None) == plain
    return is_plain and asked.format is InventoryFormat.JSON and job.status is not JobStatus.FAILED


def _not_ready(job: JobDescription) -> NotReady:
    return NotReady(f"the store is still preparing the inventory (job {job.job_id}); run the same command again later")
