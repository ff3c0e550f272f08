"""What can go wrong between a user and a store: each with its own words and its own exit code (design 1.3)."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from coldframe.clock import SystemClock
from coldframe.composition.accounts import open_accounts
from coldframe.testing.clock import FakeClock
from coldframe.wire.access import KeyScope
from remote.conftest import REGION, use_key
from stores.loopback import listening
from wire.world import KEY, make_face

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.conftest import Ran
    from coldframe.wire.access import Key
    from conftest import OpenService
    from remote.conftest import Served


@pytest.mark.parametrize(
    ("variables", "code", "words"),
    [
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, 6, "There are no credentials for"),
        ({"AWS_SECRET_ACCESS_KEY": None}, 6, "missing: AWS_SECRET_ACCESS_KEY"),
        ({"AWS_ACCESS_KEY_ID": "AKIASTRANGER"}, 6, "does not know the access key"),
        ({"AWS_SECRET_ACCESS_KEY": "another"}, 6, "the secret access key is wrong"),
        ({"AWS_REGION": "eu-west-1"}, 6, "The region is wrong"),
        ({"AWS_PROFILE": "nobody"}, 2, "list-profiles"),
    ],
)
def test_wrong_configuration_is_told(
    cli: Callable[..., Ran],
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    variables: dict[str, str | None],
    code: int,
    words: str,
) -> None:
    """What is wrong, of which store, and what to set."""
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    ran = cli("vault", "list")
    assert ran.code == code, ran.err
    assert words in ran.err
    assert url in ran.err


@pytest.mark.parametrize("command", [("api", "ListVaults"), ("archive", ".", "-v", "astro"), ("watch",)])
def test_every_command_tells_alike(
    cli: Callable[..., Ran], url: str, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """The same words and the same exit code, whatever was asked; what asks nothing of the store does not fail."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    ran = cli(*command)
    assert ran.code == (0 if command == ("watch",) else 6), ran.err
    assert ("the secret access key is wrong" in ran.err) == (ran.code == 6)


def test_key_that_may_not_is_told(
    cli: Callable[..., Ran], url: str, key: Key, make_key: Callable[..., Key], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only key lists, and archives nothing."""
    assert cli("vault", "create", "astro").code == 0
    use_key(monkeypatch, make_key(account_id=key.account_id, scope=KeyScope.READ_ONLY))
    assert cli("vault", "list").code == 0
    ran = cli("vault", "create", "other")
    assert ran.code == 6
    assert "not authorized" in ran.err


def test_revoked_key_is_told(cli: Callable[..., Ran], url: str, served: Served, key: Key) -> None:
    """A key that is no more is as unknown as one that never was; help with both is the same."""
    assert cli("vault", "list").code == 4
    with open_accounts(str(served.folder), region=REGION) as accounts:
        accounts.keyring.revoke(key.access_key_id)
    ran = cli("vault", "list")
    assert ran.code == 6
    assert "AWS_ACCESS_KEY_ID" in ran.err


@pytest.mark.parametrize("minutes", [-6, 6])
def test_wrong_clock_is_told(
    cli: Callable[..., Ran], open_service: OpenService, minutes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine whose clock is off by more than five minutes can sign nothing."""
    clock = FakeClock(SystemClock().now() + timedelta(minutes=minutes))
    use_key(monkeypatch, KEY)
    with listening(make_face(open_service(clock=clock), clock=clock).face) as url:
        ran = cli("vault", "list", "--store", f"{url}?region=local")
    assert ran.code == 6
    assert "This machine's clock is wrong by more than 5 minutes" in ran.err


def test_server_that_does_not_run_is_told(cli: Callable[..., Ran], key: Key) -> None:
    """Nothing listens there: temporary, and nothing of how botocore asks."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    for command in (("vault", "list"), ("verify", "-v", "astro")):
        ran = cli(*command, "--store", url)
        assert ran.code == 5, ran.err
        assert f"{url} cannot be reached: Connection refused" in ran.err
        assert "asks.whose" not in ran.err


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (200, "<html>A page.</html>", 5, "Is it a Glacier endpoint?"),
        (404, "<html>No page.</html>", 1, "not as a Glacier endpoint does"),
        (502, "<html>Bad gateway.</html>", 5, "answered HTTP 502"),
        (400, '{"code": "NoLongerSupportedException", "message": "x"}', 6, "closed its vaults to new customers"),
        (403, '{"code": "OptInRequired", "message": "x"}', 6, "closed its vaults to new customers"),
        (403, '{"code": "ExpiredTokenException", "message": "x"}', 6, "aws sso login"),
        (400, '{"code": "ThrottlingException", "message": "Slowly."}', 5, "Slowly."),
    ],
)
def test_answer_of_another_server_is_told(
    cli: Callable[..., Ran],
    key: Key,
    monkeypatch: pytest.MonkeyPatch,
    *,
    status: int,
    body: str,
    code: int,
    words: str,
) -> None:
    """Something that is no Glacier endpoint, and what only Amazon says; there `glacier:` is led to a server of ours."""
    with _answering(status, body) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        ran = cli("vault", "list", "--store", "glacier://us-east-1")
    assert ran.code == code, ran.err
    assert words in ran.err


@contextmanager
def _answering(status: int, body: str) -> Iterator[str]:
    """The URL of a server that says the same to everybody."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
