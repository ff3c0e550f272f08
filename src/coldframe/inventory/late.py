"""What an inventory may not know yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

SETTLED = timedelta(days=2)
"""After so long every change is in the inventories that are asked for: the original makes one each day in which a vault
has changed. One that did not change keeps the inventory it has, with its old date, however old that becomes."""

NO_MARGIN = timedelta(0)


@dataclass(frozen=True, slots=True)
class Asked:
    """When an inventory was made, and when it was asked for.

    Args:
        inventory_at: The moment of the snapshot, by the store's clock.
        asked_at: When its job was begun; None if nobody knows.
        margin: By how much the store's clock may differ from ours.
    """

    inventory_at: datetime
    asked_at: datetime | None = None
    margin: timedelta = NO_MARGIN

    def may_not_know(self, happened_at: datetime) -> bool:
        """Whether what happened at a moment, by our clock, may be missing in it without anything being wrong."""
        is_settled = self.asked_at is not None and self.asked_at - happened_at >= SETTLED
        return happened_at >= self.inventory_at - self.margin and not is_settled
