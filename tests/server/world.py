"""A listener before a handler that does what its path says, and a client that sends and reads bare bytes."""

from __future__ import annotations

import json
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Event, Lock
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

from coldframe.clock import SystemClock
from coldframe.server.address import Address
from coldframe.server.binding import listen
from coldframe.server.limits import Limits
from coldframe.server.listener import Listener
from coldframe.server.records import Watches
from coldframe.wire.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from coldframe.server.records import Record
    from coldframe.wire.http import Request

PATIENT = Limits(head_seconds=20, idle_seconds=20, pace_seconds=20, linger_seconds=5)
"""For tests in which nobody is to be cut off, on however busy a machine."""
HASTY = replace(PATIENT, head_seconds=0.3, idle_seconds=0.3, pace_seconds=0.3, pace_size=30_000, linger_seconds=0.3)
"""For tests in which somebody is."""
CLIENT_SECONDS = 20.0
STEP = 64 * 1024


@dataclass
class Handler:
    """Answers by path, and remembers what it was asked.

    `/read` reads the body and tells its size, `/hasten` wants it soon, `/discard` does not keep it; `/ignore` does not
    read it; `/refuse` answers first and drains then, as the face does; `/stream?size=n` answers with n bytes; `/break`
    and `/short` end before all was sent, `/long` after it, `/endless` does not say how much it sends; `/empty` has
    nothing to say; `/wait` waits until the test says so.
    """

    requests: list[Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    closed: list[bytes] = field(default_factory=list)
    entered: Event = field(default_factory=Event)
    go_on: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def handle(self, request: Request) -> Response:
        """Answer."""
        with self.lock:
            self.requests.append(request)
        act: Callable[[Request], Response] = getattr(self, "_" + request.path.strip(b"/").decode(), self._read)
        return replace(act(request), close=lambda: self.closed.append(request.path))

    def _read(self, request: Request) -> Response:
        pieces = []
        try:
            while data := request.body.read(STEP):
                pieces.append(bytes(data))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
            self.errors.append(error)
            return replace(answer({"error": type(error).__name__}), must_close=True, status=408)
        with self.lock:
            self.bodies.append(b"".join(pieces))
        return answer({"size": sum(map(len, pieces))})

    def _hasten(self, request: Request) -> Response:
        request.hasten()
        return self._read(request)

    def _discard(self, request: Request) -> Response:
        size = 0
        while data := request.body.read(16 * STEP):
            size += len(data)
        return answer({"size": size})

    def _ignore(self, _request: Request) -> Response:
        return answer({})

    def _refuse(self, request: Request) -> Response:
        def body() -> Iterator[bytes]:
            yield b"{}"
            with suppress(Exception):
                while request.body.read(STEP):
                    pass

        return replace(answer({}), status=403, body=body(), must_close=True)

    def _stream(self, request: Request) -> Response:
        size = int(parse_qs(request.query.decode())["size"][0])
        buffers = (b"x" * min(STEP, size - at) for at in range(0, size, STEP))
        return Response(status=200, headers=[("Content-Length", str(size))], body=buffers)

    def _break(self, _request: Request) -> Response:
        def body() -> Iterator[bytes]:
            yield b"x" * 1000
            raise RuntimeError("the stored bytes are damaged")

        return Response(status=200, headers=[("Content-Length", "100000")], body=body())

    def _short(self, _request: Request) -> Response:
        return Response(status=200, headers=[("Content-Length", "10")], body=[b"12345"])

    def _long(self, _request: Request) -> Response:
        return Response(status=200, headers=[("Content-Length", "5")], body=[b"12345", b"HTTP/1.1 200 OK"])

    def _endless(self, _request: Request) -> Response:
        return Response(status=200, headers=[], body=[b"how much?"])

    def _empty(self, _request: Request) -> Response:
        return Response(status=204, headers=[("x-amzn-RequestId", "none")])

    def _wait(self, request: Request) -> Response:
        self.entered.set()
        assert self.go_on.wait(CLIENT_SECONDS)
        return self._read(request)


def answer(content: object) -> Response:
    """A JSON answer."""
    text = json.dumps(content).encode()
    return Response(status=200, headers=[("Content-Length", str(len(text)))], body=(text,))


@dataclass
class Witness:
    """Implements `records.Watch` by remembering."""

    records: list[Record] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    open: int = 0
    lock: Lock = field(default_factory=Lock)

    def opened(self) -> None:
        """One more."""
        with self.lock:
            self.open += 1

    def closed(self) -> None:
        """One less."""
        with self.lock:
            self.open -= 1

    def refused(self, reason: str) -> None:
        """Remember why."""
        self.reasons.append(reason)

    def answered(self, record: Record) -> None:
        """Remember it."""
        self.records.append(record)


class Served:
    """A running listener, with its handler and its witness."""

    def __init__(self, limits: Limits = PATIENT, tls: ssl.SSLContext | None = None) -> None:
        """Start on a port that is free."""
        self.handler = Handler()
        self.witness = Witness()
        self.listener = Listener(
            listen(Address("127.0.0.1", 0)),
            self.handler.handle,
            limits=limits,
            tls=tls,
            watch=Watches((self.witness,)),
        )
        self.listener.start()
        self._is_stopped = False
        self.port: int = urlsplit(self.listener.url).port or 0

    def connect(self, *, receive_buffer: int | None = None) -> Client:
        """A client."""
        return Client(self.port, receive_buffer=receive_buffer)

    def stop(self) -> None:
        """Stop, once."""
        self.handler.go_on.set()
        if not self._is_stopped:
            self._is_stopped = True
            self.listener.stop(0)

    def forget(self) -> None:
        """Take note that the test itself has stopped it."""
        self._is_stopped = True


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """The body, read."""
        found: dict[str, object] = json.loads(self.body)
        return found


class Client:
    """A connection, in bytes."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        """Connect."""
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(CLIENT_SECONDS)
        self.socket.connect(("127.0.0.1", port))
        self.received = b""

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.socket.sendall(data)

    def ask(self, data: bytes) -> Answer:
        """Send, and read one answer."""
        self.send(data)
        return self.read()

    def read(self, *, has_body: bool = True) -> Answer:
        """One answer."""
        while b"\r\n\r\n" not in self.received:
            self._more()
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        size = int(headers.get("content-length", "0")) if has_body else 0
        while len(self.received) < size:
            self._more()
        body, self.received = self.received[:size], self.received[size:]
        return Answer(int(first.split(" ")[1]), headers, body)

    def is_closed(self) -> bool:
        """Whether the server closes now, without another byte; waits for it."""
        try:
            return not self.received and not self.socket.recv(1)
        except (ConnectionError, ssl.SSLEOFError):
            return True

    def is_reset(self) -> bool:
        """Whether the connection breaks off, after whatever comes before; waits for it."""
        try:
            while self.socket.recv(STEP):
                pass
        except ConnectionError:
            return True
        return False

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        self.close()

    def _more(self) -> None:
        data = self.socket.recv(STEP)
        if not data:
            raise EOFError(f"closed after {self.received!r}")
        self.received += data


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for another thread, and fail if it takes too long."""
    clock = SystemClock()
    end = clock.monotonic() + CLIENT_SECONDS
    while not is_so():
        assert clock.monotonic() < end
        clock.sleep(0.01)


def head(method: str = "GET", target: str = "/read", **headers: str) -> bytes:
    """The head of a request; underscores in names are hyphens."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in {"Host": "here", **headers}.items()]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode()
