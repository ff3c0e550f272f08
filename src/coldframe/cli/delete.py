"""`coldframe delete`: archives out of a vault, for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.cli.charges import require_affordable, tell_fee
from coldframe.cli.command import Command
from coldframe.cli.exits import Exit
from coldframe.cli.ids import ARCHIVES, given_ids
from coldframe.cli.options import (
    dry_run_option,
    max_cost_option,
    output_option,
    store_option,
    vault_option,
    yes_option,
)
from coldframe.cli.output import Column, size_column
from coldframe.composition.archives import find_archives
from coldframe.composition.deleting import delete_archives, plan_deletion
from coldframe.composition.fees import early_fee
from coldframe.composition.spending import Outlay
from coldframe.composition.vaults import find_vault
from coldframe.errors import in_words
from coldframe.quantities import count, format_size
from coldframe.retriever.pricing import UNKNOWN

if TYPE_CHECKING:
    from coldframe.cli.app import App
    from coldframe.composition.archives import NamedArchive
    from coldframe.composition.deleting import DeletionPlan

COLUMNS = (
    Column("outcome", "OUTCOME", width=12),
    size_column(),
    Column("file_path", "PATH"),
    Column("archive_id", label="archive "),
    Column("vault_name"),
    Column("detail"),
)


@click.command(
    cls=Command,
    examples=(
        "coldframe delete Subs/Light/M33_Blue_1.fit --vault astrodata",
        "coldframe delete --vault astrodata --dry-run -- ARCHIVE_ID",
        "coldframe ls clouds -o json | coldframe delete --vault astrodata --yes -",
    ),
)
@click.argument("archives", nargs=-1, required=True, metavar="ARCHIVE...")
@vault_option
@store_option
@max_cost_option
@dry_run_option
@yes_option
@output_option
@click.pass_obj
def command(
    app: App,
    /,
    archives: tuple[str, ...],
    *,
    vault: str | None,
    store: str | None,
    max_cost: float | None,
    dry_run: bool,
    yes: bool,
    output: str | None,
) -> Exit:
    """Delete each ARCHIVE from the vault for ever, and from the catalog.

    ARCHIVE is an archive ID, or the whole path of a file or zip as `coldframe ls` shows it; '-' reads archive IDs from
    standard input. No pattern is taken: what is deleted is named.
    """
    words = given_ids(archives, ARCHIVES)
    app.settle(max_cost=max_cost)
    coldframe = app.coldframe(store=store)
    name = find_vault(coldframe.store, app.vault(vault)).vault_name
    plan = plan_deletion(coldframe, find_archives(coldframe, name, words))
    prices = coldframe.terms.prices
    fee = early_fee(prices, plan.archives, now=coldframe.clock.now()) if prices is not None else None
    _tell(app, plan)
    tell_fee(app, fee)
    if dry_run:
        with app.printer(COLUMNS, form=output, is_long=True) as printer:
            for archive in plan.archives:
                printer.row(archive_row(archive, "would delete"))
        return Exit.DONE
    price = fee.agreed if fee is not None else UNKNOWN
    require_affordable(app, Outlay(coldframe, "delete", price), "Deleting now")
    if not app.confirm(f"Delete {count(len(plan.archives), 'archive')} of the vault {name} for ever?", yes=yes):
        return Exit.FAILED
    failed = 0
    with app.printer(COLUMNS, form=output, is_live=True) as printer:
        for deleted in delete_archives(coldframe, plan.archives):
            error = deleted.error
            printer.row(
                archive_row(deleted.archive, "deleted" if error is None else "failed", str(error) if error else None)
            )
            if error is not None:
                app.say(f"{deleted.archive.path or deleted.archive.archive_id}: still there: {in_words(error)}")
                failed += 1
    app.say(f"{count(len(plan.archives) - failed, 'archive')} deleted" + (f"; {failed:,} failed." if failed else "."))
    if not failed:
        return Exit.DONE
    return Exit.SOME_FAILED if failed < len(plan.archives) else Exit.FAILED


def _tell(app: App, plan: DeletionPlan) -> None:
    """What would be lost."""
    text = f"{count(len(plan.archives), 'archive')}, {format_size(plan.size)}: the content of "
    text += count(plan.paths, "path") + (f" with {count(plan.members, 'file')} in zips" if plan.members else "")
    app.say(f"{text}.")
    if plan.unknown:
        app.say(f"The catalog does not know {count(plan.unknown, 'of them', 'of them')}: their sizes are not counted.")
    for archive in plan.archives:
        if len(paths := dict.fromkeys(entry.path for entry in archive.entries)) > 1:
            app.say(f"One archive is the content of {count(len(paths), 'path')}: {', '.join(paths)}.")


def archive_row(archive: NamedArchive, outcome: str, detail: str | None = None) -> dict[str, object]:
    """The values of an archive and what became of it, under their stable names."""
    return {
        "outcome": outcome,
        "size": archive.size,
        "file_path": archive.path,
        "archive_id": archive.archive_id,
        "vault_name": archive.vault_name,
        "detail": detail,
    }
