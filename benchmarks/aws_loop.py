"""The loop that one would write around the AWS CLI: a command for each file up, two for each file back.

Usage: python -m benchmarks.aws_loop AWS upload|download LIST IDS FOLDER; LIST and IDS as in `boto3_loop`.
"""

from __future__ import annotations

import os
import subprocess
import sys

VAULT = "bench"
_VAULT = ("--account-id", "-", "--vault-name", VAULT)


def upload(aws: str, listed: str, ids: str, _folder: str) -> None:
    """Upload every file."""
    _run(aws, "create-vault", *_VAULT)
    with open(listed, encoding="utf-8") as file, open(ids, "w", encoding="utf-8") as out:
        paths = file.read().splitlines()
        out.writelines(_run(aws, "upload-archive", *_VAULT, "--body", path, "--query", "archiveId") for path in paths)


def download(aws: str, _listed: str, ids: str, folder: str) -> None:
    """Retrieve every archive; on a server without waits a job is done when it is started."""
    os.makedirs(folder)
    with open(ids, encoding="utf-8") as file:
        for number, archive_id in enumerate(file.read().split()):
            wanted = f"Type=archive-retrieval,ArchiveId={archive_id}"
            job_id = _run(aws, "initiate-job", *_VAULT, "--job-parameters", wanted, "--query", "jobId").strip()
            _run(aws, "get-job-output", *_VAULT, f"--job-id={job_id}", os.path.join(folder, f"{number:08}"))


def _run(aws: str, *words: str) -> str:
    command = [aws, "glacier", *words, "--output", "text"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    (upload if sys.argv[2] == "upload" else download)(sys.argv[1], *sys.argv[3:])
