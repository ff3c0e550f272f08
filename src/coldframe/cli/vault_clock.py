"""`coldframe vault confirm-clock`: saying that the machine's clock is right, so that locks go by it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.cli.acts import Act, perform
from coldframe.cli.command import Command
from coldframe.cli.exits import Exit
from coldframe.cli.options import dry_run_option, store_option, yes_option
from coldframe.clock import format_moment
from coldframe.quantities import format_duration

if TYPE_CHECKING:
    from coldframe.cli.app import App
    from coldframe.service import ClockState

_CONFIRM = Act(
    would="Would let vault locks go by this machine's time.",
    question="Is this machine's time right? What a lock keeps until then can be deleted.",
    done="Vault locks go by this machine's clock again.",
)


@click.command(
    name="confirm-clock",
    cls=Command,
    examples=("coldframe vault confirm-clock --dry-run", "coldframe vault confirm-clock"),
)
@store_option
@yes_option
@dry_run_option
@click.pass_obj
def confirm_clock(app: App, store: str | None, *, yes: bool, dry_run: bool) -> Exit:
    """Say that this machine's clock is right, after a store was left alone for more than 24 hours.

    Until then vault locks go by the time at which the store was last used, so that nobody opens them early by setting
    the clock forward. Only on the folder of an embedded store.
    """
    from coldframe.composition.clocks import store_clocks  # noqa: PLC0415 - start-up time

    with store_clocks(app.coldframe(store=store)) as clocks:
        state = clocks.earliest()
        app.say(
            f"Time for vault locks: {format_moment(state.retention_at)}",
            f"This machine's time:  {format_moment(state.clock_at)}, {_difference(state)}",
        )
        if state.is_following:
            app.say("Locks go by this machine's clock; there is nothing to confirm.")
            return Exit.DONE
        return perform(app, _CONFIRM, lambda: clocks.confirm(state.clock_at), yes=yes, dry_run=dry_run)


def _difference(state: ClockState) -> str:
    seconds = (state.clock_at - state.retention_at).total_seconds()
    return f"{format_duration(abs(seconds))} {'later' if seconds >= 0 else 'earlier'}"
