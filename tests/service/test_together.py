"""Several archives, or jobs, in one act: each as if it had come alone, all of them or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coldframe.errors import InvalidParameterValue, ResourceNotFound
from coldframe.model import ArchiveRetrieval, InventoryRetrieval
from coldframe.ports import Upload, takes_together
from coldframe.testing.bodies import BrokenBody, BytesBody, read_output
from coldframe.testing.contract.world import inventory
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from coldframe.model import JobRequest
    from coldframe.service import VaultService

_NAMES = ("first", "second", "third")


@pytest.fixture
def store(service: VaultService) -> VaultService:
    """A store with a vault."""
    service.create_vault("vault")
    return service


def _upload(name: str) -> Upload:
    return Upload(BytesBody(name.encode()), tree_hash(name.encode()), name)


def test_archives_that_come_together_are_as_if_each_had_come_alone(store: VaultService) -> None:
    """Receipts in order, bytes, descriptions, numbers of the vault, and IDs that are nobody else's."""
    receipts = store.upload_archives("vault", [_upload(name) for name in _NAMES])
    assert [receipt.tree_hash for receipt in receipts] == [tree_hash(name.encode()) for name in _NAMES]
    assert len({receipt.archive_id for receipt in receipts}) == len(_NAMES)
    for name, receipt in zip(_NAMES, receipts, strict=True):
        assert (
            read_output(store, "vault", store.initiate_job("vault", ArchiveRetrieval(receipt.archive_id)))
            == name.encode()
        )
    listed = {item["ArchiveId"]: item["ArchiveDescription"] for item in inventory(store)}
    assert listed == {receipt.archive_id: name for name, receipt in zip(_NAMES, receipts, strict=True)}
    described = store.describe_vault("vault")
    assert (described.number_of_archives, described.size) == (3, sum(map(len, _NAMES)) + 3 * 32 * 1024)
    store.delete_archive("vault", receipts[1].archive_id)
    assert len(inventory(store)) == len(_NAMES) - 1


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    "wrong",
    [
        Upload(BytesBody(b"x"), "0" * 64, ""),
        Upload(BytesBody(b"x"), "no hash", ""),
        Upload(BytesBody(b""), None, ""),
        Upload(BytesBody(b"x"), None, "d" * 1025),
        Upload(BrokenBody(b"x", 5, InvalidParameterValue("the source")), None, ""),
    ],
    ids=["other hash", "no hash", "empty", "description", "source"],
)
def test_what_is_wrong_with_one_keeps_all_out(store: VaultService, place: int, wrong: Upload) -> None:
    """Nothing is acknowledged, nothing is in the vault, and no bytes are left over."""
    uploads = [_upload(name) for name in _NAMES]
    uploads[place] = wrong
    with pytest.raises(InvalidParameterValue):
        store.upload_archives("vault", uploads)
    assert [key for page in store._core.blobs.keys(before_ms=1 << 47) for key in page] == []
    assert inventory(store) == []


def test_a_vault_that_is_not_there_takes_none(store: VaultService) -> None:
    """As for one archive."""
    with pytest.raises(ResourceNotFound):
        store.upload_archives("nowhere", [_upload("first")])
    assert store.upload_archives("vault", []) == []


def _kept(store: VaultService) -> list[str]:
    return [receipt.archive_id for receipt in store.upload_archives("vault", [_upload(name) for name in _NAMES])]


def test_jobs_that_begin_together_are_as_if_each_had_begun_alone(store: VaultService) -> None:
    """IDs in order, each job its own, and their outputs."""
    kept = _kept(store)
    job_ids = store.initiate_jobs("vault", [*map(ArchiveRetrieval, kept), InventoryRetrieval()])
    assert [store.describe_job("vault", job_id).archive_id for job_id in job_ids] == [*kept, None]
    assert [read_output(store, "vault", job_id).decode() for job_id in job_ids[:3]] == list(_NAMES)
    assert len(store.list_jobs("vault").items) == len(job_ids) == len(set(job_ids))


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (ArchiveRetrieval("gone"), ResourceNotFound),
        (ArchiveRetrieval("gone", description="d" * 1025), InvalidParameterValue),
        (InventoryRetrieval(limit=0), InvalidParameterValue),
    ],
    ids=["no archive", "description", "limit"],
)
def test_what_is_wrong_with_one_job_keeps_all_from_beginning(
    store: VaultService, wrong: JobRequest, error: type[Exception]
) -> None:
    """Nothing was begun, so nothing was used of what a policy allows."""
    with pytest.raises(error):
        store.initiate_jobs("vault", [*map(ArchiveRetrieval, _kept(store)), wrong])
    assert store.list_jobs("vault").items == []


def test_only_a_store_that_does_it_itself_takes_them_together(store: VaultService) -> None:
    """What passes every call on to another store is asked for each archive, so that it sees each."""

    class Passing:
        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

    assert takes_together(store)
    assert not takes_together(Passing())
