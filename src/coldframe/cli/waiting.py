"""`--wait`: until all is there, or as long as somebody says."""

from __future__ import annotations

from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

import click

from coldframe.cli.command import Command
from coldframe.cli.options import Parsed
from coldframe.quantities import parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from coldframe.clock import Clock

F = TypeVar("F", bound="Callable[..., Any]")
_FOR_EVER = "forever"
_WAIT = Parsed("duration", lambda text: inf if text == _FOR_EVER else parse_duration(text))


class WaitingCommand(Command):
    """A command whose `--wait` may stand alone before anything: what follows is its value only if it is a duration."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words of the command line."""
        words = list(args)
        for place, word in enumerate(words):
            if word == "--wait" and not _is_duration(words[place + 1 : place + 2]):
                words[place] = f"--wait={_FOR_EVER}"
        return super().parse_args(ctx, words)


def wait_option(function: F) -> F:
    """`--wait`, of a :class:`WaitingCommand`: seconds, infinite where it stands alone, None without it."""
    text = "Wait until all is there, or as long as a DURATION such as 12h."
    return click.option("--wait", "-w", type=_WAIT, help=text)(function)


def end_of(wait: float | None, clock: Clock) -> datetime | None:
    """The moment at which a wait ends that begins now; None if it does not end, or is none."""
    return clock.now() + timedelta(seconds=wait) if wait is not None and wait < inf else None


def _is_duration(words: list[str]) -> bool:
    try:
        return bool(words) and parse_duration(words[0]) >= 0
    except ValueError:
        return False
