"""What a vault has already: its inventory, asked when an answer was lost and nobody knows whether the bytes arrived."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from coldframe.catalog.model import ArchiveRecord
from coldframe.errors import NotReady
from coldframe.model import InventoryRetrieval, JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.ports import ColdStore

_PAGE = 10_000


def read_inventory(store: ColdStore, vault_name: str, *, since: datetime) -> Iterator[ArchiveRecord]:
    """The vault's archives since a moment, a page of its inventory in memory at a time.

    Raises:
        NotReady: The store's inventory takes its time: an old one would not tell.
    """
    request = InventoryRetrieval(start_at=since, limit=_PAGE)
    while True:
        job_id = store.initiate_job(vault_name, request)
        job = store.describe_job(vault_name, job_id)
        if job.status is not JobStatus.SUCCEEDED:
            raise NotReady(f"the inventory of {vault_name} is not ready at once")
        yield from _read_page(store, vault_name, job_id)
        marker = job.inventory.marker if job.inventory is not None else None
        if marker is None:
            return
        request = replace(request, marker=marker)


def _read_page(store: ColdStore, vault_name: str, job_id: str) -> Iterator[ArchiveRecord]:
    with store.get_job_output(vault_name, job_id) as output:
        page = json.loads(b"".join(bytes(buffer) for buffer in output))
    for item in page["ArchiveList"]:
        yield ArchiveRecord(
            store=store.identity,
            vault_name=vault_name,
            archive_id=item["ArchiveId"],
            size=item["Size"],
            tree_hash=item["SHA256TreeHash"],
            description=item["ArchiveDescription"],
            archived_at=datetime.fromisoformat(item["CreationDate"]),
        )
