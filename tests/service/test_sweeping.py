"""Sweeping takes what nothing refers to, and only that."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import ServiceUnavailable
from coldframe.model import MIB, ArchiveRetrieval, InventoryRetrieval
from coldframe.ports import UploadState
from coldframe.service import SweepReport
from coldframe.service.ids import Kind, decode_id, new_key
from coldframe.testing.bodies import BytesBody, read_output
from coldframe.testing.contract.world import inventory, keep
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock

_HOUR = 3600


@pytest.fixture
def store(service: VaultService) -> VaultService:
    """A store with a vault."""
    service.create_vault("vault")
    return service


def _blobs(folder: str) -> list[str]:
    return [name for _, _, names in os.walk(os.path.join(folder, "blobs")) for name in names if name != "store-id"]


def _orphan(store: VaultService) -> bytes:
    """A blob that was never published, as a crash leaves one."""
    core = store._core
    return core.blobs.put(new_key(core.now_ms()), [b"an orphan"], note={}).key


def test_sweep_of_a_clean_store_takes_nothing(store: VaultService, clock: FakeClock) -> None:
    """Archives, open uploads and fresh jobs are left alone, however old the archives."""
    archive_id = keep(store, b"kept")
    clock.advance(days=400)
    upload_id = store.initiate_multipart_upload("vault", part_size=MIB)
    store.upload_multipart_part("vault", upload_id, BytesBody(b"x"), start=0)
    job_id = store.initiate_job("vault", InventoryRetrieval())
    report = store.sweep()
    assert (report.blobs, report.archives, report.uploads, report.jobs) == (0, 0, 0, 0)
    assert len(store.list_parts("vault", upload_id).parts) == 1
    assert read_output(store, "vault", job_id)
    assert read_output(store, "vault", store.initiate_job("vault", ArchiveRetrieval(archive_id))) == b"kept"


def test_orphan_is_left_alone_for_two_days(store: VaultService, clock: FakeClock, store_folder: str) -> None:
    """A blob without a part goes after 48 hours, not before: its upload may be about to publish it."""
    _orphan(store)
    clock.advance(48 * _HOUR)
    assert store.sweep().blobs == 0
    clock.advance(0.001)
    report = store.sweep()
    assert report.blobs == 1
    assert report.size > len(b"an orphan")
    assert _blobs(store_folder) == []


def test_rehearsal_counts_what_the_sweep_then_takes(store: VaultService, clock: FakeClock, store_folder: str) -> None:
    """Orphans, a deleted archive, an aborted upload and temporary files are counted before, and all still there."""
    _orphan(store)
    keep(store, b"kept")
    store.delete_archive("vault", keep(store, b"deleted" * 99))
    upload_id = store.initiate_multipart_upload("vault", part_size=MIB)
    store.upload_multipart_part("vault", upload_id, BytesBody(b"x"), start=0)
    store.abort_multipart_upload("vault", upload_id)
    store.initiate_job("vault", InventoryRetrieval())
    assert store.rehearse_sweep() == SweepReport(uploads=1, archives=1)  # their blobs are too young
    clock.advance(days=9)
    before = sorted(_blobs(store_folder))
    rehearsed = store.rehearse_sweep()
    assert rehearsed.blobs >= 3
    assert sorted(_blobs(store_folder)) == before
    assert store.sweep() == rehearsed
    assert store.rehearse_sweep() == SweepReport()
    assert len(_blobs(store_folder)) == len(before) - rehearsed.blobs


def test_young_file_is_left_alone(store: VaultService, clock: FakeClock, store_folder: str) -> None:
    """A blob whose key is old but whose file was written lately is still on its way."""
    key = _orphan(store)
    clock.advance(days=3)
    path = os.path.join(store_folder, "blobs", key.hex()[:7], f"{key.hex()}.blob")
    now = clock.now().timestamp()
    os.utime(path, (now - _HOUR, now - _HOUR))
    assert store.sweep().blobs == 0
    os.utime(path, (now - 49 * _HOUR, now - 49 * _HOUR))
    assert store.sweep().blobs == 1


def test_temporary_file_goes_after_two_days(store: VaultService, clock: FakeClock, store_folder: str) -> None:
    """What a crash left of a put goes too, and nothing else in the folder."""
    key = _orphan(store)
    folder = os.path.join(store_folder, "blobs", key.hex()[:7])
    for name in (f".coldframe-{new_key(store._core.now_ms()).hex()}.tmp", "a-users-note.txt"):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(b"half")
    clock.advance(47 * _HOUR)
    assert store.sweep().temporary_files == 0
    clock.advance(2 * _HOUR)
    assert store.sweep().temporary_files == 1
    assert _blobs(store_folder) == ["a-users-note.txt"]


def test_deleted_archive_is_freed(store: VaultService, clock: FakeClock, store_folder: str) -> None:
    """The bytes of a deleted archive go when no job needs them; the archive is remembered as deleted."""
    archive_id = keep(store, b"deleted")
    clock.advance(days=3)
    store.delete_archive("vault", archive_id)
    report = store.sweep()
    assert (report.archives, report.blobs) == (1, 1)
    assert _blobs(store_folder) == []
    store.delete_archive("vault", archive_id)
    assert store.sweep().archives == 0


def test_job_keeps_the_bytes_of_a_deleted_archive(store: VaultService, clock: FakeClock) -> None:
    """As long as a job lives, and a day longer for whoever is reading, the bytes stay."""
    archive_id = keep(store, b"deleted")
    clock.advance(days=3)
    job_id = store.initiate_job("vault", ArchiveRetrieval(archive_id))
    store.delete_archive("vault", archive_id)
    clock.advance(23 * _HOUR)
    assert store.sweep().blobs == 0
    assert read_output(store, "vault", job_id) == b"deleted"
    clock.advance(24 * _HOUR)
    assert store.sweep().blobs == 0
    clock.advance(2 * _HOUR)
    report = store.sweep()
    assert (report.jobs, report.archives, report.blobs) == (1, 1, 1)


def test_expired_inventory_output_goes(store: VaultService, clock: FakeClock, store_folder: str) -> None:
    """The output of an inventory job goes with the job."""
    store.describe_job("vault", store.initiate_job("vault", InventoryRetrieval()))
    assert len(_blobs(store_folder)) == 1
    clock.advance(days=3)
    report = store.sweep()
    assert (report.jobs, report.blobs) == (1, 1)


@pytest.mark.parametrize("end", ["abort", "expire", "delete the vault"])
def test_ended_upload_is_dropped(store: VaultService, clock: FakeClock, store_folder: str, end: str) -> None:
    """An upload that was aborted, ran out of time or lost its vault leaves nothing behind."""
    upload_id = store.initiate_multipart_upload("vault", part_size=MIB)
    for number in range(3):
        store.upload_multipart_part("vault", upload_id, BytesBody(b"%d" % number), start=number * MIB)
    if end == "abort":
        store.abort_multipart_upload("vault", upload_id)
    if end == "delete the vault":
        store.delete_vault("vault")
    clock.advance(days=3)
    report = store.sweep()
    assert (report.uploads, report.blobs) == (1, 3)
    assert _blobs(store_folder) == []


def test_replaced_part_goes_and_its_successor_stays(store: VaultService, clock: FakeClock, store_folder: str) -> None:
    """Of a part that was sent twice, the first one's bytes go, and the archive is of the second."""
    upload_id = store.initiate_multipart_upload("vault", part_size=MIB)
    store.upload_multipart_part("vault", upload_id, BytesBody(b"first"), start=0)
    store.upload_multipart_part("vault", upload_id, BytesBody(b"second"), start=0)
    receipt = store.complete_multipart_upload("vault", upload_id, archive_size=6, tree_hash=tree_hash(b"second"))
    clock.advance(days=3)
    report = store.sweep()
    assert (report.uploads, report.blobs) == (1, 1)
    assert len(_blobs(store_folder)) == 1
    job_id = store.initiate_job("vault", ArchiveRetrieval(receipt.archive_id))
    assert read_output(store, "vault", job_id) == b"second"


