"""`coldframe inventory rebuild`: a lost catalog, back from the vault and from what was kept beside it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from coldframe.cli.charges import require_affordable, tell_inventory, tell_sum, tell_transfer
from coldframe.cli.command import Command
from coldframe.cli.exits import Exit
from coldframe.cli.options import dry_run_option, max_cost_option, store_option, vault_option, yes_option
from coldframe.composition.bundles import MemberRebuild
from coldframe.composition.comparing import clock_margin
from coldframe.composition.spending import Outlay, agree_to_inventory
from coldframe.composition.standing import Standing
from coldframe.composition.transfer import used_transfer
from coldframe.composition.vaults import find_vault
from coldframe.composition.verifying import verify_vault
from coldframe.errors import BadUsage, NotReady
from coldframe.inventory.importing import import_inventory
from coldframe.inventory.rebuild import rebuild_catalog, rebuild_from_file
from coldframe.quantities import count
from coldframe.retriever.pricing import Price
from coldframe.settings import parse_path

if TYPE_CHECKING:
    from coldframe.cli.app import App
    from coldframe.composition import Coldframe
    from coldframe.inventory.rebuild import Rebuilt
    from coldframe.prices import Calculator, Charge


@click.command(
    cls=Command,
    examples=(
        "coldframe inventory rebuild --vault astrodata",
        "coldframe inventory rebuild --vault astrodata --members",
        "coldframe inventory rebuild m33.archive_inventory.csv --vault astrodata",
        "coldframe inventory rebuild -v astrodata --dry-run",
    ),
)
@click.argument("files", nargs=-1, metavar="[FILE]...")
@vault_option
@click.option("--members", "-m", is_flag=True, help="Read from each bundle's zip, too, which members it has.")
@max_cost_option
@store_option
@dry_run_option
@yes_option
@click.pass_obj
def rebuild(
    app: App,
    /,
    files: tuple[str, ...],
    *,
    vault: str | None,
    members: bool,
    max_cost: float | None,
    store: str | None,
    dry_run: bool,
    yes: bool,
) -> Exit:
    """Bring into the catalog what the vault's own inventory knows and the catalog does not.

    FILEs are read first: inventory CSVs, ours and those of Export-Csv, which know paths and members; or what an
    inventory job has brought, as JSON or CSV, and then the vault is not asked. What was deleted after an inventory was
    made is not brought back.

    An inventory does not tell what lies in a bundle. With --members the bundles that the catalog knows no members of
    are read: from your own disk as a whole; from a store with waits, which may cost money, only their last megabytes,
    and you are asked before.

    Exit 9 says that the store is still preparing what was asked for: run the same command again later, nothing is
    asked for twice.
    """
    app.settle(max_cost=max_cost)
    coldframe = app.coldframe(store=store)
    name = app.vault(vault)
    find_vault(coldframe.store, name)
    if dry_run and files:
        raise BadUsage("--dry-run looks at the vault's inventory: leave the files out, or try `inventory import -n`.")
    if dry_run:
        return _rehearse(app, coldframe, name, members=members)
    code, is_whole = _read_files(app, coldframe, name, files)
    if not members:
        return code if is_whole else max(code, _rebuild(app, coldframe, name))
    earlier = MemberRebuild(coldframe, name)
    if earlier.is_under_way:  # its inventory has been read, and its question answered
        return _rebuild_members(app, earlier)
    question = f"Retrieve the end of every bundle whose members are unknown, at {coldframe.settings.tier}?"
    outlay = _outlay(app, earlier)
    if not (earlier.is_free or app.confirm(question, yes=yes)):
        return Exit.FAILED
    outlay.commit()
    code = code if is_whole else max(code, _rebuild(app, coldframe, name))
    return max(code, _rebuild_members(app, MemberRebuild(coldframe, name)))


def _outlay(app: App, work: MemberRebuild) -> Outlay:
    """What the bundles that are known now cost at least, told, and held against the limits."""
    coldframe, price = app.coldframe(), Price()
    if coldframe.terms.is_charging and not work.is_free:

        def charge(prices: Calculator) -> Charge | None:
            jobs, used = len(work.bundles), used_transfer(coldframe)
            charges = prices.retrieve(coldframe.settings.tier, size=work.size, jobs=jobs, used_transfer=used)
            return None if charges is None else charges.total

        what = f"Reading {count(len(work.bundles), 'bundle')} costs at least"
        price = tell_sum(app, coldframe.terms.prices, what, charge)
        tell_transfer(app)
    size = 0 if work.is_free else work.size
    outlay = Outlay(coldframe, "inventory", price, work.vault_name, transfer_size=size)
    require_affordable(app, outlay, "Reading the bundles")
    return outlay


def _rehearse(app: App, coldframe: Coldframe, name: str, *, members: bool) -> Exit:
    unknown = sum(checked.standing is Standing.UNKNOWN for checked in verify_vault(coldframe, name))
    app.say(f"Would bring {count(unknown, 'archive')} of {name} into the catalog.")
    if members:
        bundles = len(MemberRebuild(coldframe, name).bundles)
        app.say(f"Would read the members of {count(bundles, 'bundle')}, and of those among the archives.")
    return Exit.DONE


def _read_files(app: App, coldframe: Coldframe, name: str, files: tuple[str, ...]) -> tuple[Exit, bool]:
    """Read files into the catalog; answers whether one of them stands for the vault's inventory."""
    code, is_whole, store = Exit.DONE, False, coldframe.store_identity
    for file in files:
        path = parse_path(file)
        saved = rebuild_from_file(path, coldframe.catalog, store=store, vault_name=name, margin=clock_margin(coldframe))
        if saved is not None:
            is_whole = True
            code = max(code, _tell(app, saved, name))
            continue
        report = import_inventory(path, coldframe.catalog, store=store, vault_name=name)
        for error in report.errors:
            app.say(f"{file}, line {error.line}: {error.problem}")
        app.say(f"{file}: {count(report.archives_added, 'archive')} new; {report.unusable:,} rows unusable.")
        code = max(code, Exit.SOME_FAILED if report.unusable else Exit.DONE)
    return code, is_whole


def _rebuild(app: App, coldframe: Coldframe, name: str) -> Exit:
    tell_inventory(app)
    agree = partial(agree_to_inventory, coldframe, "inventory", name)
    report = rebuild_catalog(coldframe.store, coldframe.catalog, name, margin=clock_margin(coldframe), before=agree)
    return _tell(app, report, name)


def _tell(app: App, report: Rebuilt, name: str) -> Exit:
    for problem in report.problems:
        app.say(problem)
    deleted = f"; {report.deleted:,} deleted since, and not brought back" if report.deleted else ""
    app.say(
        f"{count(report.added, 'archive')} of {name} new in the catalog, {report.known:,} known before; "
        f"{report.newer:,} of the catalog newer than the inventory, {report.missing:,} missing in the vault{deleted}."
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
