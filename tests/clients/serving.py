"""The server under test: `coldframe serve` as its users start it, in a process of its own."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGION = "us-east-1"
STOP_SECONDS = 60.0
_PROGRAM = (sys.executable, "-m", "coldframe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of the server, and a key to it."""

    url: str
    account_id: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    def environ(self, home: Path) -> dict[str, str]:
        """What a client is told, and nothing that this machine's user has set up for AWS."""
        return {
            **{name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP") if name in os.environ},
            "HOME": str(home),
            "USERPROFILE": str(home),
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }


class Served:
    """A running server over a folder of its own."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, url: str) -> None:
        """It listens already."""
        self.process = process
        self.folder = folder
        self.url = url
        self._numbers = itertools.count(100_000_000_001)

    def open_account(self, *flags: str) -> Account:
        """A key to an account that nobody else uses, made while the server runs; flags as `key create` takes them."""
        account_id = str(next(self._numbers))
        command = [*_PROGRAM, "key", "create", "--store", str(self.folder), "--account", account_id, "-o", "json"]
        environ = server_environ(self.folder)
        run = subprocess.run([*command, *flags], check=True, env=environ, capture_output=True, text=True)
        told = json.loads(run.stdout)
        return Account(
            url=self.url,
            account_id=told["account_id"],
            access_key_id=told["access_key_id"],
            secret_access_key=told["secret_access_key"],
        )

    @property
    def peak_bytes(self) -> int:
        """The most memory that the server has held so far; only Linux tells."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            peak = next(line for line in file if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Served]:
    """A server over `folder` until the end of the `with`; then it stops gracefully, or the test fails."""
    command = [*_PROGRAM, "serve", "--store", str(folder), "--listen", "127.0.0.1:0", "--region", REGION, *options]
    with open(folder.with_suffix(".log"), "w", encoding="utf-8") as log:
        process = subprocess.Popen(command, env=server_environ(folder), stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield Served(process, folder, _wait(process, log.name))
        process.terminate()
        process.communicate(timeout=STOP_SECONDS)
    finally:
        process.kill()
        process.communicate()


def server_environ(folder: Path) -> dict[str, str]:
    """The environment of a command on the server's machine, without what this machine's user has set."""
    return {**os.environ, "COLDFRAME_HOME": str(folder.with_name("home"))}


def _wait(process: subprocess.Popen[str], log: str) -> str:
    """The URL that the server says it listens at."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("listening on "):
            return line.split()[2]
    with open(log, encoding="utf-8") as file:
        said = file.read()
    raise AssertionError(f"The server ended with {process.wait()}: {said}")
