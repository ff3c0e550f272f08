"""A vault that is locked for ever, and whether all that is in it is still there."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.errors import ResourceNotFound
from coldframe.model import MIB, ArchiveRetrieval
from coldframe.ports.admin import LockState
from coldframe.testing.bodies import BytesBody, read_output
from coldframe.testing.contract.world import inventory
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coldframe.ports.admin import GovernedStore

HELD = "held"
ACTIONS = ("glacier:DeleteArchive", "glacier:AddTagsToVault", "glacier:RemoveTagsFromVault")


@dataclass(frozen=True, slots=True)
class Held:
    """What is in the vault, and its lock."""

    policy: str
    archives: Mapping[str, bytes]
    upload_id: str

    def faults(self, store: GovernedStore) -> list[str]:
        """What is not as it must be for ever."""
        lock = store.get_vault_lock(HELD)
        wrong = [] if (lock.state, lock.policy) == (LockState.LOCKED, self.policy) else [f"the lock is {lock}"]
        listed = {item["ArchiveId"] for item in inventory(store, HELD)}
        for archive_id, data in self.archives.items():
            if archive_id not in listed:
                wrong.append(f"{archive_id} is not in the inventory")
            with suppress(ResourceNotFound):
                job_id = store.initiate_job(HELD, ArchiveRetrieval(archive_id))
                if read_output(store, HELD, job_id) == data:
                    continue
            wrong.append(f"{archive_id} cannot be read")
        return wrong


def fill_and_lock(store: GovernedStore) -> Held:
    """A vault with archives of one piece and of two, an open upload and a job; then locked."""
    with suppress(ResourceNotFound):
        store.create_vault(HELD)
    archives = {store.upload_archive(HELD, BytesBody(data)).archive_id: data for data in (b"one", b"two" * 500)}
    data = bytes(MIB) + b"the last part"
    upload_id = _upload(store, data)
    receipt = store.complete_multipart_upload(HELD, upload_id, archive_size=len(data), tree_hash=tree_hash(data))
    archives[receipt.archive_id] = data
    store.initiate_job(HELD, ArchiveRetrieval(receipt.archive_id))
    policy = deny(store.describe_vault(HELD).vault_arn, list(ACTIONS))
    store.complete_vault_lock(HELD, store.initiate_vault_lock(HELD, policy))
    return Held(policy, archives, _upload(store, data))


def deny(vault_arn: str, action: object) -> str:
    """A policy that denies something to everybody."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": vault_arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _upload(store: GovernedStore, data: bytes) -> str:
    upload_id = store.initiate_multipart_upload(HELD, part_size=MIB)
    for start in range(0, len(data), MIB):
        store.upload_multipart_part(HELD, upload_id, BytesBody(data[start : start + MIB]), start=start)
    return upload_id
