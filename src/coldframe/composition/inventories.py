"""Inventory CSVs as a stream, and a look into one without any consequence."""

from __future__ import annotations

import csv
import os
from typing import TYPE_CHECKING

from coldframe.errors import BadUsage
from coldframe.inventory.copies import check_writable
from coldframe.inventory.csv_file import check_inventory, read_inventory
from coldframe.inventory.csv_records import RowError
from coldframe.inventory.csv_rows import COLUMNS, write_row
from coldframe.inventory.export import with_members
from coldframe.names import printable

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


def check_place(path: str) -> None:
    """Find out before hours of work that an inventory could not be written here in the end.

    Raises:
        BadUsage: Its folder is not there or cannot be written to, or it is itself a folder.
        FormatError: There is another kind of file.
    """
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise BadUsage(f"There is no folder {printable(folder)} for the inventory: make it, or name another.")
    check_writable(folder)
    if os.path.isdir(path):
        example = printable(os.path.join(path, "inventory.csv"))
        raise BadUsage(f"{printable(path)} is a folder, and an inventory is a file: name one in it, such as {example}.")
    check_inventory(path)


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
