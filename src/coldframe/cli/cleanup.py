"""`coldframe cleanup`: what killed runs left over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.cli.charges import show_price, tell_sum
from coldframe.cli.command import Command
from coldframe.cli.exits import Exit
from coldframe.cli.options import dry_run_option, output_option, store_option, vault_option, yes_option
from coldframe.cli.output import Column, size_column
from coldframe.composition.cleaning import abort_leftovers, find_leftovers, sweep
from coldframe.composition.pricing import price_of
from coldframe.quantities import count, format_duration, format_size

if TYPE_CHECKING:
    from coldframe.cli.app import App
    from coldframe.composition import Coldframe
    from coldframe.composition.cleaning import Leftover
    from coldframe.service import SweepReport

_COLUMNS = (
    Column("age_seconds", "AGE", lambda value: format_duration(float(str(value))), width=7, is_right=True),
    size_column(),
    Column("vault_name", "VAULT"),
    Column("resumable", "RESUMABLE", lambda value: "yes" if value else "no"),
    Column("file_path", "PATH"),
    Column("upload_id"),
    Column("created_at"),
    Column("currency"),
)


@click.command(
    cls=Command,
    examples=(
        "coldframe cleanup --dry-run",
        "coldframe cleanup --vault astrodata",
        "coldframe cleanup --all --yes",
    ),
)
@vault_option
@click.option("--all", "-a", "is_all", is_flag=True, help="Abort also what the next archive run would carry on.")
@store_option
@dry_run_option
@yes_option
@output_option
@click.pass_obj
def command(
    app: App,
    /,
    *,
    vault: str | None,
    is_all: bool,
    store: str | None,
    dry_run: bool,
    yes: bool,
    output: str | None,
) -> Exit:
    """List left-over multipart uploads, and abort those that this catalog would not resume.

    In the embedded store, bytes that nothing has referred to for 48 hours are removed as well; a store that is
    somewhere else sees to that itself.
    """
    coldframe = app.coldframe(store=store)
    leftovers = list(find_leftovers(coldframe, vault_name=app.only_vault(vault)))
    with app.printer(_columns(is_charging=coldframe.terms.is_charging), form=output) as printer:
        for leftover in leftovers:
            printer.row(_row(leftover, coldframe))
    size = sum(leftover.size for leftover in leftovers)
    if size and coldframe.terms.is_charging:
        tell_sum(app, coldframe.terms.prices, "A month of them costs", lambda prices: prices.unfinished(size))
    wanted = [leftover for leftover in leftovers if is_all or not leftover.is_ours]
    if dry_run:
        app.say(f"Would abort {_count(wanted)}.")
        if not coldframe.is_remote:
            app.say(f"Would remove {_swept(sweep(coldframe, dry_run=True))}.")
        return Exit.DONE
    if wanted:
        if not app.confirm(f"Abort {_count(wanted)}?", yes=yes):
            return Exit.FAILED
        abort_leftovers(coldframe, wanted)
        app.say(f"{_count(wanted)} aborted.")
    else:
        app.say("No upload is left over." if not leftovers else "Every open upload is one that archive would resume.")
    if not coldframe.is_remote:
        report = sweep(coldframe)
        if report.blobs or report.temporary_files:
            app.say(f"Removed {_swept(report)}.")
    return Exit.DONE


def _columns(*, is_charging: bool) -> tuple[Column, ...]:
    """What is shown of each; its price only in tables of stores that charge."""
    price = Column("per_month", "A MONTH" if is_charging else "", show_price, width=8, is_right=True)
    return (*_COLUMNS[:2], price, *_COLUMNS[2:])


def _per_month(leftover: Leftover, coldframe: Coldframe) -> str | None:
    """What a month of its parts costs, None if nobody knows."""
    terms = coldframe.terms
    if terms.prices is None:
        return None if terms.is_charging else "0"
    price = price_of(terms.prices.calculator.unfinished(leftover.size))
    return None if price.amount is None else f"{price.amount:f}"


def _count(leftovers: list[Leftover]) -> str:
    size = format_size(sum(leftover.size for leftover in leftovers))
    return f"{count(len(leftovers), 'upload')}, {size}"


def _swept(report: SweepReport) -> str:
    blobs, files = count(report.blobs, "blob"), count(report.temporary_files, "temporary file")
    return f"{blobs} that nothing refers to, {format_size(report.size)}, and {files}"


def _row(leftover: Leftover, coldframe: Coldframe) -> dict[str, object]:
    created_at = leftover.upload.created_at
    return {
        "age_seconds": max(0, int((coldframe.clock.now() - created_at).total_seconds())),
        "size": leftover.size,
        "per_month": _per_month(leftover, coldframe),
        "currency": "USD",
        "vault_name": leftover.vault_name,
        "resumable": leftover.is_ours,
        "file_path": leftover.path,
        "upload_id": leftover.upload.upload_id,
        "created_at": created_at,
    }
