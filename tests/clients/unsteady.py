"""A line that breaks: forwards to a server, and cuts the first connections in the middle."""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock, Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUFFER = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """When a connection breaks: after so many bytes of requests, or of answers. None is never."""

    sent: int | None = None
    received: int | None = None


class UnsteadyLine:
    """Listens on a free port. The first connections break as the cuts say; later ones live on."""

    def __init__(self, url: str, cuts: list[Cut]) -> None:
        """Nothing is forwarded yet."""
        parts = urlsplit(url)
        self._server = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._cuts = cuts
        self._lock = Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.connections = 0

    @property
    def url(self) -> str:
        """Where to connect."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def run(self) -> None:
        """Forward until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with self._lock:
                    self.connections += 1
                    cut = self._cuts.pop(0) if self._cuts else Cut()
                Thread(target=self._serve, args=(client, cut), daemon=True).start()

    def _serve(self, client: socket.socket, cut: Cut) -> None:
        with client, socket.create_connection(self._server) as server:
            Thread(target=_pump, args=(server, client, cut.received), daemon=True).start()
            _pump(client, server, cut.sent)


@contextmanager
def unsteady(url: str, *cuts: Cut) -> Iterator[UnsteadyLine]:
    """A line to `url` until the end of the `with`."""
    line = UnsteadyLine(url, list(cuts))
    thread = Thread(target=line.run, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        line.listener.close()


def _pump(source: socket.socket, target: socket.socket, left: int | None) -> None:
    """Carry bytes until an end closes, or until `left` of them have passed: then both ends are closed."""
    with suppress(OSError):
        while left is None or left > 0:
            data = source.recv(_BUFFER if left is None else min(_BUFFER, left))
            if not data:
                target.shutdown(socket.SHUT_WR)
                return
            target.sendall(data)
            left = None if left is None else left - len(data)
        for end in (source, target):
            end.shutdown(socket.SHUT_RDWR)
