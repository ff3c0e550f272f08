"""A network that fails: a line to a server that resets, cuts, swallows, flips, trickles, or answers in its place.

A fault strikes at one byte of all that passes in one direction, or at one request, so that the same seed strikes the
same place again. Every connection is served by one thread, which moves both directions.
"""

from __future__ import annotations

import selectors
import socket
import struct
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock, Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEP = 65_536
_TRICKLE_STEP, _TRICKLE_SIZE = 16, 2048
_PATIENCE_SECONDS = 30
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Way(StrEnum):
    """A direction: from the client, or to it."""

    REQUEST = "request"
    ANSWER = "answer"


class Trouble(StrEnum):
    """What may happen to a connection."""

    RESET = "reset"
    """It is reset: what was on its way is lost."""
    CUT = "cut"
    """It ends as if the other side had ended it."""
    HOLE = "hole"
    """Nothing passes any more, and nobody says so."""
    FLIP = "flip"
    """One bit is turned."""
    TRICKLE = "trickle"
    """The next bytes come a few at a time."""
    GATEWAY = "gateway"
    """Something between answers 500, 502 or 503."""
    THROTTLE = "throttle"
    """The answer is that there were too many requests."""


ANSWERED = frozenset({Trouble.GATEWAY, Trouble.THROTTLE})
"""Troubles that strike a request as a whole: it is not passed on, or its answer is not."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A trouble, and where it strikes.

    Args:
        trouble: What happens.
        way: To what passes in this direction.
        at: The byte from 0 over all connections, or, of :data:`ANSWERED` troubles, the request from 0.
        is_lasting: Whether it happens to every later connection too.
    """

    trouble: Trouble
    way: Way
    at: int
    is_lasting: bool = False


@dataclass(slots=True)
class Course:
    """What has passed since a fault was set: bytes by direction, where each request and answer began."""

    fault: Fault | None = None
    passed: dict[Way, int] = field(default_factory=lambda: dict.fromkeys(Way, 0))
    starts: dict[Way, list[int]] = field(default_factory=lambda: {way: [] for way in Way})
    is_struck: bool = False
    lock: Lock = field(default_factory=Lock)

    def strikes(self, way: Way, size: int, *, is_start: bool) -> int | None:
        """Count so many bytes, and answer before which of them the fault strikes."""
        with self.lock:
            first = self.passed[way]
            self.passed[way] += size
            if is_start:
                self.starts[way].append(first)
            fault = self.fault
            if fault is None or fault.way is not way:
                return None
            if self.is_struck:
                return 0 if fault.is_lasting else None
            place = fault.at - first
            if fault.trouble in ANSWERED:
                place = 0 if is_start and len(self.starts[way]) > fault.at else -1
            self.is_struck = 0 <= place < size
            return place if self.is_struck else None


class FaultyLine:
    """Listens on a free port of this machine, and connects whoever comes with a server; see :func:`faulty_line`."""

    def __init__(self, url: str) -> None:
        """Nothing passes yet."""
        parts = urlsplit(url)
        self._server = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.course = Course()

    @property
    def url(self) -> str:
        """Where to connect."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def set(self, fault: Fault | None) -> Course:
        """Let this fault strike what passes from now on, and count anew; None for a line that works."""
        self.course = Course(fault)
        return self.course

    def run(self) -> None:
        """Connect, until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                Thread(target=self._connect, args=(client, self.course), daemon=True).start()

    def _connect(self, client: socket.socket, course: Course) -> None:
        with client, suppress(OSError), socket.create_connection(self._server) as server:
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                end.settimeout(_PATIENCE_SECONDS)
            _Connection({Way.REQUEST: client, Way.ANSWER: server}, course).run()


@contextmanager
def faulty_line(url: str) -> Iterator[FaultyLine]:
    """A line to the server at `url`, until the end of the `with`."""
    line = FaultyLine(url)
    thread = Thread(target=line.run, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        with suppress(OSError):
            line.listener.shutdown(socket.SHUT_RDWR)
        line.listener.close()
        thread.join(_PATIENCE_SECONDS)


class _Connection:
    """One connection: `ends` are where the bytes of each direction come from."""

    def __init__(self, ends: dict[Way, socket.socket], course: Course) -> None:
        self._ends = ends
        self._course = course
        self._last: Way | None = None
        self._is_silent = False
        self._is_open = True

    def run(self) -> None:
        """Pass on what comes, until an end has nothing more to say."""
        with selectors.DefaultSelector() as selector:
            for way, end in self._ends.items():
                selector.register(end, selectors.EVENT_READ, way)
            while self._is_open:
                for key, _ in selector.select(_PATIENCE_SECONDS):
                    if self._is_open:
                        self._move(key.data)

    def _move(self, way: Way) -> None:
        """Pass on what one end said."""
        data = self._ends[way].recv(_STEP)
        if not data or self._is_silent:
            self._is_open = bool(data) or (self._is_silent and way is Way.ANSWER and self._forget_server())
            return
        is_start, self._last = way is not self._last, way
        at = self._course.strikes(way, len(data), is_start=is_start)
        fault = self._course.fault
        if at is None or fault is None:
            self._other(way).sendall(data)
        else:
            self._strike(fault, way, data, at)

    def _strike(self, fault: Fault, way: Way, data: bytes, at: int) -> None:
        target = self._other(way)
        target.sendall(data[:at])
        if fault.trouble is Trouble.FLIP:
            target.sendall(bytes([data[at] ^ (1 << fault.at % 7)]) + data[at + 1 :])
        elif fault.trouble is Trouble.TRICKLE:
            self._trickle(target, data[at:])
        elif fault.trouble in ANSWERED:
            self._is_silent = True
            self._ends[Way.REQUEST].sendall(_ANSWERS[fault.trouble][fault.at % len(_ANSWERS[fault.trouble])])
            self._ends[Way.REQUEST].shutdown(socket.SHUT_WR)
        elif fault.trouble is Trouble.HOLE:
            self._is_silent = True
        else:
            self._is_open = False
            if fault.trouble is Trouble.RESET:
                for end in self._ends.values():
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)

    def _trickle(self, target: socket.socket, data: bytes) -> None:
        for place in range(0, min(len(data), _TRICKLE_SIZE), _TRICKLE_STEP):
            target.sendall(data[place : min(place + _TRICKLE_STEP, _TRICKLE_SIZE)])
        target.sendall(data[_TRICKLE_SIZE:])

    def _forget_server(self) -> bool:
        """The server has ended a connection whose client must not notice: read no more of it."""
        with suppress(OSError):
            while self._ends[Way.REQUEST].recv(_STEP):
                pass
        return False

    def _other(self, way: Way) -> socket.socket:
        return self._ends[Way.ANSWER if way is Way.REQUEST else Way.REQUEST]


def _answer(status: str, content_type: str, body: str) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return (head + body).encode()


_THROTTLED = '{"code":"ThrottlingException","message":"Rate exceeded","type":"Client"}'
_UNAVAILABLE = '{"code":"ServiceUnavailableException","message":"Service is unavailable","type":"Server"}'
_ANSWERS = {
    Trouble.GATEWAY: (
        _answer("502 Bad Gateway", "text/html", "<html><body><h1>502 Bad Gateway</h1></body></html>"),
        _answer("503 Service Unavailable", "text/plain", ""),
        _answer("500 Internal Server Error", "application/json", _UNAVAILABLE),
    ),
    Trouble.THROTTLE: (_answer("400 Bad Request", "application/json", _THROTTLED),),
}
