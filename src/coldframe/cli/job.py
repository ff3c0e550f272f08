"""`coldframe job`: one retrieval or inventory job by hand."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import click

from coldframe.cli import job_output, job_start
from coldframe.cli.command import Group
from coldframe.cli.exits import Exit
from coldframe.cli.ids import JOBS, given_ids
from coldframe.cli.job_rows import COLUMNS, job_row
from coldframe.cli.options import output_option, store_option, vault_option
from coldframe.composition.outputs import all_jobs, find_jobs
from coldframe.composition.vaults import find_vault
from coldframe.model import JobStatus

if TYPE_CHECKING:
    from coldframe.cli.app import App


@click.group(
    cls=Group,
    examples=(
        "coldframe job start Subs/Light/M33_Blue_1.fit --vault astrodata --tier Bulk",
        "coldframe job start --inventory --vault astrodata",
        "coldframe job list --vault astrodata --completed",
        "coldframe job list -v astrodata --completed -o json | coldframe job output -v astrodata --into ./back -",
    ),
)
def command() -> None:
    """Start, show and list single jobs, and fetch what they bring.

    `coldframe retrieve` does all of this by itself; these are its steps by hand.
    """


command.add_command(job_start.start)
command.add_command(job_output.output_command)


@command.command(examples=("coldframe job show --vault astrodata JOB_ID", "coldframe job show -v astrodata ID -o json"))
@click.argument("jobs", nargs=-1, required=True, metavar="JOB_ID...")
@vault_option
@store_option
@output_option
@click.pass_obj
def show(app: App, jobs: tuple[str, ...], vault: str | None, store: str | None, output: str | None) -> Exit:
    """Show jobs and how far they are; '-' reads job IDs from standard input."""
    ids = given_ids(jobs, JOBS)
    vaults = app.coldframe(store=store).store
    name = find_vault(vaults, app.vault(vault)).vault_name
    found = find_jobs(vaults, name, ids)
    with app.printer(COLUMNS, form=output, is_long=True) as printer:
        for job_id, job in found.items():
            if job is None:
                app.say(f"The vault {name} has no job {job_id}, or not any more.")
            else:
                printer.row(job_row(name, job))
    return Exit.DONE if all(found.values()) else Exit.NOTHING_MATCHED


@command.command(
    name="list",
    examples=(
        "coldframe job list --vault astrodata",
        "coldframe job list --vault astrodata --status InProgress",
        "coldframe job list --vault astrodata --completed -o json",
    ),
)
@vault_option
@click.option("--completed/--not-completed", default=None, help="Only jobs that have ended, or have not.")
@click.option(
    "--status",
    type=click.Choice([status.value for status in JobStatus], case_sensitive=False),
    help="Only jobs of this status.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="NUMBER", help="At most so many.  [default: all]")
@click.option("--long", "-l", "is_long", is_flag=True, help="With IDs and hashes.")
@store_option
@output_option
@click.pass_obj
def list_(
    app: App,
    /,
    *,
    vault: str | None,
    completed: bool | None,
    status: str | None,
    limit: int | None,
    is_long: bool,
    store: str | None,
    output: str | None,
) -> Exit:
    """List the vault's jobs, the newest first, however many pages they fill."""
    vaults = app.coldframe(store=store).store
    name = find_vault(vaults, app.vault(vault)).vault_name
    wanted = JobStatus(status) if status else None
    found = False
    with app.printer(COLUMNS, form=output, is_long=is_long) as printer:
        for job in islice(all_jobs(vaults, name, completed=completed, status=wanted), limit):
            printer.row(job_row(name, job))
            found = True
    if not found:
        app.say(f"The vault {name} has no such job." if status or completed is not None else f"{name} has no jobs.")
    return Exit.DONE if found else Exit.NOTHING_MATCHED
