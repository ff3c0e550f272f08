"""From the catalog to an inventory CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.catalog import Kind
from coldframe.inventory.csv_file import write_inventory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coldframe.catalog import Catalog, Entry, Query
    from coldframe.files import Files
    from coldframe.inventory.csv_file import Written


def export_inventory(
    catalog: Catalog, query: Query, path: str, *, files: Files | None = None, is_safe: bool = False
) -> Written:
    """Write what a query finds to an inventory CSV, bundles with all their members; see `write_inventory`."""
    found = catalog.select(query)
    entries = found if query.members else with_members(catalog, found)
    return write_inventory(path, entries, files=files, is_safe=is_safe)


def with_members(catalog: Catalog, entries: Iterable[Entry]) -> Iterator[Entry]:
    """The same entries, each bundle followed by its members."""
    for entry in entries:
        yield entry
        if entry.kind is Kind.BUNDLE:
            yield from catalog.members(entry)
