"""Members: retrieved alone, by the range that holds them, and never more than the catalog knows."""

from __future__ import annotations

import itertools
import os
import struct
import tracemalloc
import zlib
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldframe.catalog.model import Cut
from coldframe.errors import TreeHashMismatch
from coldframe.model import MIB, ByteRange
from coldframe.progress import Outcome
from coldframe.retriever.members import extract
from coldframe.retriever.ranges import coalesce, member_range, segments
from coldframe.tree_hash import is_megabyte_aligned
from retriever.world import VAULT, frame, make_zip

if TYPE_CHECKING:
    from collections.abc import Callable

    from retriever.world import World


def cut_of(data: bytes, compressed: bytes, *, method: str = "deflated", offset: int = 0) -> Cut:
    """What a catalog knows of a member whose data follows a header of 30 bytes."""
    return Cut(
        header_offset=offset,
        data_offset=offset + 30,
        compressed_size=len(compressed),
        method=method,
        sha256=sha256(data).hexdigest(),
        crc32=zlib.crc32(data),
    )


def deflate(data: bytes) -> bytes:
    """The bytes as a zip deflates them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def reader(data: bytes) -> Callable[[int, int], bytes]:
    """Reads from bytes in memory."""
    return lambda offset, size: data[offset : offset + size]


def test_member_is_retrieved_by_its_range_alone(world: World) -> None:
    """One member of a large bundle needs a job over the megabytes that hold it, not over the bundle."""
    members = {f"{number}.fit": frame(number, 3 * MIB) for number in range(8)}
    world.add_bundle("Subs/Bias.zip", members)

    (result,) = world.retrieve("5.fit")

    (job,) = world.store.list_jobs(VAULT).items
    assert world.files() == {"Subs/Bias/5.fit": members["5.fit"]}
    assert result.outcome is Outcome.RETRIEVED
    assert job.range is not None
    assert job.range.size <= 5 * MIB
    assert job.description == "5.fit"


def test_neighbouring_members_share_a_job(world: World) -> None:
    """Members that lie near each other come by one job, those far away by another."""
    members = {f"m{number:02}.fit": frame(number, 2 * MIB) for number in range(12)}
    world.add_bundle("Bias.zip", members, deflate=["m01.fit"])

    world.retrieve("Bias/m0[012]*")
    assert len(world.jobs()) == 1
    world.retrieve("Bias/m[01]1*")

    assert len(world.jobs()) == 2
    assert world.files() == {f"Bias/{name}": members[name] for name in ("m00.fit", "m01.fit", "m02.fit", "m11.fit")}


def test_bundle_and_members_come_by_one_job(world: World) -> None:
    """Who asks for a bundle and its members gets both from the bundle's one job."""
    members = {"a.fit": frame(1), "b.fit": frame(2, 100_000)}
    world.add_bundle("Bias.zip", members, deflate=["b.fit"])
    data, _ = make_zip(members, ["b.fit"])

    world.retrieve("", members=True)

    assert world.files() == {"Bias.zip": data, "Bias/a.fit": members["a.fit"], "Bias/b.fit": members["b.fit"]}
    assert len(world.jobs()) == 1


def test_members_that_are_there_are_not_retrieved_again(world: World) -> None:
    """A member at the destination is verified by its SHA-256; a changed one is retrieved under another name."""
    world.add_bundle("Bias.zip", {"a.fit": frame(1), "b.fit": frame(2)})
    world.retrieve("Bias/*")
    with open(os.path.join(world.into, "Bias/b.fit"), "r+b") as file:
        file.write(b"X")

    results = {result.path: result for result in world.retrieve("Bias/*")}

    assert results["Bias/a.fit"].outcome is Outcome.PRESENT
    assert results["Bias/b.fit"].placed_at == "Bias/b (2).fit"


def test_empty_member_needs_no_job(world: World) -> None:
    """An empty member is made from what the catalog knows."""
    world.add_bundle("Bias.zip", {"none.txt": b""})

    world.retrieve("none")

    assert world.files() == {"Bias/none.txt": b""}
    assert world.jobs() == []


