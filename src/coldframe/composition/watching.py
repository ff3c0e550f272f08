"""What ends a pause of `watch` before its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coldframe.catalog.orders import Orders
    from coldframe.clock import Clock

_LOOK_SECONDS = 5.0


class Arrivals:
    """Whether an order has been placed since this was made; asked often, it looks every five seconds.

    Args:
        orders: Where orders are placed, by other processes.
        clock: Tells when to look again.
    """

    def __init__(self, orders: Orders, clock: Clock) -> None:
        """Remember the newest."""
        self.has_come = False
        self._orders = orders
        self._clock = clock
        self._newest = orders.newest()
        self._look_at = clock.monotonic() + _LOOK_SECONDS

    def __call__(self) -> bool:
        """Whether there is a newer one."""
        now = self._clock.monotonic()
        if now >= self._look_at and not self.has_come:
            self._look_at = now + _LOOK_SECONDS
            self.has_come = self._orders.newest() > self._newest
        return self.has_come
