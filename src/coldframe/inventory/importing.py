"""From an inventory CSV into the catalog: what is new is added, what is known is left alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import TYPE_CHECKING

from coldframe.catalog import UNKNOWN_SIZE, ArchiveRecord, Entry, Kind
from coldframe.clock import EPOCH
from coldframe.errors import FormatError
from coldframe.inventory.csv_file import read_inventory
from coldframe.inventory.csv_records import RowError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coldframe.catalog import Catalog
    from coldframe.catalog.recording import Added
    from coldframe.inventory.csv_rows import InventoryRow

_BATCH = 500
_KEPT_ERRORS = 1000


@dataclass(slots=True)
class Imported:
    """What an import did. `errors` holds the first thousand rows that were not usable, `unusable` counts them all."""

    rows: int = 0
    archives_added: int = 0
    entries_added: int = 0
    known: int = 0
    unusable: int = 0
    errors: list[RowError] = field(default_factory=list)

    def refuse(self, error: RowError) -> None:
        """Count a row that is not usable."""
        self.unusable += 1
        if len(self.errors) < _KEPT_ERRORS:
            self.errors.append(error)


def import_inventory(
    path: str, catalog: Catalog, *, store: str | None = None, vault_name: str | None = None
) -> Imported:
    """Import an inventory CSV.

    The file is read twice, since a member may stand before its bundle: first files and bundles, then members. Memory
    does not grow with the file.

    Args:
        path: The file: ours, or one of PowerShell's Export-Csv.
        catalog: Where to.
        store: The identity of the store of the rows that name none.
        vault_name: The vault of the rows that name none.

    Raises:
        FormatError: The file is not an inventory.
    """
    report = Imported()
    for members in (False, True):
        usable = _usable(path, report, members=members)
        placed = _placed(usable, report, store=store, vault_name=vault_name)
        while batch := list(islice(placed, _BATCH)):
            _record(catalog, batch, report)
    return report


def _usable(path: str, report: Imported, *, members: bool) -> Iterator[InventoryRow]:
    """The rows of one pass; errors are counted in the first."""
    for row in read_inventory(path):
        if isinstance(row, RowError):
            if not members:
                report.rows += 1
                report.refuse(row)
        elif (row.kind is Kind.MEMBER) is members:
            report.rows += 1
            yield row


def _placed(
    rows: Iterable[InventoryRow], report: Imported, *, store: str | None, vault_name: str | None
) -> Iterator[tuple[InventoryRow, ArchiveRecord]]:
    for row in rows:
        where = (row.store or store, row.vault_name or vault_name)
        if where[0] is None or where[1] is None:
            missing = "store" if where[0] is None else "vault"
            report.refuse(RowError(row.line, f"it names no {missing}, and none was given"))
            continue
        yield row, _archive(row, where[0], where[1])


def _archive(row: InventoryRow, store: str, vault_name: str) -> ArchiveRecord:
    """The archive of a row. A member's row does not tell its bundle's size; an empty file's archive has one byte."""
    known = row.size is not None and row.kind is not Kind.MEMBER
    return ArchiveRecord(
        store=store,
        vault_name=vault_name,
        archive_id=row.archive_id,
        size=max(row.size or 0, 1) if known else UNKNOWN_SIZE,
        tree_hash=row.tree_hash,
        description="",
        archived_at=row.archived_at or EPOCH,
    )


def _record(catalog: Catalog, batch: list[tuple[InventoryRow, ArchiveRecord]], report: Imported) -> None:
    """Record a batch; the members of one bundle that stand together go together."""
    groups = [list(group) for _key, group in groupby(batch, key=_group)]
    records = [(group[0][1], [_entry(row, archive) for row, archive in group]) for group in groups]
    for group, result in zip(groups, catalog.record_many(records), strict=True):
        _count(group, result, report)


def _group(item: tuple[InventoryRow, ArchiveRecord]) -> tuple[object, ...]:
    row, archive = item
    return (archive.store, archive.vault_name, row.archive_id, row.tree_hash, row.line if row.place is None else 0)


def _count(group: list[tuple[InventoryRow, ArchiveRecord]], result: Added | FormatError, report: Imported) -> None:
    if isinstance(result, FormatError):
        for row, _archive in group:
            report.refuse(RowError(row.line, str(result)))
        return
    report.archives_added += result.is_new
    report.entries_added += result.entries
    report.known += len(group) - result.entries


def _entry(row: InventoryRow, archive: ArchiveRecord) -> Entry:
    return Entry(
        path=row.path,
        kind=row.kind,
        size=UNKNOWN_SIZE if row.size is None else row.size,
        modified_ns=row.modified_ns,
        archive=archive,
        member=row.place,
    )
