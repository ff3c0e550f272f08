"""When to look again, and when to stop."""

from __future__ import annotations

import random
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from coldframe.clock import Clock

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 300.0
GROWTH = 1.5
_JITTER = 0.2
_SLICE_SECONDS = 0.5
"""Sleep in slices this long, so that an interruption is seen at once."""


def _never() -> bool:
    return False


class Stopped(Exception):
    """Work ends here because someone asked to stop; what is recorded is carried on another time."""


class Stop:
    """How urgently someone wants the work to end: 0 not at all, 1 after what is being done now, 2 at once."""

    def __init__(self) -> None:
        """Start with nobody asking."""
        self._lock = Lock()
        self._level = 0

    def request(self) -> None:
        """Ask once more."""
        with self._lock:
            self._level += 1

    @property
    def soon(self) -> bool:
        """Whether nothing new should begin."""
        return self._level >= 1

    @property
    def now(self) -> bool:
        """Whether what is being done should be left as it is."""
        return self._level > 1


class Pace:
    """The pauses between rounds: growing, bounded, and jittered so that many clients do not ask at one moment.

    Args:
        clock: On which to sleep.
        stop: Ends a pause.
        seed: Makes the jitter repeatable.
    """

    def __init__(self, clock: Clock, stop: Stop, *, seed: int | None = None) -> None:
        """Start with the shortest pause."""
        self._clock = clock
        self._stop = stop
        self.longest_seconds = LONGEST_SECONDS
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self._seconds = FIRST_SECONDS

    def quicken(self) -> None:
        """Something happened: begin with short pauses again."""
        self._seconds = FIRST_SECONDS

    def next_pause(self) -> float:
        """How many seconds to pause now; the following pause is longer."""
        pause = self._seconds * self._random.uniform(1 - _JITTER, 1 + _JITTER)
        self._seconds = min(self._seconds * GROWTH, self.longest_seconds)
        return min(pause, self.longest_seconds)

    def pause(self, until: datetime | None = None, *, wake: Callable[[], bool] = _never) -> None:
        """Sleep for the next pause, but not beyond `until` nor after a stop, and only until something wakes us."""
        seconds = self.next_pause()
        if until is not None:
            seconds = min(seconds, (until - self._clock.now()).total_seconds())
        self.sleep(seconds, wake=wake)

    def sleep(self, seconds: float, *, wake: Callable[[], bool] = _never) -> None:
        """Sleep, unless someone stops or something wakes us."""
        deadline = self._clock.monotonic() + seconds
        while not (self._stop.soon or wake()) and (left := deadline - self._clock.monotonic()) > 0:
            self._clock.sleep(min(left, _SLICE_SECONDS))
