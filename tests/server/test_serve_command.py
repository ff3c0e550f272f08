"""`coldframe serve`, as its user sees it: a program of its own, its lines, its signals, its exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
import pytest

from coldframe.cli.main import run
from coldframe.composition.accounts import open_accounts
from server.world import Client, head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS = 60.0
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's own applies."""
    for name in [name for name in os.environ if name.startswith("COLDFRAME_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLDFRAME_HOME", str(tmp_path / "home"))


class Program:
    """A running `coldframe serve`."""

    def __init__(self, *arguments: str) -> None:
        """Start it, and wait for the line that says it is ready."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "coldframe", "serve", "--listen", "127.0.0.1:0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening on http"), (line, self.process.communicate())
        self.url = line.split()[-1]
        self.port = int(self.url.rpartition(":")[2])

    def stop(self, *, signals: int = 1) -> tuple[int, str, str]:
        """Send SIGTERM so often; the exit code, and what it printed."""
        for _ in range(signals):
            self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out, err


@contextmanager
def program(*arguments: str) -> Iterator[Program]:
    """A running program, ended at the end of the `with` if it has not."""
    started = Program(*arguments)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.process.kill()
        started.process.communicate()


@POSIX
def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """The first time it shows a key, which works as shown; SIGTERM ends it with 0; the next time it shows none."""
    store = str(tmp_path / "store")
    with program("--store", store) as first:
        code, out, told = first.stop()
        assert (code, out) == (0, "")
    assert f"Made a new store in {store}." in told
    assert f"aws glacier --endpoint-url {first.url} list-vaults --account-id -" in told
    names = dict(line.split()[1].split("=", 1) for line in told.splitlines() if line.startswith("  export "))
    with program("--store", store) as second:
        client = boto3.client(
            "glacier",
            endpoint_url=second.url,
            region_name=names["AWS_DEFAULT_REGION"],
            aws_access_key_id=names["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=names["AWS_SECRET_ACCESS_KEY"],
        )
        assert client.list_vaults()["VaultList"] == []
        client.close()
        code, _, told = second.stop()
    assert code == 0
    assert names["AWS_SECRET_ACCESS_KEY"] not in told
    assert "export" not in told


@POSIX
def test_other_commands_use_the_store_meanwhile(tmp_path: Path) -> None:
    """What `archive` puts into the folder is seen over the network, and `key create` opens the door at once."""
    store, notes = str(tmp_path / "store"), tmp_path / "notes"
    notes.mkdir()
    (notes / "m33.txt").write_text("forty lights, ten darks")
    with program("--store", store) as started:
        assert run(["vault", "create", "astrodata", "--store", store]) == 0
        assert run(["archive", str(notes), "--vault", "astrodata", "--store", store]) == 0
        with open_accounts(store) as accounts:
            key = accounts.create_key()
        client = boto3.client(
            "glacier",
            endpoint_url=started.url,
            region_name="us-east-1",
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
        )
        assert client.describe_vault(vaultName="astrodata")["NumberOfArchives"] == 1
        client.close()


@POSIX
def test_the_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """Though a request is at work that has minutes to finish."""
    with program("--store", str(tmp_path / "store"), "--grace", "5m") as started, Client(started.port) as client:
        client.send(head("POST", "/-/vaults/v/archives", Content_Length="50000", Expect="100-continue"))
        assert client.socket.recv(12) == b"HTTP/1.1 100"
        started.process.send_signal(signal.SIGTERM)
        assert started.process.stderr is not None
        while "again to end at once" not in started.process.stderr.readline():
            pass
        assert started.stop()[0] == 143


@POSIX
def test_requests_at_work_have_their_time(tmp_path: Path) -> None:
    """When it is over they are cut, which is told; the exit code is still 0."""
    with program("--store", str(tmp_path / "store"), "--grace", "0.2s") as started, Client(started.port) as client:
        client.send(head("POST", "/-/vaults/v/archives", Content_Length="50000", Expect="100-continue"))
        assert client.socket.recv(12) == b"HTTP/1.1 100"
        code, _, told = started.stop()
    assert code == 0
    assert "Not all requests could finish in time" in told


@POSIX
def test_the_access_log_goes_to_a_file_or_to_standard_output(tmp_path: Path) -> None:
    """One line for each request, behind what is there."""
    log = tmp_path / "access.jsonl"
    log.write_text("before\n")
    for target in (str(log), "-"):
        with program("--store", str(tmp_path / "store"), "--access-log", target) as started:
            with Client(started.port) as client:
                assert client.ask(head(target="/-/vaults")).status == 400
            _, out, _ = started.stop()
            assert out.count('"operation": "ListVaults"') == (target == "-")
    before, line = log.read_text().splitlines()
    assert (before, '"operation": "ListVaults"' in line) == ("before", True)


@POSIX
def test_few_descriptors_are_enough_to_serve(tmp_path: Path) -> None:
    """With 100 in all, hundreds of silent clients keep out no good one."""
    shell = f"ulimit -n 100; exec {sys.executable} -m coldframe serve --store {tmp_path}/store --listen 127.0.0.1:0"
    process = subprocess.Popen(["bash", "-c", shell], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        silent = [Client(port) for _ in range(300)]
        with Client(port) as client:
            assert client.ask(head(target="/-/vaults")).status == 400
        for each in silent:
            each.close()
    finally:
        process.terminate()
        _, told = process.communicate(timeout=SECONDS)
    assert "There will be 18 connections at most" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--listen", "8377"], "write HOST:PORT"),
        (["--listen", "0.0.0.0:0"], "--plain-http"),
        (["--cert", "cert.pem"], "--cert and --key go together"),
        (["--cert", "no.pem", "--key", "no.key"], "cannot be read"),
        (["--limit", "speed=3"], "no limit"),
        (["--limit", "idle_seconds=soon"], "soon"),
        (["--region", "US East"], "no region"),
        (["--account", "12"], "no account"),
        (["--tiers", "soon"], "amazon"),
        (["--grace", "soon"], "soon"),
        (["--access-log", "/nowhere/log"], "The access log /nowhere/log cannot be written"),
        (["--store", "https://there.example"], "somewhere else"),
        (["--store", __file__], "no folder"),
    ],
)
def test_wrong_flags_are_told_before_anything_is_made(
    arguments: list[str], told: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """In plain words, with exit 2, and no store is left behind."""
    store = tmp_path / "store"
    assert run(["serve", "--listen", "127.0.0.1:0", "--store", str(store), *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert told in err
    assert "Traceback" not in err
    assert not store.exists()


def test_the_configuration_applies(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Its keys mean what the flags mean, and a mistake in it is told with its line."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.toml").write_text('region = "eu-west-1"\nlimits = { idle_seconds = "soon" }\n')
    assert run(["serve", "--store", str(tmp_path / "store")]) == 2
    assert "line 2: limits: " in capfd.readouterr().err
    (home / "config.toml").write_text('listen = "0.0.0.0:0"\nlimits = { idle_seconds = "20s" }\n')
    assert run(["serve", "--store", str(tmp_path / "store")]) == 2
    assert "0.0.0.0:0 can be reached from other machines" in capfd.readouterr().err
