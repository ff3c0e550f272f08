"""Empty files, which need no bytes and so no job: they are made anew from what the catalog knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.catalog.order_model import WantedState
from coldframe.retriever.placer import Placer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.retriever.results import RetrievedFile
    from coldframe.retriever.surroundings import Surroundings


def make_empties(around: Surroundings) -> Iterator[RetrievedFile]:
    """Make, or find, the order's empty files, recording some at a time."""
    while page := around.orders.empty_placements(around.order.number):
        placer = Placer(around, None, page)
        for placement in page:
            around.check()
            placer.settle(placement, placer.find)
        for placement in placer.waiting:
            around.check()
            placer.settle(placement, lambda it, placer=placer: placer.write(it, ()))  # type: ignore[misc]  # bound now
        yield from placer.close(WantedState.DONE)
