"""The body of a request, read from its connection as the face asks for it: what is not asked for stays in the network.

That is the whole back-pressure: a sender that is quicker than the store waits in its own socket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.errors import RequestTimeout
from coldframe.model import MIB
from coldframe.pages import page_memory
from coldframe.server.line import TooSlow
from coldframe.server.pace import Pace

if TYPE_CHECKING:
    from coldframe.clock import Clock
    from coldframe.server.head import Head
    from coldframe.server.limits import Limits
    from coldframe.server.line import Line

BUFFER_SIZE = MIB
"""What one body holds of memory, however long it is: on pages of its own, so that a disk can fetch from it (ADR 31)."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class LineBody:
    """Implements `wire.http.BodyReader` over a line.

    Args:
        line: Where the bytes come from.
        head: Says how many there are, and whether the client waits to be asked for them.
        clock: Measures the time for a body that is waited for, and for the rest of a refused one.
        limits: How slow the client may be.
    """

    def __init__(self, line: Line, head: Head, *, clock: Clock, limits: Limits) -> None:
        """Nothing is read yet, and no buffer made."""
        self.left = head.length  # the next byte on the line belongs to the next request when this is 0
        self._line = line
        self._clock = clock
        self._limits = limits
        self._pace = Pace(limits)
        self._is_awaited = head.is_expecting
        self._buffer: memoryview | None = None
        self._deadline: float | None = None
        self._is_lost = False
        self._is_too_slow = False

    def read(self, size: int, /) -> memoryview:
        """At least one and at most `size` bytes, valid until the next call; none at the end.

        Raises:
            RequestTimeout: They come too slowly.
            OSError: The connection is lost.
        """
        if self._is_too_slow:
            raise _too_slow()
        if self._is_lost or not self.left:
            return memoryview(b"")
        if self._buffer is None:
            self._buffer = page_memory(min(BUFFER_SIZE, self.left))
        target = self._buffer[: min(size, self.left)]
        try:
            self._invite()
            filled = self._line.fill(target, self._pace, deadline=self._deadline)
        except TooSlow:
            self._is_too_slow = True
            raise _too_slow() from None
        self._is_lost = filled < len(target)
        self.left -= filled
        return target[:filled]

    def hasten(self) -> None:
        """Take note that all of the rest is waited for; a second call changes nothing."""
        if self._deadline is None:
            self._deadline = self._clock.monotonic() + self._limits.content_seconds

    def answered(self) -> None:
        """Take note that the answer begins: what is read from now on is only there to be got rid of, soon."""
        self._deadline = self._clock.monotonic() + self._limits.linger_seconds
        self._is_lost = self._is_lost or self._is_awaited  # it was not asked for, and never will be

    def _invite(self) -> None:
        if self._is_awaited:
            self._is_awaited = False
            self._line.send(_CONTINUE, Pace(self._limits))


def _too_slow() -> RequestTimeout:
    return RequestTimeout("The body arrived too slowly.")
