"""Archive IDs on standard input: JSON lines, CSV with a heading, or one ID per line."""

from __future__ import annotations

import csv
import json
from itertools import chain
from typing import TYPE_CHECKING

from coldframe.errors import BadUsage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KEYS = ("archive_id", "archiveid")


def read_ids(lines: Iterable[str]) -> tuple[str, ...]:
    """The archive IDs in a stream that `coldframe … -o json` or `-o csv`, PowerShell or an editor made; each once.

    Raises:
        BadUsage: A line holds none.
    """
    stream = (line for line in lines if line.strip())
    first = next(stream, None)
    if first is None:
        raise BadUsage("Standard input holds no archive ID.")
    first = first.removeprefix("\ufeff")
    everything = chain([first], stream)
    if first.lstrip().startswith("{"):
        return tuple(dict.fromkeys(_from_json(everything)))
    heading = [field.strip().lower() for field in next(csv.reader([first]))]
    if any(key in heading for key in _KEYS):
        return tuple(dict.fromkeys(_from_csv(everything)))
    return tuple(dict.fromkeys(line.strip() for line in everything))


def _from_json(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        try:
            value = json.loads(line)
        except ValueError as error:
            raise BadUsage(f"Line {number} of standard input is no JSON: {error}.") from error
        archive_id = value.get("archive_id") or value.get("ArchiveId") if isinstance(value, dict) else None
        if not isinstance(archive_id, str):
            raise BadUsage(f"Line {number} of standard input has no archive_id.")
        yield archive_id


def _from_csv(lines: Iterable[str]) -> Iterator[str]:
    for number, row in enumerate(csv.DictReader(lines), start=2):
        values = {(key or "").strip().lower(): value for key, value in row.items()}
        archive_id = next((values[key] for key in _KEYS if values.get(key)), None)
        if not isinstance(archive_id, str):
            raise BadUsage(f"Line {number} of standard input has no archive ID.")
        yield archive_id
