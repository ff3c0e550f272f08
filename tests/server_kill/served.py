"""The real server as a process that can be killed, and clients of it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Self

from coldframe.stores.glacier import GlacierStore
from coldframe.stores.opening import client_config

if TYPE_CHECKING:
    from types import TracebackType

    from coldframe.wire.access import Key

REGION = "us-east-1"
_COMMAND = "from coldframe.cli.main import main; main()"
_READY = "listening on "


class Server:
    """`coldframe serve` over a folder; leaving the `with` kills it."""

    def __init__(self, folder: str) -> None:
        command = [sys.executable, "-c", _COMMAND, "serve", "--store", folder, "--listen", "127.0.0.1:0"]
        self._process = subprocess.Popen(
            command,
            env={**os.environ, "COLDFRAME_HOME": os.path.join(os.path.dirname(folder), "home")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def url(self) -> str:
        """Where it listens; waits until it does."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith(_READY):
            assert self._process.stderr is not None
            msg = f"the server did not start: {self._process.stderr.read()}"
            raise AssertionError(msg)
        return line.removeprefix(_READY).strip()

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        """The server."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill it."""
        self.kill()


def connect(url: str, key: Key) -> GlacierStore:
    """A client with that key; any number of threads may use it."""
    import boto3  # noqa: PLC0415 - heavy

    session = boto3.session.Session(key.access_key_id, key.secret_access_key, region_name=REGION)
    return GlacierStore(session.client("glacier", endpoint_url=url, config=client_config()), url=url)
