"""Inventory CSVs as a stream, and a look into one without any consequence."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from coldframe.inventory.csv_file import read_inventory
from coldframe.inventory.csv_records import RowError
from coldframe.inventory.csv_rows import COLUMNS, write_row
from coldframe.inventory.export import with_members

if TYPE_CHECKING:
    from typing import TextIO

    from coldframe.catalog import Query
    from coldframe.composition.library import Coldframe


def export_to_stream(coldframe: Coldframe, query: Query, stream: TextIO, *, is_safe: bool = False) -> None:
    """Write what a query finds as an inventory CSV, bundles with their members."""
    writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for entry in with_members(coldframe.catalog, coldframe.catalog.select(query)):
        writer.writerow(write_row(entry, is_safe=is_safe))


def count_rows(path: str) -> tuple[int, int]:
    """How many rows of an inventory CSV can be used, and how many cannot.

    Raises:
        FormatError: The file is not an inventory.
    """
    usable = unusable = 0
    for row in read_inventory(path):
        if isinstance(row, RowError):
            unusable += 1
        else:
            usable += 1
    return usable, unusable
