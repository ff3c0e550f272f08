"""A scrub finds every kind of damage, tells whose it is, goes on where it was cut off, and changes nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import DamagedArchive
from coldframe.files import DiskFiles
from coldframe.model import MIB, ArchiveRetrieval, InventoryRetrieval
from coldframe.service import FindingKind
from coldframe.service.ids import Kind, decode_id, new_key
from coldframe.testing.bodies import BytesBody, pattern, read_output
from coldframe.testing.contract.world import keep

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock


@pytest.fixture
def store(service: VaultService) -> VaultService:
    """A store with a vault."""
    service.create_vault("vault")
    return service


def _path_of(folder: str, archive_id: str, store: VaultService) -> str:
    """The blob file of an archive of one part."""
    key = decode_id(Kind.ARCHIVE, archive_id)
    assert key is not None
    (part,) = store._core.ledger.read(lambda facts: facts.parts(key, first=0, limit=2))
    return os.path.join(folder, "blobs", part.blob.hex()[:7], f"{part.blob.hex()}.blob")


def _flip(path: str, offset: int) -> None:
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x10]))


def _append(path: str) -> None:
    with open(path, "ab") as file:
        file.write(b"!")


def test_scrub_of_a_sound_store_finds_nothing(store: VaultService, clock: FakeClock) -> None:
    """Archives, parts and outputs are hashed again, all of them, and progress tells how much."""
    keep(store, pattern(1.5))
    upload_id = store.initiate_multipart_upload("vault", part_size=MIB)
    store.upload_multipart_part("vault", upload_id, BytesBody(b"part"), start=0)
    output = read_output(store, "vault", store.initiate_job("vault", InventoryRetrieval()))
    clock.advance(1)
    assert list(store.scrub()) == []
    progress = store.scrub_progress()
    assert progress is not None
    assert (progress.blobs, progress.size) == (3, 3 * MIB // 2 + 4 + len(output))
    assert progress.finished_at == progress.started_at == clock.now()


def test_scrub_before_any_is_unknown(store: VaultService) -> None:
    """Without a scrub there is no progress."""
    assert store.scrub_progress() is None


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (lambda path: _flip(path, 5), FindingKind.DAMAGED),
        (lambda path: os.truncate(path, 100), FindingKind.DAMAGED),
        (_append, FindingKind.DAMAGED),
        (DiskFiles().unlink, FindingKind.MISSING),
    ],
)
def test_scrub_names_the_damaged_archive(
    store: VaultService, clock: FakeClock, store_folder: str, harm: Callable[[str], None], kind: FindingKind
) -> None:
    """The archive, its vault and its description are told, others are not, and the file is left as it is."""
    ids = [keep(store, b"frame %d" % number * 100, description=f"frame {number}") for number in range(5)]
    path = _path_of(store_folder, ids[2], store)
    harm(path)
    clock.advance(1)
    (finding,) = store.scrub()
    assert (finding.kind, finding.archive_id, finding.vault_name) == (kind, ids[2], "vault")
    assert (finding.description, finding.upload_id, finding.job_id) == ("frame 2", None, None)
    assert finding.blob in path
    assert finding.detail
    assert os.path.exists(path) == (kind is FindingKind.DAMAGED)
    job_id = store.initiate_job("vault", ArchiveRetrieval(ids[2]))
    with pytest.raises(DamagedArchive):
        read_output(store, "vault", job_id)


def test_scrub_names_the_mebibyte(store: VaultService, clock: FakeClock, store_folder: str) -> None:
    """The detail says how much of a large archive is damaged, and where."""
    archive_id = keep(store, pattern(6.5))
    path = _path_of(store_folder, archive_id, store)
    _flip(path, 3 * MIB + 7)
    _flip(path, 5 * MIB)
    clock.advance(1)
    (finding,) = store.scrub()
    assert finding.detail == "2 of 7 MiB are damaged, the first is 3"


def test_swapped_archives_are_both_found(store: VaultService, clock: FakeClock, store_folder: str) -> None:
    """Two whole blobs under each other's names are both damaged: a name alone is never trusted (S13)."""
    first, second = (keep(store, data) for data in (b"one" * 99, b"two" * 99))
    paths = [_path_of(store_folder, archive_id, store) for archive_id in (first, second)]
    os.rename(paths[0], f"{paths[0]}.swap")
    os.rename(paths[1], paths[0])
    os.rename(f"{paths[0]}.swap", paths[1])
    clock.advance(1)
    assert {finding.archive_id for finding in store.scrub()} == {first, second}


