"""The zip writer: what it writes opens everywhere, and lies where it says."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import zipfile
import zlib
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldframe.archiver.zip_records import STANDARD, Thresholds
from coldframe.archiver.zip_stream import ZipStream, largest_zip
from coldframe.errors import UnsafeName
from coldframe.model import GIB, MIB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from coldframe.archiver.zip_stream import Placed
    from coldframe.model import Buffer

EARLY = Thresholds(size=0, count=0)
"""Everything in Zip64."""

NOISE = random.Random(1).randbytes(MIB)


@dataclass(frozen=True)
class Piece:
    """An input in memory."""

    name: str
    data: bytes = b""
    modified_ns: int = 1_700_000_000_123_456_789

    @property
    def size(self) -> int:
        """How many bytes."""
        return len(self.data)

    def read(self) -> Iterator[Buffer]:
        """The bytes, each MiB in the same buffer."""
        buffer = bytearray(MIB)
        for start in range(0, self.size, MIB):
            piece = self.data[start : start + MIB]
            buffer[: len(piece)] = piece
            yield memoryview(buffer)[: len(piece)]


PIECES = [
    Piece("Bias/text", b"sky background " * 10_000),
    Piece("Bias/empty"),
    Piece("Bias/one", b"x"),
    Piece("Bias/noise", NOISE * 2 + b"tail"),
    Piece("Bias/long text", b"0123456789" * 300_000),
    Piece("Bias/head only", b"\0" * MIB + NOISE),
    Piece("Bias/žluťoučký 🌌\n\u202e", b"named"),
]


def zip_up(pieces: Sequence[Piece], thresholds: Thresholds = STANDARD) -> tuple[bytes, list[Placed]]:
    """A zip, and where its members are."""
    stream = ZipStream(pieces, thresholds=thresholds)
    return b"".join(bytes(buffer) for buffer in stream), stream.placed


def unzip_test(path: str) -> None:
    """Let Info-ZIP check a file."""
    if shutil.which("unzip") is None:
        pytest.skip("unzip is not on this machine")
    done = subprocess.run(["unzip", "-tqq", path], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("thresholds", [STANDARD, EARLY], ids=["plain", "zip64"])
def test_zip_opens_with_python_and_unzip(thresholds: Thresholds, tmp_path: Path) -> None:
    """Python's zipfile reads every member back, and `unzip -t` finds no fault, with and without Zip64."""
    data, _placed = zip_up(PIECES, thresholds)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == {piece.name: piece.data for piece in PIECES}
    (tmp_path / "t.zip").write_bytes(data)
    unzip_test(str(tmp_path / "t.zip"))


@pytest.mark.parametrize("thresholds", [STANDARD, EARLY], ids=["plain", "zip64"])
def test_members_lie_where_they_are_said_to(thresholds: Thresholds) -> None:
    """From offset, size and method alone each member can be cut out of the zip and unpacked, and has its hashes."""
    data, placed = zip_up(PIECES, thresholds)
    assert [done.place.name for done in placed] == [piece.name for piece in PIECES]
    for piece, done in zip(PIECES, placed, strict=True):
        place = done.place
        assert data[place.header_offset :].startswith(b"PK\3\4")
        raw = data[place.data_offset : place.data_offset + place.compressed_size]
        unpacked = zlib.decompress(raw, -15) if place.method == "deflated" else raw
        assert unpacked == piece.data
        assert (place.sha256, place.crc32) == (sha256(piece.data).hexdigest(), zlib.crc32(piece.data))
        assert (done.size, done.modified_ns) == (piece.size, piece.modified_ns)


def test_members_are_deflated_where_their_first_chunk_shrinks() -> None:
    """A member whose first MiB shrinks by 5 % is deflated, any other is stored as it is."""
    _data, placed = zip_up(PIECES)
    methods = {done.place.name.removeprefix("Bias/"): done.place.method for done in placed}
    assert methods["text"] == methods["long text"] == methods["head only"] == "deflated"
    assert methods["noise"] == methods["empty"] == methods["one"] == "stored"


def test_same_members_make_the_same_bytes() -> None:
    """A zip depends on nothing but names, times and bytes: made twice it is the same; a second later it is another."""
    assert zip_up(PIECES) == zip_up(PIECES)
    later = [replace(piece, modified_ns=piece.modified_ns + 2_000_000_000) for piece in PIECES]
    assert zip_up(later)[0] != zip_up(PIECES)[0]


