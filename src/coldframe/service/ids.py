"""Keys, and the IDs and markers that users see.

A key is 16 bytes: 48 bits of milliseconds since 1970, then 80 random bits, so that keys sort by the moment they were
made. An ID is base64url of a version byte, a kind byte, the key and a filler that is derived from them: a mistyped ID
is known without a look-up. Lengths are those of the original (glacier-api 4): 103 bytes for archives, 69 for the rest.
"""

from __future__ import annotations

import secrets
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from enum import IntEnum
from hashlib import shake_256

KEY_SIZE = 16
_RANDOM_SIZE = 10
_VERSION = 1
_CHECK_SIZE = 12
_CODE_SIZE = 24
_CODE_LETTERS = string.ascii_letters + string.digits
_MAX_TEXT = 1024


class Kind(IntEnum):
    """What an ID or a marker names; the numbers are part of the format."""

    ARCHIVE = 1
    UPLOAD = 2
    JOB = 3
    PARTS_MARKER = 4
    INVENTORY_MARKER = 5


_SIZES = {Kind.ARCHIVE: 103, Kind.UPLOAD: 69, Kind.JOB: 69}


def new_key(now_ms: int) -> bytes:
    """A key that nobody else has."""
    return now_ms.to_bytes(KEY_SIZE - _RANDOM_SIZE, "big") + secrets.token_bytes(_RANDOM_SIZE)


def new_code() -> str:
    """The ID of a lock or of a capacity unit, which nobody can guess (glacier-api 4)."""
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_SIZE))


def encode_id(kind: Kind, key: bytes) -> str:
    """The ID of a key."""
    return _seal(kind, key, _SIZES[kind])


def decode_id(kind: Kind, text: str) -> bytes | None:
    """The key of an ID; None if the text is not one of that kind."""
    payload = _unseal(kind, text, KEY_SIZE)
    return payload if payload is not None and encode_id(kind, payload) == text else None


def encode_marker(kind: Kind, *numbers: int) -> str:
    """A marker that holds some numbers below 2^64; opaque to whoever passes it back."""
    payload = b"".join(number.to_bytes(8, "big") for number in numbers)
    return _seal(kind, payload, 2 + len(payload) + _CHECK_SIZE)


def decode_marker(kind: Kind, text: str, count: int) -> tuple[int, ...] | None:
    """The numbers of a marker; None if it is none of ours."""
    payload = _unseal(kind, text, 8 * count)
    if payload is None:
        return None
    numbers = tuple(int.from_bytes(payload[at : at + 8], "big") for at in range(0, len(payload), 8))
    return numbers if encode_marker(kind, *numbers) == text else None


def _seal(kind: Kind, payload: bytes, size: int) -> str:
    named = bytes((_VERSION, kind)) + payload
    filler = shake_256(b"coldframe id\0" + named).digest(size - len(named))
    return urlsafe_b64encode(named + filler).decode("ascii").rstrip("=")


def _unseal(kind: Kind, text: str, payload_size: int) -> bytes | None:
    """The payload that a text claims to hold; the caller seals it again and compares."""
    if len(text) > _MAX_TEXT or not text.isascii():
        return None
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (BadBase64, ValueError):
        return None
    is_ours = len(raw) > 2 + payload_size and raw[:2] == bytes((_VERSION, kind))
    return raw[2 : 2 + payload_size] if is_ours else None