@pytest.mark.parametrize("lie", [99_999, 100_001])
def test_member_of_another_size_is_refused(world: World, lie: int) -> None:
    """A member that does not have the size that the catalog knows is not placed; its neighbours are."""
    world.add_bundle("B.zip", {"big.fit": bytes(100_000), "a.fit": frame(1)}, deflate=["big.fit"], lie={"big.fit": lie})

    results = {result.path: result for result in world.retrieve("B/*")}

    assert results["B/big.fit"].outcome is Outcome.FAILED
    assert isinstance(results["B/big.fit"].error, TreeHashMismatch)
    assert world.files() == {"B/a.fit": frame(1)}


def test_bomb_is_stopped_at_the_promised_size() -> None:
    """A gigabyte of zeros behind a promise of one megabyte costs a megabyte, not a gigabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(packer.compress(bytes(MIB)) for _ in range(1024)) + packer.flush()
    cut = cut_of(bytes(MIB), bomb)
    produced = 0
    tracemalloc.start()

    with pytest.raises(TreeHashMismatch, match="more than"):  # noqa: PT012 - what came before the error counts
        for piece in extract(reader(bytes(30) + bomb), cut, MIB):
            produced += len(piece)

    assert produced <= MIB + 1
    assert tracemalloc.get_traced_memory()[1] < 16 * MIB
    tracemalloc.stop()


@given(st.binary(max_size=3000), st.integers(0, 64), st.sampled_from(["stored", "deflated"]))
def test_extract_gives_the_member_or_raises(data: bytes, repeat: int, method: str) -> None:
    """What comes out is the member, whatever its content."""
    data = data * (repeat + 1)
    packed = deflate(data) if method == "deflated" else data
    got = b"".join(extract(reader(bytes(30) + packed), cut_of(data, packed, method=method), len(data)))

    assert got == data


@given(st.binary(min_size=1, max_size=500), st.data())
def test_extract_notices_any_flipped_bit(data: bytes, draw: st.DataObject) -> None:
    """No bit of the compressed bytes can change and the member still be believed, unless its bytes are the same."""
    packed = bytearray(deflate(data))
    at = draw.draw(st.integers(0, len(packed) * 8 - 1))
    packed[at // 8] ^= 1 << at % 8
    cut = cut_of(data, deflate(data))
    try:
        got = b"".join(extract(reader(bytes(30) + bytes(packed)), cut, len(data)))
    except TreeHashMismatch:
        return
    assert got == data


def test_extract_finds_the_data_by_the_local_header() -> None:
    """Where only the header's place is known, the header tells where the data begins."""
    data = frame(1, 700)
    header = struct.pack("<4s5HIIIHH", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 700, 700, 5, 7) + b"a.fit" + bytes(7)
    cut = Cut(
        header_offset=10,
        data_offset=0,
        compressed_size=700,
        method="stored",
        sha256="",
        crc32=zlib.crc32(data),
    )

    assert b"".join(extract(reader(bytes(10) + header + data), cut, 700)) == data
    with pytest.raises(TreeHashMismatch, match="no zip member"):
        list(extract(reader(bytes(2000)), cut, 700))


@given(st.lists(st.tuples(st.integers(0, 40 * MIB), st.integers(0, 3 * MIB)), min_size=1, max_size=30))
def test_ranges_hold_every_member_and_are_aligned(places: list[tuple[int, int]]) -> None:
    """Joined ranges hold each member from its header to its end, are megabyte-aligned, and lie apart."""
    size = 45 * MIB + 123
    cuts = sorted(
        (
            Cut(header_offset=at, data_offset=at + 30, compressed_size=length, method="stored", sha256="", crc32=0)
            for at, length in places
        ),
        key=lambda cut: cut.header_offset,
    )
    ranges = coalesce(member_range(cut, size) for cut in cuts)

    assert all(is_megabyte_aligned(byte_range, size) for byte_range in ranges)
    assert all(before.end < after.start for before, after in itertools.pairwise(ranges))
    for cut in cuts:
        end = cut.data_offset + cut.compressed_size
        assert any(r.start <= cut.header_offset and end <= r.end for r in ranges)


@given(st.integers(1, 10**13))
def test_segments_cover_an_output_without_gaps(size: int) -> None:
    """The segments of an output follow each other from its first byte to its last."""
    found = segments(size)
    first = next(found)

    assert first.start == 0
    assert first == ByteRange(0, min(size, 64 * MIB))
