"""How much may be asked of the store now: bytes that the user's line brings before they expire, and agreed money."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from coldframe.catalog.asking import UNKNOWN_SIZE_TAKEN
from coldframe.model import MIB
from coldframe.retriever.pricing import Work

if TYPE_CHECKING:
    from coldframe.catalog.order_model import Order, Wanted
    from coldframe.catalog.orders import Orders
    from coldframe.retriever.line import Line
    from coldframe.retriever.pricing import Pricing

ASSUMED_RATE = 4.0 * MIB
"""What a line is taken to bring, in bytes a second, before anybody has said or measured it: 34 Mbit/s."""
SHARE = 0.8
"""So much of the 24 hours for which an output lives is used; the rest is for what goes wrong."""


class Room:
    """The bytes that may be on their way at once, over all orders of a store (ADR 37).

    Args:
        line: What the user's line brings; None if it does not matter.
        outstanding: How many bytes are on their way, or lie at the store to be fetched.
    """

    def __init__(self, line: Line | None, outstanding: int) -> None:
        """Work out what the line brings."""
        self.size = inf if line is None else SHARE * line.bytes_in_a_day(otherwise=ASSUMED_RATE)
        self._outstanding = outstanding

    def take(self, wanted: Wanted) -> bool:
        """Take room for one more job, if there is any. When nothing is on its way, one job always has room."""
        size = wanted.size if wanted.size is not None else UNKNOWN_SIZE_TAKEN
        if self._outstanding and self._outstanding + size > self.size:
            return False
        self._outstanding += size
        return True


class Purse:
    """What is left of an order's agreed price for jobs that must be asked for again.

    All that the order has not asked for yet is set aside first.

    Args:
        order: The order.
        orders: Knows what it has asked for.
        pricing: What jobs cost.
    """

    def __init__(self, order: Order, orders: Orders, pricing: Pricing) -> None:
        """Ask nobody yet."""
        self._order = order
        self._orders = orders
        self._pricing = pricing
        self._work: Work | None = None

    def pay(self, wanted: Wanted) -> bool:
        """Set the price of one more job aside, if it is within what was agreed."""
        if self._work is None:
            spent = self._orders.asking.committed(self._order.number)
            self._work = Work(self._order.tier, spent.jobs, spent.size, spent.unknown_sizes, self._order.token)
        work = Work(
            self._order.tier,
            self._work.jobs + 1,
            self._work.size + (wanted.size or 0),
            self._work.unknown_sizes + (wanted.size is None),
            self._order.token,
        )
        if not self._pricing(work).is_within(self._order.max_cost):
            return False
        self._work = work
        return True
