"""Words for what costs money, so that nothing that Amazon charges for is ever called free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.composition.pricing import price_of
from coldframe.quantities import count, decimal_of, format_money, format_size
from coldframe.retriever.pricing import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from coldframe.cli.app import App
    from coldframe.composition.estimating import ArchiveCosts, ArchiveMeasure
    from coldframe.composition.fees import EarlyFee
    from coldframe.composition.pricing import StorePrices
    from coldframe.composition.spending import Outlay
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


def require_affordable(app: App, outlay: Outlay, what: str) -> None:
    """See that something is within `--max-cost`, or `max_cost` of the configuration, and within the month's budget.

    Raises:
        LimitRefused: It may cost more, or nobody knows what it costs.
    """
    outlay.require_within(decimal_of(app.settings.max_cost), what)
    outlay.check()


def tell_fee(app: App, fee: EarlyFee | None) -> None:
    """Say what deleting now costs, and from when on it costs nothing, as far as prices and catalog tell."""
    terms = app.coldframe().terms
    if fee is None or terms.prices is None:
        if terms.is_charging:
            app.say("Amazon charges for what is deleted before it is 90 days old; how much is not known here.")
        return
    if fee.price.limit:
        free_at = f"{fee.free_at:%Y-%m-%d %H:%M} UTC"
        app.say(f"Deleting now costs {_range(fee.price)}; from {free_at} on it costs nothing.")
        tell_prices(app, terms.prices, fee.price.unverified)
    if fee.unknown:
        app.say(
            f"What {count(fee.unknown, 'archive')} of them costs is not known, since the catalog lacks size or age: "
            f"below {terms.prices.calculator.tariff.minimum_days} days there is a fee. `coldframe inventory rebuild` "
            "brings both into the catalog."
        )


def tell_older(app: App, measure: ArchiveMeasure, costs: ArchiveCosts) -> None:
    """Say that the versions before stay, what they cost, and from when on they could go for nothing."""
    if not measure.older:
        return
    fee, month = costs.older_fee, price_of(costs.older)
    size = format_size(sum(max(0, each.size) for each in measure.older.values()))
    text = (
        f"Changed since they were archived: {count(len(measure.older), 'archive')}, {size}, whose older version stays "
    )
    text += f"for {_range(month)} a month; `coldframe ls --all-versions` lists them. "
    if fee.unknown:
        text += "What deleting those costs now is not known."
    elif fee.price.limit:
        text += f"Deleting those now would cost {_range(fee.price)}; from {fee.free_at:%Y-%m-%d} on nothing."
    else:
        text += "Deleting those costs nothing."
    app.say(text)


def tell_zipped(app: App, measure: ArchiveMeasure) -> None:
    """Say which files the vault has already inside zips, and how to leave it at that."""
    if not measure.zipped:
        return
    first, *others = sorted(measure.zipped_folders)
    where = f"{first} and {count(len(others), 'other folder')}" if others else first
    app.say(
        f"Already in the vault, inside zips: {count(measure.zipped, 'file')}, {format_size(measure.zipped_size)}, of "
        f"{where}. Each would be sent again, as an archive of its own; with --zip for those folders none is."
    )


def tell_inventory(app: App) -> None:
    """Say on a store that charges what the job for an inventory costs, which may have to be started."""
    terms = app.coldframe().terms
    if terms.is_charging:
        tell_sum(app, terms.prices, "A job for the inventory, if one is needed, costs", lambda it: it.inventory_job())


def tell_sum(app: App, prices: StorePrices | None, what: str, charge: Callable[[Calculator], Charge | None]) -> Price:
    """Say what something costs on a store that charges, or that nobody knows it; answers the price."""
    if prices is None:
        app.say(CHARGES)
        return UNKNOWN
    found = charge(prices.calculator)
    if found is None:
        app.say(NO_SUM)
        return UNKNOWN
    price = price_of(found)
    tell_price(app, what, price)
    return price


def tell_price(app: App, what: str, price: Price, *, per_month: Price | None = None) -> None:
    """Say what something costs, once and by the month, and where the figures come from."""
    month = f", and {_range(per_month)} a month" if per_month is not None and per_month.limit else ""
    app.say(f"{what} {_range(price)}{month}.")
    prices = app.coldframe().terms.prices
    if prices is not None:
        unverified = {*price.unverified, *(per_month.unverified if per_month is not None else ())}
        tell_prices(app, prices, sorted(unverified))


def tell_transfer(app: App, prices: StorePrices | None = None, *, store: str | None = None) -> None:
    """Say what of the month's free transfer is taken, and that only this catalog's part of it is known.

    Args:
        app: The command.
        prices: Those of the store whose account pays; None means the open one's.
        store: Its identity; None means the open one's.
    """
    from coldframe.composition.transfer import used_transfer  # noqa: PLC0415 - start-up time

    coldframe = app.coldframe()
    prices = prices or coldframe.terms.prices
    free = prices.calculator.free_transfer_gb if prices is not None else 0
    if free:
        used = used_transfer(coldframe, store)
        taken = f"{format_size(used)} of it are taken from here" if used else "nothing of it is taken from here"
        app.say(
            f"A month's first {free:f} GB of transfer are free: {taken}. What other machines and services of the "
            "account transfer is not known here."
        )


def tell_prices(app: App, prices: StorePrices, unverified: Sequence[str]) -> None:
    """Say where the figures come from, and which of them nobody has verified."""
    app.say(prices.summary)
    if unverified:
        names = [name.removeprefix(f"regions.{prices.calculator.region.name}.") for name in unverified]
        app.say(f"Not verified: {', '.join(names)}.")
