"""Tells hooks and apprise URLs what there is to tell of orders; an order itself never hangs on that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coldframe.catalog.news import DONE, INCOMPLETE, OrderNews
from coldframe.clock import format_moment
from coldframe.names import printable
from coldframe.notify.hearers import APPRISE_ADVICE, AppriseHearer, CommandHearer, NotTold, has_apprise
from coldframe.progress import Noted, ignore
from coldframe.quantities import count, format_size

if TYPE_CHECKING:
    from coldframe.catalog.news import News
    from coldframe.composition.library import Coldframe
    from coldframe.notify.hearers import Hearer
    from coldframe.notify.order_hooks import Hooks
    from coldframe.progress import Observer

MOST_TRIES = 8
"""With pauses of 1, 2, 4 … 60 minutes that is half a day and more."""
_SPARE_SECONDS = 60.0


class Teller:
    """Tells what is due.

    Args:
        coldframe: Whose orders; its settings name the hooks.
        observer: Is told of failures.
    """

    def __init__(self, coldframe: Coldframe, *, observer: Observer = ignore) -> None:
        """Store the arguments."""
        self._coldframe = coldframe
        self._observer = observer
        self._news = OrderNews(coldframe.catalog.database)

    @property
    def problem(self) -> str | None:
        """What keeps the hooks from working at all, if something does."""
        return APPRISE_ADVICE if self._hooks.notify and not has_apprise() else None

    def deliver(self) -> None:
        """Tell all that is due now. What fails is told to the observer, and tried again later, half a day long.

        Raises:
            CatalogUnavailable: What was told could not be recorded.
        """
        hooks = self._hooks
        if not (hooks.on_done or hooks.on_attention or hooks.notify):
            self._news.settle_all()  # else whoever configures a hook one day is told of all that ever was
            return
        lease = hooks.timeout_seconds + _SPARE_SECONDS * (1 + len(hooks.notify))
        while (news := self._news.claim(self._coldframe.clock.now(), lease_seconds=lease)) is not None:
            self._deliver(news)

    @property
    def _hooks(self) -> Hooks:
        return self._coldframe.settings.hooks

    def _deliver(self, news: News) -> None:
        facts = self._facts(news)
        failures = [why for hearer in self._hearers(news) if (why := self._tell(hearer, news, facts)) is not None]
        if not failures or news.tries >= MOST_TRIES:
            self._news.settle(news.row)
        then = "It is given up after many tries." if news.tries >= MOST_TRIES else "It is tried again later."
        for why in failures:
            self._observer(
                Noted(f"Of order {news.order_number} nobody was told: {why}. {then} The order is not touched.")
            )

    def _tell(self, hearer: Hearer, news: News, facts: dict[str, Any]) -> str | None:
        """Tell one; answer why it was not heard."""
        if hearer.key in news.told:
            return None
        try:
            hearer.tell(facts)
        except NotTold as error:
            return str(error)
        self._news.told(news.row, hearer.key)
        return None

    def _hearers(self, news: News) -> list[Hearer]:
        hooks = self._hooks
        command = hooks.on_done if news.kind == DONE else hooks.on_attention
        commands: list[Hearer] = [CommandHearer(command, timeout_seconds=hooks.timeout_seconds)] if command else []
        return [*commands, *(AppriseHearer(url, number) for number, url in enumerate(hooks.notify, 1))]

    def _facts(self, news: News) -> dict[str, Any]:
        """What is told, under stable names."""
        orders = self._coldframe.orders
        order, tally = orders.order(news.order_number), orders.tally(news.order_number)
        is_done, destination = news.kind == DONE, printable(order.destination)
        failed = f"{count(tally.failed_files, 'file')} could not be retrieved; `coldframe orders show {order.number}`"
        detail = f"{failed} tells why." if news.kind == INCOMPLETE else news.detail
        files = f"{tally.placed_files:,} of {count(tally.files, 'file')}, {format_size(tally.placed_size)}"
        return {
            "event": "done" if is_done else "attention",
            "kind": news.kind,
            "news_id": f"{order.token}-{news.row}",
            "tries": news.tries,
            "order_number": order.number,
            "state": order.state.value,
            "title": f"coldframe: order {order.number} {'is done' if is_done else 'needs attention'}",
            "text": f"{files}, in {destination}." + (f" {detail}" if detail else ""),
            "detail": detail or None,
            "destination": order.destination,
            "tier": order.tier.value,
            "files": tally.files,
            "placed_files": tally.placed_files,
            "failed_files": tally.failed_files,
            "size": tally.size,
            "placed_size": tally.placed_size,
            "placed_at": format_moment(order.placed_at),
            "closed_at": None if order.closed_at is None else format_moment(order.closed_at),
            "store_url": self._coldframe.catalog.store_url(order.store),
        }
