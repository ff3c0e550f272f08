"""The 33 operations over an ordinary boto3 client: routes, statuses, headers and keys (glacier-api 8)."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from coldframe.testing.bodies import pattern
from coldframe.tree_hash import tree_hash
from coldframe.wire.face import VERBS
from coldframe.wire.operations import load_operations
from wire.signing import send, signed, unsigned
from wire.world import ACCOUNT

if TYPE_CHECKING:
    from coldframe.testing.clock import FakeClock
    from wire.world import FaceWorld

_POLICY = """{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
  "Action": "glacier:DeleteArchive", "Resource": "arn:aws:glacier:local:000000000000:vaults/v"}]}"""
_TOPIC = "arn:aws:sns:local:000000000000:done"
_JOB_KEYS = {
    "Action",
    "ArchiveId",
    "ArchiveSHA256TreeHash",
    "ArchiveSizeInBytes",
    "Completed",
    "CompletionDate",
    "CreationDate",
    "InventoryRetrievalParameters",
    "InventorySizeInBytes",
    "JobDescription",
    "JobId",
    "JobOutputPath",
    "OutputLocation",
    "RetrievalByteRange",
    "SHA256TreeHash",
    "SNSTopic",
    "SelectParameters",
    "StatusCode",
    "StatusMessage",
    "Tier",
    "VaultARN",
}


def _status(answer: dict[str, Any]) -> int:
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def _get(world: FaceWorld, clock: FakeClock, target: str) -> Any:
    """The raw JSON of an answer, nulls and all, which botocore's parser leaves out."""
    response, body = send(world.face, signed(unsigned("GET", target, at=clock.now())))
    assert response.status == 200, body
    assert response.header("Content-Type") == "application/json"
    assert response.header("Content-Length") == str(len(body))
    return json.loads(body)


def test_every_operation_has_a_verb() -> None:
    """The model's operations and ours are the same 33."""
    model = botocore.session.get_session().get_service_model("glacier")
    assert set(VERBS) == set(load_operations()) == set(model.operation_names)
    assert len(VERBS) == 33


def test_vault_operations(client: Any) -> None:
    """Vaults are created, described, listed, tagged and deleted, each with its status and its Location."""
    created = client.create_vault(vaultName="v")
    assert (_status(created), created["location"]) == (201, f"/{ACCOUNT}/vaults/v")
    assert client.describe_vault(vaultName="v")["VaultARN"] == f"arn:aws:glacier:local:{ACCOUNT}:vaults/v"
    assert [vault["VaultName"] for vault in client.list_vaults(limit="50")["VaultList"]] == ["v"]
    assert _status(client.add_tags_to_vault(vaultName="v", Tags={"telescope": "RC8", "ä": ""})) == 204
    assert client.list_tags_for_vault(vaultName="v")["Tags"] == {"telescope": "RC8", "ä": ""}
    assert _status(client.remove_tags_from_vault(vaultName="v", TagKeys=["telescope", "none"])) == 204
    assert client.list_tags_for_vault(vaultName="v")["Tags"] == {"ä": ""}
    assert _status(client.delete_vault(vaultName="v")) == 204
    assert _status(client.delete_vault(vaultName="v")) == 204


def test_configuration_operations(client: Any) -> None:
    """Notifications and the access policy come back as they were set, and are not found when they are gone."""
    client.create_vault(vaultName="v")
    config = {"SNSTopic": _TOPIC, "Events": ["ArchiveRetrievalCompleted", "InventoryRetrievalCompleted"]}
    assert _status(client.set_vault_notifications(vaultName="v", vaultNotificationConfig=config)) == 204
    assert client.get_vault_notifications(vaultName="v")["vaultNotificationConfig"] == config
    assert _status(client.delete_vault_notifications(vaultName="v")) == 204
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_vault_notifications(vaultName="v")
    assert _status(client.set_vault_access_policy(vaultName="v", policy={"Policy": _POLICY})) == 204
    assert client.get_vault_access_policy(vaultName="v")["policy"] == {"Policy": _POLICY}
    assert _status(client.delete_vault_access_policy(vaultName="v")) == 204
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_vault_access_policy(vaultName="v")


