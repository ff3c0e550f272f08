"""How a path is written down: one reversible text for every name that a file system can hold.

The text is the path with `/` between its parts. A name that is not valid Unicode (bytes that are not UTF-8 on POSIX,
lone surrogates on Windows) cannot stand in a database, a CSV or JSON; such a path is written as `bytes:` followed by
all its bytes percent-encoded, `/` kept. A valid path that happens to begin with `bytes:` is written the same way, so
the text is never ambiguous.
"""

from __future__ import annotations

import os
import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

_MARK = "bytes:"
_DRIVE = re.compile(r"^([A-Za-z]):")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def write_path(path: str) -> str:
    """The text for a path as Python's `os` gives it, with the system's separator."""
    text = path.replace(os.sep, "/")
    if _is_unicode(text) and not text.startswith(_MARK):
        return text
    return _MARK + quote_from_bytes(_to_bytes(text), safe="/")


def read_path(text: str) -> str:
    """The path that :func:`write_path` wrote, `/` between its parts, ready for this system's `os`.

    On a system that cannot hold the bytes as they are, the nearest name it can hold.
    """
    if not text.startswith(_MARK):
        return text
    raw = unquote_to_bytes(text.removeprefix(_MARK))
    try:
        return raw.decode("utf-8", "surrogatepass" if os.name == "nt" else "surrogateescape")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace")


def join_path(folder: str, name: str) -> str:
    """The text for `name` (as `os` gives it) inside `folder` (a text)."""
    return write_path(f"{read_path(folder)}/{name}") if folder else write_path(name)


def archive_path(argument: str) -> str:
    """The text under which a file or folder named on the command line is archived.

    As tar and zip do: the path as it was typed, without drive, root, `.` and `..`. A bare `.` gives "".
    """
    text = _DRIVE.sub(r"\1", argument.replace(os.sep, "/")) if os.name == "nt" else argument
    parts = [part for part in text.split("/") if part not in {"", ".", ".."}]
    return write_path(os.sep.join(parts))


def printable(text: str) -> str:
    """`text` for a terminal or a log line: control and direction characters shown as escapes, never obeyed."""
    shown = _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)
    return shown.encode("utf-8", "backslashreplace").decode("utf-8")


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass" if os.name == "nt" else "surrogateescape")
