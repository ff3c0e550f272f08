"""A moment has one whole number of milliseconds and one printed form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from coldframe.clock import SystemClock, format_moment, from_milliseconds, to_milliseconds


@given(st.integers(0, 2**42))
def test_milliseconds_are_reversible(milliseconds: int) -> None:
    """Every stored moment comes back as itself."""
    assert to_milliseconds(from_milliseconds(milliseconds)) == milliseconds


def test_format_moment_prints_utc_with_three_decimals() -> None:
    """The API's form is UTC, truncated to milliseconds (glacier-api 1.4)."""
    moment = datetime(2013, 3, 20, 18, 3, 43, 221999, tzinfo=timezone(timedelta(hours=1)))
    assert format_moment(moment) == "2013-03-20T17:03:43.221Z"


def test_system_clock_is_aware_and_moves() -> None:
    """The real clock tells an aware UTC time, and sleeping a negative time is no time."""
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(-1)
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() >= before
