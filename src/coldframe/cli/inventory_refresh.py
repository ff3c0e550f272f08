"""`coldframe inventory refresh`: the catalog against the vault's own inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.cli.charges import tell_inventory
from coldframe.cli.command import Command
from coldframe.cli.exits import Exit
from coldframe.cli.options import max_cost_option, output_option, store_option, vault_option
from coldframe.cli.output import Column, moment_column, size_column
from coldframe.composition.comparing import Comparison
from coldframe.composition.standing import Standing
from coldframe.composition.vaults import find_vault
from coldframe.quantities import count, format_duration, format_size

if TYPE_CHECKING:
    from coldframe.cli.app import App
    from coldframe.composition.standing import Checked

COLUMNS = (
    Column("standing", "STANDING", width=9),
    size_column(),
    Column("file_path", "PATH"),
    Column("archive_id", label="archive "),
    Column("tree_hash"),
    moment_column("archived_at"),
    Column("vault_name"),
    Column("detail"),
)
_TOLD = (
    (Standing.MISSING, "missing in the vault"),
    (Standing.DIFFERENT, "different"),
    (Standing.UNKNOWN, "unknown to the catalog"),
    (Standing.UNREADABLE, "unreadable"),
    (Standing.NEWER, "newer than the inventory"),
    (Standing.DELETED, "deleted since"),
)


@click.command(
    cls=Command,
    examples=(
        "coldframe inventory refresh --vault astrodata",
        "coldframe inventory refresh --vault astrodata --max-cost 0.01",
        "coldframe inventory refresh --vault astrodata --all -o csv > astrodata.csv",
    ),
)
@vault_option
@click.option("--all", "-a", "is_all", is_flag=True, help="Print also what is as it should be.")
@max_cost_option
@store_option
@output_option
@click.pass_obj
def refresh(
    app: App,
    /,
    *,
    vault: str | None,
    is_all: bool,
    max_cost: float | None,
    store: str | None,
    output: str | None,
) -> Exit:
    """Compare the catalog with the vault's own inventory, and remember what is in it.

    What is missing in the vault, unknown to the catalog or different is printed; so is what is younger than the
    inventory or was deleted after it, which is no fault. `verify --safe-to-delete` goes by the last inventory.

    Exit 9 says that the store is still preparing the inventory: run the same command again later, nothing is asked for
    twice. Exit 3: something is wrong. Exit 8: a job for the inventory would cost more than --max-cost; none is begun.
    """
    app.settle(max_cost=max_cost)
    coldframe = app.coldframe(store=store)
    name = find_vault(coldframe.store, app.vault(vault)).vault_name
    tell_inventory(app)
    comparison = Comparison(coldframe, name)
    with app.printer(COLUMNS, form=output) as printer:
        for checked in comparison.run():
            if is_all or checked.standing is not Standing.VERIFIED:
                printer.row(_row(checked))
    _sum_up(app, comparison, name)
    return Exit.SOME_FAILED if comparison.wrong else Exit.DONE


def _sum_up(app: App, comparison: Comparison, name: str) -> None:
    if comparison.inventory_at is not None:
        age = app.coldframe().clock.now() - comparison.inventory_at
        old = f", {format_duration(age.total_seconds())} old" if age.total_seconds() >= 1 else ""
        app.say(f"The inventory of {name} is of {comparison.inventory_at:%Y-%m-%d %H:%M:%S} UTC{old}.")
    told = [f"{count(comparison.archives, 'archive')}, {format_size(comparison.size)}"]
    told += [f"{comparison.counts[standing]:,} {words}" for standing, words in _TOLD if comparison.counts[standing]]
    app.say("; ".join(told) + ("." if comparison.wrong else ". The catalog and the vault agree."))


def _row(checked: Checked) -> dict[str, object]:
    return {
        "standing": checked.standing.value,
        "size": checked.size if checked.size >= 0 else None,
        "file_path": checked.path or None,
        "archive_id": checked.archive_id,
        "tree_hash": checked.tree_hash,
        "archived_at": checked.archived_at,
        "vault_name": checked.vault_name,
        "detail": checked.detail or None,
    }
