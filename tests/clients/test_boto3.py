"""boto3 over real HTTP, unchanged: all 33 operations, the resource interface, and flows that scripts are made of."""

from __future__ import annotations

import io
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.utils import calculate_tree_hash

from clients.boto import VERSION, boto3_resource
from clients.reporting import CLIENT
from clients.serving import REGION
from coldframe.model import MIB
from coldframe.testing.bodies import pattern
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from clients.serving import Account

_DATA = pattern(3.5)


@pytest.fixture
def client(connect: Callable[..., Any], account: Account) -> Any:
    """A client with a vault."""
    client = connect(account)
    client.create_vault(vaultName="v")
    return client


def test_every_operation_is_answered(
    client: Any, account: Account, record_property: Callable[[str, object], None]
) -> None:
    """33 operations, called as a program would; the version that called them is told at the end of the run."""
    record_property(CLIENT, VERSION)
    done: set[str] = set()

    def note(model: Any, http_response: Any, **_: Any) -> None:
        done.update([model.name] if http_response.status_code < HTTPStatus.BAD_REQUEST else [])

    client.meta.events.register("after-call.glacier", note)
    for story in (_tell_of_a_vault, _tell_of_a_lock, _tell_of_archives, _tell_of_parts, _tell_of_the_account):
        story(client, account)
    assert done == set(client.meta.service_model.operation_names)
    assert len(done) == 33


def _tell_of_a_vault(client: Any, account: Account) -> None:
    """A vault, and all that can be hung on it."""
    arn = f"arn:aws:glacier:{REGION}:{account.account_id}:vaults/w"
    assert client.create_vault(vaultName="w")["location"] == f"/{account.account_id}/vaults/w"
    client.get_waiter("vault_exists").wait(vaultName="w")
    assert client.describe_vault(vaultName="w")["VaultARN"] == arn
    listed = client.get_paginator("list_vaults").paginate().build_full_result()
    assert [vault["VaultName"] for vault in listed["VaultList"]] == ["v", "w"]
    client.add_tags_to_vault(vaultName="w", Tags={"telescope": "RC8", "hold": ""})
    client.remove_tags_from_vault(vaultName="w", TagKeys=["hold"])
    assert client.list_tags_for_vault(vaultName="w")["Tags"] == {"telescope": "RC8"}
    topic = {
        "SNSTopic": f"arn:aws:sns:{REGION}:{account.account_id}:done",
        "Events": ["ArchiveRetrievalCompleted"],
    }
    client.set_vault_notifications(vaultName="w", vaultNotificationConfig=topic)
    assert client.get_vault_notifications(vaultName="w")["vaultNotificationConfig"] == topic
    client.delete_vault_notifications(vaultName="w")
    policy = _policy(arn, "glacier:DeleteArchive")
    client.set_vault_access_policy(vaultName="w", policy={"Policy": policy})
    assert client.get_vault_access_policy(vaultName="w")["policy"]["Policy"] == policy
    client.delete_vault_access_policy(vaultName="w")
    client.delete_vault(vaultName="w")
    client.get_waiter("vault_not_exists").wait(vaultName="w")


def _tell_of_a_lock(client: Any, account: Account) -> None:
    """A lock that is aborted, and one that is completed."""
    policy = _policy(f"arn:aws:glacier:{REGION}:{account.account_id}:vaults/locked", "glacier:DeleteArchive")
    client.create_vault(vaultName="locked")
    client.initiate_vault_lock(vaultName="locked", policy={"Policy": policy})
    client.abort_vault_lock(vaultName="locked")
    lock_id = client.initiate_vault_lock(vaultName="locked", policy={"Policy": policy})["lockId"]
    client.complete_vault_lock(vaultName="locked", lockId=lock_id)
    told = client.get_vault_lock(vaultName="locked")
    assert (told["State"], told["Policy"], told.get("ExpirationDate")) == ("Locked", policy, None)


def _tell_of_archives(client: Any, _account: Account) -> None:
    """An archive, the inventory that names it, and its bytes."""
    uploaded = client.upload_archive(vaultName="v", archiveDescription="M33", body=io.BytesIO(_DATA))
    assert uploaded["checksum"] == tree_hash(_DATA)
    started = client.initiate_job(vaultName="v", jobParameters={"Type": "inventory-retrieval", "Format": "JSON"})
    output = client.get_job_output(vaultName="v", jobId=started["jobId"])
    (listed,) = json.load(output["body"])["ArchiveList"]
    assert (listed["ArchiveId"], listed["ArchiveDescription"]) == (uploaded["archiveId"], "M33")
    parameters = {"Type": "archive-retrieval", "ArchiveId": uploaded["archiveId"], "Tier": "Expedited"}
    job_id = client.initiate_job(vaultName="v", jobParameters=parameters)["jobId"]
    assert client.describe_job(vaultName="v", jobId=job_id)["StatusMessage"] == "Succeeded"
    assert len(client.list_jobs(vaultName="v", completed="true")["JobList"]) == 2
    output = client.get_job_output(vaultName="v", jobId=job_id)
    assert (output["body"].read(), output["checksum"], output["status"]) == (_DATA, tree_hash(_DATA), 200)
    client.delete_archive(vaultName="v", archiveId=uploaded["archiveId"])


