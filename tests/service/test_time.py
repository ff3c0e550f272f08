"""What passes with time: waits, expiry, idle uploads, cadences, and a clock that is set back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import InvalidParameterValue, ResourceNotFound
from coldframe.model import (
    AMAZON_WAITS,
    MIB,
    ArchiveRetrieval,
    InventoryRetrieval,
    JobStatus,
    Tier,
    TierWaits,
)
from coldframe.testing.bodies import BytesBody, read_output
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock
    from conftest import OpenService

_HOUR, _DAY = 3600, 86400


def _with_archive(store: VaultService, data: bytes = b"x") -> str:
    store.create_vault("v")
    return store.upload_archive("v", BytesBody(data)).archive_id


@pytest.mark.parametrize(("tier", "hours"), [(Tier.EXPEDITED, 1 / 12), (Tier.STANDARD, 4), (Tier.BULK, 12)])
def test_job_waits_for_its_tier(open_service: OpenService, clock: FakeClock, tier: Tier, hours: float) -> None:
    """A job is in progress until its tier's wait is over, to the millisecond."""
    store = open_service(waits=AMAZON_WAITS)
    archive_id = _with_archive(store)
    job_id = store.initiate_job("v", ArchiveRetrieval(archive_id, tier=tier))
    clock.advance(hours=hours, seconds=-0.001)
    job = store.describe_job("v", job_id)
    assert (job.status, job.completed_at, job.completed) == (JobStatus.IN_PROGRESS, None, False)
    assert store.list_jobs("v", completed=False).items == [job]
    clock.advance(0.001)
    job = store.describe_job("v", job_id)
    assert (job.status, job.completed_at) == (JobStatus.SUCCEEDED, job.created_at + timedelta(hours=hours))
    assert store.list_jobs("v", status=JobStatus.SUCCEEDED).items == [job]
    assert read_output(store, "v", job_id) == b"x"


def test_inventory_waits_and_shows_the_past(open_service: OpenService, clock: FakeClock) -> None:
    """An inventory job shows the vault as it was when it was asked for, however long it waits."""
    store = open_service(waits=AMAZON_WAITS)
    archive_id = _with_archive(store)
    job_id = store.initiate_job("v", InventoryRetrieval())
    store.delete_archive("v", archive_id)
    assert store.describe_job("v", job_id).inventory_size is None
    with pytest.raises(InvalidParameterValue):
        store.get_job_output("v", job_id)
    clock.advance(hours=4)
    assert [item["ArchiveId"] for item in json.loads(read_output(store, "v", job_id))["ArchiveList"]] == [archive_id]
    assert store.list_jobs("v").items[0].inventory_size == len(read_output(store, "v", job_id))


def test_job_expires_after_a_day(service: VaultService, clock: FakeClock) -> None:
    """Job and output are there for 24 hours after the job has ended, and then not found."""
    job_id = service.initiate_job("v", ArchiveRetrieval(_with_archive(service)))
    clock.advance(days=1, seconds=-0.001)
    assert read_output(service, "v", job_id) == b"x"
    clock.advance(0.001)
    for ask in (service.describe_job, service.get_job_output):
        with pytest.raises(ResourceNotFound):
            ask("v", job_id)
    assert service.list_jobs("v").items == []


def test_reader_in_time_is_served_to_the_end(service: VaultService, clock: FakeClock) -> None:
    """Whoever began to read before the expiry gets every byte, though a sweep comes in between (reliability R7)."""
    service.create_vault("v")
    upload_id = service.initiate_multipart_upload("v", part_size=MIB)
    data = bytes(2 * MIB) + b"end"
    for start in (0, MIB, 2 * MIB):
        service.upload_multipart_part("v", upload_id, BytesBody(data[start : start + MIB]), start=start)
    receipt = service.complete_multipart_upload("v", upload_id, archive_size=len(data), tree_hash=tree_hash(data))
    job_id = service.initiate_job("v", ArchiveRetrieval(receipt.archive_id))
    service.delete_archive("v", receipt.archive_id)
    with service.get_job_output("v", job_id) as output:
        buffers = iter(output)
        found = [bytes(next(buffers))]
        clock.advance(days=1, hours=20)
        service.sweep()
        found += map(bytes, buffers)
    assert b"".join(found) == data


def test_deletion_fails_a_job_that_prepares(open_service: OpenService, clock: FakeClock) -> None:
    """A job whose archive is deleted before it is ready has failed; it expires a day later."""
    store = open_service(waits=TierWaits(standard_seconds=10))
    archive_id = _with_archive(store)
    job_id = store.initiate_job("v", ArchiveRetrieval(archive_id))
    clock.advance(9)
    store.delete_archive("v", archive_id)
    job = store.describe_job("v", job_id)
    assert (job.status, job.status_message, job.completed_at) == (JobStatus.FAILED, "Failed", clock.now())
    assert store.list_jobs("v", completed=True, status=JobStatus.FAILED).items == [job]
    clock.advance(10)
    with pytest.raises(InvalidParameterValue):
        store.get_job_output("v", job_id)
    clock.advance(days=1)
    with pytest.raises(ResourceNotFound):
        store.describe_job("v", job_id)


