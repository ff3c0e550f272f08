r"""A vault's inventory that somebody has kept in a file: the output of an inventory job, as JSON or as CSV.

The CSV is a form of its own (glacier-api 10.2): the description is quoted, a quote in it is written \" and a backslash
as it is. So the first field ends at the first comma, the last three begin at the last three, and what is between is the
description. It does not say when the inventory was made.
"""

from __future__ import annotations

import codecs
import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from coldframe.inventory.vault_json import BadItem, VaultInventory, read_item

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from coldframe.inventory.vault_json import Item

_HEADER = "ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash"
_CHUNK = 64 * 1024
_LONGEST = 64 * 1024
_COMMAS = 3
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class VaultCsv:
    """An inventory job's CSV output, read once. `inventory_at` is None: it does not say."""

    inventory_at: datetime | None = None

    def __init__(self, lines: Iterator[str]) -> None:
        """The lines behind the header."""
        self._lines = lines

    def __iter__(self) -> Iterator[Item | BadItem]:
        """The archives, counted from 1."""
        for number, line in enumerate(self._lines, 1):
            text = line.rstrip("\r\n")
            if text:
                yield _read_line(number, text)


@contextmanager
def saved_inventory(path: str) -> Iterator[VaultInventory | VaultCsv | None]:
    """The inventory in a file; None if the file is something else, perhaps an inventory CSV of a user's.

    Raises:
        OSError: It cannot be read.
    """
    with open(path, "rb") as file:
        encoding = _encoding(file)
        text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
        start = text.read(1)
        if start == "{":
            yield VaultInventory(_pieces(start, text))
            return
        header = start + text.readline(len(_HEADER) + 2)
        is_csv = header.rstrip("\r\n").replace('"', "") == _HEADER
        yield VaultCsv(iter(lambda: text.readline(_LONGEST), "")) if is_csv else None


def _pieces(start: str, text: io.TextIOWrapper) -> Iterator[bytes]:
    yield start.encode()
    while piece := text.read(_CHUNK):
        yield piece.encode()


def _encoding(file: BinaryIO) -> str:
    """The encoding that the file's first bytes name; leaves the file behind them."""
    head = file.read(4)
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            file.seek(len(bom))
            return encoding
    file.seek(0)
    return "utf-8"


def _read_line(number: int, text: str) -> Item | BadItem:
    archive_id, _, rest = text.partition(",")
    parts = rest.rsplit(",", _COMMAS)
    if len(parts) <= _COMMAS or not parts[2].strip('"').isdecimal():
        return BadItem(number, "the line is not one of an inventory")
    description, created_at, size, tree_hash = parts
    if len(description) > 1 and description[0] == description[-1] == '"':
        description = description[1:-1].replace('\\"', '"')
    value = {
        "ArchiveId": archive_id.strip('"'),
        "ArchiveDescription": description,
        "CreationDate": created_at.strip('"'),
        "Size": int(size.strip('"')[:20]),
        "SHA256TreeHash": tree_hash.strip('"'),
    }
    return read_item(number, value)
