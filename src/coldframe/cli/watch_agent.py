"""`coldframe watch install|status|remove`: the watch as something that the system starts."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from coldframe.cli.command import Command
from coldframe.cli.exits import Exit
from coldframe.cli.options import FILE, RATE_TEXT, dry_run_option, output_option
from coldframe.cli.output import Column

if TYPE_CHECKING:
    from coldframe.cli.app import App

COLUMNS = (
    Column("agent", "AGENT"),
    Column("state", "STATE"),
    Column("pid", "PID", is_right=True),
    Column("path", "FILE"),
    Column("detail", "DETAIL"),
)


@click.command(cls=Command, examples=("coldframe watch install --dry-run", "coldframe watch install"))
@click.option("--log-file", type=FILE, metavar="FILE", help="Have it log to this file, which rotates.")
@click.option("--queue", multiple=True, metavar="URL_OR_ARN", help="Have it listen to this SQS queue.")
@click.option("--limit-rate", type=RATE_TEXT, help="Have it fetch no faster: 20MiB/s, or 08:00-23:00=2M,*=full.")
@dry_run_option
@click.pass_obj
def install(app: App, log_file: str | None, queue: tuple[str, ...], limit_rate: str | None, *, dry_run: bool) -> None:
    """Have the system run the watch, from now on and from each login on.

    On Linux it is a systemd unit of your user, on macOS a launchd agent, on Windows a scheduled task. It takes along
    COLDFRAME_HOME, COLDFRAME_STORE and the other settings of your environment, and no secrets. Installed again, it is
    replaced by what applies now.
    """
    from coldframe.composition.agents import left_behind, open_agent, watch_spec  # noqa: PLC0415 - start-up time
    from coldframe.notify.queues import read_queue  # noqa: PLC0415 - start-up time

    coldframe = app.coldframe()
    settings = app.settle(log_file=log_file)
    options = [] if log_file is None else ["--log-file", os.path.abspath(log_file)]
    for name in queue:
        read_queue(name)
        options += ["--queue", name]
    options += [] if limit_rate is None else ["--limit-rate", limit_rate]
    spec = watch_spec(coldframe.home, options=options, has_log=settings.log_file is not None)
    agent = open_agent(files=coldframe.files, clock=coldframe.clock)
    if dry_run:
        where, content = agent.render(spec)
        app.say(f"Would write and start {where}:")
        sys.stdout.write(content.decode("utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"))
        return
    installed = agent.install(spec)
    did = "runs" if installed.is_new else "is as it was, and runs"
    app.say(f"The watch {did}: {installed.path or agent.name}. `coldframe watch status` tells how it is.")
    app.say(*installed.hints)
    for name in left_behind():
        app.say(f"{name} stays behind, since it is a secret: the watch needs keys in your AWS configuration.")


@click.command(cls=Command, examples=("coldframe watch status", "coldframe watch status -o json"))
@output_option
@click.pass_obj
def status(app: App, output: str | None) -> Exit:
    """Show whether the watch is installed and runs.

    Exit 0: it runs; 1: it is installed and does not; 4: it is not installed.
    """
    from coldframe.composition.agents import State, open_agent  # noqa: PLC0415 - start-up time

    found = open_agent().status()
    if found.state is State.ABSENT:
        app.say("The watch is not installed; `coldframe watch install` does it.")
        return Exit.NOTHING_MATCHED
    row = {"agent": found.name, "state": found.state.value, "pid": found.pid, "path": found.path}
    with app.printer(COLUMNS, form=output) as printer:
        printer.row({**row, "detail": found.detail})
    return Exit.DONE if found.state is State.RUNNING else Exit.FAILED


@click.command(cls=Command, examples=("coldframe watch remove",))
@dry_run_option
@click.pass_obj
def remove(app: App, *, dry_run: bool) -> Exit:
    """Stop the watch that was installed, and leave nothing of it. Orders stay as they are."""
    from coldframe.composition.agents import State, open_agent  # noqa: PLC0415 - start-up time

    agent = open_agent()
    if dry_run:
        is_there = agent.status().state is not State.ABSENT
        app.say(f"Would stop and remove {agent.name}." if is_there else "The watch is not installed.")
        return Exit.DONE
    if not agent.remove():
        app.say("The watch was not installed.")
        return Exit.NOTHING_MATCHED
    app.say(f"{agent.name} is stopped and removed.")
    return Exit.DONE