def test_scrub_names_uploads_and_jobs(store: VaultService, clock: FakeClock, store_folder: str) -> None:
    """Damage in an open upload and in a job's output is told as that."""
    upload_id = store.initiate_multipart_upload("vault", part_size=MIB, description="M33")
    store.upload_multipart_part("vault", upload_id, BytesBody(b"part"), start=0)
    job_id = store.initiate_job("vault", InventoryRetrieval())
    read_output(store, "vault", job_id)
    for folder, _, names in os.walk(os.path.join(store_folder, "blobs")):
        for name in names:
            if name != "store-id":
                _flip(os.path.join(folder, name), 0)
    clock.advance(1)
    found = list(store.scrub())
    assert {(finding.upload_id, finding.job_id) for finding in found} == {(upload_id, None), (None, job_id)}
    assert {finding.vault_name for finding in found} == {"vault"}


def test_scrub_tells_of_unreferenced_blobs(store: VaultService, clock: FakeClock) -> None:
    """A blob that nothing refers to is told once it is too old to be on its way in; it is not removed."""
    blob = store._core.blobs.put(new_key(store._core.now_ms()), [b"orphan"], note={})
    clock.advance(1)
    assert list(store.scrub()) == []
    clock.advance(days=3)
    for _ in range(2):
        (finding,) = store.scrub()
        assert (finding.kind, finding.blob, finding.archive_id) == (FindingKind.UNREFERENCED, blob.key.hex(), None)
    assert store._core.blobs.exists(blob.key)


def test_scrub_that_was_cut_off_goes_on(store: VaultService, clock: FakeClock, store_folder: str) -> None:
    """It repeats its findings and finds what comes after; one that begins anew finds each once."""
    ids = []
    for number in range(150):
        ids.append(keep(store, b"%d" % number))
        clock.advance(0.001)
    for number in (3, 140):
        _flip(_path_of(store_folder, ids[number], store), 0)
    clock.advance(1)
    first = store.scrub()
    assert next(first).archive_id == ids[3]
    del first
    found = [finding.archive_id for finding in store.scrub()]
    assert (found[0], found[-1], set(found)) == (ids[3], ids[140], {ids[3], ids[140]})
    progress = store.scrub_progress()
    assert progress is not None
    assert progress.finished_at is not None
    assert [finding.archive_id for finding in store.scrub(restart=True)] == [ids[3], ids[140]]


def test_scrub_keeps_its_place(store: VaultService, clock: FakeClock) -> None:
    """A scrub that is killed after its first batch does not read that batch again."""
    for number in range(100):
        keep(store, b"%d" % number)
        clock.advance(0.001)
    read: list[bytes] = []
    check = store._core.blobs.check

    def counted(key: bytes, **wanted: object) -> object:
        if len(read) == 80:
            raise KeyboardInterrupt
        read.append(key)
        return check(key, **wanted)  # type: ignore[arg-type]  # passed on as it came

    store._core.blobs.check = counted  # type: ignore[method-assign,assignment]  # counts, and is killed at the 81st
    with pytest.raises(KeyboardInterrupt):
        list(store.scrub())
    del read[:]
    assert list(store.scrub()) == []
    assert len(read) == 100 - 64


def test_scrub_keeps_to_its_rate(store: VaultService, clock: FakeClock) -> None:
    """At a MiB a second, six and a half MiB take as many seconds."""
    keep(store, pattern(6.5))
    clock.advance(1)
    before = clock.monotonic()
    assert list(store.scrub(rate=MIB)) == []
    assert clock.monotonic() - before == pytest.approx(6.5)


def test_archive_deleted_meanwhile_is_no_finding(store: VaultService, clock: FakeClock) -> None:
    """A blob that a sweep takes while a scrub is on its way to it is not missing."""
    archive_id = keep(store, b"x")
    clock.advance(days=3)
    check = store._core.blobs.check

    def late(key: bytes, **wanted: object) -> object:
        store.delete_archive("vault", archive_id)
        store.sweep()
        return check(key, **wanted)  # type: ignore[arg-type]  # passed on as it came

    store._core.blobs.check = late  # type: ignore[method-assign,assignment]  # another process sweeps just before
    assert list(store.scrub()) == []