def test_lock_operations(client: Any) -> None:
    """A lock is begun, aborted, begun again and completed."""
    client.create_vault(vaultName="v")
    begun = client.initiate_vault_lock(vaultName="v", policy={"Policy": _POLICY})
    assert (_status(begun), len(begun["lockId"])) == (201, 24)
    assert _status(client.abort_vault_lock(vaultName="v")) == 204
    lock_id = client.initiate_vault_lock(vaultName="v", policy={"Policy": _POLICY})["lockId"]
    found = client.get_vault_lock(vaultName="v")
    assert (found["State"], found["Policy"]) == ("InProgress", _POLICY)
    assert (found["CreationDate"], found["ExpirationDate"]) == ("2040-01-01T00:00:00.000Z", "2040-01-02T00:00:00.000Z")
    assert _status(client.complete_vault_lock(vaultName="v", lockId=lock_id)) == 204
    locked = client.get_vault_lock(vaultName="v")
    assert locked["State"] == "Locked"
    assert "ExpirationDate" not in locked


def test_account_operations(client: Any) -> None:
    """The retrieval policy and the capacity belong to the account."""
    assert client.get_data_retrieval_policy()["Policy"] == {"Rules": [{"Strategy": "None"}]}
    policy = {"Rules": [{"Strategy": "BytesPerHour", "BytesPerHour": 10737418240}]}
    assert _status(client.set_data_retrieval_policy(Policy=policy)) == 204
    assert client.get_data_retrieval_policy()["Policy"] == policy
    assert client.list_provisioned_capacity()["ProvisionedCapacityList"] == []
    bought = client.purchase_provisioned_capacity()
    assert (_status(bought), len(bought["capacityId"])) == (201, 24)
    client.purchase_provisioned_capacity()
    (unit, _) = client.list_provisioned_capacity()["ProvisionedCapacityList"]
    assert set(unit) == {"CapacityId", "StartDate", "ExpirationDate"}
    with pytest.raises(client.exceptions.LimitExceededException):
        client.purchase_provisioned_capacity()


def test_archive_operations(client: Any) -> None:
    """An archive goes in, and out of the vault again."""
    client.create_vault(vaultName="v")
    data = pattern(2.5)
    kept = client.upload_archive(vaultName="v", body=data, archiveDescription="M33")
    assert (_status(kept), kept["checksum"]) == (201, tree_hash(data))
    assert kept["location"] == f"/{ACCOUNT}/vaults/v/archives/{kept['archiveId']}"
    assert _status(client.delete_archive(vaultName="v", archiveId=kept["archiveId"])) == 204


def test_multipart_operations(client: Any) -> None:
    """Parts are sent, listed and completed; another upload is aborted."""
    client.create_vault(vaultName="v")
    data = pattern(1.5)
    opened = client.initiate_multipart_upload(vaultName="v", partSize=str(2**20), archiveDescription="M33")
    upload = {"vaultName": "v", "uploadId": opened["uploadId"]}
    assert (_status(opened), opened["location"]) == (201, f"/{ACCOUNT}/vaults/v/multipart-uploads/{upload['uploadId']}")
    for start in (0, 2**20):
        part = data[start : start + 2**20]
        place = f"bytes {start}-{start + len(part) - 1}/*"
        sent = client.upload_multipart_part(**upload, body=part, range=place)
        assert (_status(sent), sent["checksum"]) == (204, tree_hash(part))
    listed = client.list_parts(**upload)
    assert [part["RangeInBytes"] for part in listed["Parts"]] == ["0-1048575", "1048576-1572863"]
    assert (listed["PartSizeInBytes"], listed["ArchiveDescription"]) == (2**20, "M33")
    assert len(client.list_multipart_uploads(vaultName="v")["UploadsList"]) == 1
    done = client.complete_multipart_upload(**upload, archiveSize=str(len(data)), checksum=tree_hash(data))
    assert (_status(done), done["checksum"]) == (201, tree_hash(data))
    other = client.initiate_multipart_upload(vaultName="v", partSize=str(2**20))["uploadId"]
    assert _status(client.abort_multipart_upload(vaultName="v", uploadId=other)) == 204


