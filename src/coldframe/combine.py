"""One costly act for many callers: threads that arrive together share one commit or one fsync."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
R = TypeVar("R")


class Ticket(Generic[T, R]):
    """One caller's wish, and what became of it."""

    def __init__(self, wish: T) -> None:
        """Start unanswered."""
        self.wish = wish
        self.is_settled = False
        self._answer: R | None = None
        self._error: BaseException | None = None

    def answer(self, value: R) -> None:
        """Settle with a value."""
        self._answer, self.is_settled = value, True

    def fail(self, error: BaseException) -> None:
        """Settle with an error, which the caller will see raised."""
        self._error, self.is_settled = error, True

    def result(self) -> R:
        """The value, or the error raised."""
        if self._error is not None:
            raise self._error
        return self._answer  # type: ignore[return-value]  # R itself may be None


class Combiner(Generic[T, R]):
    """Runs wishes in batches: whoever comes first carries out all that wait, the others find theirs done.

    Args:
        act: Settles every ticket of a batch. What it raises fails the tickets that it had not settled.
    """

    def __init__(self, act: Callable[[Sequence[Ticket[T, R]]], None]) -> None:
        """Start with nobody waiting."""
        self._act = act
        self._queue: list[Ticket[T, R]] = []
        self._queue_lock = Lock()
        self._acting = Lock()

    def __call__(self, wish: T) -> R:
        """Carry out `wish`, perhaps together with others, and answer when it is done."""
        ticket: Ticket[T, R] = Ticket(wish)
        with self._queue_lock:
            self._queue.append(ticket)
        with self._acting:
            if not ticket.is_settled:
                self._run()
        return ticket.result()

    def _run(self) -> None:
        with self._queue_lock:
            batch, self._queue = self._queue, []
        try:
            self._act(batch)
        except BaseException as error:
            unsettled = [ticket for ticket in batch if not ticket.is_settled]
            for ticket in unsettled:
                ticket.fail(error)
            if not isinstance(error, Exception):
                raise
