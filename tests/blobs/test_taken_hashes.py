"""Hashes that come with the bytes: taken where they are of these bytes, and refused where anything is not the same."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING
from zlib import crc32

import pytest

from coldframe.blobs import DiskBlobs
from coldframe.errors import ServiceUnavailable
from coldframe.files import DiskFiles
from coldframe.model import MIB
from coldframe.ports import BlobState, Hashes
from coldframe.service.ids import new_key
from coldframe.testing.bodies import pattern
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DATA = pattern(2.5)


def _hashes(data: bytes = _DATA) -> Hashes:
    leaves = [sha256(data[at : at + MIB]).digest() for at in range(0, len(data), MIB)]
    return Hashes(len(data), leaves, crc32(data))


def test_taken_hashes_make_the_same_blob(tmp_path: Path) -> None:
    """A blob whose hashes were told is to the byte the one whose bytes were hashed here."""
    places = tmp_path / "told", tmp_path / "own"
    for place in places:
        place.mkdir()
    blobs = [DiskBlobs(str(place), DiskFiles()) for place in places]
    key = new_key(1_800_000_000_000)
    told = blobs[0].put(key, [_DATA], note={}, hashes=_hashes)
    assert told == blobs[1].put(key, [_DATA], note={})
    files = [next(place.rglob("*.blob")) for place in places]
    assert files[0].read_bytes() == files[1].read_bytes()
    verdict = blobs[0].check(key, size=len(_DATA), tree_hash=tree_hash(_DATA), pace=lambda _: None)
    assert verdict.state is BlobState.WHOLE


@pytest.mark.parametrize(
    "wrong",
    [
        lambda told: replace(told, crc32=told.crc32 ^ 1),
        lambda told: replace(told, size=told.size - 1),
        lambda told: replace(told, leaves=told.leaves[:-1]),
        lambda _: _hashes(_DATA[:-1] + bytes([_DATA[-1] ^ 1])),
    ],
    ids=["CRC", "size", "leaves", "one bit"],
)
def test_other_bytes_are_not_kept(tmp_path: Path, wrong: Callable[[Hashes], Hashes]) -> None:
    """If one bit is not what was hashed, the put fails, may be tried again, and leaves nothing."""
    blobs = DiskBlobs(str(tmp_path), DiskFiles())
    with pytest.raises(ServiceUnavailable, match="Send them again"):
        blobs.put(new_key(1), [_DATA], note={}, hashes=lambda: wrong(_hashes()))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
