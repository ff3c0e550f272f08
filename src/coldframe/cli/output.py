"""Data on standard output, in three forms: an aligned table, CSV, or one JSON object per line.

All three stream: a listing of a million archives needs no more memory than one of ten. Nothing that a name may hold can
steer the terminal: a table, and any form on a terminal, shows control and direction characters as escapes.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TextIO

from coldframe.clock import format_moment
from coldframe.names import printable
from coldframe.quantities import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Row = Mapping[str, object]

_CONTROL = re.compile("[\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SAMPLE = 64
_GAP = "  "
_LEAST_FOLD = 24


@dataclass(frozen=True, slots=True)
class Column:
    """One value of each row.

    Attributes:
        key: Its stable name in JSON and CSV, in the protocol's words.
        title: Its heading in a table; without one it is not in the table.
        label: What a long table calls it in a line of its own below the row.
        show: How a table shows the value.
        width: The least width in a table.
        is_right: Whether a table aligns it to the right.
    """

    key: str
    title: str = ""
    show: Callable[[object], str] | None = None
    label: str = ""
    width: int = 0
    is_right: bool = False


def size_column(key: str = "size", title: str = "SIZE") -> Column:
    """A number of bytes."""
    return Column(key, title, show_size, width=9, is_right=True)


def moment_column(key: str, title: str = "") -> Column:
    """A moment, in local time in a table and in UTC elsewhere."""
    return Column(key, title, show_moment, width=16)


def show_size(value: object) -> str:
    """A size for people."""
    return format_size(value) if isinstance(value, int | float) and value >= 0 else "-"


def show_moment(value: object) -> str:
    """A moment for people, in their own time zone."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else "-"


class Printer(Protocol):
    """Prints rows that hold a value for each column's key."""

    def row(self, row: Row) -> None:
        """Print one row."""
        ...

    def end(self) -> None:
        """Print what is still held back."""
        ...


class JsonPrinter:
    """One JSON object per line, readable by `ConvertFrom-Json`, jq and us."""

    def __init__(self, columns: Sequence[Column], stream: TextIO) -> None:
        """Decide whether the stream can carry all of Unicode."""
        self._keys = [column.key for column in columns]
        self._stream = stream
        self._is_ascii = sys.platform == "win32" or (stream.encoding or "").lower().replace("-", "") != "utf8"

    def row(self, row: Row) -> None:
        """Print one object."""
        values = {key: _plain(row.get(key)) for key in self._keys}
        text = json.dumps(values, ensure_ascii=self._is_ascii)
        self._stream.write(_CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n")

    def end(self) -> None:
        """Nothing is held back."""


class CsvPrinter:
    """RFC 4180 with a heading, and the system's line ends."""

    def __init__(self, columns: Sequence[Column], stream: TextIO) -> None:
        """Print the heading."""
        self._keys = [column.key for column in columns]
        self._is_terminal = stream.isatty()
        self._writer = csv.writer(stream, lineterminator="\n")
        self._writer.writerow(self._keys)

    def row(self, row: Row) -> None:
        """Print one row."""
        texts = [_csv_text(row.get(key)) for key in self._keys]
        self._writer.writerow([printable(text) for text in texts] if self._is_terminal else texts)

    def end(self) -> None:
        """Nothing is held back."""


class TablePrinter:
    """Aligned columns; the last may be of any length and is folded on a terminal that is too narrow for it.

    The first rows are held back to measure them, unless `is_live`: rows of a long job must show at once.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        stream: TextIO,
        *,
        width: int | None,
        is_live: bool = False,
        is_long: bool = False,
    ) -> None:
        """Start with the headings' widths; `width` is the terminal's, None where there is none."""
        self._columns = [column for column in columns if column.title]
        self._labelled = [column for column in columns if column.label and is_long]
        self._stream = stream
        self._width = width
        self._waiting: list[tuple[list[str], list[str]]] | None = [([column.title for column in self._columns], [])]
        self._widths = [max(column.width, len(column.title)) for column in self._columns]
        self._sample = 1 if is_live else _SAMPLE

    def row(self, row: Row) -> None:
        """Print one row, or hold it back to measure it."""
        cells = [printable(_shown(column, row.get(column.key))) for column in self._columns]
        below = [
            f"    {column.label} {printable(_shown(column, row[column.key]))}"
            for column in self._labelled
            if row.get(column.key) is not None
        ]
        if self._waiting is None:
            self._write(cells, below)
            return
        self._waiting.append((cells, below))
        if len(self._waiting) > self._sample:
            self._release()

    def end(self) -> None:
        """Print what was held back; a table without rows has no heading either."""
        if self._waiting and len(self._waiting) > 1:
            self._release()

    def _release(self) -> None:
        waiting, self._waiting = self._waiting or [], None
        for cells, _ in waiting:
            self._widths = [max(width, display_width(cell)) for width, cell in zip(self._widths, cells, strict=True)]
        for cells, below in waiting:
            self._write(cells, below)

    def _write(self, cells: Sequence[str], below: Sequence[str]) -> None:
        padded = [
            _pad(cell, width, is_right=column.is_right)
            for cell, width, column in zip(cells[:-1], self._widths, self._columns, strict=False)
        ]
        front = "".join(cell + _GAP for cell in padded)
        for line in fold(front, cells[-1], self._width):
            self._stream.write(line.rstrip() + "\n")
        for line in below:
            self._stream.write(line + "\n")


def open_printer(
    form: str,
    columns: Sequence[Column],
    *,
    stream: TextIO,
    width: int | None = None,
    is_live: bool = False,
    is_long: bool = False,
) -> Printer:
    """The printer for `form`: table, csv or json."""
    if form == "json":
        return JsonPrinter(columns, stream)
    if form == "csv":
        return CsvPrinter(columns, stream)
    return TablePrinter(columns, stream, width=width, is_live=is_live, is_long=is_long)


def fold(front: str, last: str, width: int | None) -> list[str]:
    """The lines of `front` and `last` within `width` cells; what does not fit goes on below, indented."""
    if width is None or display_width(front) + display_width(last) <= width:
        return [front + last]
    room = width - display_width(front)
    if room >= _LEAST_FOLD:
        pieces = _pieces(last, room)
        return [front + pieces[0], *(" " * display_width(front) + piece for piece in pieces[1:])]
    inner = max(1, width - len(_GAP))
    return [*_pieces(front.rstrip(), width), *(_GAP + piece for piece in _pieces(last, inner))]


def display_width(text: str) -> int:
    """How many cells of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _pieces(text: str, room: int) -> list[str]:
    pieces, used = [""], 0
    for character in text:
        cells = _cells(character)
        if used + cells > room and pieces[-1]:
            pieces.append("")
            used = 0
        pieces[-1] += character
        used += cells
    return pieces


def _pad(text: str, width: int, *, is_right: bool) -> str:
    blanks = " " * (width - display_width(text))
    return blanks + text if is_right else text + blanks


def _shown(column: Column, value: object) -> str:
    if column.show is not None:
        return column.show(value)
    return "-" if value is None else str(value)


def _plain(value: object) -> object:
    return format_moment(value) if isinstance(value, datetime) else value


def _csv_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(_plain(value))
