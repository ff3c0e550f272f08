"""Words for what costs money, so that nothing that Amazon charges for is ever called free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.quantities import format_money

if TYPE_CHECKING:
    from decimal import Decimal

    from coldframe.model import Tier

CHARGES = "Amazon charges for this, and this version of coldframe cannot say how much."


def show_price(value: object) -> str:
    """A price for people; None is one that nobody here knows."""
    return "unknown" if value is None else format_money(float(str(value)))


def price_question(tier: Tier, amount: Decimal | None) -> str:
    """What to ask before a retrieval."""
    return f"Retrieve them at {tier} for {'a price that is not known' if amount is None else show_price(amount)}?"


def price_refusal(tier: Tier, amount: Decimal | None, max_cost: Decimal) -> str:
    """Why a retrieval is not within the highest price."""
    most = show_price(max_cost)
    if amount is None:
        return (
            f"What {tier} costs is not known, so that it stays within {most} cannot be promised. "
            "Without --max-cost, or `max_cost` in the configuration, you are asked instead."
        )
    return f"{tier} would cost {show_price(amount)}, more than the {most} of --max-cost."
