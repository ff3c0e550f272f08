"""The founding account's desk: a night, S3 for copies of the inventory, and each kind of store."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cli.conftest import cli, home, subs  # noqa: F401 - fixtures
from docs.desk import ROOT
from remote.conftest import key, make_key, served, url  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUCKET = "myastrodata"


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A real HTTP server that speaks S3."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - seconds that only these tests need

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bucket for copies of the inventory, and a client that looks into it."""
    import boto3  # noqa: PLC0415 - half a second that only these tests need

    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_endpoint)
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("s3", region_name="us-east-1", endpoint_url=s3_endpoint, **keys)
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def script(home: object) -> Callable[..., str]:  # noqa: F811 - the fixture
    """Runs `examples/founding_workflow.py` in a process of its own, and answers what it prints; it must end well."""

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "examples.founding_workflow", *words]
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        environ = {**os.environ, "PYTHONPATH": path, "COLDFRAME_PART_SIZE": "1MiB"}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
