"""What all deliveries of one order share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.catalog.order_model import Order
    from coldframe.catalog.orders import Orders
    from coldframe.files import Files
    from coldframe.ports import ColdStore
    from coldframe.progress import Observer
    from coldframe.retriever.line import Meter
    from coldframe.retriever.site import Site
    from coldframe.throttle import Throttle


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The world around a delivery.

    Args:
        observer: Is told what happens; may be called from any thread.
        check: Called between chunks; raises to end the work.
        sleep: Passes seconds, fewer after a stop.
        meter: Counts the bytes that the store sends.
        throttle: Holds what is fetched to the user's limit.
        segment_size: How many bytes to fetch and mark at a time: a MiB times a power of two.
    """

    store: ColdStore
    orders: Orders
    order: Order
    site: Site
    files: Files
    observer: Observer
    check: Callable[[], None]
    sleep: Callable[[float], None]
    meter: Meter
    throttle: Throttle
    segment_size: int
