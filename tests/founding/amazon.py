"""Amazon's endpoint as the client sees it: its name, its certificate, its region, behind a proxy that leads elsewhere.

Nothing in the client is changed and no endpoint is named. It asks for `glacier.us-west-2.amazonaws.com:443` through the
proxy of its environment, as in many a company; the proxy leads to a coldframe server, which verifies every signature
and notes every request as it came.
"""

from __future__ import annotations

import io
import socket
import socketserver
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import trustme

from coldframe.composition.accounts import open_accounts
from coldframe.composition.serving import ServeRequest, Serving
from coldframe.server.address import parse_address
from coldframe.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.model import Buffer
    from coldframe.wire.access import Key
    from coldframe.wire.http import BodyReader, Request, Response

REGION = "us-west-2"
HOST = f"glacier.{REGION}.amazonaws.com"
ACCOUNT = "123456789012"


@dataclass
class Noted:
    """One request as it came, and the status of its answer."""

    request: Request
    content: io.BytesIO = field(default_factory=io.BytesIO)
    status: int = 0

    @property
    def body(self) -> bytes:
        """The bytes that followed its head."""
        return self.content.getvalue()

    def header(self, name: str) -> str:
        """A header, "" if it is not there."""
        values = self.request.all(name.lower().encode())
        return values[0].decode() if values else ""


@dataclass
class NotingBody:
    """A body that keeps what is read of it."""

    body: BodyReader
    content: io.BytesIO

    def read(self, size: int, /) -> Buffer:
        """As the body."""
        found = self.body.read(size)
        self.content.write(found)
        return found


@dataclass
class Amazon:
    """What stands for Amazon: the environment in which a client finds it, its key, and what came."""

    environ: dict[str, str]
    key: Key
    requests: list[Noted]
    targets: list[str]


class Tunnel(socketserver.BaseRequestHandler):
    """Answers CONNECT, notes where to, and leads to the one server that there is."""

    def handle(self) -> None:
        """Carry bytes both ways until either side ends."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.request.recv(4096)
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        assert method == "CONNECT"
        self.server.targets.append(target)  # type: ignore[attr-defined]
        with socket.create_connection(self.server.behind) as other:  # type: ignore[attr-defined]
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_carry, args=(other, self.request))
            back.start()
            _carry(self.request, other)
            back.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def open_amazon(folder: Path) -> Iterator[Amazon]:
    """An account at Amazon's, until the end of the `with`."""
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST)
    files = {name: folder / f"{name}.pem" for name in ("authority", "certificate", "key")}
    authority.cert_pem.write_to_path(files["authority"])
    certificate.private_key_pem.write_to_path(files["key"])
    for each in certificate.cert_chain_pems:
        each.write_to_path(files["certificate"], append=True)
    store = folder / "amazon"
    request = ServeRequest(
        folder=str(store),
        settings=Settings(listen=parse_address("127.0.0.1:0"), region=REGION, account=ACCOUNT),
        certificate=str(files["certificate"]),
        certificate_key=str(files["key"]),
    )
    noted: list[Noted] = []
    with Serving(request) as server, socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tunnel) as tunnel:
        _note_requests(server, noted)
        server.start()
        tunnel.daemon_threads, targets = True, list[str]()
        tunnel.targets, tunnel.behind = targets, ("127.0.0.1", int(server.url.rpartition(":")[2]))  # type: ignore[attr-defined]
        threading.Thread(target=tunnel.serve_forever, daemon=True).start()
        with open_accounts(str(store), region=REGION) as accounts:
            key = accounts.create_key(account_id=ACCOUNT)
        environ = {
            "HTTPS_PROXY": f"http://127.0.0.1:{tunnel.server_address[1]}",
            "AWS_CA_BUNDLE": str(files["authority"]),
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        }
        try:
            yield Amazon(environ, key, noted, targets)
        finally:
            tunnel.shutdown()
            server.stop(5)


def _note_requests(server: Serving, noted: list[Noted]) -> None:
    """Have a server note what comes."""
    listener = server._listener
    handle = listener.handle

    def note(request: Request) -> Response:
        one = Noted(request)
        noted.append(one)
        response = handle(replace(request, body=NotingBody(request.body, one.content)))
        one.status = response.status
        return response

    listener.handle = note
