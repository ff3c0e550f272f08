"""All 33 operations, one after the other, each with an answer that shows that it did something."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from coldframe.model import MIB
from coldframe.testing.bodies import pattern
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[..., dict[str, Any]]
    """Calls the operation of that name with boto3's parameters; a body is bytes, also in the answer."""


class EveryOperation:
    """Calls all operations on a store that is empty.

    Args:
        call: How.
    """

    def __init__(self, call: Call) -> None:
        """Nothing is called yet."""
        self.called: set[str] = set()
        self._call = call

    def run(self) -> None:
        """Do everything; raises where an answer is not what it should be."""
        self._ask("CreateVault", vaultName="v")
        assert [vault["VaultName"] for vault in self._ask("ListVaults")["VaultList"]] == ["v"]
        archive_id = self._archives()
        self._uploads()
        self._jobs(archive_id)
        self._governing()
        self._account()
        self._ask("DeleteArchive", vaultName="v", archiveId=archive_id)
        assert self._ask("DescribeVault", vaultName="v")["VaultName"] == "v"
        self._ask("CreateVault", vaultName="empty")
        self._ask("DeleteVault", vaultName="empty")

    def _archives(self) -> str:
        data = pattern(2.5)
        answer = self._ask("UploadArchive", vaultName="v", archiveDescription="a frame", body=data)
        assert answer["checksum"] == tree_hash(data)
        return str(answer["archiveId"])

    def _uploads(self) -> None:
        data = pattern(2)
        upload = {"vaultName": "v", "uploadId": self._initiate()}
        assert [it["MultipartUploadId"] for it in self._ask("ListMultipartUploads", vaultName="v")["UploadsList"]]
        for start in (0, MIB):
            place = f"bytes {start}-{start + MIB - 1}/*"
            self._ask("UploadMultipartPart", **upload, range=place, body=data[start : start + MIB])
        assert len(self._ask("ListParts", **upload)["Parts"]) == 2
        digest = tree_hash(data)
        done = self._ask("CompleteMultipartUpload", **upload, archiveSize=str(2 * MIB), checksum=digest)
        assert done["checksum"] == digest
        self._ask("AbortMultipartUpload", vaultName="v", uploadId=self._initiate())

    def _initiate(self) -> str:
        return str(self._ask("InitiateMultipartUpload", vaultName="v", partSize=str(MIB))["uploadId"])

    def _jobs(self, archive_id: str) -> None:
        wanted = {"Type": "archive-retrieval", "ArchiveId": archive_id, "Description": "frame.fit"}
        job = {"vaultName": "v", "jobId": self._ask("InitiateJob", vaultName="v", jobParameters=wanted)["jobId"]}
        assert self._ask("DescribeJob", **job)["StatusCode"] == "Succeeded"
        assert len(self._ask("ListJobs", vaultName="v", completed="true")["JobList"]) == 1
        assert self._ask("GetJobOutput", **job)["body"] == pattern(2.5)
        part = self._ask("GetJobOutput", **job, range="bytes=0-1048575")
        assert (part["body"], part["status"]) == (pattern(2.5)[:MIB], 206)

    def _governing(self) -> None:
        self._ask("AddTagsToVault", vaultName="v", Tags={"telescope": "RC 8", "night": "1"})
        self._ask("RemoveTagsFromVault", vaultName="v", TagKeys=["night"])
        assert self._ask("ListTagsForVault", vaultName="v")["Tags"] == {"telescope": "RC 8"}
        arn = self._ask("DescribeVault", vaultName="v")["VaultARN"]
        told = {
            "SNSTopic": f"arn:aws:sns:{arn.split(':')[3]}:123456789012:done",
            "Events": ["ArchiveRetrievalCompleted"],
        }
        self._ask("SetVaultNotifications", vaultName="v", vaultNotificationConfig=told)
        assert self._ask("GetVaultNotifications", vaultName="v")["vaultNotificationConfig"] == told
        self._ask("DeleteVaultNotifications", vaultName="v")
        statement = {
            "Sid": "x",
            "Principal": "*",
            "Effect": "Deny",
            "Action": "glacier:AddTagsToVault",
            "Resource": arn,
        }
        policy = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
        self._ask("SetVaultAccessPolicy", vaultName="v", policy=policy)
        assert self._ask("GetVaultAccessPolicy", vaultName="v")["policy"] == policy
        self._ask("DeleteVaultAccessPolicy", vaultName="v")
        self._ask("InitiateVaultLock", vaultName="v", policy=policy)
        self._ask("AbortVaultLock", vaultName="v")
        lock_id = self._ask("InitiateVaultLock", vaultName="v", policy=policy)["lockId"]
        self._ask("CompleteVaultLock", vaultName="v", lockId=lock_id)
        assert self._ask("GetVaultLock", vaultName="v")["State"] == "Locked"

    def _account(self) -> None:
        rules = {"Rules": [{"Strategy": "BytesPerHour", "BytesPerHour": 10**9}]}
        self._ask("SetDataRetrievalPolicy", Policy=rules)
        assert self._ask("GetDataRetrievalPolicy")["Policy"] == rules
        capacity_id = self._ask("PurchaseProvisionedCapacity")["capacityId"]
        units = self._ask("ListProvisionedCapacity")["ProvisionedCapacityList"]
        assert [unit["CapacityId"] for unit in units] == [capacity_id]

    def _ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        self.called.add(operation)
        return self._call(operation, **parameters)
