"""Signature Version 4, recomputed over the bytes of a request as they came (glacier-api 2.1).

Pure functions: no clock, no keys of anybody, no opinion on which headers must be signed. The rules are the general
ones: the path is normalised and then percent-encoded once more, an empty query value is written `name=`, header values
are trimmed and their runs of blanks collapsed, for the signature only.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes, unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signing key is good for; `date` is eight digits."""

    date: str
    region: str
    service: str

    def __str__(self) -> str:
        """The scope as the string to sign has it."""
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR}"


def canonical_request(  # noqa: PLR0913 - the six lines that a canonical request is made of
    *,
    method: str,
    path: bytes,
    query: bytes,
    headers: Sequence[tuple[bytes, bytes]],
    signed: Iterable[str],
    payload_hash: str,
) -> str:
    """The request as both sides write it down before they sign it; `signed` are lower-case names, sorted."""
    names = list(signed)
    values: dict[bytes, list[bytes]] = {}
    for key, value in headers:
        values.setdefault(key.lower(), []).append(b" ".join(value.split()))
    lines = [f"{name}:{_text(values.get(name.encode(), ()))}" for name in names]
    parts = [method, canonical_path(path), canonical_query(query), *lines, "", ";".join(names), payload_hash]
    return "\n".join(parts)


def canonical_path(path: bytes) -> str:
    """The path without empty and dot segments, percent-encoded once more."""
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in {b"", b"."}:
            kept.append(segment)
    is_folder = bool(kept) and path.endswith((b"/", b"/.", b"/.."))
    return quote_from_bytes(b"/" + b"/".join(kept) + (b"/" if is_folder else b""), safe="/~")


def canonical_query(query: bytes) -> str:
    """The query's pairs, each percent-encoded in the one right way, sorted by name and then by value."""
    pairs = [pair.partition(b"=") for pair in query.split(b"&") if pair]
    encoded = sorted((_encode(unquote_to_bytes(name)), _encode(unquote_to_bytes(value))) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def string_to_sign(*, timestamp: str, scope: Scope, canonical: str) -> str:
    """What the signing key is applied to; `timestamp` as in `20120525T002453Z`."""
    digest = sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{ALGORITHM}\n{timestamp}\n{scope}\n{digest}"


def sign(secret: str, scope: Scope, text: str) -> str:
    """The signature of `text`, in hex."""
    key = f"AWS4{secret}".encode()
    for part in (scope.date, scope.region, scope.service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _text(values: Iterable[bytes]) -> str:
    return b",".join(values).decode("utf-8", "surrogateescape")


def _encode(text: bytes) -> str:
    return quote_from_bytes(text, safe="~")
