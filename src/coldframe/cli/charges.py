"""Words for what costs money, so that nothing that Amazon charges for is ever called free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.composition.pricing import price_of
from coldframe.quantities import format_money

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from coldframe.cli.app import App
    from coldframe.composition.pricing import StorePrices
    from coldframe.model import Tier
    from coldframe.prices import Calculator, Charge
    from coldframe.retriever.pricing import Price

CHARGES = "Amazon charges for this; how much is not known here."
NO_SUM = "What this costs is not known before it is done: the price file lacks the tier, or sizes are not known."
_LEAST = 0.0001


def show_price(value: object) -> str:
    """A price for people; None is one that nobody here knows."""
    if value is None:
        return "unknown"
    amount = float(str(value))
    return "< $0.0001" if 0 < amount < _LEAST else format_money(amount)


def price_question(tier: Tier, price: Price) -> str:
    """What to ask before a retrieval."""
    return f"Retrieve them at {tier} for {_range(price)}?"


def _range(price: Price) -> str:
    """A price, and what it may come to where that is more."""
    shown = "a price that is not known" if price.amount is None else show_price(price.amount)
    if price.limit is not None and price.limit != price.amount:
        return f"{shown} (at most {show_price(price.limit)})"
    return shown


def price_refusal(tier: Tier, price: Price, max_cost: Decimal) -> str:
    """Why a retrieval is not within the highest price."""
    if price.amount is None or price.limit is None:
        return (
            f"What {tier} costs is not known, so that it stays within {show_price(max_cost)} cannot be promised. "
            "Without --max-cost, or `max_cost` in the configuration, you are asked instead."
        )
    if price.amount <= max_cost:
        return (
            f"{tier} should cost {show_price(price.amount)}, but may come to {show_price(price.limit)}, "
            f"more than --max-cost {max_cost}: not every figure is verified."
        )
    return f"{tier} would cost ${price.amount:f}, more than --max-cost {max_cost}."


def tell_sum(app: App, prices: StorePrices | None, what: str, charge: Callable[[Calculator], Charge | None]) -> None:
    """Say what something costs on a store that charges, or that nobody knows it."""
    if prices is None:
        app.say(CHARGES)
        return
    found = charge(prices.calculator)
    if found is None:
        app.say(NO_SUM)
        return
    price = price_of(found)
    app.say(f"{what} {_range(price)}.")
    tell_prices(app, prices, price.unverified)


def tell_prices(app: App, prices: StorePrices, unverified: Sequence[str]) -> None:
    """Say where the figures come from, and which of them nobody has verified."""
    app.say(prices.summary)
    if unverified:
        names = [name.removeprefix(f"regions.{prices.calculator.region.name}.") for name in unverified]
        app.say(f"Not verified: {', '.join(names)}.")
