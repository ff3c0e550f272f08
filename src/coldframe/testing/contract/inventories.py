"""The contract of inventory jobs (glacier-api 10)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.errors import InvalidParameterValue, ResourceNotFound
from coldframe.model import Action, ByteRange, InventoryFormat, InventoryRetrieval, JobStatus
from coldframe.testing.bodies import read_output
from coldframe.testing.contract.world import SMALL, StoreWorld, inventory, keep
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from coldframe.ports import ColdStore

_CSV_HEADER = "ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash"


class InventoriesContract(StoreWorld):
    """An inventory is a snapshot, whole or in ranges, as JSON or CSV."""

    def test_inventory_of_an_empty_vault(self, store: ColdStore, vault: str) -> None:
        """A vault without archives has an inventory too, in both forms."""
        arn = store.describe_vault(vault).vault_arn
        text = _text(store, InventoryFormat.JSON)
        found = json.loads(text)
        assert (found["VaultARN"], found["ArchiveList"]) == (arn, [])
        assert list(found) == ["VaultARN", "InventoryDate", "ArchiveList"]
        assert _text(store, InventoryFormat.CSV) == f"{_CSV_HEADER}\n"

    @pytest.mark.usefixtures("vault")
    def test_inventory_lists_every_archive(self, store: ColdStore) -> None:
        """JSON, on one line without blanks, keys in the order of the original, by creation."""
        ids = [keep(store, SMALL + bytes([number]), description=f"number {number}") for number in range(3)]
        text = _text(store, InventoryFormat.JSON)
        found = json.loads(text)
        assert text.isascii()
        assert json.dumps(found, separators=(",", ":")) == text
        for number, item in enumerate(found["ArchiveList"]):
            assert list(item) == ["ArchiveId", "ArchiveDescription", "CreationDate", "Size", "SHA256TreeHash"]
            assert item["ArchiveId"] == ids[number]
            assert item["ArchiveDescription"] == f"number {number}"
            assert item["Size"] == len(SMALL) + 1
            assert item["SHA256TreeHash"] == tree_hash(SMALL + bytes([number]))
        dates = [found["InventoryDate"], *(item["CreationDate"] for item in found["ArchiveList"])]
        for date in dates:
            assert datetime.strptime(date, "%Y-%m-%dT%H:%M:%S%z").tzinfo

    @pytest.mark.usefixtures("vault")
    def test_inventory_as_csv(self, store: ColdStore) -> None:
        r"""The description is always quoted, a quote in it is \", a backslash stays as it is (glacier-api 10.2)."""
        for description, written in [
            ("", '""'),
            ('a"b', '"a\\"b"'),
            ("a,b", '"a,b"'),
            ("a\\", '"a\\"'),
            ('\\"', '"\\\\""'),
        ]:
            archive_id = keep(store, description=description)
            lines = _text(store, InventoryFormat.CSV).splitlines()
            assert lines[0] == _CSV_HEADER
            first, rest = lines[-1].split(",", 1)
            middle, _, size, digest = rest.rsplit(",", 3)
            assert (first, middle, int(size), digest) == (archive_id, written, len(SMALL), tree_hash(SMALL))

    def test_inventory_job_describes_itself(self, store: ColdStore, vault: str) -> None:
        """Every field of an inventory job that has succeeded, and none of an archive's."""
        keep(store)
        job_id = store.initiate_job(vault, InventoryRetrieval(InventoryFormat.CSV, description="weekly"))
        job = store.describe_job(vault, job_id)
        assert (job.action, job.status, job.description) == (Action.INVENTORY_RETRIEVAL, JobStatus.SUCCEEDED, "weekly")
        assert (job.archive_id, job.archive_size, job.archive_tree_hash) == (None, None, None)
        assert (job.range, job.tree_hash, job.tier) == (None, None, None)
        assert job.inventory == InventoryRetrieval(InventoryFormat.CSV)
        assert job.inventory_size == len(read_output(store, vault, job_id))
        assert store.list_jobs(vault).items == [job]

    @pytest.mark.parametrize("form", InventoryFormat)
    def test_inventory_output_describes_itself(self, store: ColdStore, vault: str, form: InventoryFormat) -> None:
        """Media type, tree hash and ranges of an inventory; there is no archive to describe."""
        keep(store)
        job_id = store.initiate_job(vault, InventoryRetrieval(form))
        data = read_output(store, vault, job_id)
        with store.get_job_output(vault, job_id) as output:
            assert output.content_type == {"JSON": "application/json", "CSV": "text/csv"}[form]
            assert (output.tree_hash, output.archive_description) == (tree_hash(data), None)
        with store.get_job_output(vault, job_id, byte_range=ByteRange(5, 10**9)) as output:
            assert (output.range, output.total_size) == (ByteRange(5, len(data)), len(data))
            assert b"".join(map(bytes, output)) == data[5:]

    def test_inventory_is_a_snapshot(self, store: ColdStore, vault: str) -> None:
        """A job shows the vault as it was when it was asked for, whatever happens until it is read."""
        first = keep(store)
        job_id = store.initiate_job(vault, InventoryRetrieval())
        store.delete_archive(vault, first)
        second = keep(store)
        assert [item["ArchiveId"] for item in json.loads(read_output(store, vault, job_id))["ArchiveList"]] == [first]
        assert [item["ArchiveId"] for item in inventory(store)] == [second]

    @pytest.mark.parametrize("form", InventoryFormat)
    @pytest.mark.parametrize("limit", [1, 2, 5, 6])
    def test_limited_inventory_goes_on(self, store: ColdStore, vault: str, form: InventoryFormat, limit: int) -> None:
        """At most `limit` archives; the marker of the finished job continues the same snapshot to its end."""
        ids = [keep(store) for _ in range(5)]
        found: list[str] = []
        request = InventoryRetrieval(form, limit=limit)
        while True:
            job_id = store.initiate_job(vault, request)
            page = _ids(read_output(store, vault, job_id).decode("ascii"), form)
            assert 0 < len(page) <= limit
            found += page
            if len(found) == len(page):
                keep(store)
                store.delete_archive(vault, ids[-1])
            described = store.describe_job(vault, job_id).inventory
            assert described is not None
            if described.marker is None:
                break
            request = InventoryRetrieval(form, limit=limit, marker=described.marker)
        assert found == ids

    def test_inventory_of_a_date_range(self, store: ColdStore, vault: str) -> None:
        """The start is included and the end is not."""
        keep(store)
        now = store.describe_vault(vault).last_inventory_at
        assert now is not None
        day = timedelta(days=1)
        spans: list[tuple[dict[str, Any], int]] = [
            ({"start_at": now - day}, 1),
            ({"end_at": now + day}, 1),
            ({"start_at": now - day, "end_at": now + day}, 1),
            ({"start_at": now + day}, 0),
            ({"end_at": now - day}, 0),
        ]
        for wanted, count in spans:
            assert len(inventory(store, **wanted)) == count

    def test_inventory_request_is_checked(self, store: ColdStore, vault: str) -> None:
        """A range that holds no moment, a limit below one and a foreign marker are refused; a vault must be there."""
        now = store.describe_vault(vault).created_at
        requests = [
            InventoryRetrieval(start_at=now, end_at=now),
            InventoryRetrieval(start_at=now, end_at=now - timedelta(seconds=1)),
            InventoryRetrieval(limit=0),
            InventoryRetrieval(limit=-1),
            InventoryRetrieval(marker="nonsense"),
        ]
        for request in requests:
            with pytest.raises(InvalidParameterValue):
                store.initiate_job(vault, request)
        with pytest.raises(ResourceNotFound):
            store.initiate_job("nowhere", InventoryRetrieval())

    def test_marker_belongs_to_its_vault(self, store: ColdStore, vault: str) -> None:
        """The marker of one vault's inventory continues no other's."""
        store.create_vault("other")
        for _ in range(2):
            keep(store)
        job_id = store.initiate_job(vault, InventoryRetrieval(limit=1))
        described = store.describe_job(vault, job_id).inventory
        assert described is not None
        assert described.marker is not None
        with pytest.raises(InvalidParameterValue):
            store.initiate_job("other", InventoryRetrieval(limit=1, marker=described.marker))


def _text(store: ColdStore, form: InventoryFormat, vault: str = "vault") -> str:
    job_id = store.initiate_job(vault, InventoryRetrieval(form))
    return read_output(store, vault, job_id).decode("ascii")


def _ids(text: str, form: InventoryFormat) -> list[str]:
    """The archive IDs of an inventory."""
    if form is InventoryFormat.JSON:
        return [item["ArchiveId"] for item in json.loads(text)["ArchiveList"]]
    return [line.split(",")[0] for line in text.splitlines()[1:]]
