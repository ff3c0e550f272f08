"""What deleting costs: archives that have not lain for the least time are paid for as if they had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.composition.pricing import price_of
from coldframe.prices import Charge

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from coldframe.composition.archives import NamedArchive
    from coldframe.composition.pricing import StorePrices
    from coldframe.retriever.pricing import Price


@dataclass(frozen=True, slots=True)
class EarlyFee:
    """The fee for deleting some archives now, and the moment from which on it costs nothing."""

    price: Price
    free_at: datetime


def early_fee(prices: StorePrices, archives: Iterable[NamedArchive], *, now: datetime) -> EarlyFee | None:
    """The fee as far as the catalog knows the archives; None if there is none."""
    charge, free_at = Charge(), now
    for archive in archives:
        if not archive.entries:
            continue
        archived_at = min(entry.archive.archived_at for entry in archive.entries)
        charge += prices.calculator.early_deletion(archive.size or 0, age=now - archived_at, archives=1)
        free_at = max(free_at, prices.calculator.free_to_delete_at(archived_at))
    return EarlyFee(price_of(charge), free_at) if free_at > now else None
