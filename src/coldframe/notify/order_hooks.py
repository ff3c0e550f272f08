"""Who is told of orders, as the configuration has it."""

from __future__ import annotations

from dataclasses import dataclass, field

HOOK_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Who is told of orders.

    Args:
        on_done: A program and its arguments, for an order whose files are all in place.
        on_attention: Likewise, for one of which something could not be had, or that waits for somebody to mend things.
        notify: Apprise URLs, told of both. They hold secrets, and are never shown.
        timeout_seconds: So long a program may take.
    """

    on_done: tuple[str, ...] = ()
    on_attention: tuple[str, ...] = ()
    notify: tuple[str, ...] = field(default=(), repr=False)
    timeout_seconds: float = HOOK_SECONDS