def test_deletion_after_the_wait_fails_nothing(open_service: OpenService, clock: FakeClock) -> None:
    """A job that was ready at the very moment of the deletion stays readable."""
    store = open_service(waits=TierWaits(standard_seconds=10))
    archive_id = _with_archive(store)
    job_id = store.initiate_job("v", ArchiveRetrieval(archive_id))
    clock.advance(10)
    store.delete_archive("v", archive_id)
    assert read_output(store, "v", job_id) == b"x"


def test_idle_upload_expires(service: VaultService, clock: FakeClock) -> None:
    """An upload is gone after more than 24 hours without a part; each part restarts the clock."""
    service.create_vault("v")
    upload_id = service.initiate_multipart_upload("v", part_size=MIB)
    for _ in range(2):
        clock.advance(days=1)
        service.upload_multipart_part("v", upload_id, BytesBody(b"x"), start=0)
    clock.advance(days=1, seconds=0.001)
    assert service.list_multipart_uploads("v").items == []
    for ask in (service.list_parts, service.abort_multipart_upload):
        with pytest.raises(ResourceNotFound):
            ask("v", upload_id)
    with pytest.raises(ResourceNotFound):
        service.complete_multipart_upload("v", upload_id, archive_size=1, tree_hash=tree_hash(b"x"))


def test_ends_may_be_repeated_for_a_day(service: VaultService, clock: FakeClock) -> None:
    """Completing and aborting again is understood for 24 hours and then not found, swept or not."""
    service.create_vault("v")
    done, dropped = (service.initiate_multipart_upload("v", part_size=MIB) for _ in range(2))
    service.upload_multipart_part("v", done, BytesBody(b"x"), start=0)
    receipt = service.complete_multipart_upload("v", done, archive_size=1, tree_hash=tree_hash(b"x"))
    service.abort_multipart_upload("v", dropped)
    clock.advance(days=1)
    service.sweep()
    assert service.complete_multipart_upload("v", done, archive_size=1, tree_hash=tree_hash(b"x")) == receipt
    service.abort_multipart_upload("v", dropped)
    clock.advance(0.001)
    with pytest.raises(ResourceNotFound):
        service.complete_multipart_upload("v", done, archive_size=1, tree_hash=tree_hash(b"x"))
    with pytest.raises(ResourceNotFound):
        service.abort_multipart_upload("v", dropped)


def test_inventory_follows_its_cadence(open_service: OpenService, clock: FakeClock) -> None:
    """With a cadence, changes show when the first of them has waited so long, with the numbers of that moment."""
    store = open_service(cadence=_DAY)
    _with_archive(store)
    written = clock.now()
    clock.advance(_DAY - 1)
    assert store.describe_vault("v").last_inventory_at is None
    clock.advance(1)
    vault = store.describe_vault("v")
    assert (vault.number_of_archives, vault.last_inventory_at) == (1, written + timedelta(days=1))
    clock.advance(_HOUR)
    store.upload_archive("v", BytesBody(b"y"))
    clock.advance(_HOUR)
    store.upload_archive("v", BytesBody(b"z"))
    assert store.describe_vault("v") == vault
    clock.advance(_DAY - _HOUR)
    assert store.describe_vault("v").number_of_archives == 3


def test_due_inventory_is_taken_before_a_change(open_service: OpenService, clock: FakeClock) -> None:
    """A change that comes after an inventory was due is not in it, though nobody looked in between."""
    store = open_service(cadence=_DAY)
    archive_id = _with_archive(store)
    clock.advance(_DAY + _HOUR)
    store.delete_archive("v", archive_id)
    assert store.describe_vault("v").number_of_archives == 1
    job_id = store.initiate_job("v", InventoryRetrieval())
    assert len(json.loads(read_output(store, "v", job_id))["ArchiveList"]) == 1


def test_vault_with_a_cadence_is_deleted_after_it(open_service: OpenService, clock: FakeClock) -> None:
    """After the last archive is deleted, a vault can go when its inventory shows that (glacier-api 10.3)."""
    store = open_service(cadence=_DAY)
    archive_id = _with_archive(store)
    store.delete_archive("v", archive_id)
    with pytest.raises(InvalidParameterValue):
        store.delete_vault("v")
    clock.advance(_DAY)
    store.delete_vault("v")
    with pytest.raises(ResourceNotFound):
        store.describe_vault("v")


def test_first_inventory_is_made_on_the_spot(open_service: OpenService) -> None:
    """A job on a vault that never had an inventory makes one at once, and every number is of it (glacier-api 10.3)."""
    store = open_service(cadence=_DAY)
    _with_archive(store)
    job_id = store.initiate_job("v", InventoryRetrieval())
    assert len(json.loads(read_output(store, "v", job_id))["ArchiveList"]) == 1
    assert store.describe_vault("v").number_of_archives == 1


def test_time_never_runs_back(open_service: OpenService, clock: FakeClock) -> None:
    """A clock that is set back stops the store's time, also over a restart; nothing expires or revives by it."""
    store = open_service()
    archive_id = _with_archive(store)
    moment = clock.now()
    clock.set(moment - timedelta(days=365))
    again = open_service()
    job = again.describe_job("v", again.initiate_job("v", ArchiveRetrieval(archive_id)))
    assert job.created_at == moment
    second = again.upload_archive("v", BytesBody(b"y")).archive_id
    job_id = again.initiate_job("v", InventoryRetrieval())
    listed = json.loads(read_output(again, "v", job_id))["ArchiveList"]
    assert [item["ArchiveId"] for item in listed] == [archive_id, second]
