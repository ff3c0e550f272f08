"""What no rule set leaves out: a frame that a processing program did not write (ADR 45).

Names lie: `M51_r.xisf` is registered, or taken through a filter called r. So a frame that a rule would leave out is
opened, and left out only if its own header says that a program which makes frames from frames has written it. A header
that cannot be read, another format, a camera's RAW file: kept.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from coldframe.archiver.opening import opened
from coldframe.errors import SourceChanged

if TYPE_CHECKING:
    from coldframe.archiver.opening import Source

_READ = (".fit", ".fits", ".fts", ".xisf")
_UNREAD = re.compile(
    r"\.(3fr|arw|cr[23w]|dng|erf|iiq|kdc|mef|mrw|nef|nrw|orf|pef|raf|raw|rw2|sr2|srf|srw)$"
    r"|\.(fits?|fts|xisf)\.(bz2|fz|gz|xz|zst)$|\.(avi|ser)$"
)
"""Frames that nobody looks into, so that all of them are kept: cameras' own, compressed ones, videos."""
_PROCESSING = ("siril", "pixinsight", "astro pixel processor")
_KEYWORDS = frozenset({b"PROGRAM", b"SOFTWARE"})
_CARD, _HEADER_SIZE = 80, 256 * 1024
_CREATOR = re.compile(
    rb"""<Property\s[^>]*?\bid=["']XISF:CreatorApplication["'][^>]*?(?:\bvalue=["']([^"'<>]*)["'][^>]*>|>([^<]*)<)"""
)


def why_kept(source: Source) -> str:
    """Why no rule set may leave the file out; "" if one may."""
    name = os.path.basename(source.location).lower()
    if _UNREAD.search(name):
        return "a frame whose header is not looked into"
    if not name.endswith(_READ):
        return ""
    try:
        with opened(source) as descriptor:
            start = os.read(descriptor, _HEADER_SIZE)
    except (OSError, SourceChanged):
        return "a frame that cannot be read"
    writer = written_by(start)
    if writer.lower().startswith(_PROCESSING):
        return ""
    return f"a frame that {writer} wrote" if writer else "a frame of which no processing program says that it wrote it"


def written_by(start: bytes) -> str:
    """The program that says, at the beginning of a FITS or XISF file, that it has written it; "" if none does."""
    if start.startswith(b"XISF0100"):
        size = int.from_bytes(start[8:12], "little")
        found = _CREATOR.search(start[16 : 16 + size])
        return _plain((found[1] or found[2]) if found else b"")
    if start.startswith(b"SIMPLE  ="):
        return _fits_program(start)
    return ""


def _fits_program(start: bytes) -> str:
    for place in range(0, len(start) - _CARD + 1, _CARD):
        card = start[place : place + _CARD]
        keyword = card[:8].rstrip()
        if keyword == b"END":
            break
        if keyword in _KEYWORDS and card[8:10] == b"= ":
            return _plain(card[10:].strip().removeprefix(b"'").partition(b"'")[0])
    return ""


def _plain(text: bytes) -> str:
    return text.decode("ascii", "replace").strip()
