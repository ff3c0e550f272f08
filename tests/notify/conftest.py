"""What the tests of notifications share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from moto.server import ThreadedMotoServer

from notify.subscribing import Subscriber
from notify.world import OWN, VAULTS, open_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.testing.clock import FakeClock
    from notify.world import World


@pytest.fixture
def world(store_folder: str, clock: FakeClock) -> Iterator[World]:
    """A store whose jobs are ready at once."""
    with open_world(store_folder, clock) as world:
        yield world


@pytest.fixture
def slow_world(store_folder: str, clock: FakeClock) -> Iterator[World]:
    """A store whose jobs take four hours."""
    with open_world(store_folder, clock, wait=4 * 3600) as world:
        yield world


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The URL of an SNS and SQS server."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user's AWS configuration; nothing of this machine's own."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture
def subscriber(endpoint: str, aws_configuration: None) -> Subscriber:
    """A queue that listens to both topics."""
    subscriber = Subscriber(endpoint)
    for topic in (OWN, VAULTS):
        subscriber.subscribe(topic)
    return subscriber
