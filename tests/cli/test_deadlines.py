"""`retrieve --deadline`: the cheapest tier that makes it, or a refusal that says when each would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from coldframe.composition.deadlines import choose_tier, read_deadline
from coldframe.errors import BadUsage, LimitRefused
from coldframe.model import Tier
from coldframe.retriever.pricing import Offer, Price
from coldframe.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran

NOW = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
CLOCK = FakeClock(NOW, zone=ZoneInfo("Europe/Berlin"))
_HOURS = {Tier.EXPEDITED: 0.1, Tier.STANDARD: 4, Tier.BULK: 12}
_PRICES = {Tier.EXPEDITED: "3", Tier.STANDARD: "1", Tier.BULK: "0.1"}


def offers(prices: dict[Tier, str] | None = None, *, download: float | None = 0) -> list[Offer]:
    """Amazon's tiers, with a download of so many hours."""
    made = []
    for tier, hours in _HOURS.items():
        ready_at = NOW + timedelta(hours=hours)
        here_at = None if download is None else ready_at + timedelta(hours=download)
        price = Price(Decimal(prices[tier])) if prices is not None else Price(None)
        made.append(Offer(tier, price, ready_at, here_at))
    return made


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("12h", NOW + timedelta(hours=12)),
        ("3d", NOW + timedelta(days=3)),
        ("1d12h", NOW + timedelta(hours=36)),
        ("18:00", datetime(2026, 6, 1, 16, 0, tzinfo=UTC)),
        ("11:59", datetime(2026, 6, 2, 9, 59, tzinfo=UTC)),
        ("2026-06-03 08:00", datetime(2026, 6, 3, 6, 0, tzinfo=UTC)),
        ("2026-06-03T08:00", datetime(2026, 6, 3, 6, 0, tzinfo=UTC)),
        ("2026-06-03T08:00Z", datetime(2026, 6, 3, 8, 0, tzinfo=UTC)),
        ("2026-12-03", datetime(2026, 12, 2, 23, 0, tzinfo=UTC)),
    ],
)
def test_deadline_is_a_duration_or_a_local_time(text: str, moment: datetime) -> None:
    """What names no zone goes by the user's wall clock, summer and winter; a time of the day is the next such."""
    assert read_deadline(text, CLOCK) == moment


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("soon", "is no deadline: write 12h, 3d, 18:00"),
        ("", "is no deadline"),
        ("25:00", "is no deadline"),
        ("2026-13-01", "is no deadline"),
        ("-3h", "is no deadline"),
        ("99999999999d", "is no deadline"),
        ("0h", "has passed"),
        ("2026-06-01 11:59", "has passed"),
    ],
)
def test_deadline_that_makes_no_sense_is_refused(text: str, why: str) -> None:
    """The message shows the forms."""
    with pytest.raises(BadUsage, match=why):
        read_deadline(text, CLOCK)


@pytest.mark.parametrize(
    ("hours", "download", "tier"),
    [
        (12, 0, Tier.BULK),
        (11.9, 0, Tier.STANDARD),
        (12, 1, Tier.STANDARD),
        (13, 1, Tier.BULK),
        (4.5, 1, Tier.EXPEDITED),
        (12, None, Tier.BULK),
    ],
)
def test_cheapest_tier_that_makes_it_is_chosen(hours: float, download: float | None, tier: Tier) -> None:
    """The time of the download counts, where it is known."""
    choice = choose_tier(offers(_PRICES, download=download), NOW + timedelta(hours=hours), clock=CLOCK)
    assert choice.tier is tier
    assert choice.is_download_counted == (download is not None)
    assert choice.is_only == (tier is Tier.EXPEDITED)


def test_cheapest_is_by_the_price_and_not_by_the_name() -> None:
    """A price file may make Bulk dear; what costs the same is taken sooner."""
    odd = {Tier.EXPEDITED: "1", Tier.STANDARD: "1", Tier.BULK: "2"}
    assert choose_tier(offers(odd), NOW + timedelta(days=1), clock=CLOCK).tier is Tier.EXPEDITED


def test_of_unknown_prices_the_slowest_is_the_cheapest() -> None:
    """Nobody knows what it costs, but that Bulk costs least everybody does."""
    assert choose_tier(offers(), NOW + timedelta(days=1), clock=CLOCK).tier is Tier.BULK


def test_deadline_that_no_tier_makes_is_refused_with_the_times() -> None:
    """The user sees what would be possible, in local time."""
    with pytest.raises(LimitRefused) as raised:
        choose_tier(offers(_PRICES, download=2), NOW + timedelta(hours=1), clock=CLOCK)
    assert str(raised.value) == (
        "No tier makes it by 2026-06-01 13:00: Expedited would be here by 2026-06-01 14:06; "
        "Standard would be here by 2026-06-01 18:00; Bulk would be here by 2026-06-02 02:00. Nothing is started."
    )


def test_store_that_does_not_tell_cannot_promise() -> None:
    """Where only the store knows how long its jobs take, no deadline is promised."""
    silent = [Offer(tier, Price(), None) for tier in Tier]
    with pytest.raises(LimitRefused, match="only the store knows"):
        choose_tier(silent, NOW + timedelta(days=9), clock=CLOCK)


@pytest.fixture
def rehearsed(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """An embedded store that takes Amazon's times, and has prices."""
    (home / "config.toml").write_text('tiers = "amazon"\n', encoding="utf-8")


def test_command_says_which_tier_and_why(cli: Callable[..., Ran], rehearsed: None) -> None:
    """The tier is in the order, and the reason on standard error."""
    ran = cli("retrieve", "Blue", "--into", "back", "--deadline", "6h", "--yes")
    assert ran.code == 0, ran.err
    assert "Expedited is the cheapest tier that has all here by" in ran.err
    assert [row["tier"] for row in cli("orders", "list", "-o", "json").rows] == ["Expedited"]


def test_command_counts_its_own_limit(cli: Callable[..., Ran], rehearsed: None) -> None:
    """At a few bytes a second no tier makes it: exit 8, and nothing is placed."""
    ran = cli("retrieve", "Blue", "--into", "back", "--deadline", "6h", "--limit-rate", "10", "--yes")
    assert ran.code == 8
    assert "No tier makes it by" in ran.err
    assert cli("orders", "list", "-o", "json").out == ""


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--deadline", "6h", "--tier", "Bulk"), "leave --tier out"),
        (("--deadline", "soon"), "'soon' is no deadline"),
        (("--deadline", "2001-01-01"), "has passed"),
        (("--limit-rate", "08:00-23:00"), "08:00-23:00=2M,*=full"),
    ],
)
def test_command_refuses_what_makes_no_sense(
    cli: Callable[..., Ran], archived: Path, arguments: tuple[str, ...], why: str
) -> None:
    """Usage errors, told with the right form."""
    ran = cli("retrieve", "Blue", "--into", "back", "--yes", *arguments)
    assert ran.code == 2
    assert why in ran.err


def test_rehearsal_shows_price_and_time_of_each_tier(cli: Callable[..., Ran], rehearsed: None) -> None:
    """Without --tier every tier has its row: price, ready by, here by."""
    rows = cli("retrieve", "Blue", "--into", "back", "--dry-run", "-o", "json").rows
    assert [row["tier"] for row in rows] == ["Expedited", "Standard", "Bulk"]
    assert all(row["price"] == "0" and row["ready_at"] and row["here_at"] == row["ready_at"] for row in rows)
