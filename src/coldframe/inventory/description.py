"""What an archive's description says, so that a lost catalog can be rebuilt from any vault's inventory.

The protocol allows 1,024 printable ASCII characters, 0x20 to 0x7E (glacier-api 4). Version 1 is one line of words:

    coldframe/1 file size=33566400 modified=2024-01-05T21:33:00.123456789Z path=Subs/Light/M33_Light_Blue.fit

* the kind is `file` or `bundle`; `modified=-` where no time is known;
* `path=` is the rest of the line: the path, its bytes in UTF-8, with `%XX` for `%`, for all that is not printable ASCII
  and for a blank at the very end;
* `packed=` stands in its place when that is too long: the path in UTF-8, deflated (RFC 1951), in base 85 (RFC 1924);
* `sha256=… tail=` when even that is too long: the SHA-256 of the whole path in UTF-8, and as much of its end as fits.
"""

from __future__ import annotations

import re
import zlib
from base64 import b85decode, b85encode
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import unquote_to_bytes

from coldframe.catalog import Kind
from coldframe.inventory.moments import format_ns, parse_ns
from coldframe.model import MAX_DESCRIPTION

_LONGEST_PACKED = 64 * 1024
"""Longer paths are not packed, and nothing that unpacks to more is believed."""

_ENCODED = re.compile(rb"[^\x20-\x24\x26-\x7e]| \Z")
_FORM = re.compile(
    r"coldframe/1 (file|bundle) size=(\d{1,19}) modified=(-|@?[-0-9T:.Z]{1,40})"
    r" (?:path=(?P<path>.+)|packed=(?P<packed>\S+)|sha256=(?P<sha256>[0-9a-f]{64}) tail=(?P<tail>.+))",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a description tells. `path` is a text of `names`; only its end where `is_whole_path` is false."""

    path: str
    kind: Kind
    size: int
    modified_ns: int | None
    is_whole_path: bool = True
    path_sha256: str | None = None


def encode_description(described: Described) -> str:
    """The description of an archive: at most 1,024 printable ASCII characters.

    Raises:
        ValueError: The path is empty or no text of `names`, or the kind is no archive's.
    """
    if described.kind is Kind.MEMBER or not described.path or "\0" in described.path:
        raise ValueError("only a file or a bundle with a path has a description")
    modified = "-" if described.modified_ns is None else format_ns(described.modified_ns)
    head = f"coldframe/1 {described.kind} size={described.size} modified={modified} "
    room = MAX_DESCRIPTION - len(head)
    raw = described.path.encode("utf-8")
    return head + (_whole(raw, room) or _packed(raw, room) or _tail(described.path, raw, room))


def decode_description(text: str) -> Described | None:
    """What :func:`encode_description` wrote; None for a description that is not ours or is damaged."""
    match = _FORM.fullmatch(text) if len(text) <= MAX_DESCRIPTION else None
    if match is None:
        return None
    modified_ns = parse_ns(match[3])
    path = _decode_path(match)
    if not path or "\0" in path or (modified_ns is None and match[3] != "-"):
        return None
    return Described(
        path=path,
        kind=Kind(match[1]),
        size=int(match[2]),
        modified_ns=modified_ns,
        is_whole_path=match["tail"] is None,
        path_sha256=match["sha256"],
    )


def _whole(raw: bytes, room: int) -> str:
    text = "path=" + _escape(raw)
    return text if len(text) <= room else ""


def _packed(raw: bytes, room: int) -> str:
    if len(raw) > _LONGEST_PACKED:
        return ""
    text = "packed=" + b85encode(zlib.compress(raw, 9, wbits=-zlib.MAX_WBITS)).decode("ascii")
    return text if len(text) <= room else ""


def _tail(path: str, raw: bytes, room: int) -> str:
    head = f"sha256={sha256(raw).hexdigest()} tail="
    room -= len(head)
    characters: list[str] = []
    for character in reversed(path):
        escaped = _escape(character.encode("utf-8")) if characters or character != " " else "%20"
        room -= len(escaped)
        if room < 0:
            break
        characters.append(escaped)
    return head + "".join(reversed(characters))


def _escape(raw: bytes) -> str:
    return _ENCODED.sub(lambda match: b"%%%02X" % match[0][0], raw).decode("ascii")


def _decode_path(match: re.Match[str]) -> str | None:
    escaped = match["path"] or match["tail"]
    try:
        raw = _unpack(match["packed"]) if escaped is None else unquote_to_bytes(escaped)
        return raw.decode("utf-8")
    except ValueError:  # base 85, deflate (zlib.error below) and UTF-8 alike
        return None


def _unpack(text: str) -> bytes:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        raw = engine.decompress(b85decode(text), _LONGEST_PACKED + 1)
    except zlib.error as error:
        raise ValueError("not deflated") from error
    if not engine.eof or len(raw) > _LONGEST_PACKED:
        raise ValueError("too long or cut short")
    return raw
