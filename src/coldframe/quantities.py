"""Counts, sizes, rates, durations and sums of money, as people write and read them.

`64M` and `64MiB` are binary, `64MB` is decimal, `20Mbit` counts bits; a bare number is bytes or seconds.
"""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = r"(\d+(?:\.\d+)?|\.\d+)"
_SIZE = re.compile(rf"{_NUMBER}\s*(?:([kmgtp]?)(i?b)?|([kmgtp])i)", re.IGNORECASE)
_BITS = re.compile(rf"{_NUMBER}\s*([kmgt]?)(?:bit|bits|bps)", re.IGNORECASE)
_PIECE = re.compile(rf"{_NUMBER}\s*(ms|[smhdw]?)", re.IGNORECASE)
_DURATION = re.compile(rf"{_NUMBER}|(?:{_NUMBER}\s*(?:ms|[smhdw])\s*)+", re.IGNORECASE)
_LETTERS = " kmgtp"
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MANY = 100


def parse_size(text: str) -> int:
    """Bytes, from `4096`, `64MiB`, `64M` (both binary) or `64MB` (decimal).

    Raises:
        ValueError: The text is no size; the message says which forms are.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size: write 4096, 64MiB (or 64M) or 64MB")
    number, letter, unit, letter_i = match.groups()
    base = 1000 if unit and unit.lower() == "b" and letter else 1024
    return int(float(number) * base ** _power(letter_i or letter))


def parse_rate(text: str) -> float:
    """Bytes a second, from a size with or without `/s`, or bits a second: `20Mbit/s`.

    Raises:
        ValueError: The text is no rate, or the rate is nothing at all.
    """
    bare = text.strip()
    bare = bare[:-2].rstrip() if bare.lower().endswith("/s") else bare
    bits = _BITS.fullmatch(bare)
    try:
        rate = float(bits[1]) * 1000 ** _power(bits[2]) / 8 if bits else float(parse_size(bare))
    except ValueError:
        raise ValueError(f"{text!r} is not a rate: write 10MiB/s, 10M, 10MB/s or 80Mbit/s") from None
    if rate <= 0:
        raise ValueError(f"{text!r} would let nothing through; leave the limit out to have none")
    return rate


def parse_duration(text: str) -> float:
    """Seconds, from `90`, `90s`, `15m`, `4h`, `2d`, `1w` or several of them in a row: `1h30m`.

    Raises:
        ValueError: The text is no duration.
    """
    bare = text.strip()
    if not _DURATION.fullmatch(bare):
        raise ValueError(f"{text!r} is not a duration: write 90s, 15m, 4h, 2d or 1h30m")
    return sum(float(number) * _SECONDS[unit.lower()] for number, unit in _PIECE.findall(bare))


def parse_money(text: str) -> float:
    """US dollars, from `5`, `5.00`, `$5` or `5 USD`.

    Raises:
        ValueError: The text is no sum.
    """
    return float(parse_dollars(text))


def parse_dollars(text: str) -> Decimal:
    """The same, as exact as it was typed.

    Raises:
        ValueError: The text is no sum.
    """
    match = re.fullmatch(rf"\$?\s*{_NUMBER}\s*(?:usd|\$)?", text.strip(), re.IGNORECASE)
    if match is None:
        raise ValueError(f"{text!r} is not a sum in US dollars: write 5 or 5.00")
    return Decimal(match[1])


def decimal_of(dollars: float | None) -> Decimal | None:
    """A sum as exact as it was typed."""
    return None if dollars is None else Decimal(str(dollars))


def format_size(size: float) -> str:
    """Bytes in the unit that reads best: `512 B`, `1.5 MiB`, `120 GiB`."""
    if abs(size) < 1024:  # noqa: PLR2004 - the binary step
        return f"{size:.0f} B"
    value, letters = float(size), iter("KMGTPE")
    while abs(value) >= 1023.95:  # noqa: PLR2004 - what would be printed as 1024.0
        value, letter = value / 1024, next(letters)
    return f"{value:.0f} {letter}iB" if abs(value) >= _MANY else f"{value:.1f} {letter}iB"


def format_duration(seconds: float) -> str:
    """A stretch of time in its two largest units: `42s`, `4m 10s`, `3h 20m`, `2d 4h`."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return _two(whole, _MINUTE, "m", 1, "s")
    if whole < _DAY:
        return _two(whole, _HOUR, "h", _MINUTE, "m")
    return _two(whole, _DAY, "d", _HOUR, "h")


def count(number: int, noun: str, plural: str = "") -> str:
    """A number of things: `1 file`, `1,200 files`, `2 copies`.

    Args:
        number: How many.
        noun: What one of them is called.
        plural: What several are called, where that is not the noun and an s.
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def format_money(dollars: float) -> str:
    """A price as people read one: `free`, `$0.004`, `$12.50`."""
    if dollars == 0:
        return "free"
    return f"${dollars:.2f}" if dollars >= 0.1 else f"${dollars:.2g}"  # noqa: PLR2004 - below, cents say too little


def _two(whole: int, large: int, name: str, *small: int | str) -> str:
    step, step_name = small
    rest = whole % large // int(step)
    return f"{whole // large}{name} {rest}{step_name}" if rest else f"{whole // large}{name}"


def _power(letter: str | None) -> int:
    return _LETTERS.index(letter.lower()) if letter else 0
