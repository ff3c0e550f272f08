"""`coldframe inventory`: the record of what is where, out of the catalog, into it, and back from the vault."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from coldframe.catalog import Query
from coldframe.cli.charges import CHARGES
from coldframe.cli.command import Group
from coldframe.cli.exits import Exit
from coldframe.cli.options import dry_run_option, store_option, vault_option, yes_option
from coldframe.composition.bundles import MemberRebuild
from coldframe.composition.inventories import check_place, count_rows, export_to_stream
from coldframe.composition.vaults import find_vault
from coldframe.composition.verifying import Standing, verify_vault
from coldframe.errors import NotReady
from coldframe.inventory.export import export_inventory
from coldframe.inventory.importing import import_inventory
from coldframe.inventory.rebuild import rebuild_catalog
from coldframe.quantities import count
from coldframe.settings import parse_path

if TYPE_CHECKING:
    from coldframe.cli.app import App
    from coldframe.composition import Coldframe


@click.group(
    cls=Group,
    examples=(
        "coldframe inventory export m33.archive_inventory.csv --vault astrodata",
        "coldframe inventory import m33.archive_inventory.csv",
        "coldframe inventory rebuild --vault astrodata",
    ),
)
def command() -> None:
    """Export, import or rebuild the record of what is where."""


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


@command.command(
    examples=(
        "coldframe inventory rebuild --vault astrodata",
        "coldframe inventory rebuild --vault astrodata --members",
        "coldframe inventory rebuild -v astrodata --dry-run",
    )
)
@vault_option
@click.option("--members", "-m", is_flag=True, help="Read from each bundle's zip, too, which members it has.")
@store_option
@dry_run_option
@yes_option
@click.pass_obj
def rebuild(app: App, /, *, vault: str | None, members: bool, store: str | None, dry_run: bool, yes: bool) -> Exit:
    """Bring into the catalog what the vault's own inventory knows and the catalog does not.

    An inventory does not tell what lies in a bundle. With --members the bundles that the catalog knows no members of
    are read: from your own disk as a whole; from a store with waits, which may cost money, only their last megabytes,
    and you are asked before.

    Exit 9 says that the store is still preparing what was asked for: run the same command again later, nothing is
    asked for twice.
    """
    coldframe = app.coldframe(store=store)
    name = app.vault(vault)
    find_vault(coldframe.store, name)
    if dry_run:
        return _rehearse(app, coldframe, name, members=members)
    if not members:
        return _rebuild(app, coldframe, name)
    earlier = MemberRebuild(coldframe, name)
    if earlier.is_under_way:  # its inventory has been read, and its question answered
        return _rebuild_members(app, earlier)
    question = f"Retrieve the end of every bundle whose members are unknown, at {coldframe.settings.tier}?"
    if coldframe.terms.is_charging:
        app.say(CHARGES)
    if not (earlier.is_free or app.confirm(question, yes=yes)):
        return Exit.FAILED
    code = _rebuild(app, coldframe, name)
    return max(code, _rebuild_members(app, MemberRebuild(coldframe, name)))


def _rehearse(app: App, coldframe: Coldframe, name: str, *, members: bool) -> Exit:
    unknown = sum(checked.standing is Standing.UNKNOWN for checked in verify_vault(coldframe, name))
    app.say(f"Would bring {count(unknown, 'archive')} of {name} into the catalog.")
    if members:
        bundles = len(MemberRebuild(coldframe, name).bundles)
        app.say(f"Would read the members of {count(bundles, 'bundle')}, and of those among the archives.")
    return Exit.DONE


def _rebuild(app: App, coldframe: Coldframe, name: str) -> Exit:
    report = rebuild_catalog(coldframe.store, coldframe.catalog, name)
    for problem in report.problems:
        app.say(problem)
    app.say(
        f"{count(report.added, 'archive')} of {name} new in the catalog, {report.known:,} known before; "
        f"{report.newer:,} of the catalog newer than the inventory, {report.missing:,} missing in the vault."
    )
    return Exit.SOME_FAILED if report.unreadable or report.missing else Exit.DONE


def _rebuild_members(app: App, work: MemberRebuild) -> Exit:
    found = waiting = failed = 0
    for read in work.run():
        found += read.members
        waiting += read.is_waiting
        failed += bool(read.problem)
        if read.problem:
            app.say(f"{read.bundle.path}: {read.problem}")
    done = len(work.bundles) - waiting - failed
    app.say(f"{count(found, 'member')} of {count(done, 'bundle')} brought back.")
    if waiting:
        raise NotReady(f"the store is still preparing {count(waiting, 'bundle')}; run the same command again later")
    return Exit.SOME_FAILED if failed else Exit.DONE