def test_times_are_utc_in_both_forms() -> None:
    """The DOS time is UTC, the extended timestamp is in seconds since 1970, and attributes are always the same."""
    data, _placed = zip_up([Piece("a", b"a", modified_ns=1_704_490_381_999_999_999)])
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        (info,) = opened.infolist()
    assert info.date_time == (2024, 1, 5, 21, 33, 0)
    assert info.extra == b"UT\x05\x00\x01" + (1_704_490_381).to_bytes(4, "little")
    assert info.external_attr == 0o100644 << 16
    assert info.flag_bits == 0x0808


@pytest.mark.parametrize("seconds", [-(10**12), -1, 0, 2**31, 2**32, 10**12, -(2**33) * 10**9])
def test_times_that_a_zip_cannot_hold_are_no_trouble(seconds: int) -> None:
    """Years before 1980, after 2107 and outside 32 bits make a valid zip."""
    data, _placed = zip_up([Piece("a", b"a", modified_ns=seconds * 1_000_000_000)])
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None


def test_zip_with_more_members_than_16_bits_count(tmp_path: Path) -> None:
    """65,536 members open with Python's zipfile and with unzip."""
    pieces = [Piece(f"Bias/{number:05}", b"%d" % number) for number in range(65_536)]
    data, placed = zip_up(pieces)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert len(opened.namelist()) == len(placed) == 65_536
        assert opened.read("Bias/65535") == b"65535"
    (tmp_path / "t.zip").write_bytes(data)
    unzip_test(str(tmp_path / "t.zip"))


def test_zip_without_members_is_a_zip() -> None:
    """Even no member makes a valid file."""
    data, _placed = zip_up([])
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.namelist() == []


def test_a_name_longer_than_a_zip_can_hold_is_refused() -> None:
    """A name beyond 65,535 bytes raises UnsafeName and shows only its beginning."""
    with pytest.raises(UnsafeName, match="too long a path for a zip") as caught:
        zip_up([Piece("x" * 65_536)])
    assert len(str(caught.value)) < 200


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=40)
DATA = st.one_of(
    st.binary(max_size=300), st.builds(lambda unit, count: unit * count, st.binary(max_size=9), st.integers(0, 900))
)


@given(
    members=st.dictionaries(NAMES, st.tuples(DATA, st.integers(-(2**62), 2**62)), max_size=6),
    thresholds=st.builds(Thresholds, size=st.integers(0, 2**32 - 1), count=st.integers(0, 0xFFFF)),
)
def test_any_members_come_back(members: dict[str, tuple[bytes, int]], thresholds: Thresholds) -> None:
    """Whatever the names, times, bytes and Zip64 thresholds: zipfile reads it, and it is no larger than foreseen."""
    pieces = [Piece(f"B/{name}", data, modified_ns) for name, (data, modified_ns) in members.items()]
    data, _placed = zip_up(pieces, thresholds)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        for piece, info in zip(pieces, opened.infolist(), strict=True):
            assert info.orig_filename == piece.name
            assert opened.open(info).read() == piece.data
    assert len(data) <= largest_zip((p.size for p in pieces), sum(len(p.name.encode()) for p in pieces))


@dataclass(frozen=True)
class Zeros:
    """An input of many zeros that are nowhere."""

    name: str
    size: int
    modified_ns: int = 0
    head: bytes = NOISE

    def read(self) -> Iterator[Buffer]:
        """Noise first, so that it is stored, then zeros."""
        yield self.head
        zeros = bytes(MIB)
        for start in range(MIB, self.size, MIB):
            yield memoryview(zeros)[: min(MIB, self.size - start)]


@pytest.mark.slow
def test_zip_beyond_4_gib_opens(tmp_path: Path) -> None:
    """A stored member beyond 4 GiB, and one that begins beyond 4 GiB, open with zipfile and unzip."""
    stream = ZipStream([Zeros("Bias/large", 4 * GIB + 5), Piece("Bias/behind", b"behind 4 GiB")])
    path = str(tmp_path / "t.zip")
    with open(path, "wb") as file:
        for buffer in stream:
            if any(memoryview(buffer)[:64]):
                file.write(buffer)
            else:
                file.seek(len(buffer), os.SEEK_CUR)  # a hole
    assert stream.placed[1].place.header_offset > 4 * GIB
    with zipfile.ZipFile(path) as opened:
        assert opened.read("Bias/behind") == b"behind 4 GiB"
        assert opened.getinfo("Bias/large").file_size == 4 * GIB + 5
    unzip_test(path)
