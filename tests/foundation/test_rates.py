"""Limits by the time of the day: what is understood, what is refused, and which rate holds when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from coldframe.model import MIB
from coldframe.rates import RateSchedule, parse_limit, schedule_of
from coldframe.testing.clock import FakeClock
from coldframe.throttle import Throttle

DAY_AND_NIGHT = "08:00-23:00=2M,*=full"
BERLIN = ZoneInfo("Europe/Berlin")


def rate(text: str, hour: int, minute: int = 0) -> float | None:
    """The rate that a limit sets at a time of the day."""
    schedule = schedule_of(parse_limit(text))
    assert schedule is not None
    return schedule.rate_at(datetime(2026, 6, 1, hour, minute, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "hour", "minute", "mib"),
    [
        ("2M", 3, 0, 2),
        ("16Mbit/s", 3, 0, 2_000_000 / MIB),
        (DAY_AND_NIGHT, 7, 59, None),
        (DAY_AND_NIGHT, 8, 0, 2),
        (DAY_AND_NIGHT, 22, 59, 2),
        (DAY_AND_NIGHT, 23, 0, None),
        (" 8:00 - 23:00 = 2MiB/s , * = FULL ", 12, 0, 2),
        ("22:00-06:00=10M,*=1M", 23, 30, 10),
        ("22:00-06:00=10M,*=1M", 5, 59, 10),
        ("22:00-06:00=10M,*=1M", 6, 0, 1),
        ("00:00-24:00=1M", 0, 0, 1),
        ("18:00-24:00=1M", 23, 59, 1),
        ("18:00-24:00=1M", 0, 0, None),
        ("09:00-10:00=1M,10:00-11:00=2M", 10, 0, 2),
        ("full", 12, 0, None),
        ("*=3M", 12, 0, 3),
    ],
)
def test_limit_holds_by_the_time_of_the_day(text: str, hour: int, minute: int, mib: float | None) -> None:
    """A window holds from its first minute to before its last, also over midnight; what is not named is free."""
    assert rate(text, hour, minute) == (None if mib is None else mib * MIB)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("quick", "is not a rate"),
        ("0", "would let nothing through"),
        ("08:00-23:00", "no window with a rate: write a rate such as 2M, or windows such as 08:00-23:00=2M"),
        ("08:00-23:00=", "no window with a rate"),
        ("08:00-23:00=2M,", "no window with a rate"),
        ("08:00-23:00=2M,full", "'full' is no window with a rate"),
        ("08-23=2M", "'08-23' is no window: write 08:00-23:00"),
        ("08:00-25:00=2M", "the day goes from 00:00 to 24:00"),
        ("08:00-12:60=2M", "names a time that no clock shows"),
        ("24:00-08:00=2M", "names a time that no clock shows"),
        ("08:00-08:00=2M", "is empty: for all of the day write 00:00-24:00"),
        ("08:00-12:00=2M,11:00-13:00=1M", "08:00-12:00 and 11:00-13:00 overlap"),
        ("22:00-06:00=2M,05:00-07:00=1M", "22:00-06:00 and 05:00-07:00 overlap"),
        ("*=1M,*=2M", "says twice what holds for the rest"),
        ("08:00-23:00=slow", "'slow' is not a rate"),
        ("08:00-23:00=0", "would let nothing through"),
        ("Mon 08:00-23:00=2M", "is no window"),
    ],
)
def test_bad_limit_is_told_what_is_wrong_with_it(text: str, why: str) -> None:
    """The message says which piece makes no sense and which form does."""
    with pytest.raises(ValueError, match=r"(?s).+") as raised:
        parse_limit(text)
    assert why in str(raised.value)


def test_bytes_in_a_day_are_those_of_the_line_and_the_schedule_together() -> None:
    """15 hours at the limit and 9 at what the line brings."""
    schedule = schedule_of(parse_limit("08:00-23:00=2M,*=full"))
    assert schedule is not None
    assert schedule.bytes_in_a_day(10 * MIB) == 3600 * (15 * 2 + 9 * 10) * MIB
    assert schedule.bytes_in_a_day(MIB) == 86400 * MIB
    assert RateSchedule().bytes_in_a_day(5.0) == 86400 * 5.0


def test_change_takes_effect_within_a_part() -> None:
    """A transfer that begins a minute before the window ends keeps the limit for that minute only."""
    clock = FakeClock(datetime(2026, 6, 1, 22, 59, tzinfo=UTC))
    throttle = Throttle(parse_limit("08:00-23:00=1M,*=4M"), clock=clock)
    send(throttle, 300 * MIB)
    assert clock.monotonic() == pytest.approx(60 + 240 / 4, abs=1.5)


def test_window_over_midnight_begins_within_a_part() -> None:
    """From 23:59 on, a minute at full speed would carry all of it; at midnight and a half it is held back."""
    clock = FakeClock(datetime(2026, 6, 1, 21, 59, 30, tzinfo=UTC))
    throttle = Throttle(parse_limit("22:00-06:00=1M,*=10M"), clock=clock)
    send(throttle, 330 * MIB)
    assert clock.monotonic() == pytest.approx(30 + 30, abs=1.5)


@pytest.mark.parametrize(
    ("day", "utc_hour"), [((2026, 3, 29), 6), ((2026, 3, 28), 7), ((2026, 10, 25), 7), ((2026, 10, 24), 6)]
)
def test_schedule_goes_by_the_wall_clock_through_the_change_of_summer_time(
    day: tuple[int, int, int], utc_hour: int
) -> None:
    """08:00 in Berlin is another moment in winter than in summer, also on the days of the change themselves."""
    clock = FakeClock(datetime(*day, utc_hour, 0, tzinfo=UTC) - timedelta(seconds=10), zone=BERLIN)
    throttle = Throttle(parse_limit("00:00-08:00=4M,*=1M"), clock=clock)
    send(throttle, 60 * MIB)
    assert clock.monotonic() == pytest.approx(10 + 20, abs=1.5)


def test_hour_that_comes_twice_is_held_back_twice() -> None:
    """On the night when the clock is put back, 02:00 to 03:00 lasts two hours."""
    clock = FakeClock(datetime(2026, 10, 25, 0, 0, tzinfo=UTC), zone=BERLIN)
    throttle = Throttle(parse_limit("02:00-03:00=1M,*=full"), clock=clock)
    send(throttle, 7200 * MIB)
    assert clock.monotonic() == pytest.approx(7200, abs=2)


def test_waiting_ends_when_the_work_is_stopped() -> None:
    """Whoever stops does not wait for bytes that may go tomorrow."""
    clock = FakeClock()

    class Enough(Exception):
        """Somebody stops."""

    def check() -> None:
        if clock.monotonic() > 5:
            raise Enough

    throttle = Throttle(1000, clock=clock, check=check)
    with pytest.raises(Enough):
        send(throttle, MIB)
    assert clock.monotonic() < 6


def test_local_times_go_there_and_back() -> None:
    """What the wall clock shows names the moment, also of the hour that is left out."""
    clock = FakeClock(zone=BERLIN)
    moment = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
    assert clock.to_local(moment).hour == 12
    assert clock.from_local(datetime(2026, 7, 1, 12, 30)) == moment  # noqa: DTZ001 - a wall clock names no zone
    assert clock.from_local(datetime(2026, 3, 29, 2, 30)) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # noqa: DTZ001 - as above


def send(throttle: Throttle, size: int) -> None:
    """Send so many bytes in slices as they are allowed."""
    sent = 0
    while sent < size:
        part = min(throttle.slice_size, size - sent)
        throttle.wait(part)
        sent += part
