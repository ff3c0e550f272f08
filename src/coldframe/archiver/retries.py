"""The one place where the archiver tries again: a store that is busy for a moment is no reason to fail."""

from __future__ import annotations

import errno
from random import SystemRandom
from typing import TYPE_CHECKING, TypeVar

from coldframe.errors import RequestTimeout, ServiceUnavailable, Throttled
from coldframe.progress import Noted

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.archiver.stopping import Stop
    from coldframe.clock import Clock
    from coldframe.errors import StoreError
    from coldframe.progress import Observer

T = TypeVar("T")

PASSING = (Throttled, ServiceUnavailable, RequestTimeout)
"""What may be over in a moment; everything else a store answers will be answered again."""

_TRIES = 7
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 20.0
_RANDOM = SystemRandom()
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_MAKE_ROOM = "Make room on the disk of the store; the same command then carries on."


class Retries:
    """Carries out acts on a store, again with growing random waits while the store says that it cannot just now.

    The wait before try n is random between zero and twice that of the try before ("full jitter"), so that many callers
    do not come back together.
    """

    def __init__(self, *, clock: Clock, stop: Stop, observer: Observer) -> None:
        """Wait on `clock`, unless `stop` ends it; `observer` hears of each wait."""
        self._clock = clock
        self._stop = stop
        self._observer = observer

    def __call__(self, act: Callable[[], T]) -> T:
        """Do `act`; its last error is raised when it failed seven times.

        A disk of this machine that is full does not empty itself in half a minute, and is not tried again.

        Raises:
            ServiceUnavailable: The disk of an embedded store is full.
            Stopped: The run was told to stop at once.
        """
        longest = _FIRST_WAIT_SECONDS
        for _ in range(_TRIES - 1):
            try:
                return act()
            except PASSING as error:
                if _is_full(error):
                    raise ServiceUnavailable(f"{error} {_MAKE_ROOM}") from error
                self._wait(_RANDOM.uniform(0, longest), error)
            longest = min(2 * longest, _LONGEST_WAIT_SECONDS)
        return act()

    def _wait(self, seconds: float, error: StoreError) -> None:
        self._observer(Noted(f"the store cannot do it now ({error}); trying again in {seconds:.1f} s"))
        self._stop.sleep_until(self._clock.monotonic() + seconds, self._clock)


def _is_full(error: StoreError) -> bool:
    """Whether the store is in this process, and its disk is full."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL
