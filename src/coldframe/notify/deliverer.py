"""The thread that empties outboxes."""

from __future__ import annotations

import json
import logging
from threading import Event, Thread
from typing import TYPE_CHECKING

from coldframe.clock import format_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coldframe.clock import Clock
    from coldframe.ports.notices import Outbox

POLL_SECONDS = 1.0


def log_line(line: str) -> None:
    """Hand a line to Python's logging, under the name `coldframe.notify`."""
    logging.getLogger("coldframe.notify").error("%s", line)


class Deliverer:
    """Looks into outboxes every second and delivers what is due, in a thread of its own.

    Args:
        outboxes: Answers the outboxes of all stores, anew each time: accounts come and go.
        clock: Dates the lines; what is due, each store's own clock says.
        poll_seconds: How long it rests when nothing is due.
        log: Takes a JSON line when an outbox cannot be used, once until it can again.
    """

    def __init__(
        self,
        outboxes: Callable[[], Iterable[Outbox]],
        *,
        clock: Clock,
        poll_seconds: float = POLL_SECONDS,
        log: Callable[[str], None] = log_line,
    ) -> None:
        """Nothing runs yet."""
        self._outboxes = outboxes
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._log = log
        self._stopping = Event()
        self._thread: Thread | None = None
        self._troubles: set[str] = set()

    def start(self) -> None:
        """Begin. Once only."""
        self._thread = Thread(target=self._run, name="coldframe-deliverer", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        """Begin nothing more, and wait up to `timeout` seconds for what is under way; answers whether it has ended.

        Nothing is lost if it has not: what was not marked as delivered is delivered again.
        """
        self._stopping.set()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def round(self) -> bool:
        """Deliver a batch of each outbox where something is due; answers whether there may be more to do at once."""
        troubles: set[str] = set()
        is_more = False
        for outbox in self._find(troubles):
            is_more = self._serve(outbox, troubles) or is_more
        for trouble in sorted(troubles - self._troubles):
            at = format_moment(self._clock.now())
            self._log(json.dumps({"at": at, "event": "outbox cannot be used", "message": trouble}))
        self._troubles = troubles
        return is_more

    def _find(self, troubles: set[str]) -> list[Outbox]:
        try:
            return list(self._outboxes())
        except Exception as error:  # noqa: BLE001 - the thread must live on
            troubles.add(f"{type(error).__name__}: {error}")
            return []

    def _serve(self, outbox: Outbox, troubles: set[str]) -> bool:
        """Deliver a batch, if something is due; what could not be done stays due, and waits for the next look."""
        try:
            if self._stopping.is_set() or not outbox.is_due():
                return False
            outbox.deliver(is_over=self._stopping.is_set)
        except Exception as error:  # noqa: BLE001 - the thread must live on, and the other stores be served
            troubles.add(f"{type(error).__name__}: {error}")
            return False
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self.round():
                self._stopping.wait(self._poll_seconds)
