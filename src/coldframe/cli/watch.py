"""`coldframe watch`: carry on all open orders."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from coldframe.cli import watch_agent
from coldframe.cli.command import Group, debug_option
from coldframe.cli.exits import Exit
from coldframe.cli.jobs import JobView
from coldframe.cli.logs import log_options
from coldframe.cli.options import RATE, output_option
from coldframe.cli.resuming import tell_paused
from coldframe.cli.retrieve import print_results
from coldframe.composition.ordering import Watch
from coldframe.composition.retrieving import RetrieveSummary
from coldframe.composition.telling import Teller
from coldframe.quantities import count, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.cli.app import App
    from coldframe.rates import Limit
    from coldframe.retriever.results import RetrievedFile


def _set_environment(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> None:
    """Where a scheduler gives no environment, the command line does; before the settings are read."""
    for value in values:
        name, _, text = value.partition("=")
        os.environ[name] = text


@click.group(
    cls=Group,
    invoke_without_command=True,
    params=[debug_option()],
    examples=(
        "coldframe watch",
        "coldframe watch --once -o json",
        "coldframe watch --stay --log-file ~/coldframe.log",
        "coldframe watch --limit-rate 08:00-23:00=2M,*=full",
        "coldframe watch --queue arn:aws:sqs:us-west-2:111122223333:ready",
        "coldframe watch install",
    ),
)
@click.option("--once", is_flag=True, help="One round: fetch what is ready, start what is missing, and end.")
@click.option("--stay", is_flag=True, help="Do not end when no order is open: wait for the next one.")
@click.option(
    "--queue",
    multiple=True,
    metavar="URL_OR_ARN",
    help="Listen to this SQS queue, which hears of a vault's jobs; may be given again.",
)
@click.option("--limit-rate", type=RATE, help="The highest rate: 20MiB/s, or 08:00-23:00=2M,*=full.")
@click.option(
    "--env", multiple=True, hidden=True, expose_value=False, is_eager=True, callback=_set_environment, metavar="X=Y"
)
@output_option
@click.pass_obj
@log_options("watch")
def command(
    app: App,
    /,
    *,
    once: bool,
    stay: bool,
    queue: tuple[str, ...],
    limit_rate: Limit | None,
    output: str | None,
) -> Exit | None:
    """Carry on all open orders until they are done.

    Exit 9 after --once says that jobs are still in progress, exit 8 that an order is paused: `orders resume` goes on.
    One watch at a time runs on a catalog; another ends with exit 5 and says which one it is.
    """
    if click.get_current_context().invoked_subcommand:
        if once or stay or queue or output or limit_rate is not None:
            raise click.UsageError("Options of the watch itself stand after `install`, if they stand anywhere.")
        return None
    if once and stay:
        raise click.UsageError("--once ends after a round and --stay does not end: choose one.")
    if once and queue:
        raise click.UsageError("--once asks for the jobs and ends; --queue is for a watch that waits.")
    app.settle(queue=queue, limit_rate=limit_rate)
    return _watch(app, once=once, stay=stay, form=app.form(output))


command.add_command(watch_agent.install)
command.add_command(watch_agent.status)
command.add_command(watch_agent.remove)


def _watch(app: App, *, once: bool, stay: bool, form: str) -> Exit:
    coldframe = app.coldframe()
    view = JobView(app, coldframe.clock)
    watch = Watch(coldframe, observer=view.observe, queues=coldframe.settings.queue)
    summary, teller = RetrieveSummary(), Teller(coldframe, observer=view.observe)
    if teller.problem:
        app.say(f"The URLs of [hooks] notify cannot be told: {teller.problem}.")
    if not (stay or watch.open_orders()):
        teller.deliver()  # what could not be told before
        app.say("No order is open.")
        return _tell_paused(app, watch) or Exit.DONE
    with view, view.heeding(watch.stop):
        print_results(app, view, _counted(watch.carry_on(wait=not once, stay=stay), summary), form=form)
    remaining = watch.open_orders()
    app.say(
        f"{count(summary.retrieved, 'file')} retrieved, {format_size(summary.size)}; {summary.failed:,} failed; "
        f"{count(remaining, 'order is', 'orders are')} still open."
    )
    if view.exit is not None:
        return view.exit
    if summary.failed:
        return Exit.MISMATCH if summary.mismatched else Exit.SOME_FAILED
    return _tell_paused(app, watch) or (Exit.NOT_READY if remaining else Exit.DONE)


def _tell_paused(app: App, watch: Watch) -> Exit | None:
    """Say which orders wait for somebody's consent; exit 8 then."""
    paused = watch.paused_orders()
    for number in paused:
        tell_paused(app, number)
    return Exit.REFUSED if paused else None


def _counted(results: Iterator[RetrievedFile], summary: RetrieveSummary) -> Iterator[RetrievedFile]:
    for result in results:
        summary.add(result)
        yield result
