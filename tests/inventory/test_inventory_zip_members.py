"""Members from the zip itself, whoever made it."""

from __future__ import annotations

import io
import os
import random
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, cast
from zlib import crc32

import pytest

from coldframe.archiver.zip_records import Thresholds
from coldframe.archiver.zip_stream import ZipStream
from coldframe.catalog import Entry, Kind
from coldframe.errors import FormatError
from coldframe.inventory import zip_members
from coldframe.inventory.zip_members import read_members
from coldframe.model import MIB
from coldframe.names import write_path
from coldframe.testing.catalogs import an_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONTENTS = {"Bias/b1.fit": b"one" * 5000, "Bias/sub/größe ☃.fit": random.Random(1).randbytes(9000), "Bias/empty": b""}


def _zip(method: int = zipfile.ZIP_DEFLATED, *, comment: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.mkdir("Bias")
        for name, content in CONTENTS.items():
            file.writestr(name, content)
        file.comment = comment
    return buffer.getvalue()


def _bundle(size: int, path: str = "Subs/Bias.zip") -> Entry:
    return Entry(path=path, kind=Kind.BUNDLE, size=size, modified_ns=None, archive=an_archive(1, size=size))


def _reader(data: bytes) -> Callable[[int, int], bytes]:
    def read(start: int, end: int) -> bytes:
        assert 0 <= start <= end <= len(data)
        return data[start:end]

    return read


def _members(data: bytes, *, hash_data: bool = True) -> list[Entry]:
    return list(read_members(_reader(data), _bundle(len(data)), hash_data=hash_data))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_found_where_they_lie(method: int) -> None:
    """Path, size, place, CRC-32 and SHA-256 of every file; folders are none; the place holds the member's bytes."""
    data = _zip(method, comment=b"PK\5\6 in a comment")
    members = {entry.path.removeprefix("Subs/"): entry for entry in _members(data)}
    assert set(members) == set(CONTENTS)
    for name, content in CONTENTS.items():
        entry = members[name]
        place = entry.member
        assert place is not None
        assert (entry.kind, entry.size, place.name) == (Kind.MEMBER, len(content), name)
        assert (place.sha256, place.crc32) == (sha256(content).hexdigest(), crc32(content))
        assert data[place.header_offset :][:4] == b"PK\3\4"
        if place.method == "stored":
            assert data[place.data_offset :][: place.compressed_size] == content


def test_only_the_end_is_read_on_request() -> None:
    """Without hashing, nothing before the central directory is touched."""
    data = _zip()
    start = data.index(b"PK\1\2")
    blind = b"?" * start + data[start:]
    assert [entry.path for entry in _members(blind, hash_data=False)] == [f"Subs/{name}" for name in CONTENTS]
    assert {cast("object", entry.member and entry.member.sha256) for entry in _members(blind, hash_data=False)} == {""}


def test_zip64_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes, offsets and counts that need 64 bits are read from where Zip64 puts them."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    data = _zip(zipfile.ZIP_STORED)
    assert b"PK\6\6" in data
    assert [entry.size for entry in _members(data)] == [len(content) for content in CONTENTS.values()]


def test_many_members_take_several_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A central directory larger than one read is read to its end."""
    monkeypatch.setattr(zip_members, "_STEP", 300_000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for number in range(9000):
            file.writestr(f"{number:05d}-{'x' * 40}.txt", b"")
    assert len(_members(buffer.getvalue(), hash_data=False)) == 9000


def test_path_without_a_folder_is_the_name() -> None:
    """A bundle that lies at the top has its members there."""
    data = _zip()
    paths = [entry.path for entry in read_members(_reader(data), _bundle(len(data), "Bias.zip"))]
    assert paths == list(CONTENTS)


@pytest.mark.parametrize("size", [0, 10, 21])
def test_what_is_no_zip_is_refused(size: int) -> None:
    """Bytes without an end record are no zip."""
    with pytest.raises(FormatError, match="no end record"):
        _members(b"x" * size)


def test_damaged_member_is_refused() -> None:
    """Data that is not what the zip's own CRC-32 says gets no SHA-256."""
    data = bytearray(_zip(zipfile.ZIP_STORED))
    data[data.index(b"oneone")] ^= 1
    with pytest.raises(FormatError, match="CRC-32"):
        _members(bytes(data))


def test_member_that_holds_more_than_it_says_is_refused() -> None:
    """A bomb is cut off one byte after the size that it claims."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb", b"\0" * (1 << 24))
    data = bytearray(buffer.getvalue())
    at = data.rindex(b"PK\1\2")
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    with pytest.raises(FormatError, match="size and CRC-32"):
        _members(bytes(data))


def test_any_damage_ends_well() -> None:
    """Whatever bytes are changed, the answer is members or an error, and nothing outside the archive is read."""
    sound = _zip()
    rng = random.Random(7)
    refused = 0
    for _ in range(500):
        data = bytearray(sound)
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            _members(bytes(data))
        except FormatError:
            refused += 1
    assert refused > 100


@dataclass(frozen=True)
class _Input:
    name: str
    data: bytes
    modified_ns: int = 1_700_000_000_000_000_000

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self) -> Iterator[bytes]:
        yield from (self.data[start : start + MIB] for start in range(0, self.size, MIB))


@pytest.mark.parametrize("thresholds", [Thresholds(), Thresholds(size=0, count=0)], ids=["plain", "Zip64"])
def test_our_own_bundles_come_back_as_they_were_recorded(thresholds: Thresholds) -> None:
    """What a bundle tells of its members is what was recorded when it was archived, but for parts of a second."""
    contents = {**CONTENTS, write_path("Bias/" + os.fsdecode(b"raw \xff")): b"raw", "Bias/large": b"x" * (MIB * 2 + 1)}
    stream = ZipStream([_Input(name, content) for name, content in contents.items()], thresholds=thresholds)
    data = b"".join(bytes(buffer) for buffer in stream)
    members = _members(data)
    assert [entry.member for entry in members] == [placed.place for placed in stream.placed]
    assert [entry.modified_ns for entry in members] == [placed.modified_ns for placed in stream.placed]
