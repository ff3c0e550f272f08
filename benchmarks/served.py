"""A server under measurement: coldframe's own, or moto's mock, in a process of its own. Linux's /proc tells its use."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "us-east-1"
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Use:
    """What a server took while a client was at work."""

    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens, and what a client needs to know of it."""

    name: str
    url: str
    pid: int
    environ: dict[str, str]

    def cpu_seconds(self) -> float:
        """The processor time that it has used since its start."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def peak_bytes(self) -> int:
        """The most memory it has held since its start, or since `forget_peak`."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def forget_peak(self) -> None:
        """Let the peak begin anew."""
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")

    @contextmanager
    def watched(self, uses: list[Use]) -> Iterator[None]:
        """Append what the server takes during the `with`."""
        self.forget_peak()
        before = self.cpu_seconds()
        yield
        uses.append(Use(self.cpu_seconds() - before, self.peak_bytes()))


@contextmanager
def coldframe_server(folder: str) -> Iterator[Server]:
    """`coldframe serve` over a new store in `folder`, with a key to it."""
    program = (sys.executable, "-m", "coldframe")
    environ = {**os.environ, "COLDFRAME_HOME": os.path.join(folder, "home")}
    store = os.path.join(folder, "store")
    create = [*program, "key", "create", "--store", store, "-o", "json"]
    made = subprocess.run(create, check=True, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    key = json.loads(made.stdout)
    serve = [*program, "serve", "--store", store, "--listen", "127.0.0.1:0", "--region", REGION]
    with _running(serve, environ, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = next((line for line in process.stdout if line.startswith(b"listening on ")), b"")
        url = line.decode().split()[2]
        keys = client_environ(url, key["access_key_id"], key["secret_access_key"])
        yield Server("coldframe serve", url, process.pid, keys)


@contextmanager
def moto_server(folder: str) -> Iterator[Server]:
    """Moto's server, which keeps everything in memory."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [os.path.join(os.path.dirname(sys.executable), "moto_server"), "-p", str(port)]
    with _running(command, {**os.environ, "HOME": folder}, stdout=subprocess.DEVNULL) as process:
        _wait_for(port)
        yield Server("moto server", url, process.pid, client_environ(url, "AKIDEXAMPLE", "moto-asks-for-none"))


def client_environ(url: str, access_key_id: str, secret_access_key: str) -> dict[str, str]:
    """What a client is told in its environment."""
    return {
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": secret_access_key,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
    }


@contextmanager
def _running(command: list[str], environ: dict[str, str], *, stdout: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process until the end of the `with`."""
    process = subprocess.Popen(command, env=environ, stdout=stdout, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _wait_for(port: int) -> None:
    """Return when something listens there."""
    end = time.perf_counter() + _START_SECONDS
    while time.perf_counter() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise TimeoutError(f"nothing listens on port {port}")
