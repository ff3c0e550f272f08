"""Sizes, rates, durations and sums as people write them."""

from __future__ import annotations

import pytest

from coldframe.quantities import (
    count,
    format_duration,
    format_money,
    format_size,
    parse_duration,
    parse_money,
    parse_rate,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4096", 4096),
        ("5B", 5),
        ("64M", 64 * 1024**2),
        ("64MiB", 64 * 1024**2),
        ("64mi", 64 * 1024**2),
        ("64MB", 64_000_000),
        ("1.5 GiB", 1_610_612_736),
        (".5k", 512),
        ("2t", 2 * 1024**4),
    ],
)
def test_parse_size_knows_binary_and_decimal_units(text: str, size: int) -> None:
    """A bare letter and `iB` are binary, `B` after a letter is decimal."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "1x", "-1", "1 2", "1e3", "0x10", "64MiBs", "٣٤ and"])
def test_parse_size_refuses_what_is_none(text: str) -> None:
    """What is no size is refused with the forms that are."""
    with pytest.raises(ValueError, match="64MiB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("10M", 10 * 1024**2), ("10MiB/s", 10 * 1024**2), ("80Mbit/s", 10_000_000), ("8 kbit", 1000), ("1MB /s", 10**6)],
)
def test_parse_rate_knows_bytes_and_bits(text: str, rate: float) -> None:
    """A rate may say `/s`, and may count bits."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["0", "fast", "10M/h", ""])
def test_parse_rate_refuses_what_is_none(text: str) -> None:
    """A rate of nothing would stop everything, so it is refused like nonsense."""
    with pytest.raises(ValueError, match=r"rate|nothing through"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("1h30m", 5400), ("1h 30m", 5400), ("4H", 14400), ("2d", 172_800), ("1w", 604_800)],
)
def test_parse_duration_adds_its_pieces(text: str, seconds: float) -> None:
    """A duration is a bare number of seconds or pieces with units."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "1x", "1h30", "5 5", "4h,", "-1s"])
def test_parse_duration_refuses_what_is_none(text: str) -> None:
    """What is no duration is refused with the forms that are."""
    with pytest.raises(ValueError, match="1h30m"):
        parse_duration(text)


def test_parse_money_takes_dollars() -> None:
    """A sum may carry its sign or its name."""
    assert [parse_money(text) for text in ("5", "5.50", "$5", "5 USD")] == [5, 5.5, 5, 5]
    with pytest.raises(ValueError, match="US dollars"):
        parse_money("five")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (123_456_789, "118 MiB"),
        (5 * 1024**4, "5.0 TiB"),
    ],
)
def test_format_size_picks_the_unit_that_reads_best(size: int, text: str) -> None:
    """No size is printed as 1024 of something."""
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59.4, "59s"), (60, "1m"), (250, "4m 10s"), (12_000, "3h 20m"), (190_000, "2d 4h")]
)
def test_format_duration_names_the_two_largest_units(seconds: float, text: str) -> None:
    """More than two units would be noise."""
    assert format_duration(seconds) == text


def test_format_money_is_never_zero_unless_free() -> None:
    """A price below a cent still shows."""
    assert [format_money(sum_) for sum_ in (0, 0.004, 12.5)] == ["free", "$0.004", "$12.50"]


def test_count_agrees_with_its_noun() -> None:
    """One thing is named in the singular, none and several in the plural."""
    assert [count(number, "file") for number in (0, 1, 2, 1200)] == ["0 files", "1 file", "2 files", "1,200 files"]
    assert count(1, "copy", "copies") == "1 copy"
    assert count(2, "copy", "copies") == "2 copies"