def test_job_operations(client: Any) -> None:
    """An archive and an inventory are asked for, described, listed and read."""
    client.create_vault(vaultName="v")
    data = pattern(2.5)
    archive_id = client.upload_archive(vaultName="v", body=data, archiveDescription="M33")["archiveId"]
    wanted = {"Type": "archive-retrieval", "ArchiveId": archive_id, "SNSTopic": _TOPIC, "Tier": "Bulk"}
    job = client.initiate_job(vaultName="v", jobParameters=wanted)
    assert (_status(job), job["location"]) == (202, f"/{ACCOUNT}/vaults/v/jobs/{job['jobId']}")
    described = client.describe_job(vaultName="v", jobId=job["jobId"])
    assert (described["StatusCode"], described["Tier"], described["SNSTopic"]) == ("Succeeded", "Bulk", _TOPIC)
    output = client.get_job_output(vaultName="v", jobId=job["jobId"])
    assert (output["status"], output["checksum"], output["archiveDescription"]) == (200, tree_hash(data), "M33")
    assert (output["acceptRanges"], output["contentType"]) == ("bytes", "application/octet-stream")
    assert output["body"].read() == data
    listing = client.initiate_job(vaultName="v", jobParameters={"Type": "inventory-retrieval", "Format": "CSV"})
    text = client.get_job_output(vaultName="v", jobId=listing["jobId"])
    assert text["contentType"] == "text/csv"
    assert archive_id in text["body"].read().decode()
    found = client.list_jobs(vaultName="v", completed="true", statuscode="Succeeded")["JobList"]
    assert {each["JobId"] for each in found} == {job["jobId"], listing["jobId"]}


def test_every_key_is_always_there(world: FaceWorld, clock: FakeClock) -> None:
    """Keys that do not apply are null, the marker of a last page among them: boto 2 reads them unguarded."""
    assert _get(world, clock, "/-/vaults") == {"Marker": None, "VaultList": []}
    world.store.create_vault("v")
    vault = _get(world, clock, "/-/vaults/v")
    assert vault == {
        "CreationDate": "2040-01-01T00:00:00.000Z",
        "LastInventoryDate": None,
        "NumberOfArchives": 0,
        "SizeInBytes": 0,
        "VaultARN": f"arn:aws:glacier:local:{ACCOUNT}:vaults/v",
        "VaultName": "v",
    }
    assert _get(world, clock, "/-/vaults/v/tags") == {"Tags": {}}
    assert _get(world, clock, "/-/vaults/v/jobs") == {"JobList": [], "Marker": None}
    assert _get(world, clock, "/-/vaults/v/multipart-uploads") == {"Marker": None, "UploadsList": []}
    assert _get(world, clock, "/-/provisioned-capacity") == {"ProvisionedCapacityList": []}
    upload_id = world.store.initiate_multipart_upload("v", part_size=2**20)
    parts = _get(world, clock, f"/-/vaults/v/multipart-uploads/{upload_id}")
    assert (parts["ArchiveDescription"], parts["Marker"], parts["Parts"]) == (None, None, [])


def test_job_has_every_key(world: FaceWorld, clock: FakeClock) -> None:
    """The 21 keys of a job, and the five of an inventory's parameters."""
    request = unsigned("POST", "/-/vaults/v/jobs", at=clock.now(), body=b'{"Type": "inventory-retrieval"}')
    world.store.create_vault("v")
    assert send(world.face, signed(request))[0].status == 202
    (job,) = _get(world, clock, "/-/vaults/v/jobs")["JobList"]
    assert set(job) == _JOB_KEYS
    assert job["InventoryRetrievalParameters"] == {
        "EndDate": None,
        "Format": "JSON",
        "Limit": None,
        "Marker": None,
        "StartDate": None,
    }


