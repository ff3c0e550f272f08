"""What deleting costs: archives that have not lain for the least time are paid for as if they had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.catalog.model import UNKNOWN_SIZE
from coldframe.clock import EPOCH
from coldframe.composition.pricing import price_of
from coldframe.retriever.pricing import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from coldframe.catalog import ArchiveRecord
    from coldframe.composition.archives import NamedArchive
    from coldframe.composition.pricing import StorePrices
    from coldframe.retriever.pricing import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyFee:
    """The fee for deleting some archives now.

    Args:
        price: Of those whose size and age the catalog knows.
        free_at: From when on these cost nothing.
        unknown: How many others there are, of which nobody can say what they cost.
    """

    price: Price
    free_at: datetime
    unknown: int = 0

    @property
    def agreed(self) -> Price:
        """What a limit is held against: of what nobody knows, nothing can be promised."""
        return UNKNOWN if self.unknown else self.price

    @property
    def is_nothing(self) -> bool:
        """Whether deleting now certainly costs nothing."""
        return self.agreed.limit == 0


def early_fee(prices: StorePrices, archives: Iterable[NamedArchive], *, now: datetime) -> EarlyFee:
    """The fee for archives that a user has named."""
    return records_fee(prices, (it.entries[0].archive if it.entries else None for it in archives), now=now)


def records_fee(prices: StorePrices, archives: Iterable[ArchiveRecord | None], *, now: datetime) -> EarlyFee:
    """The fee for archives of the catalog, None being one that it does not know; read once, in flat memory."""
    calculator = prices.calculator
    newest, unknown = EPOCH, 0

    def known() -> Iterable[tuple[int, timedelta]]:
        nonlocal newest, unknown
        for archive in archives:
            if archive is None or archive.size == UNKNOWN_SIZE or archive.archived_at <= EPOCH:
                unknown += 1
                continue
            newest = max(newest, archive.archived_at)
            yield archive.size, now - archive.archived_at

    charge = calculator.early_deletions(known())
    free_at = max(now, calculator.free_to_delete_at(newest))
    return EarlyFee(price=price_of(charge), free_at=free_at, unknown=unknown if calculator.tariff.minimum_days else 0)
