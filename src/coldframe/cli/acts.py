"""What a command does to a store after asking: the question, the rehearsal and the news in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.cli.app import App


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is asked about before it is done.

    Args:
        would: What `--dry-run` says.
        question: What is asked without `--yes`.
        done: What is said afterwards.
    """

    would: str
    question: str
    done: str


def perform(app: App, act: Act, do: Callable[[], object], *, yes: bool, dry_run: bool) -> Exit:
    """Rehearse it, or ask and do it.

    Raises:
        BadUsage: There is nobody to ask.
        ColdframeError: `do` raised it.
    """
    if dry_run:
        app.say(act.would)
        return Exit.DONE
    if not app.confirm(act.question, yes=yes):
        return Exit.FAILED
    do()
    app.say(act.done)
    return Exit.DONE
