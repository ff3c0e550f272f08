"""Outputs become files: resumed where they were cut off, and never from what is not true."""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.composition.stores import open_embedded
from coldframe.errors import TreeHashMismatch
from coldframe.files import DiskFiles
from coldframe.model import MIB, ArchiveRetrieval, ByteRange
from coldframe.progress import Advanced, Outcome
from coldframe.retriever.outputs import JobFile, Outputs
from coldframe.testing.bodies import BytesBody
from coldframe.testing.clock import FakeClock
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.progress import Event
    from coldframe.service import VaultService

DATA = Random(5).randbytes(5 * MIB + 77)


class Asked:
    """A store that remembers which ranges were asked for."""

    def __init__(self, store: VaultService) -> None:
        """Store the store."""
        self.ranges: list[ByteRange] = []
        self._store = store

    def get_job_output(self, vault_name: str, job_id: str, *, byte_range: ByteRange) -> Any:
        """Remember and ask."""
        self.ranges.append(byte_range)
        return self._store.get_job_output(vault_name, job_id, byte_range=byte_range)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the store's."""
        return getattr(self._store, name)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Asked]:
    """A store with the vault `astro`."""
    service = open_embedded(str(tmp_path / "store"), clock=FakeClock())
    service.create_vault("astro")
    yield Asked(service)
    service.close()


@pytest.fixture
def wanted(store: Asked) -> JobFile:
    """The output of a job that has succeeded."""
    receipt = store.upload_archive("astro", BytesBody(DATA))
    job_id = store.initiate_job("astro", ArchiveRetrieval(receipt.archive_id))
    return JobFile(
        vault_name="astro",
        job_id=job_id,
        path="night/frame.fit",
        total_size=len(DATA),
        range=ByteRange(0, len(DATA)),
        tree_hash=tree_hash(DATA),
        archive_id=receipt.archive_id,
    )


def cut_off(store: Asked, back: Path, wanted: JobFile, *, after: int) -> None:
    """Fetch, and stop at once when so many bytes have arrived."""
    arrived = 0

    def observe(event: Event) -> None:
        nonlocal arrived
        if isinstance(event, Advanced):
            arrived += event.size
            if arrived >= after:
                outputs.stop()
                outputs.stop()

    outputs = make(store, back, observer=observe)
    assert list(outputs.fetch_all([wanted])) == []


def make(store: Any, back: Path, **arguments: Any) -> Outputs:
    """Outputs with small segments."""
    back.mkdir(exist_ok=True)
    arguments = {"files": DiskFiles(), "clock": FakeClock(), "segment_size": MIB, **arguments}
    return Outputs(store, str(back), **arguments)


def left_over(back: Path) -> list[Path]:
    """Unfinished files."""
    return [path for path in back.rglob("*") if path.name.endswith(".part")]


def test_what_was_cut_off_goes_on_where_it_was(store: Asked, wanted: JobFile, tmp_path: Path) -> None:
    """Whole segments that are there are hashed from the disk, not asked for again."""
    back = tmp_path / "back"
    cut_off(store, back, wanted, after=3 * MIB + 1)
    assert len(left_over(back)) == 1
    store.ranges.clear()
    (result,) = make(store, back).fetch_all([wanted])
    assert (result.outcome, (back / wanted.path).read_bytes() == DATA) == (Outcome.RETRIEVED, True)
    assert [each.start for each in store.ranges] == [4 * MIB, 5 * MIB]
    assert left_over(back) == []
    store.ranges.clear()
    (result,) = make(store, back).fetch_all([wanted])
    assert (result.outcome, store.ranges) == (Outcome.PRESENT, [])


@pytest.mark.parametrize("offset", [0, 2 * MIB + 5])
def test_a_left_over_that_lies_is_found_out(store: Asked, wanted: JobFile, tmp_path: Path, offset: int) -> None:
    """Its length may be true and its bytes not, after a power cut: then all is fetched again."""
    back = tmp_path / "back"
    cut_off(store, back, wanted, after=3 * MIB + 1)
    (part,) = left_over(back)
    with part.open("r+b") as file:
        file.seek(offset)
        file.write(b"\0\0\0\0")
    (result,) = make(store, back).fetch_all([wanted])
    assert (result.outcome, (back / wanted.path).read_bytes() == DATA) == (Outcome.RETRIEVED, True)


def test_wrong_bytes_get_no_name(store: Asked, wanted: JobFile, tmp_path: Path) -> None:
    """Nothing is left of them, and the other files come."""
    back = tmp_path / "back"
    wrong = replace(wanted, path="wrong.fit", tree_hash=tree_hash(b"other"))
    results = {result.path: result.outcome for result in make(store, back).fetch_all([wrong, wanted])}
    assert results == {"wrong.fit": Outcome.FAILED, wanted.path: Outcome.RETRIEVED}
    assert sorted(os.listdir(back)) == ["night"]


def test_bytes_that_nobody_can_check_are_not_resumed(store: Asked, wanted: JobFile, tmp_path: Path) -> None:
    """They come anew, and it is said that only their number was checked."""
    back = tmp_path / "back"
    some = replace(wanted, range=ByteRange(7, len(DATA) - 7), tree_hash=None)
    cut_off(store, back, some, after=3 * MIB)
    store.ranges.clear()
    (result,) = make(store, back).fetch_all([some])
    assert (store.ranges[0].start, "no tree hash" in result.detail) == (7, True)
    assert (back / wanted.path).read_bytes() == DATA[7:-7]


def test_bytes_are_poured_in_order_and_checked(store: Asked, wanted: JobFile, tmp_path: Path) -> None:
    """Wrong ones are told at the end."""
    poured = bytearray()
    make(store, tmp_path).pour(wanted, poured.extend)
    assert poured == DATA
    with pytest.raises(TreeHashMismatch):
        make(store, tmp_path).pour(replace(wanted, tree_hash=tree_hash(b"other")), poured.extend)


def test_a_reader_that_has_gone_is_not_taken_for_a_broken_store(store: Asked, wanted: JobFile, tmp_path: Path) -> None:
    """`… --file - | head` ends at once, without another request."""

    def close(_buffer: object) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        make(store, tmp_path).pour(wanted, close)
    assert len(store.ranges) == 1