def _tell_of_parts(client: Any, _account: Account) -> None:
    """Parts that become an archive, as botocore's own tree hash says; and an upload that is given up."""
    begun = client.initiate_multipart_upload(vaultName="v", partSize=str(MIB))
    upload = {"vaultName": "v", "uploadId": begun["uploadId"]}
    for start in reversed(range(0, len(_DATA), MIB)):
        part = _DATA[start : start + MIB]
        sent = client.upload_multipart_part(**upload, range=f"bytes {start}-{start + len(part) - 1}/*", body=part)
        assert sent["checksum"] == tree_hash(part)
    assert len(client.list_parts(**upload)["Parts"]) == 4
    assert len(client.list_multipart_uploads(vaultName="v")["UploadsList"]) == 1
    whole = {"archiveSize": str(len(_DATA)), "checksum": calculate_tree_hash(io.BytesIO(_DATA))}
    done = [client.complete_multipart_upload(**upload, **whole)["archiveId"] for _ in range(2)]
    assert done[0] == done[1]
    given_up = client.initiate_multipart_upload(vaultName="v", partSize=str(MIB))["uploadId"]
    client.abort_multipart_upload(vaultName="v", uploadId=given_up)


def _tell_of_the_account(client: Any, _account: Account) -> None:
    """What belongs to the account and to no vault."""
    policy = {"Rules": [{"Strategy": "BytesPerHour", "BytesPerHour": 10**10}]}
    client.set_data_retrieval_policy(Policy=policy)
    assert client.get_data_retrieval_policy()["Policy"] == policy
    bought = client.purchase_provisioned_capacity()["capacityId"]
    assert [unit["CapacityId"] for unit in client.list_provisioned_capacity()["ProvisionedCapacityList"]] == [bought]


def test_resources_work_as_scripts_use_them(account: Account) -> None:
    """Vaults, archives, jobs, uploads and notifications as objects."""
    glacier = boto3_resource(account)
    vault = glacier.create_vault(vaultName="astrodata")
    archive = vault.upload_archive(archiveDescription="light", body=_DATA)
    assert [one.name for one in glacier.vaults.all()] == ["astrodata"]
    vault.reload()
    assert (vault.number_of_archives, vault.vault_name) == (1, "astrodata")
    job = archive.initiate_archive_retrieval()
    assert job.get_output()["body"].read() == _DATA
    inventory = vault.initiate_inventory_retrieval()
    assert json.load(inventory.get_output()["body"])["ArchiveList"][0]["ArchiveId"] == archive.id
    assert {one.id for one in vault.jobs.all()} == {job.id, inventory.id}
    assert {one.id for one in vault.succeeded_jobs.all()} == {job.id, inventory.id}
    assert [one.id for one in vault.jobs_in_progress.all()] == []
    upload = vault.initiate_multipart_upload(partSize=str(4 * MIB))
    upload.upload_part(range=f"bytes 0-{len(_DATA) - 1}/*", body=_DATA)
    assert [one.id for one in vault.multipart_uploads.all()] == [upload.id]
    assert len(upload.parts()["Parts"]) == 1
    upload.complete(archiveSize=str(len(_DATA)), checksum=tree_hash(_DATA))
    notification = glacier.Notification(account.account_id, "astrodata")
    topic = f"arn:aws:sns:{REGION}:{account.account_id}:done"
    notification.set(vaultNotificationConfig={"SNSTopic": topic, "Events": ["InventoryRetrievalCompleted"]})
    assert vault.Notification().sns_topic == topic
    notification.delete()
    archive.delete()
    glacier.meta.client.close()


def test_jobs_named_after_files_bring_the_files_back(client: Any) -> None:
    """The founding workflow: a job for each archive, described by its file's name; output once it has succeeded."""
    frames = {f"Light/Blue/frame{number}.fit": pattern(0.25) + bytes([number]) for number in range(3)}
    for name, data in frames.items():
        archive_id = client.upload_archive(vaultName="v", archiveDescription="", body=data)["archiveId"]
        wanted = {"Type": "archive-retrieval", "ArchiveId": archive_id, "Description": name, "Tier": "Bulk"}
        client.initiate_job(vaultName="v", jobParameters=wanted)
    jobs = client.list_jobs(vaultName="v", completed="true", statuscode="Succeeded", limit="50")["JobList"]
    outputs = {job["JobDescription"]: client.get_job_output(vaultName="v", jobId=job["JobId"]) for job in jobs}
    assert {name: output["body"].read() for name, output in outputs.items()} == frames


def test_errors_are_those_that_programs_catch(client: Any) -> None:
    """As exceptions of the client, and as codes with the right status."""
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_vault(vaultName="none")
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.upload_archive(vaultName="v", body=b"light", checksum="0" * 64)
    with pytest.raises(client.exceptions.MissingParameterValueException, match="Required parameter missing: type"):
        client.initiate_job(vaultName="v", jobParameters={"Description": "of no type"})
    with pytest.raises(ClientError) as caught:
        client.list_vaults(accountId="123456789012")
    told = caught.value.response
    assert (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]) == ("AccessDeniedException", 403)
    assert len(told["ResponseMetadata"]["RequestId"]) == 47


def _policy(arn: str, action: str) -> str:
    """A policy that denies an action on a vault's young archives."""
    young = {"NumericLessThan": {"glacier:ArchiveAgeInDays": "365"}}
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": arn, "Condition": young}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
