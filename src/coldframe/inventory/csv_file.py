"""The inventory CSV that a user keeps: read from anybody, extended atomically, never silently replaced."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from coldframe.errors import Busy, FormatError
from coldframe.files import DiskFiles, durable_write
from coldframe.inventory.csv_records import Dialect, Records, RowError
from coldframe.inventory.csv_rows import COLUMNS, REQUIRED, BadRow, read_row, row_key, write_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from coldframe.catalog import Entry
    from coldframe.files import Files
    from coldframe.inventory.csv_records import Record
    from coldframe.inventory.csv_rows import InventoryRow

_BUFFER = 256 * 1024


@dataclass(frozen=True, slots=True)
class Written:
    """What :func:`write_inventory` did: rows that were added, and rows that were there and stay."""

    path: str
    added: int
    kept: int


def read_inventory(path: str) -> Iterator[InventoryRow | RowError]:
    """The rows of an inventory CSV, one at a time; a row that cannot be used comes as a `RowError`.

    Raises:
        FormatError: The file is not an inventory.
        OSError: It cannot be read.
    """
    with _opened(path) as records:
        columns = _lower(records.header)
        for record in records:
            yield record if isinstance(record, RowError) else _read(record, columns)


def check_inventory(path: str) -> None:
    """Make sure that a file may be extended or replaced by an inventory: it is one, or empty, or not there.

    Raises:
        FormatError: It is something else.
        OSError: It cannot be read.
    """
    stamp = _stamp(os.path.realpath(path))
    if stamp is not None and stamp[1]:
        with _opened(path):
            pass


def write_inventory(
    path: str, entries: Iterable[Entry], *, files: Files | None = None, is_safe: bool = False
) -> Written:
    """Write entries to an inventory CSV; a file that is there is extended.

    Its rows, its columns (also those we do not know) and their order stay; columns of ours that it lacks are added at
    the end, rows that it has are not written again. The file is replaced in one step, when the new one is durable.

    Args:
        path: The file. A symbolic link is followed.
        entries: What to write, in this order.
        files: The file system.
        is_safe: Write a `'` before new values that a spreadsheet would take for a formula.

    Raises:
        FormatError: The file is not an inventory, or holds a row that cannot be read; it stays as it is.
        Busy: Another program changed the file meanwhile; what it wrote stays.
        OSError: The new file could not be made durable; the old one stays.
    """
    target = os.path.realpath(path)
    writing = _Writing(target, is_safe=is_safe)
    folder, name = os.path.split(target)
    durable_write(files or DiskFiles(), folder, name, _buffered(writing.pieces(entries)))
    return Written(path, writing.added, writing.kept)


class _Writing:
    """One run of :func:`write_inventory`: the old rows first, then the new ones."""

    def __init__(self, target: str, *, is_safe: bool) -> None:
        self._target = target
        self._is_safe = is_safe
        self._keys: set[bytes] = set()
        self.added = 0
        self.kept = 0

    def pieces(self, entries: Iterable[Entry]) -> Iterator[bytes]:
        """The whole new file."""
        before = _stamp(self._target)
        if before is None or before[1] == 0:  # no file, or an empty one, which somebody touched
            header, dialect = list(COLUMNS), Dialect()
            yield dialect.encode(dialect.format(header))
        else:
            with _opened(self._target) as records:
                header, dialect = [*records.header, *_missing(records.header)], records.dialect
                yield from self._old(records, header)
        yield from self._new(entries, header, dialect)
        if _stamp(self._target) != before:
            raise Busy(f"another program has just changed {self._target}; nothing was written, try again")

    def _old(self, records: Records, header: list[str]) -> Iterator[bytes]:
        dialect, columns = records.dialect, _lower(header)
        yield dialect.bom + dialect.encode(dialect.type_line or "")
        yield dialect.encode(dialect.format(header))
        for record in records:
            if isinstance(record, RowError):
                raise FormatError(
                    f"line {record.line} of {self._target} cannot be read: {record.problem}. Nothing was changed;"
                    " correct the line, or give the inventory another name"
                )
            fields = record.fields + [""] * (len(header) - len(record.fields))
            self._keys.add(_digest(dict(zip(columns, fields, strict=True))))
            self.kept += 1
            yield dialect.encode(dialect.format(fields))

    def _new(self, entries: Iterable[Entry], header: list[str], dialect: Dialect) -> Iterator[bytes]:
        columns = _lower(header)
        for entry in entries:
            values = {column.lower(): value for column, value in write_row(entry, is_safe=self._is_safe).items()}
            key = _digest(values)
            if key in self._keys:
                continue
            self._keys.add(key)
            self.added += 1
            yield dialect.encode(dialect.format([values.get(column, "") for column in columns]))


@contextmanager
def _opened(path: str) -> Iterator[Records]:
    with open(path, "rb") as file:
        records = Records(
            file, name=path, required=REQUIRED
        )  # held here, or it would be gone before the file is closed
        yield records


def _read(record: Record, columns: list[str]) -> InventoryRow | RowError:
    fields = record.fields + [""] * (len(columns) - len(record.fields))
    values = dict(reversed(list(zip(columns, fields, strict=True))))  # of a doubled column the first one counts
    try:
        return read_row(record.line, values)
    except BadRow as error:
        return RowError(record.line, str(error))


def _missing(header: list[str]) -> list[str]:
    there = set(_lower(header))
    return [column for column in COLUMNS if column.lower() not in there]


def _lower(header: list[str]) -> list[str]:
    return [column.lower() for column in header]


def _digest(values: Mapping[str, str]) -> bytes:
    """16 bytes in place of a row's key, so that 100,000 rows take a few megabytes."""
    text = "\0".join(row_key(values))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _buffered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer, larger writes."""
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        if len(buffer) >= _BUFFER:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)
