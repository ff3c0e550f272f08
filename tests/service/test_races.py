"""Threads that want the same at the same time: one wins, the other is told, and no byte is lost (reliability R2)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest

from coldframe.clock import SystemClock
from coldframe.errors import InvalidParameterValue, ResourceNotFound, StoreError
from coldframe.model import MIB, ArchiveRetrieval, InventoryRetrieval, JobStatus
from coldframe.service.ids import Kind, decode_id
from coldframe.testing.bodies import BytesBody, read_output
from coldframe.testing.contract.world import inventory, keep
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.ports import PartRow
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock
    from conftest import OpenService

_ROUNDS = 15
_DATA = b"a light" * 100


@pytest.fixture
def store(service: VaultService) -> VaultService:
    """A store with a vault."""
    service.create_vault("vault")
    return service


def together(*acts: Callable[[], object]) -> list[object]:
    """Run all acts at once; what each answered, or the store's error that it raised."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return act()
        except StoreError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def _open_upload(store: VaultService) -> str:
    upload_id = store.initiate_multipart_upload("vault", part_size=MIB)
    store.upload_multipart_part("vault", upload_id, BytesBody(_DATA), start=0)
    return upload_id


def _complete(store: VaultService, upload_id: str, data: bytes = _DATA) -> str:
    digest = tree_hash(data)
    return store.complete_multipart_upload("vault", upload_id, archive_size=len(data), tree_hash=digest).archive_id


def _read(store: VaultService, archive_id: str) -> bytes:
    return read_output(store, "vault", store.initiate_job("vault", ArchiveRetrieval(archive_id)))


def test_completions_at_once_make_one_archive(store: VaultService) -> None:
    """Four completions of one upload answer the same archive, which is listed once."""
    for count in range(1, _ROUNDS + 1):
        upload_id = _open_upload(store)
        answers = together(*[partial(_complete, store, upload_id)] * 4)
        assert len(set(answers)) == 1
        assert len(inventory(store)) == count


def test_completion_and_abortion_at_once(store: VaultService, clock: FakeClock) -> None:
    """One wins: then either the archive is whole for ever, or there is none; the loser is told."""
    kept = []
    for _ in range(_ROUNDS):
        upload_id = _open_upload(store)
        done, dropped = together(
            partial(_complete, store, upload_id),
            partial(store.abort_multipart_upload, "vault", upload_id),
        )
        assert isinstance(done, ResourceNotFound) != isinstance(dropped, ResourceNotFound)
        if isinstance(done, str):
            kept.append(done)
    for _ in range(2):
        clock.advance(days=3)
        store.sweep()
    assert {item["ArchiveId"] for item in inventory(store)} == set(kept)
    assert all(_read(store, archive_id) == _DATA for archive_id in kept)


def test_part_and_completion_at_once(store: VaultService) -> None:
    """The archive is of the parts before or of those after; the hash that was promised is the hash that is kept."""
    for number in range(_ROUNDS):
        upload_id = _open_upload(store)
        other = b"other %d" % number
        done, sent = together(
            partial(_complete, store, upload_id),
            partial(store.upload_multipart_part, "vault", upload_id, BytesBody(other), start=0),
        )
        if isinstance(done, str):
            assert _read(store, done) == _DATA
            assert isinstance(sent, ResourceNotFound) or sent == tree_hash(other)
        else:
            assert isinstance(done, InvalidParameterValue)
            assert _read(store, _complete(store, upload_id, other)) == other


def test_same_part_at_once(store: VaultService) -> None:
    """Of parts with one start, one is kept whole."""
    upload_id = store.initiate_multipart_upload("vault", part_size=MIB)
    contents = [bytes([number]) * (MIB - number) for number in range(6)]
    together(*[partial(store.upload_multipart_part, "vault", upload_id, BytesBody(data), start=0) for data in contents])
    (part,) = store.list_parts("vault", upload_id).parts
    (winner,) = [data for data in contents if tree_hash(data) == part.tree_hash]
    assert _read(store, _complete(store, upload_id, winner)) == winner


