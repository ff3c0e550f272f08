"""Blobs on a disk: what is put comes back, and the file alone tells what it is."""

from __future__ import annotations

import errno
import itertools
import json
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Condition
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldframe.blobs import DiskBlobs
from coldframe.errors import DamagedArchive, ServiceUnavailable
from coldframe.files import DiskFiles
from coldframe.model import MIB
from coldframe.ports import BlobState, Put
from coldframe.service.ids import new_key
from coldframe.testing.bodies import pattern
from coldframe.testing.faulty import Counting, Fault
from coldframe.testing.recording import TappedFiles, Trace, Verb
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.model import Buffer

_NOW_MS = 1_800_000_000_000
_NOTE = {"vault": "v", "archive": "a"}


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A blobs folder."""
    return str(tmp_path)


@pytest.fixture
def blobs(folder: str) -> DiskBlobs:
    """Blobs in it."""
    return DiskBlobs(folder, DiskFiles())


def _files(folder: str) -> list[str]:
    return sorted(os.path.join(place, name) for place, _, names in os.walk(folder) for name in names)


def _read(blobs: DiskBlobs, key: bytes, data: bytes, span: tuple[int, int] | None = None) -> bytes:
    start, end = span or (0, len(data))
    with blobs.open(key, size=len(data), tree_hash=tree_hash(data)) as blob:
        return b"".join(map(bytes, blob.read(start, end)))


@pytest.mark.parametrize("size", [1, 5, MIB - 1, MIB, MIB + 1, 3 * MIB + 17])
def test_blob_comes_back(blobs: DiskBlobs, size: int) -> None:
    """What is put is read, with its size and tree hash, and its leaves are those of the data."""
    data = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    blob = blobs.put(new_key(_NOW_MS), [data], note=_NOTE)
    assert (blob.size, blob.tree_hash) == (size, tree_hash(data))
    assert _read(blobs, blob.key, data) == data
    with blobs.open(blob.key, size=size, tree_hash=blob.tree_hash) as opened:
        assert list(opened.leaves) == [sha256(data[at : at + MIB]).digest() for at in range(0, size, MIB)]
    assert blobs.check(blob.key, size=size, tree_hash=blob.tree_hash, pace=lambda _: None).state is BlobState.WHOLE


@given(cuts=st.lists(st.integers(0, 700_000), max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_blob_is_the_same_however_it_comes(blobs: DiskBlobs, cuts: list[int]) -> None:
    """Buffers of any length, empty ones too, make the same blob."""
    data = pattern(0.5) + b"the end"
    borders = [0, *sorted(cut % len(data) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(borders)]
    blob = blobs.put(new_key(_NOW_MS), pieces, note=_NOTE)
    assert blob.tree_hash == tree_hash(data)
    assert _read(blobs, blob.key, data) == data


def test_buffer_may_be_used_again(blobs: DiskBlobs) -> None:
    """A source that hands out one buffer over and over is copied in time."""

    def source() -> Iterator[Buffer]:
        buffer = bytearray(1000)
        for number in range(5):
            buffer[:] = bytes([number]) * 1000
            yield memoryview(buffer)

    data = b"".join(bytes([number]) * 1000 for number in range(5))
    blob = blobs.put(new_key(_NOW_MS), source(), note=_NOTE)
    assert _read(blobs, blob.key, data) == data


@given(start=st.integers(0, 3 * MIB + 9), size=st.integers(1, 2 * MIB))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_blob_is_read_from_anywhere(blobs: DiskBlobs, start: int, size: int) -> None:
    """Any range gives exactly its bytes, over the borders of chunks."""
    data = pattern(3) + b"the end..."
    key = b"\1" * 16
    if not blobs.exists(key):
        blobs.put(key, [data], note=_NOTE)
    end = min(start + size, len(data))
    assert _read(blobs, key, data, (start, end)) == data[start:end]


def test_stranger_can_read_a_blob(blobs: DiskBlobs, folder: str) -> None:
    """The file is the data, the leaves, a note and a trailer, as the format says, under a name made of its key."""
    data = pattern(2.5)
    key = new_key(_NOW_MS)
    blobs.put(key, [data], note=_NOTE)
    (path,) = _files(folder)
    assert path == os.path.join(folder, key.hex()[:7], f"{key.hex()}.blob")
    with open(path, "rb") as file:
        found = file.read()
    assert found[: len(data)] == data
    fields = struct.unpack(">16sQ32sIIHHI8s", found[-80:])
    assert fields[0] == key
    assert fields[1:5] == (len(data), bytes.fromhex(tree_hash(data)), 3, len(json.dumps(_NOTE, separators=(",", ":"))))
    assert fields[5:7] == (1, 0)
    assert fields[7:] == (zlib.crc32(found[len(data) : -12]), b"CFBLOB\r\n")
    assert found[len(data) : len(data) + 32] == sha256(data[:MIB]).digest()
    assert json.loads(found[len(data) + 96 : -80]) == _NOTE


def test_small_blob_is_one_write(folder: str) -> None:
    """Create, write, fsync, name, fsync of the folder: data and footer of a small blob go down together."""
    trace = Trace()
    blobs = DiskBlobs(folder, TappedFiles(DiskFiles(), trace))
    blobs.put(new_key(_NOW_MS), [b"first"], note=_NOTE)
    begun = len(trace.operations)
    blobs.put(new_key(_NOW_MS), [b"se", b"cond"], note=_NOTE)
    verbs = [operation.verb for operation in trace.operations[begun:]]
    assert verbs == [Verb.CREATE, Verb.WRITE, Verb.SYNC, Verb.CLOSE, Verb.RENAME, Verb.SYNC_FOLDER]


def test_several_blobs_share_the_sync_of_their_names(folder: str) -> None:
    """Each is written and synced by itself; their folder is synced once, after the last."""
    trace = Trace()
    blobs = DiskBlobs(folder, TappedFiles(DiskFiles(), trace))
    blobs.put(new_key(_NOW_MS), [b"first"], note=_NOTE)
    begun = len(trace.operations)
    kept = blobs.put_all([Put(new_key(_NOW_MS), [b"%d" % number], _NOTE) for number in range(3)])
    verbs = [operation.verb for operation in trace.operations[begun:]]
    assert verbs == 3 * [Verb.CREATE, Verb.WRITE, Verb.SYNC, Verb.CLOSE, Verb.RENAME] + [Verb.SYNC_FOLDER]
    assert [_read(blobs, blob.key, b"%d" % number) for number, blob in enumerate(kept)] == [b"0", b"1", b"2"]


def test_of_several_blobs_all_are_kept_or_none(folder: str) -> None:
    """Whichever operation fails, no file is left; what one of them raises goes on as it is."""

    def refuse(_size: int, _tree_hash: str) -> None:
        raise ValueError("not these")

    def puts() -> list[Put]:
        return [Put(new_key(_NOW_MS), [b"%d" % number], _NOTE) for number in range(3)]

    counting = Counting()
    DiskBlobs(folder, TappedFiles(DiskFiles(), counting)).put_all(puts())
    before = _files(folder)
    for number in (errno.ENOSPC, errno.EIO):
        for nth in range(1, counting.struck_by(number) + 1):
            fault = Fault(number, nth)
            blobs = DiskBlobs(folder, TappedFiles(DiskFiles(), fault))
            with pytest.raises(ServiceUnavailable):
                blobs.put_all(puts())
            assert fault.struck
            assert _files(folder) == before
    with pytest.raises(ValueError, match="not these"):
        DiskBlobs(folder, DiskFiles()).put_all([*puts(), Put(new_key(_NOW_MS), [b"x"], _NOTE, refuse)])
    assert _files(folder) == before


def test_first_blob_makes_its_folder_durable(folder: str) -> None:
    """A folder that is there may not be durable yet: each process syncs its parent before the first blob in it."""
    for _ in range(2):  # the second is another process, which finds the folder made
        trace = Trace()
        blobs = DiskBlobs(folder, TappedFiles(DiskFiles(), trace))
        blobs.put(new_key(_NOW_MS), [b"x"], note=_NOTE)
        synced = [operation.path for operation in trace.operations if operation.verb is Verb.SYNC_FOLDER]
        assert synced == [folder, os.path.join(folder, new_key(_NOW_MS).hex()[:7])]


@pytest.mark.parametrize("error", [OSError(5, "the source"), ValueError("the source"), KeyboardInterrupt()])
def test_error_of_the_source_goes_on(blobs: DiskBlobs, folder: str, error: BaseException) -> None:
    """What the source raises is the caller's own, and no file is left."""

    def source() -> Iterator[Buffer]:
        yield b"x" * 500_000
        raise error

    with pytest.raises(type(error)) as caught:
        blobs.put(new_key(_NOW_MS), source(), note=_NOTE)
    assert caught.value is error
    assert _files(folder) == []


