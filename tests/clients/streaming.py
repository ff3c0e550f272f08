"""A boto3 program that uploads a large file and downloads it again, in one process whose memory can be told.

Usage: python -m clients.streaming SOURCE TARGET; the account comes from the environment. Prints a JSON object.
"""

from __future__ import annotations

import json
import resource
import sys

import boto3

from coldframe.model import MIB

_PIECE = 4 * MIB


def main(source: str, target: str) -> None:
    """Upload the source as one archive, retrieve it into the target, and tell the tree hashes and the peak memory."""
    client = boto3.client("glacier")
    client.create_vault(vaultName="large")
    before = _peak_bytes()
    with open(source, "rb") as file:
        uploaded = client.upload_archive(vaultName="large", body=file)
    wanted = {"Type": "archive-retrieval", "ArchiveId": uploaded["archiveId"]}
    job = client.initiate_job(vaultName="large", jobParameters=wanted)
    output = client.get_job_output(vaultName="large", jobId=job["jobId"])
    with open(target, "wb") as file:
        file.writelines(output["body"].iter_chunks(_PIECE))
    told = {"uploaded": uploaded["checksum"], "downloaded": output["checksum"], "grown_bytes": _peak_bytes() - before}
    print(json.dumps(told))


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
