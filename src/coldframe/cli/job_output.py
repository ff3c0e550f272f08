"""`coldframe job output`: what jobs have brought, as files."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from coldframe.cli.charges import require_affordable, tell_sum, tell_transfer
from coldframe.cli.command import Command
from coldframe.cli.exits import Exit
from coldframe.cli.ids import JOBS, STANDARD_INPUT, given_ids
from coldframe.cli.jobs import JobView
from coldframe.cli.options import (
    BYTE_RANGE,
    dry_run_option,
    max_cost_option,
    output_option,
    store_option,
    vault_option,
    yes_option,
)
from coldframe.cli.retrieve import print_results
from coldframe.composition.call_prices import output_charge
from coldframe.composition.outputs import OutputPlace, OutputRun, find_jobs
from coldframe.composition.retrieving import RetrieveSummary
from coldframe.composition.spending import Outlay
from coldframe.composition.vaults import find_vault
from coldframe.errors import BadUsage
from coldframe.model import JobStatus
from coldframe.quantities import count, format_size
from coldframe.retriever.ranges import SEGMENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from coldframe.cli.app import App
    from coldframe.model import ByteRange, JobDescription
    from coldframe.prices import Calculator, Charge
    from coldframe.retriever.results import RetrievedFile


@click.command(
    name="output",
    cls=Command,
    examples=(
        "coldframe job output --vault astrodata --into ./back JOB_ID",
        "coldframe job output --vault astrodata --file inventory.json JOB_ID",
        "coldframe job output --vault astrodata --file - JOB_ID | jq .",
        "coldframe job list -v astrodata --completed -o json | coldframe job output -v astrodata --into ./back -",
    ),
)
@click.argument("jobs", nargs=-1, required=True, metavar="JOB_ID...")
@vault_option
@click.option("--into", metavar="FOLDER", help="Fill this folder; a job's description is the name of its file.")
@click.option("--file", "-f", metavar="FILE", help="Make this file; - is standard output.")
@click.option(
    "--range", "byte_range", type=BYTE_RANGE, help="With --file: only these bytes of the output, as in 0-1023."
)
@click.option("--overwrite", is_flag=True, help="Replace different files that are in the way.")
@max_cost_option
@store_option
@dry_run_option
@yes_option
@output_option
@click.pass_obj
def output_command(
    app: App,
    /,
    jobs: tuple[str, ...],
    *,
    vault: str | None,
    into: str | None,
    file: str | None,
    byte_range: ByteRange | None,
    overwrite: bool,
    max_cost: float | None,
    store: str | None,
    dry_run: bool,
    yes: bool,
    output: str | None,
) -> Exit:
    """Fetch the output of each JOB_ID that has succeeded; '-' reads job IDs, or rows with them, from standard input.

    What is there already and verified is not fetched again, and what was interrupted goes on where it was. Names never
    lead out of FOLDER. A file takes its name only when its bytes have the tree hash that the store has promised.
    """
    place = _place(into, file, byte_range, overwrite=overwrite)
    ids = given_ids(jobs, JOBS)
    if file is not None and len(ids) > 1:
        raise BadUsage("--file takes the output of one job; add --into FOLDER for several.")
    app.settle(max_cost=max_cost)
    coldframe = app.coldframe(store=store)
    name = find_vault(coldframe.store, app.vault(vault)).vault_name
    ready, code = _ready(app, name, find_jobs(coldframe.store, name, ids))
    if not ready:
        return code
    if dry_run:
        app.say(f"Would fetch {count(len(ready), 'output')}, {format_size(_size(ready))}.")
        return code
    if coldframe.terms.is_charging:
        price = tell_sum(app, coldframe.terms.prices, "Fetching them costs", lambda prices: _charge(app, prices, ready))
        tell_transfer(app)
        outlay = Outlay(coldframe, "job output", price, name, transfer_size=_size(ready))
        require_affordable(app, outlay, "Fetching them")
        if not app.confirm(f"Fetch {count(len(ready), 'output')}, {format_size(_size(ready))}?", yes=yes):
            return Exit.FAILED
        outlay.commit()
    if file == STANDARD_INPUT:
        return _pour(OutputRun(coldframe, name, place), ready[0])
    return _fetch(app, name, place, ready, output) or code


def _place(into: str | None, file: str | None, byte_range: ByteRange | None, *, overwrite: bool) -> OutputPlace:
    if (into is None) == (file is None):
        raise BadUsage("Where to? Add either --into FOLDER or --file FILE.")
    if byte_range is not None and file is None:
        raise BadUsage("--range gives a piece of a file, which must not have the file's name: add --file FILE.")
    if file is None:
        return OutputPlace(folder=into or "", overwrite=overwrite)
    folder, name = os.path.split(os.path.abspath(file))
    if not name or os.path.isdir(file):
        raise BadUsage(f"{file} is a folder; --into fills one.")
    return OutputPlace(folder=folder, file_name=name, overwrite=overwrite, range=byte_range)


def _ready(app: App, vault_name: str, jobs: dict[str, JobDescription | None]) -> tuple[list[JobDescription], Exit]:
    """The jobs whose output can be fetched, and what the exit code is once they are; the others are told."""
    code = Exit.DONE
    ready: list[JobDescription] = []
    for job_id, job in jobs.items():
        if job is None:
            app.say(f"The vault {vault_name} has no job {job_id}, or not any more: outputs last about a day.")
        elif job.status is JobStatus.IN_PROGRESS:
            app.say(f"{job.description or job_id}: not ready yet.")
        elif job.status is JobStatus.FAILED:
            app.say(f"{job.description or job_id}: the job has failed: {job.status_message}")
        else:
            ready.append(job)
            continue
        is_early = job is not None and job.status is JobStatus.IN_PROGRESS
        code = Exit.NOT_READY if is_early and code in {Exit.DONE, Exit.NOT_READY} else Exit.SOME_FAILED
    return ready, Exit.FAILED if not ready and code is Exit.SOME_FAILED else code


def _size(jobs: Sequence[JobDescription]) -> int:
    return sum(job.range.size if job.range else job.archive_size or job.inventory_size or 0 for job in jobs)


def _charge(app: App, prices: Calculator, jobs: Sequence[JobDescription]) -> Charge:
    """The requests that read, and the way to the internet."""
    size = _size(jobs)
    return output_charge(app.coldframe(), prices, size=size, requests=len(jobs) + size // SEGMENT)


def _pour(run: OutputRun, job: JobDescription) -> Exit:
    run.pour(job, sys.stdout.buffer.write)
    sys.stdout.buffer.flush()
    return Exit.DONE


def _fetch(app: App, vault_name: str, place: OutputPlace, jobs: Sequence[JobDescription], output: str | None) -> Exit:
    coldframe, summary = app.coldframe(), RetrieveSummary()
    view = JobView(app, coldframe.clock)
    run = OutputRun(coldframe, vault_name, place, observer=view.observe)
    with view, view.heeding(run.stop):
        print_results(app, view, _counted(run.fetch(jobs), summary), form=app.form(output))
    text = f"{count(summary.retrieved, 'file')} fetched, {format_size(summary.size)}"
    text += f"; {summary.present:,} there already" if summary.present else ""
    text += f"; {summary.failed:,} failed" if summary.failed else ""
    app.say(f"{text}.")
    if view.exit is not None:
        app.say("Stopped. The same command carries on.")
        return view.exit
    if summary.mismatched:
        return Exit.MISMATCH
    return (Exit.SOME_FAILED if len(jobs) > 1 else Exit.FAILED) if summary.failed else Exit.DONE


def _counted(results: Iterable[RetrievedFile], summary: RetrieveSummary) -> Iterator[RetrievedFile]:
    for result in results:
        summary.add(result)
        yield result
