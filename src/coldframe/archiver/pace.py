"""A limit on the rate at which bytes are sent, shared by all that send."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.clock import Clock
    from coldframe.model import Buffer
    from coldframe.ports import Body

_LONGEST_SLEEP_SECONDS = 0.25


class Pace:
    """A token bucket on the clock: bytes are let through at `rate` per second on the average.

    Args:
        rate: Bytes per second.
        clock: Whose seconds.
    """

    def __init__(self, rate: float, *, clock: Clock) -> None:
        """Start with no debt."""
        self._rate = rate
        self._clock = clock
        self._lock = Lock()
        self._free_at = clock.monotonic()

    def wait(self, size: int) -> None:
        """Return when `size` more bytes may be sent."""
        with self._lock:
            start = max(self._free_at, self._clock.monotonic())
            self._free_at = start + size / self._rate
        while (seconds := start - self._clock.monotonic()) > 0:
            self._clock.sleep(min(seconds, _LONGEST_SLEEP_SECONDS))  # short, so that an interruption is seen


class PacedBody:
    """A body that is sent no faster than a pace allows."""

    def __init__(self, body: Body, pace: Pace) -> None:
        """Wrap `body`."""
        self._body = body
        self._pace = pace

    @property
    def size(self) -> int:
        """How many bytes the body holds."""
        return self._body.size

    def __iter__(self) -> Iterator[Buffer]:
        """The body's buffers, each when its time has come."""
        for buffer in self._body:
            self._pace.wait(len(buffer))
            yield buffer
