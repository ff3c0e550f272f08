"""The month's transfer to the internet: the free part of it is there once, whatever the number of commands (ADR 49).

What every command was allowed to transfer is in the catalog beside what it was allowed to spend. What other machines,
or other services of the same account, have transferred nobody here knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coldframe.catalog.spending import Spendings
from coldframe.clock import month_of

if TYPE_CHECKING:
    from coldframe.composition.library import Coldframe
    from coldframe.composition.pricing import StorePrices
    from coldframe.retriever.pricing import Price, Work


def used_transfer(coldframe: Coldframe, store: str | None = None, *, order: str | None = None) -> int:
    """The bytes that this month has transferred, or is to transfer, as far as this catalog knows.

    Args:
        coldframe: Whose catalog.
        store: The identity of the store whose account pays; None is the open one.
        order: The token of an order: then what its own month had used before it.
    """
    spendings = Spendings(coldframe.catalog.database)
    began_at = spendings.committed_at(order) if order is not None else None
    since, _ = month_of(began_at or coldframe.clock.now())
    return spendings.transferred(store or coldframe.store_identity, since=since, before_order=order)


@dataclass(slots=True)
class MonthlyPricing:
    """What a retrieval costs at some prices after what the month has transferred already.

    Args:
        coldframe: Whose catalog knows that.
        prices: The store's.
        store: The store's identity; None is the open one.
    """

    coldframe: Coldframe
    prices: StorePrices
    store: str | None = None
    _before: dict[str, int] = field(default_factory=dict)

    def __call__(self, work: Work) -> Price:
        """The price. What was used before an order does not change any more, and is asked for once."""
        if not work.jobs:
            return self.prices.price(work)
        if work.order is None:
            return self.prices.price(work, used_transfer=used_transfer(self.coldframe, self.store))
        if work.order not in self._before:
            self._before[work.order] = used_transfer(self.coldframe, self.store, order=work.order)
        return self.prices.price(work, used_transfer=self._before[work.order])
