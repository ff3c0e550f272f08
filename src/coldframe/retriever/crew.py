"""Threads that carry deliveries out: segments side by side, within a file and across files, in bounded memory."""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from coldframe.retriever.pace import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from coldframe.model import ByteRange
    from coldframe.retriever.delivery import Delivery
    from coldframe.retriever.pace import Stop
    from coldframe.retriever.results import RetrievedFile

    Step = Callable[[], list[RetrievedFile]]


class Crew:
    """Up to so many threads at work on deliveries.

    Args:
        threads: How many.
        stop: After the first request nothing new begins; after the second :meth:`check` ends what is being done.
    """

    def __init__(self, threads: int, stop: Stop) -> None:
        """Store the arguments."""
        self._threads = threads
        self._stop = stop
        self._halted = False
        self._steps: dict[Future[list[RetrievedFile]], Delivery] = {}
        self._segments: deque[tuple[Delivery, ByteRange]] = deque()
        self._open: dict[Delivery, int] = {}

    def check(self) -> None:
        """Raise if what is being done should be left as it is."""
        if self._halted or self._stop.now:
            raise Stopped

    def deliver(self, deliveries: Iterable[Delivery]) -> Iterator[RetrievedFile]:
        """Carry deliveries out and answer each file as its work ends, in whatever order.

        When a delivery raises, what runs is ended between two chunks, and the error goes on to the caller.
        """
        self._halted = False
        waiting = iter(deliveries)
        with ThreadPoolExecutor(self._threads, thread_name_prefix="retrieve") as pool:
            try:
                while self._fill(pool, waiting):
                    done, _ = wait(self._steps, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield from self._settle(pool, future)
            finally:
                self._halt()

    def _fill(self, pool: ThreadPoolExecutor, waiting: Iterator[Delivery]) -> bool:
        """Give idle threads something to do; answer whether any thread is at work."""
        while len(self._steps) < self._threads and not self._stop.soon:
            if self._segments:
                delivery, segment = self._segments.popleft()
                self._submit(pool, delivery, _fetching(delivery, segment))
            elif (next_one := next(waiting, None)) is not None:
                self._open[next_one] = 0
                self._submit(pool, next_one, _beginning(next_one))
            else:
                break
        return bool(self._steps)

    def _submit(self, pool: ThreadPoolExecutor, delivery: Delivery, step: Step) -> None:
        self._open[delivery] += 1
        self._steps[pool.submit(step)] = delivery

    def _settle(self, pool: ThreadPoolExecutor, future: Future[list[RetrievedFile]]) -> list[RetrievedFile]:
        """Take a step's results and see what follows from it."""
        delivery = self._steps.pop(future)
        self._open[delivery] -= 1
        try:
            results = future.result()
        except Stopped:
            return []
        if delivery.is_over:
            self._leave(delivery)
        else:
            self._follow(pool, delivery)
        return results

    def _follow(self, pool: ThreadPoolExecutor, delivery: Delivery) -> None:
        self._segments.extendleft((delivery, segment) for segment in reversed(delivery.missing))
        delivery.missing.clear()
        if delivery.has_failed:
            self._segments = deque((other, it) for other, it in self._segments if other is not delivery)
        is_fetched = not any(other is delivery for other, _ in self._segments)
        if is_fetched and not self._open[delivery]:
            self._submit(pool, delivery, delivery.finish)

    def _leave(self, delivery: Delivery) -> None:
        delivery.leave()
        del self._open[delivery]

    def _halt(self) -> None:
        """End what runs, and let go of everything."""
        self._halted = True
        wait(self._steps)
        self._steps.clear()
        self._segments.clear()
        for delivery in list(self._open):
            self._leave(delivery)


def _beginning(delivery: Delivery) -> Step:
    """The first step, and with it all others when there is at most one segment: most files are small."""

    def begin() -> list[RetrievedFile]:
        results = delivery.begin()
        while not delivery.is_over and len(delivery.missing) == 1:
            results += delivery.fetch(delivery.missing.pop())
            results += delivery.finish()
        return results

    return begin


def _fetching(delivery: Delivery, segment: ByteRange) -> Step:
    return lambda: delivery.fetch(segment)
