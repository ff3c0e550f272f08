"""What the stores of a folder take for the time where locks are concerned, and saying that the clock is right."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from coldframe.composition.accounts import all_stores

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from coldframe.composition.library import Coldframe
    from coldframe.service import ClockState, VaultService


class StoreClocks:
    """The stores of one folder, each account's: what time it is for their locks.

    Args:
        stores: The stores, open.
    """

    def __init__(self, stores: list[VaultService]) -> None:
        """Nothing is asked yet."""
        self._stores = stores

    def earliest(self) -> ClockState:
        """The store that is the furthest behind the clock, or the one that is ahead of it."""
        states = [store.clock_state() for store in self._stores]
        return min(states, key=lambda state: (state.is_following, state.retention_at))

    def confirm(self, clock_at: datetime) -> None:
        """Have all of them go by the clock, of which somebody said that `clock_at` was right."""
        for store in self._stores:
            store.confirm_clock(clock_at)


@contextmanager
def store_clocks(coldframe: Coldframe) -> Iterator[StoreClocks]:
    """The clocks of the embedded store and of the other accounts below its folder; raises as `all_stores`."""
    with all_stores(coldframe) as stores:
        yield StoreClocks(stores)
