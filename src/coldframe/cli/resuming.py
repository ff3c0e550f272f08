"""Asking whether a paused order is to go on, and saying what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.cli.charges import CHARGES, NO_SUM, show_price, tell_prices, tell_transfer
from coldframe.composition.resuming import resume_offer, resume_order
from coldframe.quantities import count, format_size

if TYPE_CHECKING:
    from decimal import Decimal

    from coldframe.cli.app import App
    from coldframe.retriever.pricing import Price


def resume(app: App, number: int, *, max_cost: Decimal | None, yes: bool, is_rehearsal: bool) -> bool:
    """Show what going on costs, ask, and open the order again; whether it is open now.

    Raises:
        LimitRefused: It would cost more than `max_cost`.
        BadUsage: The order is not paused.
    """
    coldframe = app.coldframe()
    offer = resume_offer(coldframe, number)
    agreed = show_price(offer.order.max_cost)
    app.say(
        f"Order {number} is paused: {count(offer.jobs, 'output has', 'outputs have')} expired, "
        f"{format_size(offer.size)}. Asking again brings the whole order to {_shown(offer.price)}; {agreed} was agreed."
    )
    prices = offer.terms.prices
    if prices is not None:
        tell_prices(app, prices, offer.price.unverified)
        tell_transfer(app, prices, store=offer.order.store)
    if offer.price.amount is None:
        app.say(CHARGES if prices is None else NO_SUM)
    if is_rehearsal or not app.confirm(f"Go on with order {number} for {_shown(offer.price)} in all?", yes=yes):
        return False
    resume_order(coldframe, offer, max_cost=max_cost)
    return True


def tell_paused(app: App, number: int) -> None:
    """Say that an order waits for somebody's consent."""
    app.say(
        f"Order {number} is paused: outputs have expired, and asking again would cost more than was agreed.",
        f"`coldframe orders resume {number}` tells the price, and goes on.",
    )


def _shown(price: Price) -> str:
    if price.amount is None:
        return "a sum that is not known"
    at_most = f" (at most {show_price(price.limit)})" if price.limit != price.amount else ""
    return f"{show_price(price.amount)}{at_most}"
