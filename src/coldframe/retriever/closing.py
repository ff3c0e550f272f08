"""The end of a delivery: names made durable, then recorded; deliveries that end together share both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.combine import Combiner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.catalog.order_model import PlacementChange, WantedChange
    from coldframe.catalog.orders import Orders
    from coldframe.combine import Ticket
    from coldframe.retriever.folders import Folder


@dataclass(frozen=True, slots=True)
class Closing:
    """What became of some files and of what filled them.

    `folder`, which is held, has got a name that must be durable before that is recorded.
    """

    changes: Sequence[PlacementChange]
    wanted: WantedChange | None
    folder: Folder | None = None


class Closer:
    """Closes deliveries, from many threads: a folder is synced and a transaction committed once for all that wait.

    Args:
        orders: Where it is recorded.
    """

    def __init__(self, orders: Orders) -> None:
        """Nobody waits yet."""
        self._orders = orders
        self._combine: Combiner[Closing, None] = Combiner(self._close)

    def __call__(self, closing: Closing) -> None:
        """Return when it is durable.

        Raises:
            OSError: The folder could not be synced, and nothing of this closing is recorded.
            CatalogUnavailable: It could not be recorded.
        """
        self._combine(closing)

    def _close(self, tickets: Sequence[Ticket[Closing, None]]) -> None:
        failures = _sync({ticket.wish.folder.key: ticket.wish.folder for ticket in tickets if ticket.wish.folder})
        named = []
        for ticket in tickets:
            failure = failures.get(ticket.wish.folder.key) if ticket.wish.folder else None
            if failure is not None:
                ticket.fail(failure)
            else:
                named.append(ticket)
        if named:
            self._orders.close_all([(ticket.wish.changes, ticket.wish.wanted) for ticket in named])
        for ticket in named:
            ticket.answer(None)


def _sync(folders: dict[object, Folder]) -> dict[object, OSError]:
    """Sync each folder once; answers which could not be. None is tried again: its names may be lost."""
    failures: dict[object, OSError] = {}
    for key, folder in folders.items():
        try:
            folder.sync()
        except OSError as error:
            failures[key] = error
    return failures
