"""A face on a socket of this machine, by the standard library's server: enough for tests, and for nothing else."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

from coldframe.wire.http import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.wire.face import Face


class _Handler(BaseHTTPRequestHandler):
    """Hands every request to the face of its server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def answer(self) -> None:
        """Answer one request."""
        path, _, query = self.path.encode("latin-1").partition(b"?")
        headers = [
            (name.encode("latin-1"), value.strip(" \t").encode("latin-1")) for name, value in self.headers.items()
        ]
        request = Request(
            method=self.command, path=path, query=query, headers=headers, body=self.rfile, peer="127.0.0.1"
        )
        response = self.server.face.handle(request)
        self.send_response_only(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        self.close_connection = self.close_connection or response.must_close
        self.end_headers()
        try:
            for buffer in response.body:
                self.wfile.write(buffer)
        except Exception:  # noqa: BLE001 - the face has logged it; all that is left is to break the connection
            self.close_connection = True
        finally:
            response.close()

    do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - the names that the library looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    """Knows its face."""

    daemon_threads = True

    def __init__(self, face: Face) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.face = face


@contextmanager
def listening(face: Face) -> Iterator[str]:
    """The URL under which the face answers, until the end of the `with`."""
    server = _Server(face)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
