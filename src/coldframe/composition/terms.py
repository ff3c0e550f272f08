"""What a store charges, and how long its jobs take, as far as its URL tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.composition.pricing import find_prices, is_amazon
from coldframe.composition.stores import is_remote
from coldframe.model import AMAZON_WAITS
from coldframe.retriever.pricing import free, unknown

if TYPE_CHECKING:
    from coldframe.composition.pricing import StorePrices
    from coldframe.model import TierWaits
    from coldframe.retriever.pricing import Pricing


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of a store.

    Args:
        is_charging: Whether what is done there costs money.
        pricing: What a retrieval costs.
        waits: How long its tiers take; None if only the store knows.
        prices: The prices behind all that; None if there are none, or nobody here knows them.
    """

    is_charging: bool
    pricing: Pricing
    waits: TierWaits | None
    prices: StorePrices | None = None


def terms_of(store_url: str, rehearsed: TierWaits, *, price_file: str | None = None) -> Terms:
    """The terms of the store that a URL names.

    Amazon charges, and its usual waits are known. One's own server takes nothing, unless the price file says so, and
    tells nobody how long its jobs take. The embedded store's jobs take as long as its user has decided: `rehearsed`.

    Raises:
        BadSettings: The price file cannot be read or understood.
    """
    prices = find_prices(store_url, price_file=price_file)
    waits = AMAZON_WAITS if is_amazon(store_url) else None if is_remote(store_url) else rehearsed
    if prices is not None:
        return Terms(is_charging=True, pricing=prices.price, waits=waits, prices=prices)
    if is_amazon(store_url):
        return Terms(is_charging=True, pricing=unknown, waits=waits)
    return Terms(is_charging=False, pricing=free, waits=waits)
