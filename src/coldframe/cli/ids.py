"""IDs on standard input: JSON lines, CSV with a heading, or one ID per line."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from coldframe.errors import BadUsage, NothingMatched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class IdKind:
    """What kind of ID is read, and how the rows of other programs call it.

    Args:
        noun: For messages.
        key: The name in our own rows.
        other_keys: Those of the protocol and of PowerShell; capitals do not matter.
    """

    noun: str
    key: str
    other_keys: tuple[str, ...]

    def find(self, row: dict[str, object]) -> str | None:
        """The ID in a row, by whichever name it is there."""
        values = {name.strip().lower(): value for name, value in row.items()}
        found = next((values[key] for key in (self.key, *self.other_keys) if values.get(key)), None)
        return found if isinstance(found, str) else None


ARCHIVES = IdKind("archive ID", "archive_id", ("archiveid",))
JOBS = IdKind("job ID", "job_id", ("jobid",))
UPLOADS = IdKind("upload ID", "upload_id", ("multipartuploadid", "multipart_upload_id", "uploadid"))


def read_ids(lines: Iterable[str], kind: IdKind = ARCHIVES) -> tuple[str, ...]:
    """The IDs in a stream that `coldframe … -o json` or `-o csv`, PowerShell or an editor made; each once.

    Raises:
        BadUsage: A line holds none.
        NothingMatched: There is no line.
    """
    stream = (line for line in lines if line.strip())
    first = next(stream, None)
    if first is None:
        raise NothingMatched(f"Standard input holds no {kind.noun}: there is nothing to do.")
    first = first.removeprefix("\ufeff")
    everything = chain([first], stream)
    if first.lstrip().startswith("{"):
        return tuple(dict.fromkeys(_from_json(everything, kind)))
    if first.lstrip().startswith("["):
        return tuple(dict.fromkeys(_from_array("".join(everything), kind)))
    heading = [field.strip().lower() for field in next(csv.reader([first]))]
    if any(key in heading for key in (kind.key, *kind.other_keys)):
        return tuple(dict.fromkeys(_from_csv(everything, kind)))
    if len(heading) > 1:
        raise BadUsage(f"Line 1 of standard input has no {kind.key}.")
    return tuple(dict.fromkeys(line.strip() for line in everything))


def given_ids(words: tuple[str, ...], kind: IdKind) -> tuple[str, ...]:
    """The IDs on a command line, each once; a `-` among them stands for those on standard input.

    Raises:
        BadUsage: None is named, or standard input holds a line without one.
        NothingMatched: Standard input is empty.
    """
    typed = tuple(word for word in words if word != STANDARD_INPUT)
    read = read_ids(sys.stdin, kind) if STANDARD_INPUT in words else ()
    if not typed and not read:
        raise BadUsage(f"Which? Give at least one {kind.noun}, or - to read them from standard input.")
    return tuple(dict.fromkeys((*typed, *read)))


def _from_json(lines: Iterable[str], kind: IdKind) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        try:
            value = json.loads(line)
        except ValueError as error:
            raise BadUsage(f"Line {number} of standard input is no JSON: {error}.") from error
        found = kind.find(value) if isinstance(value, dict) else None
        if found is None:
            raise BadUsage(f"Line {number} of standard input has no {kind.key}.")
        yield found


def _from_array(text: str, kind: IdKind) -> Iterator[str]:
    """What `ConvertTo-Json` makes of several objects."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise BadUsage(f"Standard input begins like a JSON array and is none: {error}.") from error
    for number, value in enumerate(values, start=1):
        found = kind.find(value) if isinstance(value, dict) else value
        if not isinstance(found, str):
            raise BadUsage(f"Object {number} of standard input has no {kind.key}.")
        yield found


def _from_csv(lines: Iterable[str], kind: IdKind) -> Iterator[str]:
    for number, row in enumerate(csv.DictReader(lines), start=2):
        found = kind.find({key: value for key, value in row.items() if key is not None})
        if found is None:
            raise BadUsage(f"Line {number} of standard input has no {kind.noun}.")
        yield found
