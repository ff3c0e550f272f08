"""What other Glacier clients write into an archive's description, as far as their forms are known.

* mt-aws-glacier: `mt2` and, in base64url, the UTF-8 JSON `{"filename": …, "mtime": "20130102T030405Z"}`. `mt1` is the
  same, encoded as UTF-8 twice, by a mistake that lasted a month (its MetaData.pm).
* FastGlacier, and after it CrushFTP, QNAP's Hybrid Backup Sync and others: `<m><v>4</v><p>PATH</p><lm>TIME</lm></m>`,
  the path in base64; at first `<ArchiveMetadata><Path>PATH</Path>…` (fastglacier.com/fastglacier-metadata-format.aspx).
* CloudBerry: the JSON `{"Path": …, "UTCDateModified": "20130313T040002Z"}`, the path in UTF-7.
* QNAP's Glacier app, and others that write JSON: `{"path": "/share/a.fit", "type": "file"}`.
* A plain file name or path: scripts around the AWS CLI and boto, glacier-cli, git-annex, duplicity.

Whoever can write to a vault can write any of these, so a path is never taken as it is: it is relative, and it does not
climb. XML is not parsed: nothing of it is wanted but two texts.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coldframe.inventory.csv_rows import foreign_path
from coldframe.inventory.moments import parse_ns
from coldframe.names import write_path

if TYPE_CHECKING:
    from collections.abc import Callable

_SECOND = 1_000_000_000
_LAST_SECOND = 253_402_300_799
_LONGEST_LABEL = 60
"""Characters; a name of so many takes less than 255 bytes in UTF-8."""

_MT = re.compile(r"(mt[12])\s+([A-Za-z0-9_-]+={0,2})", re.ASCII)
_XML = re.compile(
    r'"?\s*<(?:m|ArchiveMetadata)>.*?<(?P<tag>p|Path)>(?P<path>[A-Za-z0-9+/=\s]*)</(?P=tag)>(?P<rest>.*)', re.DOTALL
)
_XML_TIME = re.compile(r"<lm>([^<]{1,40})</lm>")
_TIME = re.compile(
    r"\s*(\d{4})-?(\d\d)-?(\d\d)\s*T\s*(\d\d):?(\d\d):?(\d\d)(?:[.,]\d{1,9})?\s*Z?\s*", re.ASCII | re.IGNORECASE
)
_PATH_KEYS = ("Path", "path", "filename", "fileName", "FileName", "name")
_TIME_KEYS = ("UTCDateModified", "mtime")
_FILE_NAME = re.compile(r"[^\x00-\x1f\x7f<>|\"?*:]{1,1000}\.[A-Za-z0-9]{1,10}")
_PATH = re.compile(r"[^\x00-\x20\x7f<>|\"?*:{}]{1,1000}")
"""A path whose last name has no extension: with a `/` in it and without blanks, lest a sentence be one."""

_NO_NAME = re.compile(r"[\x00-\x1f\x7f/\\:]+")


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """What another client's description tells: a path (a safe text of `names`), and the file's modification time."""

    path: str
    modified_ns: int | None = None


def decode_foreign(text: str) -> ForeignFile | None:
    """What a description of another client says; None if it names no file, or the folder that some clients mark so."""
    try:
        return _decode(text.strip())
    except (ValueError, RecursionError):  # base64, UTF-8, UTF-7 and JSON that are none
        return None


def label_of(text: str) -> str:
    """A text that is no path as one file name, so that it can be searched for; "" if nothing is left of it."""
    label = _NO_NAME.sub("_", text.strip())[:_LONGEST_LABEL].strip(". _")
    return label.encode("utf-8", "replace").decode("utf-8")


def _decode(text: str) -> ForeignFile | None:
    if match := _MT.fullmatch(text):
        return _from_json(_mt_json(match[1], match[2]), _posix_path)
    if match := _XML.match(text):
        path = _windows_path(_base64("".join(match["path"].split())).decode("utf-8"))
        time = _XML_TIME.search(match["rest"])
        return ForeignFile(path, _moment(time[1]) if time else None) if path else None
    if text.startswith("{"):
        return _from_json(text, _windows_path)
    return _plain(text)


def _mt_json(version: str, encoded: str) -> str:
    text = _base64(encoded.translate(str.maketrans("-_", "+/"))).decode("utf-8")
    return text.encode("latin-1").decode("utf-8") if version == "mt1" else text


def _base64(text: str) -> bytes:
    bare = text.rstrip("=")
    return b64decode(bare + "=" * (-len(bare) % 4), validate=True)


def _from_json(text: str, clean: Callable[[str], str]) -> ForeignFile | None:
    fields = json.loads(text)
    if not isinstance(fields, dict) or fields.get("type", "file") != "file":
        return None
    key = next((key for key in _PATH_KEYS if isinstance(fields.get(key), str)), None)
    if key is None:
        return None
    path = clean(_from_utf7(fields[key]) if "UTCDateModified" in fields else fields[key])
    time = next((fields[name] for name in _TIME_KEYS if name in fields), None)
    return ForeignFile(path, _moment(time)) if path else None


def _from_utf7(text: str) -> str:
    """CloudBerry's form of a path; a text that is no UTF-7 was not written so."""
    try:
        return text.encode("ascii").decode("utf-7")
    except UnicodeError:
        return text


def _plain(text: str) -> ForeignFile | None:
    path = _windows_path(text)
    is_path = _FILE_NAME.fullmatch(path) or ("/" in path and _PATH.fullmatch(path))
    return ForeignFile(path) if is_path else None


def _windows_path(text: str) -> str:
    """A path of any system, made safe; "" for a folder, or if nothing is left."""
    return "" if text.endswith(("/", "\\")) else _written(foreign_path(text))


def _posix_path(text: str) -> str:
    """As :func:`_windows_path`, for a client of systems where a backslash is a letter like others."""
    return "" if text.endswith("/") else _written("/".join(p for p in text.split("/") if p not in {"", ".", ".."}))


def _written(path: str) -> str:
    path.encode("utf-8")  # a lone surrogate is no name of any system
    return "" if "\0" in path else write_path(path)


def _moment(value: Any) -> int | None:
    """Nanoseconds, from a compact ISO 8601 text in UTC or, as the first mt-aws-glacier wrote it, from seconds."""
    if type(value) is int and abs(value) <= _LAST_SECOND:
        return value * _SECOND
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    return parse_ns("{}-{}-{}T{}:{}:{}Z".format(*match.groups())) if match else None