def test_many_parts_are_dropped_in_turns(store: VaultService, clock: FakeClock) -> None:
    """An archive with more parts than one transaction drops is freed all the same."""
    upload_id = store.initiate_multipart_upload("vault", part_size=MIB)
    store.upload_multipart_part("vault", upload_id, BytesBody(b"x"), start=0)
    key = decode_id(Kind.UPLOAD, upload_id)
    assert key is not None
    (part,) = store._core.ledger.read(lambda facts: facts.parts(key, first=0, limit=2))

    def add(number: int) -> None:
        more = replace(part, start=number * MIB, blob=new_key(number))
        store._core.ledger.write(lambda changes: changes.put_part(more))

    for number in range(1, 1200):
        add(number)
    store.abort_multipart_upload("vault", upload_id)
    clock.advance(days=3)
    assert store.sweep().uploads == 1
    assert store._core.ledger.read(lambda facts: facts.parts(key, first=0, limit=1)) == []
    assert store._core.ledger.read(lambda facts: facts.upload(key)) is None


def test_sweep_wakes_nothing_that_has_ended(store: VaultService, clock: FakeClock) -> None:
    """A completed upload is forgotten after its day of repetitions, and its archive stays."""
    upload_id = store.initiate_multipart_upload("vault", part_size=MIB)
    store.upload_multipart_part("vault", upload_id, BytesBody(b"x"), start=0)
    store.complete_multipart_upload("vault", upload_id, archive_size=1, tree_hash=tree_hash(b"x"))
    key = decode_id(Kind.UPLOAD, upload_id)
    assert key is not None
    upload = store._core.ledger.read(lambda facts: facts.upload(key))
    assert upload is not None
    assert upload.state is UploadState.COMPLETED
    clock.advance(days=2)
    assert store.sweep().uploads == 1
    assert len(inventory(store)) == 1


def test_blob_that_was_swept_is_not_published(store: VaultService, clock: FakeClock) -> None:
    """An upload that takes so long that its blob was swept fails, and can be sent again (S23)."""
    real = store._core.blobs.exists
    swept: list[int] = []

    def sweep_first(key: bytes) -> bool:
        if not swept:
            swept.append(store._core.blobs.unlink(key))
        return real(key)

    store._core.blobs.exists = sweep_first  # type: ignore[method-assign]  # stands in for another process's sweep
    with pytest.raises(ServiceUnavailable, match="again"):
        keep(store, b"slow")
    assert swept[0] > 0
    assert inventory(store) == []
    archive_id = keep(store, b"slow")
    assert read_output(store, "vault", store.initiate_job("vault", ArchiveRetrieval(archive_id))) == b"slow"
