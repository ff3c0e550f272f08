"""Limits on rates: one for always, or a schedule by the time of day on the user's wall clock.

`2M` holds always. `08:00-23:00=2M,*=full` holds 2 MiB/s by day and nothing back at night; a window may pass midnight
(`22:00-06:00`), and `*` is all the rest of the day, `full` where it is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.quantities import parse_rate

if TYPE_CHECKING:
    from datetime import datetime

FULL = "full"
"""In place of a rate: no limit."""

_REST = "*"
_MINUTES = 24 * 60
_MINUTE_SECONDS = 60
_DAY_SECONDS = 86400.0
_TIME = r"(\d{1,2}):(\d{2})"
_SPAN = re.compile(rf"{_TIME}\s*-\s*{_TIME}")
_FORMS = "write a rate such as 2M, or windows such as 08:00-23:00=2M,*=full"


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of every day, from minute `start` to before minute `end` after midnight, and the rate that holds then.

    One whose `end` is not after its `start` passes midnight. A rate of None is no limit.
    """

    start: int
    end: int
    rate: float | None

    def holds(self, minute: int) -> bool:
        """Whether a minute of the day lies in it."""
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


@dataclass(frozen=True, slots=True)
class RateSchedule:
    """Which rate holds at which time of the day: bytes a second, None for no limit.

    Args:
        windows: Stretches of the day with rates of their own; no two overlap.
        rest: The rate at all other times.
    """

    windows: tuple[Window, ...] = ()
    rest: float | None = None

    def rate_at(self, wall: datetime) -> float | None:
        """The rate when the wall clock shows that."""
        return self._of(wall.hour * 60 + wall.minute)

    def bytes_in_a_day(self, line: float) -> float:
        """How many bytes pass in any 24 hours through a line of so many bytes a second that is held to the schedule."""
        rates = (self._of(minute) for minute in range(_MINUTES))
        return sum(min(line, line if rate is None else rate) for rate in rates) * _MINUTE_SECONDS

    def seconds_for(self, size: float, *, line: float, wall: datetime) -> float:
        """How long so many bytes take through such a line, from the moment at which the wall clock shows that."""
        days, left = divmod(size, self.bytes_in_a_day(line))
        seconds = days * _DAY_SECONDS
        minute, seconds_left = wall.hour * 60 + wall.minute, float(_MINUTE_SECONDS - wall.second)
        while left > 0:
            rate = self._of(minute)
            rate = line if rate is None else min(line, rate)
            if rate * seconds_left >= left:
                return seconds + left / rate
            left -= rate * seconds_left
            seconds += seconds_left
            minute, seconds_left = (minute + 1) % _MINUTES, float(_MINUTE_SECONDS)
        return seconds

    @property
    def is_open(self) -> bool:
        """Whether at some time of the day nothing is held back."""
        return any(self._of(minute) is None for minute in range(_MINUTES))

    def _of(self, minute: int) -> float | None:
        return next((window.rate for window in self.windows if window.holds(minute)), self.rest)


Limit = float | RateSchedule
"""A rate that always holds, or a schedule."""


def schedule_of(limit: Limit | None) -> RateSchedule | None:
    """The schedule that a limit amounts to; None if there is none."""
    return RateSchedule(rest=limit) if isinstance(limit, int | float) else limit


def parse_limit(text: str) -> Limit:
    """A limit from `2M`, `80Mbit/s`, `full`, or windows with rates: `08:00-23:00=2M,*=full`.

    Raises:
        ValueError: The text is none; the message says what is wrong with it and which forms there are.
    """
    bare = text.strip()
    if bare.lower() == FULL:
        return RateSchedule()
    if "=" not in bare and not _SPAN.search(bare):
        return parse_rate(bare)
    windows: list[Window] = []
    rests: list[float | None] = []
    for piece in bare.split(","):
        when, sign, rate = (part.strip() for part in piece.partition("="))
        if not (when and sign and rate):
            raise ValueError(f"{piece.strip()!r} is no window with a rate: {_FORMS}")
        if when == _REST:
            rests.append(_parse_rate(rate))
        else:
            windows.append(_parse_window(when, _parse_rate(rate)))
    if len(rests) > 1:
        raise ValueError(f"{text!r} says twice what holds for the rest of the day: keep one '*'")
    _refuse_overlaps(windows)
    return RateSchedule(tuple(windows), rests[0] if rests else None)


def format_window(window: Window) -> str:
    """A window's times as they are typed."""
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (window.start, window.end))


def _parse_rate(text: str) -> float | None:
    return None if text.lower() == FULL else parse_rate(text)


def _parse_window(text: str, rate: float | None) -> Window:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no window: write 08:00-23:00, or * for the rest of the day")
    hours = [int(match[1]), int(match[3])]
    minutes = [int(match[2]), int(match[4])]
    start, end = (hour * 60 + minute for hour, minute in zip(hours, minutes, strict=True))
    if max(minutes) > 59 or start >= _MINUTES or end > _MINUTES:  # noqa: PLR2004 - minutes of an hour
        raise ValueError(f"{text!r} names a time that no clock shows: the day goes from 00:00 to 24:00")
    if start == end:
        raise ValueError(f"{text!r} is empty: for all of the day write 00:00-24:00, or the rate alone")
    return Window(start, end, rate)


def _refuse_overlaps(windows: list[Window]) -> None:
    for place, window in enumerate(windows):
        for other in windows[:place]:
            if window.holds(other.start) or other.holds(window.start):
                raise ValueError(
                    f"{format_window(other)} and {format_window(window)} overlap: a time of the day has one rate"
                )