def test_deletion_and_retrieval_at_once(store: VaultService) -> None:
    """A retrieval is refused, or its output stays readable (reliability R5)."""
    for _ in range(_ROUNDS):
        archive_id = keep(store, _DATA)
        _, asked = together(
            partial(store.delete_archive, "vault", archive_id),
            partial(store.initiate_job, "vault", ArchiveRetrieval(archive_id)),
        )
        if isinstance(asked, str):
            assert store.describe_job("vault", asked).status is JobStatus.SUCCEEDED
            assert read_output(store, "vault", asked) == _DATA
        else:
            assert isinstance(asked, ResourceNotFound)


def test_deletion_of_the_vault_and_an_upload_at_once(store: VaultService) -> None:
    """An archive is either kept in its vault or refused; it never is in none."""
    for _ in range(_ROUNDS):
        store.create_vault("vault")
        receipt, _ = together(lambda: keep(store, _DATA), lambda: store.delete_vault("vault"))
        if isinstance(receipt, str):
            assert _read(store, receipt) == _DATA
            store.delete_archive("vault", receipt)
        else:
            assert isinstance(receipt, ResourceNotFound)
        store.delete_vault("vault")


def test_sweeping_while_publishing_loses_nothing(store: VaultService, clock: FakeClock) -> None:
    """Sweeps that run all the time, while days pass, take no byte of an archive that was acknowledged."""
    stop = threading.Event()

    def sweep() -> int:
        rounds = 0
        while not stop.is_set():
            clock.advance(days=1)
            store.sweep()
            rounds += 1
        return rounds

    def publish(seed: int) -> dict[str, bytes]:
        kept = {}
        for number in range(12):
            data = b"%d of %d" % (number, seed) * 50
            try:
                kept[keep(store, data)] = data
            except StoreError:
                continue  # days passed while it was on its way
        return kept

    with ThreadPoolExecutor(4) as pool:
        sweeping = pool.submit(sweep)
        published = [pool.submit(publish, seed) for seed in range(3)]
        kept = {archive_id: data for future in published for archive_id, data in future.result().items()}
        stop.set()
        assert sweeping.result() > 0
    assert kept
    assert {item["ArchiveId"] for item in inventory(store)} == set(kept)
    for archive_id, data in kept.items():
        assert _read(store, archive_id) == data


def test_readers_of_one_inventory_write_it_once(store: VaultService) -> None:
    """Many who need an inventory's output first get the same, and it is written once."""
    for _ in range(5):
        keep(store)
    job_id = store.initiate_job("vault", InventoryRetrieval())
    answers = together(*[lambda: read_output(store, "vault", job_id)] * 6)
    assert len(set(answers)) == 1
    store_blobs = list(store._core.blobs.keys(before_ms=1 << 47))
    assert sum(map(len, store_blobs)) == 6


def test_processes_that_write_one_inventory_agree(open_service: OpenService) -> None:
    """When another process has written an inventory's output meanwhile, that one stays, and this is dropped."""
    first, second = open_service(), open_service()
    first.create_vault("vault")
    keep(first)
    job_id = first.initiate_job("vault", InventoryRetrieval())
    put = first._core.blobs.put
    key = decode_id(Kind.JOB, job_id)
    assert key is not None
    before: list[bytes] = []
    published: list[PartRow] = []

    def late(*what: object, **wanted: object) -> object:
        before.append(read_output(second, "vault", job_id))
        published.extend(second._core.ledger.read(lambda facts: facts.parts(key, first=0, limit=2)))
        return put(*what, **wanted)  # type: ignore[arg-type]  # passed on as it came

    first._core.blobs.put = late  # type: ignore[method-assign,assignment]  # the other process is quicker
    assert read_output(first, "vault", job_id) == before[0]
    (part,) = first._core.ledger.read(lambda facts: facts.parts(key, first=0, limit=2))
    assert part == published[0]


def test_uploads_at_once_are_all_kept(open_service: OpenService) -> None:
    """Eight threads upload on the real clock; every receipt stands, and listings see each archive once."""
    store = open_service(clock=SystemClock())
    store.create_vault("vault")

    def upload(seed: int) -> list[str]:
        return [keep(store, b"%d %d" % (seed, number)) for number in range(25)]

    with ThreadPoolExecutor(8) as pool:
        ids = [archive_id for found in pool.map(upload, range(8)) for archive_id in found]
    listed = [item["ArchiveId"] for item in inventory(store)]
    assert sorted(listed) == sorted(ids)
    assert store.describe_vault("vault").number_of_archives == len(ids)
