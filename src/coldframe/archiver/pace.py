"""A limit on the rate at which bytes are sent, shared by all that send."""

from __future__ import annotations

import sys
from threading import Lock
from typing import TYPE_CHECKING

from coldframe.model import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.archiver.bodies import HashedBody
    from coldframe.archiver.stopping import Stop
    from coldframe.clock import Clock
    from coldframe.model import Buffer
    from coldframe.ports import Hashes

_SMALLEST_SLICE = 4096


class Pace:
    """A token bucket on the clock: bytes are let through at `rate` per second on the average.

    Args:
        rate: Bytes per second; None lets everything through at once.
        clock: Whose seconds.
        stop: Ends the waiting.
    """

    def __init__(self, rate: float | None, *, clock: Clock, stop: Stop) -> None:
        """Start with no debt."""
        self._rate = rate
        self._clock = clock
        self._stop = stop
        self._lock = Lock()
        self._free_at = clock.monotonic()
        self.slice_size = sys.maxsize if rate is None else max(_SMALLEST_SLICE, min(MIB, int(rate / 8)))

    def wait(self, size: int) -> None:
        """Return when `size` more bytes may be sent.

        Raises:
            Stopped: The run was told to stop at once.
        """
        self._stop.check()
        if self._rate is None:
            return
        with self._lock:
            start = max(self._free_at, self._clock.monotonic())
            self._free_at = start + size / self._rate
        self._stop.sleep_until(start, self._clock)


class PacedBody:
    """A body that is sent no faster than a pace allows, and breaks off when the run must stop at once."""

    def __init__(self, body: HashedBody, pace: Pace) -> None:
        """Wrap `body`."""
        self._body = body
        self._pace = pace

    @property
    def size(self) -> int:
        """How many bytes the body holds."""
        return self._body.size

    def hashes(self) -> Hashes:
        """What the body hashed its bytes to."""
        return self._body.hashes()

    def __iter__(self) -> Iterator[Buffer]:
        """The body's bytes, each slice when its time has come."""
        step = self._pace.slice_size
        for buffer in self._body:
            view = memoryview(buffer)
            for start in range(0, len(view), step):
                self._pace.wait(min(step, len(view) - start))
                yield view[start : start + step]
