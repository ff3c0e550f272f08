"""A ledger opens its own blobs and no others (reliability S21)."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from coldframe.blobs import open_blobs
from coldframe.errors import FormatError
from coldframe.files import DiskFiles
from coldframe.ledger import open_ledger
from coldframe.service.ids import new_key
from coldframe.testing.recording import TappedFiles, Trace, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from coldframe.ledger import SqliteLedger

    OpenLedger = Callable[[str], SqliteLedger]


@pytest.fixture
def ledger_at(tmp_path: Path) -> Iterator[OpenLedger]:
    """Opens ledgers by name and closes them at the end."""
    opened: list[SqliteLedger] = []

    def open_one(name: str) -> SqliteLedger:
        opened.append(open_ledger(str(tmp_path / name)))
        return opened[-1]

    yield open_one
    for ledger in opened:
        ledger.close()


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A place for blobs that is not there yet."""
    return str(tmp_path / "deep" / "blobs")


def test_new_ledger_makes_its_place(ledger_at: OpenLedger, folder: str) -> None:
    """The folder is made, named after the store, and found again."""
    ledger = ledger_at("ledger")
    blobs = open_blobs(folder, files=DiskFiles(), ledger=ledger)
    with open(os.path.join(folder, "store-id"), encoding="ascii") as file:
        assert file.read() == f"{ledger.identity}\n"
    key = blobs.put(new_key(5), [b"x"], note={}).key
    assert open_blobs(folder, files=DiskFiles(), ledger=ledger_at("ledger")).exists(key)


def test_claim_comes_after_everything_is_durable(ledger_at: OpenLedger, folder: str) -> None:
    """Before the ledger counts on the folder, every folder on the way to it has been synced."""
    trace = Trace()
    ledger = ledger_at("ledger")
    open_blobs(folder, files=TappedFiles(DiskFiles(), trace), ledger=ledger)
    synced = {operation.path for operation in trace.operations if operation.verb is Verb.SYNC_FOLDER}
    assert {folder, os.path.dirname(folder), os.path.dirname(os.path.dirname(folder))} <= synced


@pytest.mark.parametrize("left", ["nothing", "an empty folder", "other files"])
def test_lost_blobs_are_refused(ledger_at: OpenLedger, folder: str, left: str) -> None:
    """An empty mount point is not the store's blobs: refused, and nothing is made or swept there."""
    open_blobs(folder, files=DiskFiles(), ledger=ledger_at("ledger"))
    shutil.rmtree(folder)
    if left != "nothing":
        os.mkdir(folder)
    if left == "other files":
        os.mkdir(os.path.join(folder, "0123456"))
    for _ in range(2):
        with pytest.raises(FormatError, match="mounted"):
            open_blobs(folder, files=DiskFiles(), ledger=ledger_at("ledger"))
    assert os.path.exists(folder) == (left != "nothing")
    assert not os.path.exists(os.path.join(folder, "store-id"))


def test_blobs_of_another_store_are_refused(ledger_at: OpenLedger, folder: str) -> None:
    """Neither a ledger with blobs of its own nor a new one takes another's."""
    open_blobs(folder, files=DiskFiles(), ledger=ledger_at("first"))
    with pytest.raises(FormatError, match="belong to the store"):
        open_blobs(folder, files=DiskFiles(), ledger=ledger_at("second"))
    other = ledger_at("third")
    open_blobs(f"{folder}-of-third", files=DiskFiles(), ledger=other)
    with pytest.raises(FormatError, match="belong to the store"):
        open_blobs(folder, files=DiskFiles(), ledger=other)


def test_claim_that_was_cut_off_is_made_good(ledger_at: OpenLedger, folder: str) -> None:
    """A crash after the folder was named and before it was claimed is no wrong disk."""
    ledger = ledger_at("ledger")
    os.makedirs(folder)
    with open(os.path.join(folder, "store-id"), "w", encoding="ascii") as file:
        file.write(f"{ledger.identity}\n")
    open_blobs(folder, files=DiskFiles(), ledger=ledger)
    assert ledger.is_claimed
