"""A vault's catalog out of the vault itself: its inventory and the descriptions of its archives (design I9).

What the catalog has stays; what the inventory does not know yet may be newer than the inventory (reliability C28).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from coldframe.catalog import ArchiveRecord, Entry, Kind
from coldframe.catalog.sightings import Listed, Sightings
from coldframe.clock import EPOCH
from coldframe.errors import FormatError
from coldframe.inventory.description import decode_description
from coldframe.inventory.foreign import decode_foreign, label_of
from coldframe.inventory.late import NO_MARGIN, Asked
from coldframe.inventory.saved import saved_inventory
from coldframe.inventory.seen import SeenRows
from coldframe.inventory.vault_jobs import InventoryJobs
from coldframe.inventory.vault_json import BadItem, VaultInventory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime, timedelta

    from coldframe.catalog import Catalog
    from coldframe.inventory.saved import VaultCsv
    from coldframe.inventory.vault_json import Item
    from coldframe.ports import ColdStore

JOB_DESCRIPTION = "coldframe inventory rebuild"
"""By which an inventory job is known as one of ours and resumed."""

_BATCH = 500
_KEPT = 100
_ID_LENGTH = 12


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild found.

    `newer` counts archives of the catalog that are newer than the inventory and therefore not in it yet; `missing`
    those that should be in it and are not: deleted by somebody else; `deleted` those that the inventory names still,
    though they were deleted from here after it. `examples` are the first hundred of the missing.
    """

    job_id: str
    inventory_at: datetime
    added: int = 0
    known: int = 0
    unreadable: int = 0
    newer: int = 0
    missing: int = 0
    deleted: int = 0
    problems: tuple[str, ...] = ()
    examples: tuple[ArchiveRecord, ...] = ()


def rebuild_catalog(
    store: ColdStore,
    catalog: Catalog,
    vault_name: str,
    *,
    margin: timedelta = NO_MARGIN,
    before: Callable[[], None] = lambda: None,
) -> Rebuilt:
    """Bring everything into the catalog that the vault's inventory knows and the catalog does not.

    An inventory job of an earlier call is resumed. What was deleted from here after the inventory was made stays
    deleted. An inventory does not tell what lies in a bundle: members come back with an inventory CSV or from the
    bundles themselves (:func:`~coldframe.inventory.zip_members.read_members`).

    Args:
        store: Where the vault is.
        catalog: What is to know it.
        vault_name: The vault.
        margin: By how much the store's clock may differ from ours.
        before: Called before a job is begun, which may cost money; what it raises keeps that from happening.

    Raises:
        NotReady: The inventory job is in progress; the message has its ID. Call again later.
        FormatError: The inventory cannot be read to its end; what was read is in the catalog.
    """
    jobs = InventoryJobs(store, catalog, vault_name, JOB_DESCRIPTION, before=before)
    job = jobs.finished()
    report = Rebuilt(job.job_id, job.completed_at or job.created_at)
    work = _Rebuild(catalog, store.identity, vault_name, report, margin, job.created_at)
    with store.get_job_output(vault_name, job.job_id) as output:
        work.read(VaultInventory(output))
    jobs.set_used(job)
    return report


def rebuild_from_file(
    path: str, catalog: Catalog, *, store: str, vault_name: str, margin: timedelta = NO_MARGIN
) -> Rebuilt | None:
    """As :func:`rebuild_catalog`, from the output of an inventory job that was kept in a file, as JSON or as CSV.

    Nothing is asked of the store. Since anybody may have written the file, nothing counts as seen in the vault.
    Answers None if the file is no such output.

    Args:
        path: The file.
        catalog: What is to know the vault.
        store: The identity of the vault's store.
        vault_name: The vault.
        margin: By how much the store's clock may differ from ours.

    Raises:
        FormatError: The inventory cannot be read to its end; what was read is in the catalog.
        OSError: The file cannot be read.
    """
    report = Rebuilt("", EPOCH)
    with saved_inventory(path) as inventory:
        if inventory is None:
            return None
        _Rebuild(catalog, store, vault_name, report, margin).read(inventory)
    return report


def described_entry(archive: ArchiveRecord) -> Entry:
    """The entry that an archive's description tells of, as far as it does.

    Other clients' descriptions are read where their form is known.
    """
    described = decode_description(archive.description)
    path = described_path(archive.description, archive.archive_id)
    if described is None:
        found = decode_foreign(archive.description)
        modified_ns = found.modified_ns if found else None
        return Entry(path=path, kind=Kind.FILE, size=archive.size, modified_ns=modified_ns, archive=archive)
    is_consistent = archive.size == max(described.size, 1) or described.kind is Kind.BUNDLE
    size = described.size if is_consistent and described.kind is Kind.FILE else archive.size
    return Entry(path=path, kind=described.kind, size=size, modified_ns=described.modified_ns, archive=archive)


