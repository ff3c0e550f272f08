"""Records of a CSV file, from whoever wrote it, in bounded memory.

What comes: UTF-8 with or without a BOM, UTF-16 of both byte orders with or without one, a `#TYPE` line of Export-Csv or
a `sep=;` line for Excel, `,` `;` `|` or tabs between the fields as the writer's culture wants it, all line ends, rows
that a spreadsheet left empty. A record that is no CSV is
reported with its line, and reading goes on with the next line (reliability X6).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from coldframe.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_RECORD = 256 * 1024
"""Characters in one record. The longest honest one holds two long paths."""

_MAX_LINES = 1000
_FIRST_LINE = re.compile(r'"?(#TYPE|sep=.?"?\s*\Z)', re.IGNORECASE)
_DELIMITERS = ",;\t|"
_SPECIAL = re.compile(r"""[",;|\t\r\n]|\A\s|\s\Z""")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class RowError:
    """A record that cannot be used, and why. Lines are counted from 1."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of one record and the line on which it begins."""

    line: int
    fields: list[str]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written."""

    encoding: str = "utf-8"
    has_bom: bool = False
    delimiter: str = ","
    line_end: str = "\n"
    type_line: str | None = None

    def encode(self, text: str) -> bytes:
        """The text as bytes of this file; bytes that were not text when read come back as they were."""
        return text.encode(self.encoding, "surrogateescape" if self.encoding == "utf-8" else "surrogatepass")

    @property
    def bom(self) -> bytes:
        """What the file begins with."""
        return "\ufeff".encode(self.encoding) if self.has_bom else b""

    def format(self, fields: list[str]) -> str:
        """One record with its line end; fields are quoted where they must be."""
        return self.delimiter.join(_quote(field) for field in fields) + self.line_end


class Records:
    """The records behind the header of an open CSV file, each read once.

    Args:
        file: The bytes, at their beginning.
        name: What messages call the file.
        required: Columns (in lower case) without which it is not the file that was meant.

    Raises:
        FormatError: There is no header line with the required columns.
    """

    def __init__(self, file: BinaryIO, *, name: str, required: frozenset[str]) -> None:
        """Read up to the end of the header."""
        self._lines = _Lines(file, name)
        type_line = self._skip_type_line()
        found = self._next_text()
        self.header, delimiter = _read_header(found[1] if found else "", required, name)
        self._nothing = f'{delimiter}" \t\r\n'
        line_end = "\r\n" if found and (found[1] or "").endswith("\r\n") else "\n"
        self.dialect = Dialect(self._lines.encoding, self._lines.has_bom, delimiter, line_end, type_line)

    def __iter__(self) -> Iterator[Record | RowError]:
        """The records and errors in the order of the file; lines without a word are skipped."""
        while (found := self._next_text()) is not None:
            line, text = found
            if text is None:
                yield RowError(line, f"it has more than {MAX_RECORD} characters")
            elif text.strip(self._nothing):
                yield self._parse(line, text)

    def _parse(self, line: int, text: str) -> Record | RowError:
        if "\0" in text:
            return RowError(line, "it holds a NUL character")
        try:
            (fields,) = csv.reader([text], delimiter=self.dialect.delimiter, strict=True)
        except (csv.Error, ValueError) as error:
            return RowError(line, f"it cannot be split into fields: {error}")
        if len(fields) > len(self.header):
            return RowError(line, f"it has {len(fields)} fields and the header {len(self.header)}")
        return Record(line, fields)

    def _skip_type_line(self) -> str | None:
        first = self._lines.take()
        if first is None:
            return None
        if first[1] is not None and _FIRST_LINE.match(first[1]):
            return first[1]
        self._lines.put_back([first])
        return None

    def _next_text(self) -> tuple[int, str | None] | None:
        """The next record's text: lines are joined until its quotes match.

        Where they never do, the first line alone is the broken record, and those behind it get their own chance.
        """
        first = self._lines.take()
        if first is None or first[1] is None:
            return first
        taken = [first]
        quotes, size = first[1].count('"'), len(first[1])
        while quotes % 2:
            following = self._lines.take()
            if following is None or following[1] is None or size + len(following[1]) > MAX_RECORD:
                self._lines.put_back([*taken[1:], *([following] if following else [])])
                return first
            taken.append(following)
            quotes, size = quotes + following[1].count('"'), size + len(following[1])
            if len(taken) > _MAX_LINES:
                self._lines.put_back(taken[1:])
                return first
        return first[0], "".join(line[1] or "" for line in taken)


class _Lines:
    """Numbered lines with their ends; a line that is too long comes as None."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._name = name
        self.encoding, self.has_bom = _sniff(file)
        errors = "surrogateescape" if self.encoding == "utf-8" else "surrogatepass"
        self._text = io.TextIOWrapper(file, self.encoding, errors=errors, newline="")
        self._number = 0
        self._waiting: deque[tuple[int, str | None]] = deque()

    def take(self) -> tuple[int, str | None] | None:
        if self._waiting:
            return self._waiting.popleft()
        text = self._read(MAX_RECORD + 1)
        if not text:
            return None
        self._number += 1
        if len(text) <= MAX_RECORD:
            return self._number, text
        while text and not text.endswith(("\n", "\r")):
            text = self._read(MAX_RECORD)
        return self._number, None

    def _read(self, size: int) -> str:
        try:
            return self._text.readline(size)
        except UnicodeDecodeError as error:  # half a character of UTF-16; nothing else can be wrong with it
            raise FormatError(
                f"{self._name} is cut off in the middle of a character, near line {self._number + 1}; take a whole copy"
            ) from error

    def put_back(self, lines: list[tuple[int, str | None]]) -> None:
        self._waiting.extendleft(reversed(lines))


def _quote(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if _SPECIAL.search(field) else field


def _sniff(file: BinaryIO) -> tuple[str, bool]:
    """The encoding, and whether a BOM says so; leaves the file behind the BOM."""
    head = file.read(4)
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            file.seek(len(bom))
            return encoding, True
    file.seek(0)
    if head[1:2] == b"\0":
        return "utf-16-le", False
    return ("utf-16-be" if head[:1] == b"\0" else "utf-8"), False


def _read_header(text: str | None, required: frozenset[str], name: str) -> tuple[list[str], str]:
    for delimiter in _DELIMITERS:
        try:
            rows = list(csv.reader([text or ""], delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        header = [column.strip() for column in rows[0]] if rows else []
        if required <= {column.lower() for column in header}:
            return header, delimiter
    raise FormatError(f"{name} is not an inventory: it has no header line with FilePath, ArchiveId and Checksum")
