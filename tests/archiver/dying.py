"""A process that dies at its n-th call on store or catalog: what was done is done, and nothing more happens."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Killed(BaseException):
    """The process is dead. No handler of ordinary errors sees this."""


class Death:
    """Strikes at the `nth` call (from 1), before it is done or, with `is_after`, before its answer is heard.

    `heard` are the names and arguments of the calls whose answers were heard.
    """

    def __init__(self, nth: int = 0, *, is_after: bool = False) -> None:
        """Nobody has called."""
        self.heard: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.is_dead = False
        self._nth = nth
        self._is_after = is_after
        self._count = 0
        self._lock = Lock()

    def call(self, name: str, act: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Let one call through, or die."""
        with self._lock:
            self._count += 1
            strikes = self._count == self._nth
            if self.is_dead or (strikes and not self._is_after):
                self.is_dead = True
                raise Killed
        answer = act(*args, **kwargs)
        with self._lock:
            if strikes or self.is_dead:
                self.is_dead = True
                raise Killed
            self.heard.append((name, args, kwargs))
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