def described_path(description: str, archive_id: str) -> str:
    """The path that a description tells of.

    What names no file is kept as a name in a folder of the archive's own, so that it can be searched for and two of a
    kind stay apart; the folder has the end of the archive ID, since in our own IDs many begin alike.
    """
    described = decode_description(description)
    if described is not None and described.is_whole_path:
        return described.path
    if described is not None:
        return f"shortened/{(described.path_sha256 or '')[:_ID_LENGTH]}/{described.path.lstrip('/')}"
    found = decode_foreign(description)
    if found is not None:
        return found.path
    return "/".join(filter(None, ("archive", archive_id[-_ID_LENGTH:], label_of(description))))


# --- the archives -----------------------------------------------------------------------------------------------------


def _readable(items: Iterable[Item | BadItem], report: Rebuilt) -> Iterator[Item]:
    for item in items:
        if isinstance(item, BadItem):
            _refuse(report, f"archive {item.number} of the inventory: {item.problem}")
        else:
            yield item


def _record_of(store: str, vault_name: str, item: Item) -> ArchiveRecord:
    return ArchiveRecord(
        store=store,
        vault_name=vault_name,
        archive_id=item.archive_id,
        size=item.size,
        tree_hash=item.tree_hash,
        description=item.description,
        archived_at=item.created_at,
    )


@dataclass(slots=True)
class _Rebuild:
    """One inventory on its way into the catalog; `asked_at` is None if the vault itself did not bring it."""

    catalog: Catalog
    store: str
    vault_name: str
    report: Rebuilt
    margin: timedelta
    asked_at: datetime | None = None

    def read(self, inventory: VaultInventory | VaultCsv) -> None:
        """Record all of it, compare the catalog with it, and remember what was seen if the vault itself says so."""
        sightings = Sightings(self.catalog.database, self.store, self.vault_name)
        seen, size, number = SeenRows(), 0, None
        items = _readable(inventory, self.report)
        while batch := list(islice(items, _BATCH)):
            at = inventory.inventory_at or max(self.report.inventory_at, *(item.created_at for item in batch))
            self.report.inventory_at = at
            if self.asked_at is not None and number is None:
                number = sightings.begin(self.report.job_id, at, asked_at=self.asked_at)
            self._record(self._without_deleted(batch, sightings), seen)
            size += sum(item.size for item in batch)
            if number is not None:
                sightings.see(number, [_listed(item) for item in batch])
        self.report.inventory_at = inventory.inventory_at or self.report.inventory_at
        if self.asked_at is not None:
            at = self.report.inventory_at
            number = number or sightings.begin(self.report.job_id, at, asked_at=self.asked_at)
            archives = self.report.added + self.report.known + self.report.deleted
            sightings.finish(number, archives=archives, size=size)
        self._compare(seen)

    def _without_deleted(self, batch: list[Item], sightings: Sightings) -> list[Item]:
        """What was not deleted from here after the inventory was made, as far as the clocks agree."""
        asked = self._asked()
        matches = sightings.look_up([_listed(item) for item in batch])
        kept = [
            item
            for item, match in zip(batch, matches, strict=True)
            if match.row is not None or match.deleted_at is None or not asked.may_not_know(match.deleted_at)
        ]
        self.report.deleted += len(batch) - len(kept)
        return kept

    def _record(self, items: list[Item], seen: SeenRows) -> None:
        """Record what is new; an archive that the catalog knows keeps the entries it has there."""
        report = self.report
        archives = [_record_of(self.store, self.vault_name, item) for item in items]
        batch = [(archive, (described_entry(archive),)) for archive in archives]
        for result in self.catalog.record_many(batch, only_new=True):
            if isinstance(result, FormatError):
                _refuse(report, str(result))
            elif not seen.add(result.row):
                _refuse(report, "the inventory names an archive twice")
            elif result.is_new:
                report.added += 1
            else:
                report.known += 1

    def _asked(self) -> Asked:
        return Asked(self.report.inventory_at, self.asked_at, self.margin)

    def _compare(self, seen: SeenRows) -> None:
        report, asked = self.report, self._asked()
        absent = (archive for archive in self.catalog.archives(self.store, self.vault_name) if archive.row not in seen)
        examples: list[ArchiveRecord] = []
        for archive in absent:
            if asked.may_not_know(archive.archived_at):
                report.newer += 1
                continue
            report.missing += 1
            examples += [archive] if len(examples) < _KEPT else []
        report.examples = tuple(examples)


def _listed(item: Item) -> Listed:
    return Listed(item.archive_id, item.size, item.tree_hash)


def _refuse(report: Rebuilt, problem: str) -> None:
    report.unreadable += 1
    if len(report.problems) < _KEPT:
        report.problems += (problem,)
