"""A vault's catalog out of the vault itself: its inventory and the descriptions of its archives (design I9).

What the catalog has stays; what the inventory does not know yet may be newer than the inventory (reliability C28).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from coldframe.catalog import ArchiveRecord, Entry, Kind
from coldframe.errors import FormatError
from coldframe.inventory.description import decode_description
from coldframe.inventory.foreign import decode_foreign, label_of
from coldframe.inventory.vault_jobs import InventoryJobs
from coldframe.inventory.vault_json import BadItem, VaultInventory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from coldframe.catalog import Catalog
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
    those that should be in it and are not: deleted by somebody else. `examples` are the first hundred of these.
    """

    job_id: str
    inventory_at: datetime
    added: int = 0
    known: int = 0
    unreadable: int = 0
    newer: int = 0
    missing: int = 0
    problems: tuple[str, ...] = ()
    examples: tuple[ArchiveRecord, ...] = ()


def rebuild_catalog(store: ColdStore, catalog: Catalog, vault_name: str) -> Rebuilt:
    """Bring everything into the catalog that the vault's inventory knows and the catalog does not.

    An inventory job of an earlier call is resumed. An inventory does not tell what lies in a bundle: members come back
    with an inventory CSV or from the bundles themselves (:func:`~coldframe.inventory.zip_members.read_members`).

    Raises:
        NotReady: The inventory job is in progress; the message has its ID. Call again later.
        FormatError: The inventory cannot be read to its end; what was read is in the catalog.
    """
    jobs = InventoryJobs(store, catalog, vault_name, JOB_DESCRIPTION)
    job = jobs.finished()
    report = Rebuilt(job.job_id, job.completed_at or job.created_at)
    seen = _Seen()
    with store.get_job_output(vault_name, job.job_id) as output:
        inventory = VaultInventory(output)
        items = _readable(inventory, report)
        while batch := list(islice(items, _BATCH)):
            _record(catalog, [_record_of(store.identity, vault_name, item) for item in batch], report, seen)
    report.inventory_at = inventory.inventory_at or report.inventory_at
    _compare(catalog, store.identity, vault_name, report, seen)
    jobs.set_used(job)
    return report


def described_entry(archive: ArchiveRecord) -> Entry:
    """The entry that an archive's description tells of, as far as it does.

    Other clients' descriptions are read where their form is known. What names no file is kept as a name in a folder
    of the archive's own, so that it can be searched for and two of a kind stay apart; the folder has the end of the
    archive ID, since in our own IDs many begin alike.
    """
    described = decode_description(archive.description)
    if described is None:
        return _foreign_entry(archive)
    path = described.path
    if not described.is_whole_path:
        path = f"shortened/{(described.path_sha256 or '')[:_ID_LENGTH]}/{path.lstrip('/')}"
    is_consistent = archive.size == max(described.size, 1) or described.kind is Kind.BUNDLE
    size = described.size if is_consistent and described.kind is Kind.FILE else archive.size
    return Entry(path=path, kind=described.kind, size=size, modified_ns=described.modified_ns, archive=archive)


# --- the archives -----------------------------------------------------------------------------------------------------


class _Seen:
    """Which rows of the catalog the inventory names: a bit each."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, row: int) -> bool:
        """Remember a row; False if it was there."""
        byte, bit = row >> 3, 1 << (row & 7)
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + 1 - len(self._bits) + 1024))
        is_new = not self._bits[byte] & bit
        self._bits[byte] |= bit
        return is_new

    def __contains__(self, row: int) -> bool:
        return row >> 3 < len(self._bits) and bool(self._bits[row >> 3] & 1 << (row & 7))


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


def _record(catalog: Catalog, archives: list[ArchiveRecord], report: Rebuilt, seen: _Seen) -> None:
    """Record what is new; an archive that the catalog knows keeps the entries it has there."""
    results = catalog.record_many([(archive, (described_entry(archive),)) for archive in archives], only_new=True)
    for result in results:
        if isinstance(result, FormatError):
            _refuse(report, str(result))
        elif not seen.add(result.row):
            _refuse(report, "the inventory names an archive twice")
        elif result.is_new:
            report.added += 1
        else:
            report.known += 1


def _compare(catalog: Catalog, store: str, vault_name: str, report: Rebuilt, seen: _Seen) -> None:
    absent = (archive for archive in catalog.archives(store, vault_name) if archive.row not in seen)
    examples: list[ArchiveRecord] = []
    for archive in absent:
        if archive.archived_at >= report.inventory_at:
            report.newer += 1
            continue
        report.missing += 1
        examples += [archive] if len(examples) < _KEPT else []
    report.examples = tuple(examples)


def _refuse(report: Rebuilt, problem: str) -> None:
    report.unreadable += 1
    if len(report.problems) < _KEPT:
        report.problems += (problem,)


def _foreign_entry(archive: ArchiveRecord) -> Entry:
    found = decode_foreign(archive.description)
    label = "" if found else label_of(archive.description)
    path = found.path if found else "/".join(filter(None, ("archive", archive.archive_id[-_ID_LENGTH:], label)))
    modified_ns = found.modified_ns if found else None
    return Entry(path=path, kind=Kind.FILE, size=archive.size, modified_ns=modified_ns, archive=archive)
