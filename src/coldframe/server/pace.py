"""How slow a client may be: so many bytes in each span of waiting for it (reliability H5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coldframe.server.limits import Limits


class Pace:
    """Judges one direction of one request. Only time spent waiting for the client counts, never our own."""

    def __init__(self, limits: Limits) -> None:
        """Begin the first span."""
        self._size = limits.pace_size
        self._seconds = limits.pace_seconds
        self._waited = 0.0
        self._passed = 0

    @property
    def left(self) -> float:
        """For how many more seconds the client may let us wait without having sent or taken enough."""
        return self._seconds - self._waited

    def note(self, size: int, *, waited: float) -> bool:
        """Take note of bytes that passed after a wait; whether the client keeps pace."""
        self._passed += size
        self._waited += waited
        if self._waited < self._seconds:
            return True
        keeps = self._passed >= self._size
        self._passed, self._waited = 0, 0.0
        return keeps
