"""`coldframe archive`: files and folders into a vault, and the inventory of them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from coldframe.archiver.request import ArchiveRequest
from coldframe.archiver.scan import told
from coldframe.cli.charges import CHARGES, show_price, tell_older, tell_prices, tell_zipped
from coldframe.cli.command import Command
from coldframe.cli.exits import Exit
from coldframe.cli.jobs import JobView
from coldframe.cli.logs import log_options
from coldframe.cli.options import (
    FILE,
    JOBS,
    MONEY,
    PART_SIZE,
    RATE,
    dry_run_option,
    output_option,
    rules_option,
    store_option,
    vault_option,
    yes_option,
)
from coldframe.cli.output import Column, size_column
from coldframe.cli.unmatched import Unmatched
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.pricing import price_of
from coldframe.errors import LimitRefused, UnknownArchives
from coldframe.progress import Outcome
from coldframe.quantities import count, decimal_of, format_size
from coldframe.retriever.pricing import UNKNOWN
from coldframe.rule_sets import choose_rule_sets

if TYPE_CHECKING:
    from decimal import Decimal

    from coldframe.archiver.request import FileResult
    from coldframe.cli.app import App
    from coldframe.composition.archiving import ArchiveSummary

COLUMNS = (
    Column("outcome", "OUTCOME", width=9),
    size_column(),
    Column("file_path", "PATH"),
    Column("kind"),
    Column("vault_name"),
    Column("archive_id"),
    Column("tree_hash"),
    Column("source"),
    Column("rule"),
    Column("detail"),
)


@click.command(
    cls=Command,
    examples=(
        "coldframe archive ./Subs --vault astrodata",
        "coldframe archive ./Subs --vault astrodata --zip Bias --zip Dark --zip Flat \\",
        "    --inventory m33.archive_inventory.csv --inventory-copy s3://myastrodata/",
        "coldframe archive ./Subs --vault astrodata --exclude '*.tmp' --dry-run",
        "coldframe archive ./M31 --vault astrodata --rules nina --rules wbpp --dry-run",
        "coldframe archive ./Subs --vault astrodata --inventory m33.csv --delete-source",
    ),
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@vault_option
@click.option("--zip", multiple=True, metavar="PATTERN", help="Make one zip archive of each matching folder.")
@click.option("--include", multiple=True, metavar="PATTERN", help="Archive only files that match.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave files and folders out that match.")
@rules_option
@click.option("--inventory", "-i", type=FILE, metavar="FILE", help="Extend this inventory CSV with what is archived.")
@click.option("--inventory-copy", multiple=True, metavar="TARGET", help="Copy it to a folder or s3://BUCKET/PREFIX/.")
@click.option("--delete-source", is_flag=True, help="Remove local files once they are safe. Asks first.")
@click.option(
    "--checksum", "-c", is_flag=True, default=None, help="Compare tree hashes, not size and modification time."
)
@click.option("--no-dedupe", "dedupe", flag_value=False, default=None, help="Send known content again at a new path.")
@click.option("--follow-symlinks", is_flag=True, default=None, help="Archive what symbolic links point to.")
@click.option("--anew", is_flag=True, help="Archive though the vault holds archives that the catalog does not know.")
@click.option("--jobs", "-j", type=JOBS, help="How many parts or files travel at once.")
@click.option("--part-size", type=PART_SIZE, help="The smallest part of a multipart upload, such as 64MiB.")
@click.option("--max-cost", type=MONEY, help="Refuse what would cost more in its first year.")
@click.option("--limit-rate", type=RATE, help="The highest rate: 20MiB/s, or 08:00-23:00=2M,*=full.")
@store_option
@dry_run_option
@yes_option
@output_option
@click.pass_obj
@log_options("archive")
def command(
    app: App,
    /,
    paths: tuple[str, ...],
    *,
    delete_source: bool,
    anew: bool,
    max_cost: float | None,
    dry_run: bool,
    yes: bool,
    **flags: object,
) -> Exit:
    """Archive files and folders into a vault.

    Each file becomes one archive. What the catalog knows already is skipped; a run that was stopped, however it was
    stopped, is carried on by the same command.
    """
    settings = app.settle(**flags)
    request = ArchiveRequest(
        paths=tuple(expand(paths)),
        vault_name=app.vault(None),
        zip_patterns=settings.zip,
        include=settings.include,
        exclude=settings.exclude,
        rule_sets=choose_rule_sets(settings.rules, settings.rule_sets),
        follow_symlinks=settings.follow_symlinks,
        checksum=settings.checksum,
        dedupe=settings.dedupe,
        dry_run=dry_run,
    )
    job = ArchiveJob(
        request=request,
        inventory=settings.inventory,
        copies=settings.inventory_copy,
        delete_source=delete_source,
        anew=anew,
    )
    if app.coldframe().terms.is_charging:
        job, question = _tell_price(app, job, decimal_of(max_cost))
        if not (dry_run or app.confirm(question, yes=yes)):
            return Exit.FAILED
    if delete_source and not dry_run:
        question = f"Remove each local file once its archive in {request.vault_name} is confirmed and recorded?"
        if not app.confirm(question, yes=yes):
            return Exit.FAILED
    try:
        return _archive(app, job, form=app.form(None))
    except UnknownArchives as error:
        return _ask_anew(app, job, error)


def _ask_anew(app: App, job: ArchiveJob, error: UnknownArchives) -> Exit:
    """Ask whoever sits at the terminal; for all others, `--anew` says it beforehand, and `--yes` does not."""
    if not app.has_terminal:
        raise UnknownArchives(f"{error} --anew archives all the same.") from error
    app.say(str(error))
    if not app.confirm("Archive all the same?", yes=False):
        return Exit.FAILED
    return _archive(app, replace(job, anew=True), form=app.form(None))


def _tell_price(app: App, job: ArchiveJob, max_cost: Decimal | None) -> tuple[ArchiveJob, str]:
    """Say what archiving costs before it begins; answers the job with its price, and what to ask.

    Raises:
        LimitRefused: It costs more in its first year, or than the month's budget allows, or nobody knows what it costs.
    """
    from coldframe.composition.estimating import archive_costs, measure_archive  # noqa: PLC0415 - start-up time
    from coldframe.composition.spending import ARCHIVE, Outlay  # noqa: PLC0415 - as above

    prices, request = app.coldframe().terms.prices, job.request
    if prices is None:
        app.say(CHARGES)
        if max_cost is not None:
            raise LimitRefused(f"That this stays within --max-cost {max_cost} cannot be promised.")
        Outlay(app.coldframe(), ARCHIVE, UNKNOWN).check()
        return replace(job, price=UNKNOWN), f"Archive into {request.vault_name} all the same?"
    measure = measure_archive(app.coldframe(), request)
    costs = archive_costs(measure, prices, now=app.coldframe().clock.now())
    total = costs.total
    once, month = price_of(total.once), price_of(total.per_month)
    first_year = total.once + total.per_month * 12
    app.say(
        f"{count(measure.archives, 'archive')}, {format_size(measure.size)}: {show_price(once.amount)} once and "
        f"{show_price(month.amount)} a month; {show_price(first_year.amount)} in the first year."
    )
    tell_older(app, measure, costs)
    tell_zipped(app, measure)
    tell_prices(app, prices, sorted(first_year.unverified))
    if max_cost is not None and first_year.most > max_cost:
        raise LimitRefused(
            f"The first year may cost {show_price(first_year.most)}, more than --max-cost {max_cost}. Nothing is sent."
        )
    Outlay(app.coldframe(), ARCHIVE, once, request.vault_name, month).check()
    job = replace(job, price=once, per_month=month)
    return (
        job,
        f"Archive into {request.vault_name} for {show_price(once.amount)} and {show_price(month.amount)} a month?",
    )


def expand(paths: tuple[str, ...]) -> list[str]:
    """Paths as typed; on Windows, where no shell does it, patterns are replaced by what they match."""
    if os.name != "nt":
        return list(paths)
    from glob import glob  # noqa: PLC0415 - Windows only

    return [found for path in paths for found in (([path] if os.path.lexists(path) else glob(path)) or [path])]


def _archive(app: App, job: ArchiveJob, *, form: str) -> Exit:
    coldframe = app.coldframe()
    view, unmatched = JobView(app, coldframe.clock), Unmatched(job.request.include)
    with view, coldframe.archive(job, observer=view.observe) as run, view.heeding(run.stop):
        with app.printer(COLUMNS, form=form, stream=view.output, is_live=True) as printer:
            for result in run.results():
                unmatched.add(result)
                if form != "table" or _is_shown(result, job):
                    view.row(printer, _row(result, job.request.vault_name))
                if (words := _remark(result, job)) is not None:
                    view.say(f"{result.path}: {words}")
        summary = run.finish()
    app.say(*_sum_up(summary, job))
    if view.exit is not None:
        app.say("Stopped. The same command carries on.")
        return view.exit
    app.say(*unmatched.tell())
    return Exit.SOME_FAILED if summary.files[Outcome.FAILED] else Exit.DONE


def _is_shown(result: FileResult, job: ArchiveJob) -> bool:
    """Whether a table lists it: neither what is unchanged nor, except in a rehearsal, what a rule leaves out."""
    is_ruled = result.outcome is Outcome.LEFT_OUT and result.rule is not None
    return result.outcome is not Outcome.UNCHANGED and (job.request.dry_run or not is_ruled)


def _remark(result: FileResult, job: ArchiveJob) -> str | None:
    """What is said about a file: why it failed or is left out, and in a rehearsal what the rules make of it."""
    if result.outcome in {Outcome.FAILED, Outcome.LEFT_OUT} and result.detail and _is_shown(result, job):
        return f"{result.outcome}: {result.detail}"
    if job.request.dry_run and result.rule is not None and result.outcome is not Outcome.LEFT_OUT:
        return f"one zip: {told(result.rule)}"
    _, is_kept, note = result.detail.partition("; ")
    return f"kept: {note}" if job.request.dry_run and is_kept else None


def _row(result: FileResult, vault_name: str) -> dict[str, object]:
    return {
        "outcome": result.outcome.value,
        "size": result.size,
        "file_path": result.path,
        "kind": result.kind.value,
        "vault_name": vault_name,
        "archive_id": result.archive_id,
        "tree_hash": result.tree_hash,
        "source": result.source,
        "rule": str(result.rule) if result.rule else None,
        "detail": result.detail or None,
    }


def _sum_up(summary: ArchiveSummary, job: ArchiveJob) -> list[str]:
    """The last lines: what is where now, what is not, and what to do about it."""
    files, sizes, vault = summary.files, summary.sizes, job.request.vault_name
    would = "would be " if job.request.dry_run else ""
    sent = (
        f"{count(files[Outcome.ARCHIVED], 'file')} {would}archived in {vault}, {format_size(sizes[Outcome.ARCHIVED])}"
    )
    others = [
        f"{files[outcome]:,} {words}"
        for outcome, words in (
            (Outcome.RECORDED, "recorded without being sent, their content is there already"),
            (Outcome.UNCHANGED, "unchanged"),
            (Outcome.LEFT_OUT, "left out"),
            (Outcome.FAILED, "failed"),
        )
        if files[outcome]
    ]
    lines = ["; ".join([sent, *others]) + "."]
    for rule, number in summary.ruled.items():
        size = format_size(summary.ruled_sizes[rule])
        lines.append(f"{count(number, 'file')}, {size}, {'would be ' if would else ''}left out by {told(rule)}.")
    if summary.deleted or summary.kept:
        freed = f"{count(summary.deleted, 'file')} removed here, {format_size(summary.deleted_size)} freed"
        lines.append(f"{freed}; {summary.kept:,} kept." if summary.kept else f"{freed}.")
    if files[Outcome.FAILED]:
        lines.append("Run the same command again when what failed is mended.")
    return lines
