"""No harm to a blob goes unnoticed: not one bit anywhere, no cut, no addition, no exchange (reliability S12, S13)."""

from __future__ import annotations

import itertools
import os
import random
from typing import TYPE_CHECKING

import pytest

from coldframe.blobs import DiskBlobs
from coldframe.errors import DamagedArchive
from coldframe.files import DiskFiles
from coldframe.model import MIB
from coldframe.ports import BlobState
from coldframe.service.ids import new_key
from coldframe.testing.bodies import pattern
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from pathlib import Path

    from coldframe.ports import Blob

_NOW_MS = 1_800_000_000_000
_SMALL = b"a light of 180 seconds, small enough to harm it everywhere"
_LARGE = pattern(3) + b"the last chunk is short"


class Victim:
    """A blob, its file, and the ways to see that it is harmed."""

    def __init__(self, folder: str, data: bytes) -> None:
        """Put it."""
        self.blobs = DiskBlobs(folder, DiskFiles())
        self.blob: Blob = self.blobs.put(new_key(_NOW_MS), [data], note={"vault": "v"})
        self.path = os.path.join(folder, self.blob.key.hex()[:7], f"{self.blob.key.hex()}.blob")
        self.sound = self._content()

    def harm(self, content: bytes) -> None:
        """Give the file other content."""
        with open(self.path, "wb") as file:
            file.write(content)

    def flip(self, bit: int) -> None:
        """Give the file its content with one bit flipped."""
        content = bytearray(self.sound)
        content[bit // 8] ^= 1 << bit % 8
        self.harm(bytes(content))

    def is_found(self) -> bool:
        """Whether reader and scrub both see the harm, and the reader hands out no wrong byte before."""
        return self._reader_sees() and self._scrub_sees()

    def _scrub_sees(self) -> bool:
        blob = self.blob
        verdict = self.blobs.check(blob.key, size=blob.size, tree_hash=blob.tree_hash, pace=lambda _: None)
        return verdict.state is BlobState.DAMAGED and bool(verdict.detail)

    def _reader_sees(self) -> bool:
        found = b""
        try:
            with self.blobs.open(self.blob.key, size=self.blob.size, tree_hash=self.blob.tree_hash) as opened:
                for buffer in opened.read(0, self.blob.size):
                    found += buffer
        except DamagedArchive:
            return self.sound.startswith(found)
        return False

    def _content(self) -> bytes:
        with open(self.path, "rb") as file:
            return file.read()


@pytest.fixture
def small(tmp_path: Path) -> Victim:
    """A blob of a few bytes."""
    return Victim(str(tmp_path), _SMALL)


@pytest.fixture
def large(tmp_path: Path) -> Victim:
    """A blob of four chunks."""
    return Victim(str(tmp_path), _LARGE)


def test_sound_blob_is_sound(small: Victim) -> None:
    """Without harm nothing is found, so that what the others find is the harm."""
    small.harm(small.sound)
    assert not small.is_found()


def test_every_flipped_bit_is_found(small: Victim) -> None:
    """Each bit of a small blob's file in turn: data, leaf, note, every field of the trailer."""
    for bit in range(8 * len(small.sound)):
        small.flip(bit)
        assert small.is_found(), f"bit {bit} of {8 * len(small.sound)}"


def test_flipped_bits_of_a_large_blob_are_found(large: Victim) -> None:
    """First, last and random bits of every chunk, of the leaves, of the note and of the trailer."""
    rng = random.Random(5)
    borders = [0, MIB, 2 * MIB, 3 * MIB, len(_LARGE), len(_LARGE) + 4 * 32, len(large.sound) - 80, len(large.sound)]
    for start, end in itertools.pairwise(borders):
        for bit in (8 * start, 8 * end - 1, rng.randrange(8 * start, 8 * end)):
            large.flip(bit)
            assert large.is_found(), f"bit {bit}"


def test_every_truncation_is_found(small: Victim) -> None:
    """A file cut to any length, the empty one included."""
    for size in range(len(small.sound)):
        small.harm(small.sound[:size])
        assert small.is_found(), f"cut to {size}"


def test_every_beheading_is_found(small: Victim) -> None:
    """A file that lost bytes at its front."""
    for size in range(1, len(small.sound)):
        small.harm(small.sound[size:])
        assert small.is_found(), f"without its first {size}"


@pytest.mark.parametrize("more", [b"\0", b"x" * 80, b"y" * 5000])
def test_extension_is_found(small: Victim, more: bytes) -> None:
    """Bytes after the end, before the beginning, or between data and footer."""
    for content in (small.sound + more, more + small.sound, _SMALL + more + small.sound[len(_SMALL) :]):
        small.harm(content)
        assert small.is_found()


def test_doubled_blob_is_found(small: Victim) -> None:
    """A file that holds the whole blob twice ends in a good trailer, and is not the blob."""
    small.harm(small.sound * 2)
    assert small.is_found()


@pytest.mark.parametrize(
    "part", [slice(None), slice(MIB, 2 * MIB), slice(MIB, None), slice(-80, None), slice(MIB, MIB + 1)]
)
def test_zeros_are_found(large: Victim, part: slice) -> None:
    """What a file system leaves of a write that it lost: zeros, everywhere or in parts."""
    content = bytearray(large.sound)
    content[part] = bytes(len(content[part]))
    large.harm(bytes(content))
    assert large.is_found()


def test_exchanged_chunks_are_found(large: Victim) -> None:
    """Two chunks in each other's place."""
    sound = large.sound
    large.harm(sound[MIB : 2 * MIB] + sound[:MIB] + sound[2 * MIB :])
    assert large.is_found()


def test_another_blob_in_its_place_is_found(small: Victim, tmp_path: Path) -> None:
    """A whole blob under another's name, with the same bytes and hash even, is not that blob: the key tells."""
    twin = Victim(str(tmp_path), _SMALL)
    small.harm(twin.sound)
    assert small.is_found()


def test_footer_of_another_blob_is_found(large: Victim, tmp_path: Path) -> None:
    """A good footer after other data of the same length."""
    other = Victim(str(tmp_path), _LARGE[::-1])
    large.harm(other.sound[: len(_LARGE)] + large.sound[len(_LARGE) :])
    assert large.is_found()


def test_damage_in_one_chunk_spares_the_others(large: Victim) -> None:
    """Ranges that do not touch the damaged chunk are served, and are right."""
    large.flip(8 * (MIB + 5))
    blob = large.blob
    with large.blobs.open(blob.key, size=blob.size, tree_hash=tree_hash(_LARGE)) as opened:
        assert b"".join(map(bytes, opened.read(2 * MIB, len(_LARGE)))) == _LARGE[2 * MIB :]
        with pytest.raises(DamagedArchive):
            list(opened.read(2 * MIB - 1, 2 * MIB))