def test_check_undoes_a_put(blobs: DiskBlobs, folder: str) -> None:
    """The check is told size and tree hash, and what it raises undoes the put."""
    told: list[tuple[int, str]] = []

    def check(size: int, digest: str) -> None:
        told.append((size, digest))
        raise LookupError

    with pytest.raises(LookupError):
        blobs.put(new_key(_NOW_MS), [b"data"], note=_NOTE, check=check)
    assert told == [(4, tree_hash(b"data"))]
    assert _files(folder) == []


def test_keys_come_in_order(blobs: DiskBlobs) -> None:
    """Keys made before a moment come in ascending order, over many folders; later ones do not come."""
    keys = [new_key(_NOW_MS + number * 600_000) for number in range(10)]
    for key in reversed(keys):
        blobs.put(key, [b"x"], note=_NOTE)
    for count in (0, 4, 10):
        found = [key for page in blobs.keys(before_ms=_NOW_MS + count * 600_000) for key in page]
        assert found == keys[:count]


def test_missing_blob_is_told(blobs: DiskBlobs) -> None:
    """A key without a blob does not exist, is missing for a scrub, and damage for a reader."""
    key = new_key(_NOW_MS)
    assert not blobs.exists(key)
    assert blobs.touched_ms(key) == 0
    assert blobs.unlink(key) == 0
    verdict = blobs.check(key, size=1, tree_hash=tree_hash(b"x"), pace=lambda _: None)
    assert verdict.state is BlobState.MISSING
    with pytest.raises(DamagedArchive, match="missing"):
        blobs.open(key, size=1, tree_hash=tree_hash(b"x"))


