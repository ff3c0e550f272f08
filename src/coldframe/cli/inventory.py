"""`coldframe inventory`: the record of what is where, out of the catalog, into it, and against the vault."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from coldframe.catalog import Query
from coldframe.cli import inventory_rebuild, inventory_refresh
from coldframe.cli.command import Group
from coldframe.cli.exits import Exit
from coldframe.cli.options import dry_run_option, store_option, vault_option
from coldframe.composition.inventories import check_place, count_rows, export_to_stream
from coldframe.inventory.export import export_inventory
from coldframe.inventory.importing import import_inventory
from coldframe.quantities import count
from coldframe.settings import parse_path

if TYPE_CHECKING:
    from coldframe.cli.app import App


@click.group(
    cls=Group,
    examples=(
        "coldframe inventory export m33.archive_inventory.csv --vault astrodata",
        "coldframe inventory import m33.archive_inventory.csv",
        "coldframe inventory refresh --vault astrodata",
        "coldframe inventory rebuild --vault astrodata",
    ),
)
def command() -> None:
    """Export, import, refresh or rebuild the record of what is where."""


command.add_command(inventory_refresh.refresh)
command.add_command(inventory_rebuild.rebuild)


@command.command(
    name="export",
    examples=(
        "coldframe inventory export m33.archive_inventory.csv --vault astrodata",
        "coldframe inventory export - --match Blue",
    ),
)
@click.argument("file")
@vault_option
@click.option("--match", default="", metavar="QUERY", help="Only what this query finds, as for ls.")
@store_option
@click.option("--safe", is_flag=True, help="Protect spreadsheets from names that look like formulas.")
@click.pass_obj
def export(app: App, /, file: str, *, vault: str | None, match: str, store: str | None, safe: bool) -> Exit:
    """Write what the catalog knows to the inventory CSV FILE; '-' is standard output.

    A file that is there is extended: its rows stay.
    """
    coldframe = app.coldframe(store=store)
    identity = coldframe.store_identity if app.only_store(store) else None
    query = Query(text=match, store=identity, vault_name=app.only_vault(vault))
    if coldframe.catalog.count(query)[0] == 0:
        app.say("Nothing in the catalog matches; nothing was written.")
        return Exit.NOTHING_MATCHED
    if file == "-":
        export_to_stream(coldframe, query, sys.stdout, is_safe=safe)
        return Exit.DONE
    path = parse_path(file)
    check_place(path)
    written = export_inventory(coldframe.catalog, query, path, files=coldframe.files, is_safe=safe)
    app.say(f"{written.path} has {count(written.kept + written.added, 'row')}, {written.added:,} new.")
    return Exit.DONE


@command.command(
    name="import",
    examples=(
        "coldframe inventory import m33.archive_inventory.csv",
        "coldframe inventory import from-powershell.csv --vault astrodata",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@vault_option
@store_option
@dry_run_option
@click.pass_obj
def import_(app: App, /, files: tuple[str, ...], *, vault: str | None, store: str | None, dry_run: bool) -> Exit:
    """Bring inventory CSVs into the catalog: ours, and those of PowerShell's Export-Csv.

    Rows that name no vault or store get the one of --vault and --store.
    """
    coldframe = app.coldframe(store=store)
    unusable = 0
    for file in files:
        path = parse_path(file)
        if dry_run:
            rows, bad = count_rows(path)
            app.say(f"{file}: would import {count(rows, 'row')}; {bad:,} cannot be used.")
            unusable += bad
            continue
        identity = coldframe.store_identity if coldframe.has_store else None
        report = import_inventory(path, coldframe.catalog, store=identity, vault_name=vault or app.settings.vault)
        for error in report.errors:
            app.say(f"{file}, line {error.line}: {error.problem}")
        app.say(
            f"{file}: {count(report.rows, 'row')}; {count(report.archives_added, 'archive')} and "
            f"{count(report.entries_added, 'entry', 'entries')} new, {report.known:,} known, "
            f"{report.unusable:,} unusable."
        )
        unusable += report.unusable
    return Exit.SOME_FAILED if unusable else Exit.DONE
