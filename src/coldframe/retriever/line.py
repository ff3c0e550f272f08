"""What the user's own line brings: configured, or measured while outputs are fetched."""

from __future__ import annotations

from math import inf
from threading import Lock
from typing import TYPE_CHECKING

from coldframe.model import MIB
from coldframe.rates import RateSchedule, schedule_of

if TYPE_CHECKING:
    from datetime import datetime

    from coldframe.catalog import Catalog
    from coldframe.clock import Clock
    from coldframe.rates import Limit

LEAST_SIZE = 16 * MIB
LEAST_SECONDS = 1.0
"""Fewer bytes, or less time, say nothing about a line."""
_NEW_SHARE = 0.5
_NOTE = "download rate of "


class Meter:
    """Counts the bytes that many threads receive."""

    def __init__(self) -> None:
        """Nothing was received yet."""
        self._lock = Lock()
        self._size = 0

    def add(self, size: int) -> None:
        """So many more."""
        with self._lock:
            self._size += size

    def take(self) -> int:
        """How many there were since this was asked last."""
        with self._lock:
            size, self._size = self._size, 0
        return size


class Line:
    """The way from a store to the user's disk: how many bytes it brings in how much time, and what is held back of it.

    Args:
        catalog: Remembers what was measured.
        store: The store's identity.
        clock: Shows the time of the day.
        configured: What the user says that the line brings, in bytes a second; None to go by what was measured.
        limit: What of it may be used.
    """

    def __init__(
        self, catalog: Catalog, store: str, *, clock: Clock, configured: float | None, limit: Limit | None
    ) -> None:
        """Store the arguments."""
        self._catalog = catalog
        self._name = _NOTE + store
        self._clock = clock
        self._configured = configured
        self._schedule = schedule_of(limit) or RateSchedule()

    @property
    def rate(self) -> float | None:
        """Bytes a second when nothing is held back; None if nobody knows."""
        return self._configured if self._configured is not None else self._measured

    @property
    def _measured(self) -> float | None:
        note = self._catalog.note(self._name)
        return float(note) if note else None

    def note(self, size: int, seconds: float) -> None:
        """Take note of what was fetched while nothing was held back; what is newer counts for more."""
        if self._configured is not None or size < LEAST_SIZE or seconds < LEAST_SECONDS:
            return
        before, now = self._measured, size / seconds
        rate = now if before is None else before + _NEW_SHARE * (now - before)
        self._catalog.set_note(self._name, f"{rate:.0f}")

    def seconds_for(self, size: int, *, from_: datetime) -> float | None:
        """How long so many bytes take, from that moment on; None if nobody knows."""
        wall = self._clock.to_local(from_)
        seconds = self._schedule.seconds_for(size, line=inf if self.rate is None else self.rate, wall=wall)
        return None if self.rate is None and self._schedule.is_open else seconds

    def bytes_in_a_day(self, *, otherwise: float) -> float:
        """How many bytes come in 24 hours; at `otherwise` bytes a second if nobody knows what the line brings."""
        return self._schedule.bytes_in_a_day(otherwise if self.rate is None else self.rate)
