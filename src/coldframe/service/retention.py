"""The retention time: how late it is for vault locks, whatever the machine's clock was set to (docs/adr/0033).

It is the last moment that the clock reached in steps of at most 24 hours, from change to change of the ledger. After a
longer step nobody can tell a clock that was set forward from a store that was left alone, so it stands still until
somebody says that the clock is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.clock import from_milliseconds, to_milliseconds

if TYPE_CHECKING:
    from datetime import datetime

    from coldframe.ports import Changes
    from coldframe.service.core import Core

STEP_MS = 24 * 3_600_000
"""How far the clock alone moves the retention time between two changes."""


@dataclass(frozen=True, slots=True)
class ClockState:
    """What a store takes for the time where locks are concerned, and what the machine takes for it.

    Args:
        retention_at: The retention time; the machine's time in a store that nothing was ever written to.
        clock_at: The machine's time.
    """

    retention_at: datetime
    clock_at: datetime

    @property
    def is_following(self) -> bool:
        """Whether the next change makes them the same, without anybody's word."""
        clock_ms = to_milliseconds(self.clock_at)
        return retention_after(to_milliseconds(self.retention_at), clock_ms) == clock_ms


def retention_after(retention_ms: int, clock_ms: int) -> int:
    """The retention time after a change at the clock's time. It begins with the first one, and never runs backwards."""
    is_begun = retention_ms > 0
    return clock_ms if not is_begun or 0 <= clock_ms - retention_ms <= STEP_MS else retention_ms


class ServiceRetention:
    """What the operator asks of a store about the time, and says to it."""

    _core: Core

    def clock_state(self) -> ClockState:
        """How late it is; nothing is changed."""
        core = self._core
        clock_ms = to_milliseconds(core.clock.now())
        retention_ms = core.ledger.read(lambda facts: facts.retention_ms()) or clock_ms
        return ClockState(from_milliseconds(retention_ms), from_milliseconds(clock_ms))

    def confirm_clock(self, clock_at: datetime) -> None:
        """Go by the clock again: the retention time becomes `clock_at`, the time that somebody said is right, durably.

        Also if that is earlier, so that a clock that was confirmed by mistake can be put right.
        """

        def act(changes: Changes, _now_ms: int) -> None:
            changes.set_retention(to_milliseconds(clock_at))

        self._core.write(act)
