"""A server for all tests of this process, and for each test an account of its own and a user of that."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from cli.conftest import cli, home, program, subs  # noqa: F401 - fixtures
from coldframe.composition.accounts import open_accounts
from coldframe.composition.serving import ServeRequest, Serving
from coldframe.server.address import parse_address
from coldframe.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from coldframe.wire.access import Key

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: where, over which folder, and the lines of its access log."""

    url: str
    folder: Path
    lines: list[str]

    def requests(self, key: Key, operation: str) -> list[dict[str, Any]]:
        """What was asked with a key."""
        found = [json.loads(line) for line in self.lines]
        return [line for line in found if (line["access_key_id"], line["operation"]) == (key.access_key_id, operation)]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server without waits."""
    folder = tmp_path_factory.mktemp("served") / "store"
    lines: list[str] = []
    with serving(folder, log=lines.append) as server:
        yield Served(server.url, folder, lines)
        server.stop(5)


@pytest.fixture(scope="session")
def make_key(served: Served) -> Callable[..., Key]:
    """Makes a key on the server, of a new account unless another is named; as `Accounts.create_key` takes it."""
    numbers = itertools.count(100_000_000_001)

    def make(**arguments: Any) -> Key:
        with open_accounts(str(served.folder), region=REGION) as accounts:
            return accounts.create_key(**{"account_id": str(next(numbers)), **arguments})

    return make


@pytest.fixture
def key(home: Path, make_key: Callable[..., Key], monkeypatch: pytest.MonkeyPatch) -> Key:  # noqa: F811 - the fixture
    """The key of this test's account, in the environment, where nothing else of AWS's is."""
    made = make_key()
    use_key(monkeypatch, made)
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "no-credentials"))
    return made


@pytest.fixture
def url(served: Served, key: Key, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server, as the store that every command uses."""
    monkeypatch.setenv("COLDFRAME_STORE", served.url)
    return served.url


def use_key(monkeypatch: pytest.MonkeyPatch, key: Key) -> None:
    """Have AWS's SDKs use a key."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret_access_key)


def serving(folder: Path, *, log: Callable[[str], None] | None = None) -> Serving:
    """A server over a folder that has started; use it in a `with`, and stop it."""
    settings = Settings(listen=parse_address("127.0.0.1:0"), region=REGION)
    server = Serving(ServeRequest(folder=str(folder), settings=settings, access_log=log))
    server.start()
    return server
