"""The only place that reads the wall clock.

Everything else takes a :class:`Clock`, so that tests can pass four hours in a microsecond. Lint bans `datetime.now`,
`time.time` and `time.sleep` elsewhere.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for deadlines and rates."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...

    def to_local(self, moment: datetime) -> datetime:
        """A moment as the user's wall clock shows it, aware."""
        ...

    def from_local(self, wall: datetime) -> datetime:
        """The moment, in UTC, at which the user's wall clock shows `wall`, which names no zone.

        Of a time that comes twice when the clock is put back, the first; of one that is left out when it is put
        forward, the moment that it would have been.
        """
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        time.sleep(max(0.0, seconds))

    def to_local(self, moment: datetime) -> datetime:
        """A moment in the zone that this machine is set to."""
        return moment.astimezone()

    def from_local(self, wall: datetime) -> datetime:
        """The moment at which this machine's clock shows `wall`."""
        return wall.astimezone(UTC)


def to_milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970-01-01 UTC: the form in which ledger and catalog keep a moment."""
    return (moment - EPOCH) // _MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """The aware UTC moment of :func:`to_milliseconds`."""
    return EPOCH + milliseconds * _MILLISECOND


def format_moment(moment: datetime) -> str:
    """A moment as the API's JSON prints it, always UTC with three decimals (glacier-api 1.4)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def month_of(moment: datetime) -> tuple[datetime, datetime]:
    """The first moment of a moment's month, and of the next one, in UTC."""
    moment = moment.astimezone(UTC)
    following = (moment.year + 1, 1) if moment.month == 12 else (moment.year, moment.month + 1)  # noqa: PLR2004 - December
    return datetime(moment.year, moment.month, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC)
