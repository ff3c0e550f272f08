"""One connection's bytes, each within its time: the only module that calls a socket's send and receive."""

from __future__ import annotations

import socket
import ssl
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from coldframe.server.head import HEAD_END, require_decent

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.clock import Clock
    from coldframe.model import Buffer
    from coldframe.server.limits import Limits
    from coldframe.server.pace import Pace

_STEP = 4 * 1024
"""What is read ahead while a head is awaited: all that an idle connection holds."""
_SENT_AT_ONCE = 256 * 1024
_ENCRYPTED_AT_ONCE = 16 * 1024
"""TLS counts a send as nothing until all of it has gone, so it must be little enough for the slowest reader."""
_LEAST_SECONDS = 0.001
"""A socket takes a timeout of zero for none at all."""
_RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""SO_LINGER with nothing to linger for: Windows has two shorts there, the others two integers."""


class TooSlow(Exception):
    """The client let us wait for too long."""


class Line:
    """A connected socket and what was read from it ahead. One thread uses it; :meth:`cut` is for others.

    Args:
        connected: The socket, encrypted or not.
        clock: Measures waiting.
        limits: How long a head may be.
    """

    def __init__(self, connected: socket.socket, *, clock: Clock, limits: Limits) -> None:
        """Nothing is read yet."""
        self._socket = connected
        self._clock = clock
        self._limits = limits
        self._ahead = bytearray()
        self._at_once = _ENCRYPTED_AT_ONCE if isinstance(connected, ssl.SSLSocket) else _SENT_AT_ONCE
        self.received = 0
        self.sent = 0

    @property
    def has_more(self) -> bool:
        """Whether bytes of a next request are here already."""
        return bool(self._ahead)

    def wait(self, seconds: float) -> bool:
        """Whether something comes in before that time is over; False also when the client has closed.

        Raises:
            TooSlow: Nothing came.
            OSError: The connection is lost.
        """
        return self.has_more or self._read_ahead(self._clock.monotonic() + seconds)

    def read_head(self, seconds: float) -> bytes:
        """The bytes up to the next empty line, with it; none if the client closed before the first.

        Raises:
            TooSlow: They did not come in time.
            Refused: They are no head, or one that is too long.
            OSError: The connection is lost, or ended in the middle.
        """
        deadline = self._clock.monotonic() + seconds
        seen = 0
        while (end := self._ahead.find(HEAD_END, max(0, seen - len(HEAD_END)))) < 0:
            if self._ahead:
                require_decent(self._ahead, self._limits, seen=seen)
            seen = len(self._ahead)
            if not self._read_ahead(deadline):
                if not self._ahead:
                    return b""
                raise ConnectionResetError("The connection ended in the middle of a head.")
        head = bytes(self._ahead[: end + len(HEAD_END)])
        del self._ahead[: len(head)]
        self.received += len(head)
        return head

    def fill(self, target: memoryview, pace: Pace, *, deadline: float | None = None) -> int:
        """Fill `target`; fewer bytes only if the client closes.

        Args:
            target: Where to.
            pace: What the client must keep.
            deadline: When it must be done, whatever the pace.

        Raises:
            TooSlow: The client does not keep pace.
            OSError: The connection is lost.
        """
        filled = min(len(target), len(self._ahead))
        target[:filled] = self._ahead[:filled]
        del self._ahead[:filled]
        while filled < len(target):
            size = self._within_pace(lambda: self._socket.recv_into(target[filled:]), pace, deadline)  # noqa: B023 - called at once
            if not size:
                break
            filled += size
        self.received += filled
        return filled

    def send(self, data: Buffer, pace: Pace) -> None:
        """Send all of `data`.

        Raises:
            TooSlow: The client does not take it at the pace.
            OSError: The connection is lost.
        """
        view = memoryview(data).cast("B")
        while view:
            size = self._within_pace(lambda: self._socket.send(view[: self._at_once]), pace, None)  # noqa: B023 - called at once
            self.sent += size
            view = view[size:]

    def linger(self, seconds: float) -> None:
        """Say that no more comes from us, and read what the client still sends, until it closes or the time is over.

        Closing at once would reset the connection, and take from the client the answer that it has not read yet.
        """
        deadline = self._clock.monotonic() + seconds
        self._ahead.clear()
        with suppress(OSError, TooSlow):
            self._end_encryption()
            _shut(self._socket, socket.SHUT_WR)
            while self._read_ahead(deadline):
                self._ahead.clear()

    def cut(self) -> None:
        """Have whoever waits for this connection in another thread find it closed."""
        _shut(self._socket, socket.SHUT_RDWR)

    def close(self, *, is_broken: bool = False) -> None:
        """Close; a broken connection is reset, so that what was sent does not look complete."""
        with suppress(OSError):
            if is_broken:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            else:
                self._end_encryption()
            self._socket.close()

    def _end_encryption(self) -> None:
        """Say in TLS's own way that no more comes, without waiting for the same from the client."""
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.settimeout(0)
            with suppress(OSError, ValueError):
                self._socket.unwrap()

    def _read_ahead(self, deadline: float) -> bool:
        """Add to what is read ahead; False if the client has closed."""
        self._set_deadline(deadline)
        try:
            data = self._socket.recv(_STEP)
        except TimeoutError as error:
            raise TooSlow from error
        self._ahead += data
        return bool(data)

    def _within_pace(self, act: Callable[[], int], pace: Pace, deadline: float | None) -> int:
        """Run `act`, which sends or receives some bytes, as long as the client keeps pace."""
        while True:
            before = self._clock.monotonic()
            self._set_deadline(before + pace.left if deadline is None else min(deadline, before + pace.left))
            try:
                size = act()
            except TimeoutError:
                size = None
            if not pace.note(size or 0, waited=self._clock.monotonic() - before):
                raise TooSlow
            if size is not None:
                return size

    def _set_deadline(self, deadline: float) -> None:
        left = deadline - self._clock.monotonic()
        if left <= 0:
            raise TooSlow
        self._socket.settimeout(max(left, _LEAST_SECONDS))


def _shut(connected: socket.socket, how: int) -> None:
    """Shut a socket down below its encryption: ssl's own would forget, under a reader's feet, that there is one."""
    with suppress(OSError):
        socket.socket.shutdown(connected, how)
