"""Eight real processes use one store at once (design 2.4)."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from coldframe.clock import SystemClock
from coldframe.model import ArchiveRetrieval
from coldframe.testing.bodies import read_output
from coldframe.testing.contract.world import inventory

if TYPE_CHECKING:
    from conftest import OpenService

_PROCESSES = 8
_ARCHIVES = 12
_WORKER = """
import json, os, sys
from coldframe.blobs import open_blobs
from coldframe.clock import SystemClock
from coldframe.files import DiskFiles, ensure_folder
from coldframe.ledger import open_ledger
from coldframe.model import MIB
from coldframe.service import VaultService
from coldframe.testing.bodies import BytesBody
from coldframe.tree_hash import tree_hash

folder, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
files = DiskFiles()
ensure_folder(files, folder)
ledger = open_ledger(os.path.join(folder, "ledger.sqlite"))
store = VaultService(ledger, open_blobs(os.path.join(folder, "blobs"), files=files, ledger=ledger), clock=SystemClock())
store.create_vault("vault")
kept = {}
for number in range(count):
    data = f"{seed} {number} ".encode() * 100
    if number % 3:
        archive_id = store.upload_archive("vault", BytesBody(data)).archive_id
    else:
        upload_id = store.initiate_multipart_upload("vault", part_size=MIB)
        store.upload_multipart_part("vault", upload_id, BytesBody(data), start=0)
        receipt = store.complete_multipart_upload(
            "vault", upload_id, archive_size=len(data), tree_hash=tree_hash(data)
        )
        archive_id = receipt.archive_id
    if number % 5 == 4:
        store.delete_archive("vault", archive_id)
    else:
        kept[archive_id] = data.decode()
    if number % 6 == 5:
        store.sweep()
store.close()
print(json.dumps({"kept": kept}))
"""


def test_processes_share_a_store(open_service: OpenService, store_folder: str) -> None:
    """Processes that make one new store, write, complete, delete and sweep in it at once: every receipt stands."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, store_folder, str(seed), str(_ARCHIVES)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in range(_PROCESSES)
    ]
    kept: dict[str, str] = {}
    for worker in workers:
        output, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors
        kept |= json.loads(output)["kept"]
    store = open_service(clock=SystemClock())
    assert {item["ArchiveId"] for item in inventory(store)} == set(kept)
    assert store.describe_vault("vault").number_of_archives == len(kept)
    for archive_id, text in kept.items():
        job_id = store.initiate_job("vault", ArchiveRetrieval(archive_id))
        assert read_output(store, "vault", job_id) == text.encode()
    assert [finding.kind for finding in store.scrub()] == []
