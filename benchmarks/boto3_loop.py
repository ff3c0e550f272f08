"""The script that one would write with boto3: a file after another goes up, or comes back, through one client.

Usage: python -m benchmarks.boto3_loop upload|download LIST IDS FOLDER

LIST holds a path a line. `upload` writes the archive IDs to IDS, a line for each; `download` starts a job for each one,
polls until it is done and writes its output to FOLDER.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import boto3

VAULT = "bench"
_PIECE = 1024 * 1024


def upload(client: Any, paths: list[str], ids: str, _folder: str) -> None:
    """Upload every file."""
    client.create_vault(vaultName=VAULT)
    with open(ids, "w", encoding="utf-8") as out:
        for path in paths:
            with open(path, "rb") as file:
                answer = client.upload_archive(vaultName=VAULT, archiveDescription=os.path.basename(path), body=file)
            out.write(answer["archiveId"] + "\n")


def download(client: Any, _paths: list[str], ids: str, folder: str) -> None:
    """Retrieve every archive."""
    os.makedirs(folder)
    with open(ids, encoding="utf-8") as file:
        wanted = file.read().split()
    jobs = [client.initiate_job(vaultName=VAULT, jobParameters=_order(archive_id))["jobId"] for archive_id in wanted]
    for number, job_id in enumerate(jobs):
        while not client.describe_job(vaultName=VAULT, jobId=job_id)["Completed"]:
            time.sleep(1)  # noqa: TID251 - a script that waits for real
        body = client.get_job_output(vaultName=VAULT, jobId=job_id)["body"]
        with open(os.path.join(folder, f"{number:08}"), "wb") as out:
            out.writelines(body.iter_chunks(_PIECE))


def _order(archive_id: str) -> dict[str, str]:
    return {"Type": "archive-retrieval", "ArchiveId": archive_id, "Tier": "Expedited"}


def main(what: str, listed: str, ids: str, folder: str) -> None:
    """Do one of the two."""
    with open(listed, encoding="utf-8") as file:
        paths = file.read().splitlines()
    (upload if what == "upload" else download)(boto3.client("glacier"), paths, ids, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
