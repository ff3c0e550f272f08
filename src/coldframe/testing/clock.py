"""A clock that passes hours in a microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

START = datetime(2040, 1, 1, tzinfo=UTC)
"""Later than any real file's own time, so that a sweep goes by this clock alone."""


class FakeClock:
    """Implements `clock.Clock`: time stands still until somebody sleeps or advances it.

    Args:
        start: The moment at which it begins.
        zone: Of the user's wall clock.
    """

    def __init__(self, start: datetime = START, *, zone: tzinfo = UTC) -> None:
        """Begin at `start`."""
        self._zone = zone
        self._now = start
        self._passed = 0.0
        self._lock = Lock()

    def now(self) -> datetime:
        """The present moment."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since the start, whatever `set` did."""
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass, at once."""
        self.advance(max(0.0, seconds))

    def to_local(self, moment: datetime) -> datetime:
        """A moment in the user's zone."""
        return moment.astimezone(self._zone)

    def from_local(self, wall: datetime) -> datetime:
        """The moment at which the user's clock shows `wall`."""
        return wall.replace(tzinfo=self._zone).astimezone(UTC)

    def advance(self, seconds: float = 0, *, hours: float = 0, days: float = 0) -> None:
        """Let time pass."""
        seconds += 3600 * (hours + 24 * days)
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self._passed += seconds

    def set(self, moment: datetime) -> None:
        """Set the wall clock, also back, as an administrator may."""
        self._now = moment
