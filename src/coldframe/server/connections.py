"""Who is connected: how many, from where, and which of them only wait (reliability H5, H6)."""

from __future__ import annotations

from collections import Counter
from threading import Condition
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.clock import Clock
    from coldframe.server.limits import Limits


class Cuttable(Protocol):
    """A connection, as those see it who count it."""

    @property
    def peer(self) -> str:
        """The address of the client."""
        ...

    def cut(self) -> None:
        """Have its own thread find it closed."""
        ...


class Connections:
    """All open connections of a listener. Each is either waiting for a request, or at work on one.

    Args:
        limits: How many there may be.
        clock: Measures how long a stop waits.
    """

    def __init__(self, limits: Limits, clock: Clock) -> None:
        """Nobody is connected."""
        self._limits = limits
        self._clock = clock
        self._changed = Condition()
        self._open: set[Cuttable] = set()
        self._waiting: dict[Cuttable, None] = {}  # in the order in which they began to wait
        self._lost: set[Cuttable] = set()  # were cut while they waited, and may not have noticed yet
        self._by_address: Counter[str] = Counter()
        self._is_stopping = False

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def await_room(self) -> bool:
        """Wait until one more may be accepted; False if none will be any more.

        When all places are taken, the connection that has waited longest for a request gives its own up: whoever keeps
        many open and sends nothing keeps nobody else out.
        """
        with self._changed:
            while len(self._open) >= self._limits.max_connections and not self._is_stopping:
                self._cut_one()
                self._changed.wait()
            return not self._is_stopping

    def enter(self, connection: Cuttable) -> bool:
        """Take a connection in, as one that waits; False if none is taken any more, or not from there.

        An address with too many gives up the one that has waited longest; if all of them are at work, it is told no.
        """
        with self._changed:
            is_over = self._by_address[connection.peer] >= self._limits.max_connections_per_address
            if self._is_stopping or (is_over and not self._cut_one(connection.peer)):
                return False
            self._by_address[connection.peer] += 1
            self._open.add(connection)
            self._waiting[connection] = None
            return True

    def wait(self, connection: Cuttable) -> bool:
        """Take note that a connection waits for a request from now on; False if it is not to."""
        with self._changed:
            if self._is_stopping:
                return False
            self._waiting[connection] = None
            self._changed.notify_all()
            return True

    def work(self, connection: Cuttable) -> bool:
        """Take note that a request has arrived; False if the connection was cut meanwhile."""
        with self._changed:
            return self._waiting.pop(connection, connection) is None

    def leave(self, connection: Cuttable) -> None:
        """Let a connection go."""
        with self._changed:
            self._open.discard(connection)
            self._lost.discard(connection)
            self._waiting.pop(connection, None)
            self._by_address[connection.peer] -= 1
            if not self._by_address[connection.peer]:
                del self._by_address[connection.peer]
            self._changed.notify_all()

    def may_continue(self) -> bool:
        """Whether a connection may wait for another request after the one it is at."""
        return not self._is_stopping

    def relieve(self, seconds: float) -> None:
        """Something has run short: cut the connection that has waited longest, and wait up to a time until one ends."""
        with self._changed:
            self._cut_one()
            self._changed.wait(seconds)

    def stop(self) -> None:
        """Take in no more, and cut those that only wait."""
        with self._changed:
            self._is_stopping = True
            while self._waiting:
                self._cut_one()
            self._changed.notify_all()

    def await_work(self, seconds: float) -> bool:
        """Wait until nobody is at work any more; False if somebody still is when the time is over."""
        return self._await(lambda: not self._open - self._lost, seconds)

    def await_end(self, seconds: float) -> bool:
        """Wait until all have left; False if some are still there when the time is over."""
        return self._await(lambda: not self._open, seconds)

    def cut(self) -> None:
        """Cut all of them."""
        with self._changed:
            for connection in self._open:
                connection.cut()

    def _cut_one(self, peer: str | None = None) -> bool:
        """Cut the connection that has waited longest, of an address or of all; whether there was one."""
        for connection in self._waiting:
            if peer in {None, connection.peer}:
                del self._waiting[connection]
                self._lost.add(connection)
                connection.cut()
                return True
        return False

    def _await(self, is_so: Callable[[], bool], seconds: float) -> bool:
        deadline = self._clock.monotonic() + seconds
        with self._changed:
            while not is_so():
                left = deadline - self._clock.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True
