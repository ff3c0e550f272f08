"""What lies in a bundle, from the zip itself: its central directory, Zip64 included (PKWARE APPNOTE 6.3.10).

For a catalog that was rebuilt from descriptions alone. The zip may be anybody's: every number is checked against the
archive's size before it is used, and memory does not grow with what it claims.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe import names
from coldframe.catalog import Entry, Kind, MemberPlace
from coldframe.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    ReadAt = Callable[[int, int], bytes]
    """Reads exactly the bytes from `start` up to but not including `end`."""

_END = struct.Struct("<4sHHHHIIH")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR = struct.Struct("<4sIQI")
_CENTRAL = struct.Struct("<4sHHHHIIIIHHHHHII")
_LOCAL = struct.Struct("<4s22xHH")
_LONGEST_COMMENT = 0xFFFF
_FULL32, _FULL16 = 0xFFFF_FFFF, 0xFFFF
_METHODS = {0: "stored", 8: "deflated"}
_UTF8, _ENCRYPTED = 1 << 11, 1
_ZIP64, _TIMESTAMP, _NTFS = 1, 0x5455, 0x000A
_NTFS_EPOCH = 116_444_736_000_000_000
LONGEST_END = _END.size + _LONGEST_COMMENT
"""How many bytes at the end of a zip hold its end record in any case."""

_STEP = 1 << 20
"""How much is read at once."""


@dataclass(frozen=True, slots=True)
class _Directory:
    """Where the central directory lies, and how many records it has."""

    start: int
    end: int
    count: int


@dataclass(frozen=True, slots=True)
class _Found:
    name: str
    size: int
    modified_ns: int | None
    place: MemberPlace


def read_members(read: ReadAt, bundle: Entry, *, hash_data: bool = True) -> Iterator[Entry]:
    """The members of a bundle, as entries to be recorded beside it.

    With `hash_data` the data of every member is read too, its CRC-32 is checked and its SHA-256 computed, without which
    a member cannot be retrieved alone; otherwise only the end of the archive is read and `sha256` is empty.

    Raises:
        FormatError: The archive is no zip file, or a member is damaged, encrypted or of an unknown method.
    """
    folder = names.read_path(bundle.path).rpartition("/")[0]
    for found in _central(read, bundle.archive.size):
        place = _hashed(read, found, bundle.archive.size) if hash_data else found.place
        yield Entry(
            path=names.write_path("/".join(filter(None, (folder, names.read_path(found.name))))),
            kind=Kind.MEMBER,
            size=found.size,
            modified_ns=found.modified_ns,
            archive=bundle.archive,
            member=place,
        )


def _central(read: ReadAt, size: int) -> Iterator[_Found]:
    directory = _directory(read, size)
    window = _Window(read, directory)
    for _ in range(directory.count):
        head = window.take(_CENTRAL.size)
        if head[:4] != b"PK\1\2":
            raise _broken("its central directory is cut short")
        name_size, extra_size, comment_size = struct.unpack_from("<HHH", head, 28)
        found = _record(head, window.take(name_size), window.take(extra_size), size)
        window.take(comment_size)
        if found is not None:
            yield found


class _Window:
    """The central directory, read in steps and taken in pieces."""

    def __init__(self, read: ReadAt, directory: _Directory) -> None:
        self._read = read
        self._next, self._end = directory.start, directory.end
        self._buffer, self._at = b"", 0

    def take(self, length: int) -> bytes:
        """The next bytes, exactly that many."""
        if self._at + length > len(self._buffer):
            step_end = min(self._end, self._next + max(_STEP, length))
            self._buffer = self._buffer[self._at :] + self._read(self._next, step_end)
            self._next, self._at = step_end, 0
        piece = self._buffer[self._at : self._at + length]
        if len(piece) < length:
            raise _broken("its central directory is cut short")
        self._at += length
        return piece


def _directory(read: ReadAt, size: int) -> _Directory:
    tail_start = max(0, size - LONGEST_END)
    tail = read(tail_start, size)
    at = tail.rfind(b"PK\5\6")
    while at >= 0:  # a comment may hold the same four bytes, but does not end where it says
        if at + _END.size <= len(tail) and at + _END.size + _END.unpack_from(tail, at)[7] == len(tail):
            break
        at = tail.rfind(b"PK\5\6", 0, at + 3) if at else -1
    if at < 0:
        raise _broken("it has no end record")
    count, length, start = _END.unpack_from(tail, at)[4:7]
    if count == _FULL16 or _FULL32 in {length, start}:
        return _directory64(read, tail_start + at, size)
    return _checked(_Directory(start, start + length, count), size)


def _directory64(read: ReadAt, end_at: int, size: int) -> _Directory:
    locator = read(max(0, end_at - _LOCATOR.size), end_at)
    if len(locator) < _LOCATOR.size or locator[:4] != b"PK\6\7":
        raise _broken("it has no Zip64 locator")
    at = _LOCATOR.unpack(locator)[2]
    if at + _END64.size > size:
        raise _broken("its Zip64 end record lies outside")
    record = _END64.unpack(read(at, at + _END64.size))
    if record[0] != b"PK\6\6":
        raise _broken("it has no Zip64 end record")
    count, length, start = record[7:10]
    return _checked(_Directory(start, start + length, count), size)


def _checked(directory: _Directory, size: int) -> _Directory:
    if directory.end > size or directory.count * _CENTRAL.size > directory.end - directory.start:
        raise _broken("its central directory lies outside")
    return directory


def _record(head: bytes, raw_name: bytes, raw_extras: bytes, size: int) -> _Found | None:
    """One member; None for a folder."""
    fields = _CENTRAL.unpack(head)
    flags, method, crc, compressed, plain = (*fields[3:5], *fields[6:9])
    name = _name(raw_name, flags)
    extras = dict(_extras(raw_extras))
    plain, compressed, offset = _wide(extras.get(_ZIP64, b""), plain, compressed, fields[15])
    if name.endswith("/"):
        return None
    if method not in _METHODS or flags & _ENCRYPTED:
        raise _broken(f"{name} is encrypted or of method {method}, which coldframe does not read")
    if offset + _LOCAL.size + compressed > size:
        raise _broken(f"{name} lies outside")
    place = MemberPlace(
        name=name,
        header_offset=offset,
        data_offset=0,
        compressed_size=compressed,
        method=_METHODS[method],
        sha256="",
        crc32=crc,
    )
    return _Found(name, plain, _modified_ns(extras), place)


def _name(raw: bytes, flags: int) -> str:
    try:
        name = raw.decode("utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError:
        raise _broken("a name in it is not the UTF-8 that it claims to be") from None
    if not name or "\0" in name:
        raise _broken("a name in it is empty or holds a NUL character")
    return name


def _extras(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(raw):
        kind, length = struct.unpack_from("<HH", raw, at)
        yield kind, raw[at + 4 : at + 4 + length]
        at += 4 + length


def _wide(extra: bytes, plain: int, compressed: int, offset: int) -> tuple[int, int, int]:
    """The numbers, those that are full taken from the Zip64 field, in this order (APPNOTE 4.5.3)."""
    numbers = [plain, compressed, offset]
    at = 0
    for index, number in enumerate(numbers):
        if number == _FULL32:
            if at + 8 > len(extra):
                raise _broken("a Zip64 field is cut short")
            (numbers[index],) = struct.unpack_from("<Q", extra, at)
            at += 8
    return numbers[0], numbers[1], numbers[2]


def _modified_ns(extras: dict[int, bytes]) -> int | None:
    """From the extended timestamp or the NTFS field; a DOS time has no zone and tells nothing."""
    stamp = extras.get(_TIMESTAMP, b"")
    if len(stamp) >= 5 and stamp[0] & 1:  # noqa: PLR2004 - a byte of flags and four of seconds
        return int(struct.unpack_from("<i", stamp, 1)[0]) * 1_000_000_000
    ntfs = extras.get(_NTFS, b"")
    if len(ntfs) >= 16 and ntfs[4:8] == b"\1\0\x18\0":  # noqa: PLR2004 - reserved, tag, length, the first time
        return (int(struct.unpack_from("<Q", ntfs, 8)[0]) - _NTFS_EPOCH) * 100
    return None


def _hashed(read: ReadAt, found: _Found, size: int) -> MemberPlace:
    """The place with its data's offset and SHA-256; the data must be what the zip says."""
    place = found.place
    header = read(place.header_offset, min(size, place.header_offset + _LOCAL.size))
    if len(header) < _LOCAL.size or header[:4] != b"PK\3\4":
        raise _broken(f"{found.name} has no local header")
    name_size, extra_size = _LOCAL.unpack(header)[1:]
    data_offset = place.header_offset + _LOCAL.size + name_size + extra_size
    if data_offset + place.compressed_size > size:
        raise _broken(f"{found.name} lies outside")
    digest, crc, produced = sha256(), 0, 0
    for piece in _plain(read, replace(place, data_offset=data_offset), found.size):
        digest.update(piece)
        crc, produced = zlib.crc32(piece, crc), produced + len(piece)
    if (produced, crc) != (found.size, place.crc32):
        raise _broken(f"{found.name} is not what its size and CRC-32 say")
    return replace(place, data_offset=data_offset, sha256=digest.hexdigest())


def _plain(read: ReadAt, place: MemberPlace, size: int) -> Iterator[bytes]:
    """A member's bytes, never more than one beyond `size`."""
    end = place.data_offset + place.compressed_size
    pieces = (read(at, min(end, at + _STEP)) for at in range(place.data_offset, end, _STEP))
    if place.method == "stored":
        yield from pieces
        return
    engine, left = zlib.decompressobj(-zlib.MAX_WBITS), size + 1
    for piece in pieces:
        waiting = piece
        while waiting and left > 0:
            out = _inflated(engine, waiting, min(left, _STEP), place.name)
            waiting, left = engine.unconsumed_tail, left - len(out)
            yield out
    if left > 0:
        yield engine.flush()[:left]


def _inflated(engine: zlib._Decompress, piece: bytes, most: int, name: str) -> bytes:
    try:
        return engine.decompress(piece, most)
    except zlib.error as error:
        raise _broken(f"{name} is damaged ({error})") from error


def _broken(detail: str) -> FormatError:
    return FormatError(f"the bundle cannot be read as a zip file: {detail}")
