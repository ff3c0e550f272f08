"""Bytes held back so that they keep a limit, shared by all that move them."""

from __future__ import annotations

import sys
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

from coldframe.model import MIB
from coldframe.rates import schedule_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.clock import Clock
    from coldframe.rates import Limit

_SMALLEST_SLICE = 4096
_SLICES_A_SECOND = 8
_LONGEST_SLEEP_SECONDS = 0.25


def _go_on() -> None:
    """Nobody stops."""


class Throttle:
    """A token bucket on the clock: bytes are let through at the limit's rate on the average.

    What a schedule says is asked again for each slice, so that a change takes effect in the middle of a part.

    Args:
        limit: The limit; None lets everything through at once.
        clock: Whose seconds, and whose time of the day.
        check: Called before and during each wait; raises to end it.
    """

    def __init__(self, limit: Limit | None, *, clock: Clock, check: Callable[[], None] = _go_on) -> None:
        """Start with no debt."""
        self._schedule = schedule_of(limit)
        self._clock = clock
        self._check = check
        self._lock = Lock()
        self._free_at = clock.monotonic()

    @property
    def is_limiting(self) -> bool:
        """Whether there is a limit at all."""
        return self._schedule is not None

    @property
    def slice_size(self) -> int:
        """How many bytes to ask for at a time, so that they go evenly and a change is soon felt."""
        if self._schedule is None:
            return sys.maxsize
        rate = self._rate(0.0)
        return MIB if rate is None else max(_SMALLEST_SLICE, min(MIB, int(rate / _SLICES_A_SECOND)))

    def wait(self, size: int) -> None:
        """Return when `size` more bytes may pass."""
        self._check()
        if self._schedule is not None:
            self._sleep_until(self._reserve(size)[0])

    def settle(self, size: int) -> None:
        """Take note of `size` bytes that have passed, and return when others may."""
        self._check()
        if self._schedule is not None:
            self._sleep_until(self._reserve(size)[1])

    def _reserve(self, size: int) -> tuple[float, float]:
        """From when to when these bytes pass, after all that were reserved before."""
        with self._lock:
            now = self._clock.monotonic()
            start = max(self._free_at, now)
            rate = self._rate(start - now)
            self._free_at = start if rate is None else start + size / rate
            return start, self._free_at

    def _sleep_until(self, moment: float) -> None:
        while (seconds := moment - self._clock.monotonic()) > 0:
            self._check()
            self._clock.sleep(min(seconds, _LONGEST_SLEEP_SECONDS))

    def _rate(self, ahead: float) -> float | None:
        """The rate that holds so many seconds from now."""
        if self._schedule is None:
            return None
        return self._schedule.rate_at(self._clock.to_local(self._clock.now() + timedelta(seconds=ahead)))
