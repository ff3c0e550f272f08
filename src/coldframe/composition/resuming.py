"""Going on with an order whose outputs have expired beyond the price that was agreed."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from coldframe.catalog.order_model import OrderState
from coldframe.composition.library import Coldframe
from coldframe.composition.spending import Outlay
from coldframe.composition.terms import terms_of
from coldframe.composition.transfer import MonthlyPricing
from coldframe.errors import BadUsage, LimitRefused
from coldframe.retriever.hold import hold_order
from coldframe.retriever.pricing import Price, Work

if TYPE_CHECKING:
    from coldframe.catalog.order_model import Order
    from coldframe.composition.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeOffer:
    """What going on with a paused order would mean.

    Args:
        order: The order; its `max_cost` is what was agreed until now.
        jobs: How many jobs would be asked for again, which bring
        size: so many bytes, as far as they are known.
        price: Of the whole order then, with all that it has cost already.
        terms: Of its store.
    """

    order: Order
    jobs: int
    size: int
    price: Price
    terms: Terms


def resume_offer(coldframe: Coldframe, number: int) -> ResumeOffer:
    """What it would cost to go on; nothing is asked of the store.

    Raises:
        NothingMatched: There is no order of that number.
        BadUsage: The order is not paused.
    """
    order = coldframe.orders.order(number)
    if order.state is not OrderState.PAUSED:
        hint = "`coldframe watch` carries it on" if order.state is OrderState.OPEN else "nothing of it is left to do"
        raise BadUsage(f"Order {number} is not paused but {order.state}: {hint}.")
    asking, settings = coldframe.orders.asking, coldframe.settings
    committed, held = asking.committed(number), asking.held(number)
    terms = terms_of(
        coldframe.catalog.store_url(order.store) or coldframe.store_url, settings.tiers, price_file=settings.prices
    )
    unknown = committed.unknown_sizes + held.unknown_sizes
    work = Work(order.tier, committed.jobs + held.jobs, committed.size + held.size, unknown, order.token)
    pricing = MonthlyPricing(coldframe, terms.prices, order.store) if terms.prices is not None else terms.pricing
    return ResumeOffer(order=order, jobs=held.jobs, size=held.size, price=pricing(work), terms=terms)


def resume_order(coldframe: Coldframe, offer: ResumeOffer, *, max_cost: Decimal | None = None) -> None:
    """Agree to what was offered: the order is open again, and may ask once more for everything that it holds.

    Args:
        coldframe: Whose order.
        offer: What was shown.
        max_cost: The most that the whole order may cost; None is the offer's price.

    Raises:
        LimitRefused: It would cost more than `max_cost`, or nobody knows what it would cost; or the month's budget does
            not allow it.
        Busy: Another process is carrying the order on.
    """
    price = offer.price
    if max_cost is not None and not price.is_within(max_cost):
        told = "an unknown sum" if price.limit is None else f"{price.limit} {price.currency}"
        raise LimitRefused(f"the order would come to {told}; at most {max_cost} is allowed")
    agreed = max(offer.order.max_cost, price.limit or Decimal(0)) if max_cost is None else max_cost
    store = coldframe.catalog.store_url(offer.order.store) or coldframe.settings.store
    with ExitStack() as held:
        held.enter_context(hold_order(coldframe.orders.path, offer.order.number, coldframe.files))
        at_store = Coldframe(
            coldframe.home,
            replace(coldframe.settings, store=store),
            clock=coldframe.clock,
            files=coldframe.files,
            vfs=coldframe.vfs,
        )
        Outlay(held.enter_context(at_store), "orders resume", _more(offer)).commit()
        coldframe.orders.asking.resume(offer.order.number, max_cost=agreed)


def _more(offer: ResumeOffer) -> Price:
    """What has to be paid beyond what was agreed to until now."""
    if offer.price.limit is None:
        return Price(None)
    return Price(max(Decimal(0), offer.price.limit - offer.order.max_cost))
