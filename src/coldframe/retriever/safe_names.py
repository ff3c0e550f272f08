"""From an archived path to names that are safe to make at a destination: pure functions, no file is touched.

A name never leaves the destination. What cannot be placed safely raises :class:`UnsafeName`; what a file system merely
does not allow is written in another, reversible way (reliability C20, X1).
"""

from __future__ import annotations

import os
import re

from coldframe.errors import UnsafeName
from coldframe.names import printable, read_path

IS_WINDOWS = os.name == "nt"
LONGEST_NAME = 255
"""What nearly every file system allows for one name: bytes, or UTF-16 units."""

_DRIVE = re.compile(r"[A-Za-z]:(?:/|\Z)")
_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"/\\|?*]|%(?=[0-9A-Fa-f]{2})|[. ]\Z')
_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|COM[0-9¹²³]|LPT[0-9¹²³])(?=\s*(?:[.:]|\Z))", re.IGNORECASE)


def split_path(text: str, *, windows: bool = IS_WINDOWS) -> tuple[str, ...]:
    """The folder names and the file name of an archived path (a text of `names`), each safe to make inside a folder.

    Empty and `.` parts are dropped, as they name nothing.

    Args:
        text: The path as archived.
        windows: Whether the names must be ones that Windows allows; those it forbids are escaped.

    Raises:
        UnsafeName: The path is absolute, climbs with `..`, or names no file.
    """
    path = read_path(text)
    refuse = _refusal(path.replace("\\", "/") if windows else path, windows=windows)
    if refuse:
        raise UnsafeName(f"{printable(text)!r} {refuse}; it is not placed")
    parts = tuple(part for part in path.split("/") if part not in {"", "."})
    return tuple(escape_name(part) for part in parts) if windows else parts


def escape_name(name: str) -> str:
    """`name` as a name that Windows, NTFS, exFAT and FAT allow: what they forbid becomes `%` and two hex digits.

    A `%` before two hex digits is escaped, too, so that reading the escapes gives back exactly `name`.
    """
    escaped = _FORBIDDEN.sub(lambda match: f"%{ord(match[0]):02X}", name)
    return f"%{ord(escaped[0]):02X}{escaped[1:]}" if _DEVICE.match(escaped) else escaped


def other_name(name: str, number: int) -> str:
    """The name for a file whose own is taken: `M33.fit` becomes `M33 (2).fit`, cut where it would be too long."""
    stem, extension = os.path.splitext(name)
    addition = f" ({number}){extension}"
    while stem and len(os.fsencode(stem + addition)) > LONGEST_NAME:
        stem = stem[:-1]
    return stem + addition


def _refusal(path: str, *, windows: bool) -> str:
    """Why a path must not be placed, or nothing."""
    parts = path.split("/")
    if "\0" in path:
        return "holds a NUL"
    if path.startswith("/"):
        return "is an absolute path"
    if windows and _DRIVE.match(path):
        return "begins with a drive"
    if ".." in parts or (windows and any(_climbs(part) for part in parts)):
        return "climbs out of its folder"
    if parts[-1] in {"", "."}:
        return "names no file"
    return ""


def _climbs(part: str) -> bool:
    """Whether Windows, which drops trailing dots and blanks, might take a part for `..`."""
    return part != "." and part.startswith("..") and not part.strip(". ")