def test_trouble_that_is_no_damage_is_not_called_damage(blobs: DiskBlobs, folder: str) -> None:
    """A link in a blob's place, like too many open files, says nothing about the bytes: unavailable, not damaged."""
    blob = blobs.put(new_key(_NOW_MS), [b"x"], note=_NOTE)
    (path,) = _files(folder)
    os.rename(path, f"{path}.elsewhere")
    os.symlink(f"{path}.elsewhere", path)
    with pytest.raises(ServiceUnavailable):
        blobs.check(blob.key, size=1, tree_hash=blob.tree_hash, pace=lambda _: None)
    with pytest.raises(ServiceUnavailable):
        blobs.open(blob.key, size=1, tree_hash=blob.tree_hash)


class _CrowdFiles(DiskFiles):
    """Files whose folder sync takes until all of a crowd of writers wait for it, as on a busy disk."""

    def __init__(self, root: str, crowd: int) -> None:
        """Nobody has written."""
        super().__init__()
        self.syncs = 0
        self._root = root
        self._crowd = crowd
        self._renamed = 0
        self._arrived = Condition()

    def rename(self, source: str, target: str, *, folder: int | None = None) -> None:
        """Rename, and be counted."""
        super().rename(source, target, folder=folder)
        with self._arrived:
            self._renamed += 1
            self._arrived.notify_all()

    def sync_folder(self, path: str | int) -> None:
        """Wait for the crowd, then sync."""
        if path != self._root:
            self.syncs += 1
            with self._arrived:
                assert self._arrived.wait_for(lambda: self._renamed >= self._crowd, timeout=60)
        super().sync_folder(path)


def test_writers_share_the_folders_fsync(folder: str) -> None:
    """Sixteen writers at once need far fewer fsyncs of their folder than they write blobs, and all blobs are whole."""
    files = _CrowdFiles(folder, 16)
    blobs = DiskBlobs(folder, files)

    def put(number: int) -> bytes:
        return blobs.put(new_key(_NOW_MS), [b"%d" % number], note=_NOTE).key

    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(put, range(16)))
    assert all(_read(blobs, key, b"%d" % number) == b"%d" % number for number, key in enumerate(keys))
    assert 1 <= files.syncs < 8


def test_closed_blob_reads_no_more(blobs: DiskBlobs) -> None:
    """Closing twice is no error; reading afterwards is one, not other bytes."""
    blob = blobs.put(new_key(_NOW_MS), [b"x"], note=_NOTE)
    opened = blobs.open(blob.key, size=1, tree_hash=blob.tree_hash)
    opened.close()
    opened.close()
    with pytest.raises(ServiceUnavailable):
        next(opened.read(0, 1))
