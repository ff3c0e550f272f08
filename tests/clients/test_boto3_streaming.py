"""Large archives and bad connections, with boto3 as it is."""

from __future__ import annotations

import filecmp
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import IncompleteReadError, ResponseStreamingError

from clients.unsteady import Cut, unsteady
from coldframe.model import MIB
from coldframe.testing.bodies import pattern
from coldframe.testing.trees import build_large_file
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from clients.serving import Account, Served

_TESTS = Path(__file__).parents[1]
_LARGE = 300 * MIB
_ALLOWED_GROWTH = 64 * MIB


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: a process's peak memory is read from /proc")
def test_large_archive_streams_both_ways(served: Served, account: Account, tmp_path: Path) -> None:
    """300 MiB go up and come back with neither the server nor the client holding more than a fraction of them."""
    source, target = tmp_path / "large.bin", tmp_path / "back.bin"
    build_large_file(str(source), size=_LARGE)
    before = served.peak_bytes
    environ = {**account.environ(tmp_path), "PYTHONPATH": os.pathsep.join([str(_TESTS), *sys.path])}
    command = [sys.executable, "-m", "clients.streaming", str(source), str(target)]
    run = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["uploaded"] == told["downloaded"]
    assert filecmp.cmp(source, target, shallow=False)
    assert told["grown_bytes"] < _ALLOWED_GROWTH
    assert served.peak_bytes - before < _ALLOWED_GROWTH


def test_broken_uploads_are_retried_and_leave_nothing(connect: Callable[..., Any], account: Account) -> None:
    """Two connections break in the middle of a body; boto3 sends it anew, and one archive is there."""
    data = pattern(3)
    with unsteady(account.url, Cut(sent=MIB), Cut(sent=2 * MIB)) as line:
        client = connect(account, url=line.url, retries={"mode": "standard", "max_attempts": 4})
        connect(account).create_vault(vaultName="v")
        uploaded = client.upload_archive(vaultName="v", body=data)
        assert line.connections == 3
    assert uploaded["checksum"] == tree_hash(data)
    assert connect(account).describe_vault(vaultName="v")["NumberOfArchives"] == 1


def test_broken_downloads_go_on_where_they_broke(connect: Callable[..., Any], account: Account) -> None:
    """An answer that ends early is an error for boto3, never short bytes; the rest comes by a range, hash and all."""
    data = pattern(3)
    client = connect(account)
    client.create_vault(vaultName="v")
    wanted = {"Type": "archive-retrieval", "ArchiveId": client.upload_archive(vaultName="v", body=data)["archiveId"]}
    job = {"vaultName": "v", "jobId": client.initiate_job(vaultName="v", jobParameters=wanted)["jobId"]}
    pieces: list[bytes] = []
    with unsteady(account.url, Cut(received=2 * MIB)) as line:
        far = connect(account, url=line.url)
        body = far.get_job_output(**job)["body"]
        with pytest.raises((IncompleteReadError, ResponseStreamingError)):
            pieces.extend(body.iter_chunks(MIB // 4))
        body.close()
        found = b"".join(pieces)[:MIB]
        rest = far.get_job_output(**job, range=f"bytes={MIB}-")
        assert (rest["status"], rest["contentRange"]) == (206, f"bytes {MIB}-{3 * MIB - 1}/{3 * MIB}")
        assert found + rest["body"].read() == data


def test_broken_requests_do_no_harm(connect: Callable[..., Any], account: Account) -> None:
    """A connection that is cut in a request or before its answer is made anew without the program noticing."""
    with unsteady(account.url, Cut(sent=100), Cut(sent=200), Cut(received=0)) as line:
        client = connect(account, url=line.url, retries={"mode": "standard", "max_attempts": 5})
        assert client.list_vaults()["VaultList"] == []
        assert line.connections == 4
