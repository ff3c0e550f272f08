"""The records of a zip file as bytes (PKWARE APPNOTE 6.3.10), for files that are written in one go.

Local headers say "see the data descriptor", since sizes and CRC are known only behind the data (APPNOTE 4.4.4, bit 3).
Names are UTF-8 (bit 11). Times are UTC, in the DOS fields as well as in the extended timestamp, so the bytes depend on
nothing but the members. Zip64 is used where a number needs it, and nowhere else.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

from coldframe.clock import EPOCH

MAX_NAME = 0xFFFF
_FLAGS = 0x0808
_UNIX = 3 << 8
_PLAIN, _ZIP64 = 20, 45
_ATTRIBUTES = 0o100644 << 16
_NANOSECONDS = 1_000_000_000
_FULL32, _FULL16 = 0xFFFF_FFFF, 0xFFFF
_FIRST_DOS_YEAR, _LAST_DOS_YEAR = 1980, 2107
_NOT_IN_DOS = (1 << 5 | 1) << 16


class Method(IntEnum):
    """How a member's bytes are written."""

    STORED = 0
    DEFLATED = 8


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which size, offset and number of members on Zip64 is used; lower ones make valid files too."""

    size: int = _FULL32
    count: int = _FULL16


STANDARD = Thresholds()


@dataclass(frozen=True, slots=True)
class Member:
    """What the records of one member say."""

    name: bytes
    modified_ns: int
    method: Method
    is_large: bool
    header_offset: int
    size: int = 0
    compressed_size: int = 0
    crc32: int = 0


def local_header(member: Member) -> bytes:
    """What stands before a member's data (APPNOTE 4.3.7)."""
    extra = _timestamp(member.modified_ns)
    sizes = (0, 0)
    if member.is_large:
        extra += struct.pack("<HHQQ", 1, 16, 0, 0)
        sizes = (_FULL32, _FULL32)
    needed = _ZIP64 if member.is_large else _PLAIN
    when = _dos_time(member.modified_ns)
    fixed = struct.pack(
        "<4sHHHIIIIHH", b"PK\3\4", needed, _FLAGS, member.method, when, 0, *sizes, len(member.name), len(extra)
    )
    return fixed + member.name + extra


def data_descriptor(member: Member) -> bytes:
    """What stands behind a member's data (APPNOTE 4.3.9)."""
    form = "<4sIQQ" if member.is_large else "<4sIII"
    return struct.pack(form, b"PK\7\x08", member.crc32, member.compressed_size, member.size)


def central_header(member: Member, thresholds: Thresholds) -> bytes:
    """A member's record in the central directory (APPNOTE 4.3.12)."""
    far = member.header_offset >= thresholds.size
    large = member.is_large
    long = b"" if not large else struct.pack("<QQ", member.size, member.compressed_size)
    long += struct.pack("<Q", member.header_offset) if far else b""
    extra = _timestamp(member.modified_ns) + (struct.pack("<HH", 1, len(long)) + long if long else b"")
    needed = _ZIP64 if long else _PLAIN
    sizes = (_FULL32, _FULL32) if large else (member.compressed_size, member.size)
    versions = struct.pack(
        "<4sHHHHI", b"PK\1\2", _UNIX | needed, needed, _FLAGS, member.method, _dos_time(member.modified_ns)
    )
    numbers = struct.pack(
        "<IIIHHHHHII",
        member.crc32,
        *sizes,
        len(member.name),
        len(extra),
        0,
        0,
        0,
        _ATTRIBUTES,
        _FULL32 if far else member.header_offset,
    )
    return versions + numbers + member.name + extra


def end_records(*, count: int, start: int, size: int, thresholds: Thresholds) -> bytes:
    """What closes the file, behind a central directory of `count` records at `start` (APPNOTE 4.3.14 to 4.3.16)."""
    large = start >= thresholds.size or size >= thresholds.size
    zip64 = b""
    if large or count >= thresholds.count:
        zip64 = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, _UNIX | _ZIP64, _ZIP64, 0, 0, count, count, size, start)
        zip64 += struct.pack("<4sIQI", b"PK\6\7", 0, start + size, 1)
    shown = _FULL16 if count >= thresholds.count else count
    places = (_FULL32, _FULL32) if large else (size, start)
    return zip64 + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, shown, shown, *places, 0)


def _timestamp(modified_ns: int) -> bytes:
    """The extended timestamp extra field: seconds since 1970 where 32 signed bits hold them, else nothing."""
    seconds = modified_ns // _NANOSECONDS
    if not -(1 << 31) <= seconds < 1 << 31:
        return b""
    return struct.pack("<HHBi", 0x5455, 5, 1, seconds)


def _dos_time(modified_ns: int) -> int:
    """UTC in the DOS form of 2-second steps; years it cannot hold become its first or last moment."""
    try:
        moment = EPOCH + timedelta(seconds=modified_ns // _NANOSECONDS)
    except OverflowError:
        return _NOT_IN_DOS
    if not _FIRST_DOS_YEAR <= moment.year <= _LAST_DOS_YEAR:
        return _NOT_IN_DOS
    date = (moment.year - _FIRST_DOS_YEAR) << 9 | moment.month << 5 | moment.day
    return date << 16 | moment.hour << 11 | moment.minute << 5 | moment.second // 2
