"""`coldframe watch`: carry on all open orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.cli.command import Command
from coldframe.cli.exits import Exit
from coldframe.cli.jobs import JobView
from coldframe.cli.logs import log_options
from coldframe.cli.options import output_option
from coldframe.cli.retrieve import print_results
from coldframe.composition.ordering import Watch
from coldframe.composition.retrieving import RetrieveSummary
from coldframe.quantities import count, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.cli.app import App
    from coldframe.retriever.results import RetrievedFile


@click.command(cls=Command, examples=("coldframe watch", "coldframe watch --once", "coldframe watch --once -o json"))
@click.option("--once", is_flag=True, help="One round: fetch what is ready, start what is missing, and end.")
@output_option
@click.pass_obj
@log_options("watch")
def command(app: App, /, *, once: bool, output: str | None) -> Exit:
    """Carry on all open orders until they are done.

    Exit 9 after --once says that jobs are still in progress.
    """
    coldframe = app.coldframe()
    view = JobView(app, coldframe.clock)
    watch = Watch(coldframe, observer=view.observe)
    summary = RetrieveSummary()
    if not watch.open_orders():
        app.say("No order is open.")
        return Exit.DONE
    with view, view.heeding(watch.stop):
        print_results(app, view, _counted(watch.carry_on(wait=not once), summary), form=app.form(output))
    remaining = watch.open_orders()
    app.say(
        f"{count(summary.retrieved, 'file')} retrieved, {format_size(summary.size)}; {summary.failed:,} failed; "
        f"{count(remaining, 'order is', 'orders are')} still open."
    )
    if view.exit is not None:
        return view.exit
    if summary.failed:
        return Exit.MISMATCH if summary.mismatched else Exit.SOME_FAILED
    return Exit.NOT_READY if remaining else Exit.DONE


def _counted(results: Iterator[RetrievedFile], summary: RetrieveSummary) -> Iterator[RetrievedFile]:
    for result in results:
        summary.add(result)
        yield result
