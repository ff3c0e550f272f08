"""What is done to a store while it is cut off.

Each step tells what it promises, and can be done again after a crash.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.errors import ResourceNotFound
from coldframe.model import MIB, ArchiveRetrieval, InventoryFormat, InventoryRetrieval, JobStatus
from coldframe.testing.bodies import BytesBody, read_output
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.model import JobDescription, Page, UploadDescription
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock
    from crash.bench import Bench
    from crash.expectations import Subject, Value


@dataclass(frozen=True, slots=True)
class Work:
    """A store opened on a bench."""

    store: VaultService
    bench: Bench
    clock: FakeClock


@dataclass(frozen=True, slots=True)
class CreateVault:
    """Make a vault."""

    vault: str

    def do(self, work: Work) -> None:
        """Make it."""
        work.bench.intend(("vault", self.vault), "there")
        work.store.create_vault(self.vault)
        work.bench.confirm(("vault", self.vault), "there")

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """The vault."""
        return {("vault", self.vault): "there"}


@dataclass(frozen=True, slots=True)
class DeleteVault:
    """Delete a vault that holds nothing."""

    vault: str

    def do(self, work: Work) -> None:
        """Delete it."""
        work.bench.intend(("vault", self.vault), None)
        work.store.delete_vault(self.vault)
        work.bench.confirm(("vault", self.vault), None)

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """Nothing."""
        return {("vault", self.vault): None}


@dataclass(frozen=True, slots=True)
class Upload:
    """Send an archive in one piece."""

    vault: str
    name: str
    data: bytes

    def do(self, work: Work) -> None:
        """Send it."""
        subject = ("archive", self.vault, self.name)
        work.bench.intend(subject, digest(self.data))
        receipt = work.store.upload_archive(self.vault, BytesBody(self.data), description=self.name)
        if receipt.tree_hash != tree_hash(self.data):
            msg = f"the receipt names {receipt.tree_hash}"
            raise AssertionError(msg)
        work.bench.confirm(subject, digest(self.data))
        work.bench.confirm(("id", receipt.archive_id), receipt.tree_hash)

    def finish(self, work: Work) -> None:
        """Send it unless it is there."""
        if not archive_ids(work.store, self.vault, self.name):
            self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """The archive."""
        return {("archive", self.vault, self.name): digest(self.data)}


@dataclass(frozen=True, slots=True)
class Multipart:
    """Send an archive in parts of 1 MiB, and complete or abort it."""

    vault: str
    name: str
    data: bytes
    is_aborted: bool = False

    def do(self, work: Work) -> None:
        """Open an upload, then go on with it."""
        work.bench.intend(self._subject, ("open",))
        upload_id = work.store.initiate_multipart_upload(self.vault, part_size=MIB, description=self.name)
        work.bench.confirm(self._subject, ("open",))
        self._go_on(work, upload_id)

    def finish(self, work: Work) -> None:
        """Go on with the upload that is open, if the archive is not there."""
        if archive_ids(work.store, self.vault, self.name):
            return
        found = [u for u in uploads(work.store, self.vault) if u.description == self.name]
        if found:
            self._go_on(work, found[0].upload_id)
        elif not self.is_aborted:
            self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """The archive, or nothing."""
        return {self._subject: None if self.is_aborted else digest(self.data)}

    @property
    def _subject(self) -> Subject:
        return ("archive", self.vault, self.name)

    def _go_on(self, work: Work, upload_id: str) -> None:
        have = {part.range.start for part in work.store.list_parts(self.vault, upload_id).parts}
        starts = range(0, len(self.data), MIB)
        hashes = [tree_hash(self.data[start : start + MIB]) for start in starts]
        for number, start in enumerate(starts):
            if start not in have:
                known = ("open", *hashes[: number + 1])
                work.bench.intend(self._subject, known)
                part = BytesBody(self.data[start : start + MIB])
                work.store.upload_multipart_part(self.vault, upload_id, part, start=start, tree_hash=hashes[number])
                work.bench.confirm(self._subject, known)
        self._end(work, upload_id)

    def _end(self, work: Work, upload_id: str) -> None:
        if self.is_aborted:
            work.bench.intend(self._subject, None)
            work.store.abort_multipart_upload(self.vault, upload_id)
            work.bench.confirm(self._subject, None)
            return
        whole = tree_hash(self.data)
        work.bench.intend(self._subject, digest(self.data))
        receipt = work.store.complete_multipart_upload(
            self.vault, upload_id, archive_size=len(self.data), tree_hash=whole
        )
        work.bench.confirm(self._subject, digest(self.data))
        work.bench.confirm(("id", receipt.archive_id), whole)


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete an archive."""

    vault: str
    name: str

    def do(self, work: Work) -> None:
        """Delete it."""
        for archive_id in archive_ids(work.store, self.vault, self.name):
            work.bench.intend(("archive", self.vault, self.name), None)
            work.bench.intend(("id", archive_id), None)
            work.store.delete_archive(self.vault, archive_id)
            work.bench.confirm(("archive", self.vault, self.name), None)
            work.bench.confirm(("id", archive_id), None)

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """Nothing."""
        return {("archive", self.vault, self.name): None}


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Start a retrieval of an archive whose bytes are known, and read its output."""

    vault: str
    name: str
    label: str
    data: bytes

    def do(self, work: Work) -> None:
        """Start it, read it."""
        work.bench.intend(("job", self.vault, self.label), digest(self.data))
        archive_id = archive_ids(work.store, self.vault, self.name)[0]
        job_id = work.store.initiate_job(self.vault, ArchiveRetrieval(archive_id, description=self.label))
        work.bench.confirm(("job", self.vault, self.label), digest(self.data))
        if read_output(work.store, self.vault, job_id) != self.data:
            msg = "the output holds other bytes"
            raise AssertionError(msg)

    def finish(self, work: Work) -> None:
        """Start it unless it is there."""
        if self.label not in {job.description for job in jobs(work.store, self.vault)}:
            self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """The job and its output."""
        return {("job", self.vault, self.label): digest(self.data)}


@dataclass(frozen=True, slots=True)
class TakeInventory:
    """Start an inventory retrieval, and read its output, which holds archives of these names."""

    vault: str
    label: str
    names: tuple[str, ...]
    format: InventoryFormat = InventoryFormat.JSON

    def do(self, work: Work) -> None:
        """Start it, read it."""
        work.bench.intend(("job", self.vault, self.label), self._value)
        request = InventoryRetrieval(format=self.format, description=self.label)
        job_id = work.store.initiate_job(self.vault, request)
        work.bench.confirm(("job", self.vault, self.label), self._value)
        read_output(work.store, self.vault, job_id)

    def finish(self, work: Work) -> None:
        """Start it unless it is there."""
        if self.label not in {job.description for job in jobs(work.store, self.vault)}:
            self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """The job and its output."""
        return {("job", self.vault, self.label): self._value}

    @property
    def _value(self) -> str:
        return " ".join(sorted(self.names))


@dataclass(frozen=True, slots=True)
class Sweep:
    """Let three days pass, in which jobs and uploads end (`ended`), and sweep away what nothing refers to."""

    ended: tuple[Subject, ...] = ()

    def do(self, work: Work) -> None:
        """Sweep."""
        for subject in self.ended:
            work.bench.intend(subject, None)
        work.clock.advance(days=3)
        work.store.sweep()

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """Nothing of what has ended."""
        return dict.fromkeys(self.ended)


def digest(data: bytes) -> str:
    """What tells bytes apart in a report."""
    return f"{len(data)} bytes {sha256(data).hexdigest()[:8]}"


def archive_ids(store: VaultService, vault: str, name: str) -> list[str]:
    """The IDs of the archives of that description."""
    return [str(a["ArchiveId"]) for a in inventory(store, vault) if a["ArchiveDescription"] == name]


def inventory(store: VaultService, vault: str) -> list[dict[str, object]]:
    """The vault's inventory, taken now."""
    try:
        job_id = store.initiate_job(vault, InventoryRetrieval())
    except ResourceNotFound:
        return []
    found: list[dict[str, object]] = json.loads(read_output(store, vault, job_id))["ArchiveList"]
    return found


def inventory_names(output: bytes, form: InventoryFormat) -> str:
    """The descriptions that an inventory lists."""
    if form is InventoryFormat.JSON:
        names = [str(archive["ArchiveDescription"]) for archive in json.loads(output)["ArchiveList"]]
    else:
        names = [row["ArchiveDescription"] for row in csv.DictReader(io.StringIO(output.decode()))]
    return " ".join(sorted(names))


def jobs(store: VaultService, vault: str) -> Sequence[JobDescription]:
    """The jobs of a vault that have succeeded, at most a page."""
    page: Page[JobDescription] = store.list_jobs(vault, status=JobStatus.SUCCEEDED)
    return page.items


def uploads(store: VaultService, vault: str) -> Sequence[UploadDescription]:
    """The open uploads of a vault."""
    return store.list_multipart_uploads(vault).items
