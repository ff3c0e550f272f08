"""How a run is told to end before its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.errors import ColdframeError

if TYPE_CHECKING:
    from coldframe.clock import Clock

_LONGEST_SLEEP_SECONDS = 0.25


class Stopped(ColdframeError):
    """The run was told twice to stop, so this file was left in the middle; the next run goes on with it."""


class Stop:
    """A wish to stop: the first begins nothing new, the second also leaves what is under way.

    Asking takes no lock, so a signal handler may do it.
    """

    def __init__(self) -> None:
        """Nobody has asked."""
        self._asked = 0

    def ask(self) -> None:
        """Ask to stop, or, when that was asked already, to stop at once."""
        self._asked += 1

    def ask_at_once(self) -> None:
        """Ask to leave everything as it is."""
        self._asked += 2

    @property
    def is_asked(self) -> bool:
        """Whether nothing new should begin."""
        return self._asked > 0

    def check(self) -> None:
        """Raise :class:`Stopped` if everything should be left as it is."""
        if self._asked > 1:
            raise Stopped("stopped; run the same command again to go on")

    def sleep_until(self, moment: float, clock: Clock) -> None:
        """Sleep until the clock's `monotonic` is at `moment`, in short pieces, so that a wish to stop is heard."""
        while (seconds := moment - clock.monotonic()) > 0:
            self.check()
            clock.sleep(min(seconds, _LONGEST_SLEEP_SECONDS))
