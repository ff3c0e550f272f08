"""A process that dies at its n-th call on store or catalog: what was done is done, and nothing more happens."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Killed(BaseException):
    """The process is dead. No handler of ordinary errors sees this."""


class Death:
    """Strikes when the `nth` call (from 1) is done and its answer is not heard yet.

    That it strikes before the call is the same as after the one before. `done` are the names and arguments of the calls
    that were done, heard or not.
    """

    def __init__(self, nth: int = 0) -> None:
        """Nobody has called."""
        self.done: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.is_dead = False
        self._nth = nth
        self._count = 0
        self._lock = Lock()

    def call(self, name: str, act: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Let one call through, or die."""
        with self._lock:
            if self.is_dead:
                raise Killed
            self._count += 1
            strikes = self._count == self._nth
        answer = act(*args, **kwargs)
        with self._lock:
            self.done.append((name, args, kwargs))
            self.is_dead |= strikes
            if self.is_dead:
                raise Killed
        return answer


class Mortal:
    """Stands before a store or a catalog, and passes on what is called as long as death allows."""

    def __init__(self, inner: Any, death: Death) -> None:
        """Wrap `inner`."""
        self._inner = inner
        self._death = death

    def __getattr__(self, name: str) -> Any:
        """The inner one's attribute; a method of it is mortal."""
        value = getattr(self._inner, name)
        if not callable(value):
            return value
        return lambda *args, **kwargs: self._death.call(name, value, args, kwargs)
