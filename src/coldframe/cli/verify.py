"""`coldframe verify`: files, catalog, vault and store, compared."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from coldframe.cli.charges import tell_inventory
from coldframe.cli.command import Command
from coldframe.cli.exits import Exit
from coldframe.cli.jobs import JobView
from coldframe.cli.options import (
    DURATION,
    RATE,
    dry_run_option,
    max_cost_option,
    output_option,
    store_option,
    vault_option,
    yes_option,
)
from coldframe.cli.output import Column, size_column
from coldframe.cli.verify_safe import SafetyCheck
from coldframe.composition.proving import OLDEST_INVENTORY
from coldframe.composition.standing import Standing
from coldframe.composition.verifying import verify_files, verify_vault
from coldframe.errors import BadUsage
from coldframe.quantities import count, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coldframe.cli.app import App
    from coldframe.composition.standing import Checked

COLUMNS = (
    Column("standing", "STANDING", width=12),
    size_column(),
    Column("file_path", "PATH"),
    Column("vault_name"),
    Column("archive_id"),
    Column("source"),
    Column("detail"),
)
DEEP_COLUMNS = (
    Column("finding", "FINDING", width=12),
    Column("vault_name", "VAULT"),
    Column("file_path", "PATH"),
    Column("archive_id"),
    Column("upload_id"),
    Column("job_id"),
    Column("blob"),
    Column("detail"),
)
_BAD = (Standing.DAMAGED, Standing.DIFFERENT, Standing.MISSING)
_AMISS = (Standing.CHANGED, Standing.NOT_ARCHIVED, Standing.UNREADABLE, Standing.UNKNOWN)


@click.command(
    cls=Command,
    examples=(
        "coldframe verify ./Subs --vault astrodata",
        "coldframe verify ./Subs --vault astrodata --safe-to-delete",
        "coldframe verify ./Subs --vault astrodata --safe-to-delete --delete-source",
        "coldframe verify --vault astrodata",
        "coldframe verify --deep --limit-rate 50MiB/s",
    ),
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@vault_option
@click.option("--safe-to-delete", is_flag=True, help="Prove of each file that its bytes are in the vault.")
@click.option("--max-age", type=DURATION, metavar="DURATION", help="Trust no older inventory.  [default: 30d]")
@click.option("--delete-source", is_flag=True, help="Then remove the local files that are safe. Asks first.")
@click.option("--deep", is_flag=True, help="Hash every byte that the embedded store keeps; resumes where it stopped.")
@click.option("--restart", is_flag=True, help="With --deep: begin anew.")
@click.option("--limit-rate", type=RATE, help="With --deep: the highest rate, such as 50MiB/s.")
@click.option("--all", "-a", "is_all", is_flag=True, help="Print also what is as it should be.")
@max_cost_option
@store_option
@dry_run_option
@yes_option
@output_option
@click.pass_obj
def command(
    app: App,
    /,
    paths: tuple[str, ...],
    *,
    vault: str | None,
    safe_to_delete: bool,
    max_age: float | None,
    delete_source: bool,
    dry_run: bool,
    yes: bool,
    deep: bool,
    restart: bool,
    limit_rate: float | None,
    is_all: bool,
    max_cost: float | None,
    store: str | None,
    output: str | None,
) -> Exit:
    """Verify what is archived.

    With PATHs: every file there is hashed and compared with the catalog. Without: the catalog is compared with the
    vault's own inventory; --max-cost limits what the job for it may cost. With --deep: the embedded store
    hashes all its bytes again.

    With --safe-to-delete a file is safe only if the catalog knows it, its bytes are those that were archived, and the
    vault's last inventory (`coldframe inventory refresh`) names its archive; a folder, if everything in it is. Exit 0:
    all is safe; 3: something is not.
    """
    app.settle(store=store, limit_rate=limit_rate, max_cost=max_cost)
    _require_fit(click.get_current_context().params)
    if safe_to_delete:
        return SafetyCheck(
            app=app,
            paths=paths,
            vault_name=app.vault(vault),
            max_age=OLDEST_INVENTORY if max_age is None else timedelta(seconds=max_age),
            form=app.form(output),
            is_all=is_all,
            delete_source=delete_source,
            yes=yes,
            is_rehearsal=dry_run,
        ).run()
    if deep:
        return _deep(app, restart=restart, form=output)
    view = JobView(app, app.coldframe().clock)
    if paths:
        results = verify_files(app.coldframe(), paths, vault_name=app.vault(vault), observer=view.observe)
        return _print(app, view, results, is_all=is_all, form=app.form(output))
    tell_inventory(app)
    return _print(app, view, verify_vault(app.coldframe(), app.vault(vault)), is_all=is_all, form=app.form(output))


def _require_fit(given: Mapping[str, Any]) -> None:
    """Refuse options that mean nothing beside each other, rather than leave one of them out.

    Raises:
        BadUsage: There are such.
    """
    if given["max_cost"] is not None and (given["paths"] or given["deep"]):
        raise BadUsage("--max-cost limits the job for the vault's inventory: leave it out with PATHs or --deep.")
    if given["safe_to_delete"] and (given["deep"] or not given["paths"]):
        raise BadUsage("--safe-to-delete looks at files here: name the PATHs, and leave --deep out.")
    if not given["safe_to_delete"] and (given["delete_source"] or given["max_age"] is not None):
        raise BadUsage("--delete-source and --max-age belong to --safe-to-delete.")
    if given["deep"] and given["paths"]:
        raise BadUsage("--deep looks at the whole store: leave the paths out.")
    if not given["deep"] and (given["restart"] or given["limit_rate"] is not None):
        raise BadUsage("--restart and --limit-rate belong to --deep.")


def _print(app: App, view: JobView, results: Iterator[Checked], *, is_all: bool, form: str) -> Exit:
    counts: Counter[Standing] = Counter()
    size = 0
    with view, app.printer(COLUMNS, form=form, stream=view.output, is_live=True) as printer:
        for checked in results:
            counts[checked.standing] += 1
            size += checked.size if checked.standing is Standing.VERIFIED else 0
            if is_all or form != "table" or checked.standing is not Standing.VERIFIED:
                view.row(printer, _row(checked))
    told = [f"{count(counts[Standing.VERIFIED], 'file')} verified, {format_size(size)}"]
    told += [f"{number:,} {standing}" for standing, number in counts.items() if standing is not Standing.VERIFIED]
    app.say("; ".join(told) + ".")
    if any(counts[standing] for standing in _BAD):
        return Exit.MISMATCH
    if any(counts[standing] for standing in _AMISS):
        return Exit.SOME_FAILED
    return Exit.DONE if counts else Exit.NOTHING_MATCHED


def _row(checked: Checked) -> dict[str, object]:
    return {
        "standing": checked.standing.value,
        "size": checked.size,
        "file_path": checked.path,
        "vault_name": checked.vault_name,
        "archive_id": checked.archive_id,
        "source": checked.source,
        "detail": checked.detail or None,
    }


def _deep(app: App, *, restart: bool, form: str | None) -> Exit:
    from coldframe.composition.scrubbing import scrub, scrubbed  # noqa: PLC0415 - the service, which help does not need

    coldframe = app.coldframe()
    bad = 0
    with app.printer(DEEP_COLUMNS, form=form, is_live=True) as printer:
        for found in scrub(coldframe, rate=app.settings.limit_rate, restart=restart):
            bad += found.is_loss
            for path in found.paths or ("",):
                printer.row(
                    {
                        "finding": found.finding.kind.value,
                        "vault_name": found.finding.vault_name,
                        "file_path": path,
                        "archive_id": found.finding.archive_id,
                        "upload_id": found.finding.upload_id,
                        "job_id": found.finding.job_id,
                        "blob": found.finding.blob,
                        "detail": found.finding.detail,
                    }
                )
    blobs, size = scrubbed(coldframe)
    app.say(f"{count(blobs, 'blob')} hashed, {format_size(size)}; damaged or missing: {bad:,}.")
    return Exit.MISMATCH if bad else Exit.DONE