def test_common_headers(world: FaceWorld, clock: FakeClock) -> None:
    """A request ID of 47 characters, another each time, and the date of the answer."""
    ids = set()
    for method in ("PUT", "DELETE"):
        response, body = send(world.face, signed(unsigned(method, "/-/vaults/v", at=clock.now())))
        assert body == b""
        ids.add(response.header("x-amzn-RequestId"))
        assert response.header("Date") == "Sun, 01 Jan 2040 00:00:00 GMT"
        assert response.header("Content-Type") is None
        assert response.header("Content-Length") == ("0" if method == "PUT" else None)
    assert {len(each or "") for each in ids} == {47}
    assert len(ids) == 2


@pytest.mark.parametrize("body", [b"{}", b" ", b"{ }", b'{"unknown": 1}', b"not even JSON"])
def test_body_that_nobody_wants_is_ignored(world: FaceWorld, clock: FakeClock, body: bytes) -> None:
    """Some clients send `{}` where there is nothing to say (glacier-api 8)."""
    request = unsigned("PUT", "/-/vaults/v", at=clock.now(), body=body, headers={"Content-Type": "application/json"})
    assert send(world.face, signed(request))[0].status == 201


def test_empty_values_count_as_absent(world: FaceWorld, clock: FakeClock) -> None:
    """The model's own examples send empty limits, markers, ranges and descriptions (glacier-api 1.2)."""
    world.store.create_vault("v")
    assert len(_get(world, clock, "/-/vaults?limit=&marker=")["VaultList"]) == 1
    headers = {"x-amz-archive-description": "", "x-amz-part-size": "1048576"}
    request = unsigned("POST", "/-/vaults/v/multipart-uploads", at=clock.now(), headers=headers)
    assert send(world.face, signed(request))[0].status == 201
    assert world.store.list_multipart_uploads("v").items[0].description is None


def test_job_parameters_may_be_wrapped(world: FaceWorld, clock: FakeClock) -> None:
    """As the guide's syntax box has them, and with explicit nulls (glacier-api 19.7)."""
    world.store.create_vault("v")
    body = b'{"jobParameters": {"Type": "inventory-retrieval", "Description": "weekly", "ArchiveId": null}}'
    request = unsigned("POST", "/-/vaults/v/jobs", at=clock.now(), body=body)
    assert send(world.face, signed(request))[0].status == 202
    assert world.store.list_jobs("v").items[0].description == "weekly"


def test_pages_go_on(client: Any) -> None:
    """boto3's own paginators read listings to their end; markers survive being percent-encoded."""
    names = [f"v{number:02d}" for number in range(23)]
    for name in names:
        client.create_vault(vaultName=name)
    pages = list(client.get_paginator("list_vaults").paginate(limit="1000"))
    assert [len(page["VaultList"]) for page in pages] == [10, 10, 3]
    assert [vault["VaultName"] for page in pages for vault in page["VaultList"]] == names


def test_waiters_work(client: Any) -> None:
    """boto3's waiters for vaults end at once."""
    client.create_vault(vaultName="v")
    client.get_waiter("vault_exists").wait(vaultName="v", WaiterConfig={"MaxAttempts": 1})
    client.get_waiter("vault_not_exists").wait(vaultName="w", WaiterConfig={"MaxAttempts": 1})


def test_botocore_hashes_are_ours(client: Any) -> None:
    """What botocore computes for an upload by itself is what the face expects."""
    client.create_vault(vaultName="v")
    for size in (1, 2**20, 2**20 + 1):
        data = bytes(size)
        assert client.upload_archive(vaultName="v", body=data)["checksum"] == tree_hash(data)
    assert sha256(bytes(2**20)).hexdigest() == tree_hash(bytes(2**20))
