"""How a run is told to end before its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.errors import ColdframeError

if TYPE_CHECKING:
    from coldframe.clock import Clock

_LONGEST_SLEEP_SECONDS = 0.25
_GO_ON = "stopped; run the same command again to go on"


class Stopped(ColdframeError):
    """The run was told twice to stop, so this file was left in the middle; the next run goes on with it."""


class Stop:
    """A wish to stop: the first begins nothing new, the second also leaves what is under way.

    Asking takes no lock, so a signal handler may do it.

    Args:
        above: Another wish that counts as well.
    """

    def __init__(self, above: Stop | None = None) -> None:
        """Nobody has asked."""
        self._above = above
        self._count = 0

    def ask(self) -> None:
        """Ask to stop, or, when that was asked already, to stop at once."""
        self._count += 1

    def ask_at_once(self) -> None:
        """Ask to leave everything as it is."""
        self._count += 2

    @property
    def _asked(self) -> int:
        return self._count + (self._above._asked if self._above is not None else 0)  # noqa: SLF001 - of the same class

    @property
    def is_asked(self) -> bool:
        """Whether nothing new should begin."""
        return self._asked > 0

    def check(self) -> None:
        """Raise :class:`Stopped` if everything should be left as it is."""
        if self._asked > 1:
            raise Stopped(_GO_ON)

    def check_idle(self) -> None:
        """Raise :class:`Stopped` if anything was asked: for work that can be left at any moment without loss."""
        if self._asked:
            raise Stopped(_GO_ON)

    def sleep_until(self, moment: float, clock: Clock) -> None:
        """Sleep until the clock's `monotonic` is at `moment`, in short pieces, so that a wish to stop is heard."""
        while (seconds := moment - clock.monotonic()) > 0:
            self.check()
            clock.sleep(min(seconds, _LONGEST_SLEEP_SECONDS))
