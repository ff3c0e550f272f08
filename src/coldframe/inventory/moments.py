"""Moments as text, in full nanoseconds: `2024-01-05T21:33:00.123456789Z`.

Python's datetime ends at microseconds, and file systems do not. A moment is nanoseconds since 1970-01-01 UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from coldframe.clock import EPOCH

_SECOND = 1_000_000_000
_FIRST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // timedelta(seconds=1)
_LAST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(seconds=1)
_LIMIT = 1 << 63
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?\s?(?:(Z)|([+-])(\d\d):?(\d\d))?",
    re.ASCII | re.IGNORECASE,
)
_RAW = re.compile(r"@(-?\d{1,19})", re.ASCII)


def format_ns(ns: int) -> str:
    """ISO 8601 in UTC, with as many decimals as say it all (0, 3, 6 or 9); `@ns` beyond the years 1 to 9999."""
    seconds, fraction = divmod(ns, _SECOND)
    if not _FIRST <= seconds <= _LAST:
        return f"@{ns}"
    text = (EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
    decimals = f"{fraction:09d}"
    while decimals.endswith("000"):
        decimals = decimals[:-3]
    return f"{text}.{decimals}Z" if decimals else f"{text}Z"


def parse_ns(text: str) -> int | None:
    """The moment in a text of :func:`format_ns` or another ISO 8601 form; None if there is none in it.

    A moment without a zone is taken for UTC.
    """
    raw = _RAW.fullmatch(text)
    if raw:
        return int(raw[1]) if -_LIMIT <= int(raw[1]) < _LIMIT else None
    match = _ISO.fullmatch(text.strip())
    if not match:
        return None
    year, month, day, hour, minute, second, decimals, _utc, sign, zone_hours, zone_minutes = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=UTC)
    except ValueError:
        return None
    offset = (int(zone_hours or 0) * 60 + int(zone_minutes or 0)) * 60 * (-1 if sign == "-" else 1)
    seconds = (moment - EPOCH) // timedelta(seconds=1) - offset
    return seconds * _SECOND + int((decimals or "0").ljust(9, "0"))


def from_ns(ns: int) -> datetime | None:
    """The aware datetime, cut to microseconds; None beyond the years that it knows."""
    seconds, fraction = divmod(ns, _SECOND)
    if not _FIRST <= seconds <= _LAST:
        return None
    return EPOCH + timedelta(seconds=seconds, microseconds=fraction // 1000)


def to_ns(moment: datetime) -> int:
    """Nanoseconds since 1970-01-01 UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000
