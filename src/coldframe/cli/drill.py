"""`coldframe drill`: bring a sample of a vault back, as after a fire, and compare it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import click

from coldframe.cli.charges import (
    CHARGES,
    NO_SUM,
    price_question,
    price_refusal,
    tell_inventory,
    tell_prices,
    tell_transfer,
)
from coldframe.cli.exits import Exit
from coldframe.cli.jobs import JobView
from coldframe.cli.options import (
    MONEY,
    TIER,
    dry_run_option,
    output_option,
    store_option,
    vault_option,
    yes_option,
)
from coldframe.cli.output import Column, size_column
from coldframe.cli.waiting import WaitingCommand, end_of, wait_option
from coldframe.composition.drilling import DEFAULT_SAMPLE, Drill
from coldframe.composition.vaults import find_vault
from coldframe.errors import LimitRefused, NotReady
from coldframe.quantities import count, decimal_of, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.cli.app import App
    from coldframe.composition.drilling import Drilled
    from coldframe.retriever.plan import Plan

COLUMNS = (
    Column("verdict", "VERDICT", width=9),
    Column("why", "WHY", width=8),
    size_column(),
    Column("file_path", "PATH"),
    Column("archive_id"),
    Column("compared_with"),
    Column("vault_name"),
    Column("detail", label="  "),
)
_SEEDS = 1_000_000


@click.command(
    cls=WaitingCommand,
    examples=(
        "coldframe drill --vault astrodata",
        "coldframe drill --vault astrodata --sample 12 --tier Bulk --max-cost 1 --yes",
        "coldframe drill --vault astrodata --sample 3 --wait --yes",
        "coldframe drill --vault astrodata --seed 7 --dry-run",
    ),
)
@vault_option
@click.option("--sample", type=click.IntRange(min=1), metavar="N", default=DEFAULT_SAMPLE, show_default=True,
              help="How many archives: oldest, newest, largest, smallest, then random ones.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0, max=2**31), metavar="NUMBER", help="Choose the same ones again.")
@click.option("--tier", type=TIER, help="Expedited, Standard or Bulk.")
@click.option("--max-cost", type=MONEY, help="Refuse what would cost more.")
@click.option("--restart", is_flag=True, help="Forget a drill that is under way, and begin another.")
@wait_option
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
    sample: int,
    seed: int | None,
    tier: str | None,
    max_cost: float | None,
    restart: bool,
    wait: float | None,
    store: str | None,
    dry_run: bool,
    yes: bool,
    output: str | None,
) -> Exit:
    """Bring a sample of the vault back from a clean home, and compare every byte.

    The drill knows nothing but the store and the credentials: its catalog is made from the vault's inventory. It passes
    only if what comes back is what your own catalog knows, and what the local files are that did not change.

    It may take days. Exit 9 says that the store is still at work: the same command carries on, or with --wait it does
    so by itself, for the inventory as for the sample; --yes answers the question between them. Exit 7: something came
    back different; 3: something did not come back.
    """
    app.settle(store=store, tier=tier, max_cost=max_cost)
    coldframe = app.coldframe()
    name = find_vault(coldframe.store, app.vault(vault)).vault_name
    view, until = JobView(app, coldframe.clock), end_of(wait, coldframe.clock)
    chosen_seed = secrets.randbelow(_SEEDS) if seed is None else seed
    with Drill(coldframe, name, sample=sample, seed=chosen_seed, observer=view.observe) as drill:
        if restart:
            drill.restart()
        if not drill.is_under_way:
            tell_inventory(app)
        drill.prepare(wait=wait is not None, wait_until=until)
        if not drill.is_under_way:
            code = _order(app, drill, is_rehearsal=dry_run, yes=yes, form=output)
            if code is not None:
                return code
        elif dry_run:
            app.say(f"A drill of {count(len(drill.chosen), 'archive')} is under way; the same command carries it on.")
            return Exit.DONE
        results = drill.finish(wait=wait is not None, wait_until=until)
        return _carry_on(app, view, drill, results, form=output)


def _carry_on(app: App, view: JobView, drill: Drill, results: Iterator[Drilled], *, form: str | None) -> Exit:
    """See the drill to its end, or to Ctrl-C."""
    try:
        with view.heeding(drill.stop):
            return _finish(app, view, drill, results, form=form)
    except NotReady:
        if view.exit is None:
            raise
        app.say("Stopped. The same command carries the drill on.")
        return view.exit


def _order(app: App, drill: Drill, *, is_rehearsal: bool, yes: bool, form: str | None) -> Exit | None:
    """Say what it costs, ask and order; answers the exit code if there is nothing more to do."""
    settings = app.settings
    plan, max_cost = drill.plan(), decimal_of(settings.max_cost)
    price = plan.offer(settings.tier).price
    _tell(app, drill, plan)
    if max_cost is not None and not price.is_within(max_cost):
        raise LimitRefused(price_refusal(settings.tier, price, max_cost))
    drill.outlay(plan, settings.tier).check()
    if is_rehearsal:
        with app.printer(COLUMNS, form=form, is_long=True) as printer:
            for archive_id, why in drill.chosen.items():
                path, size = drill.described(archive_id)
                row = {"verdict": "would", "why": why, "size": size, "file_path": path, "archive_id": archive_id}
                printer.row(row | {"vault_name": drill.vault_name})
        plan.close()
        return Exit.DONE
    if not app.confirm(price_question(settings.tier, price), yes=yes):
        plan.close()
        return Exit.FAILED
    drill.order(plan, tier=settings.tier, max_cost=max_cost)
    return None


def _tell(app: App, drill: Drill, plan: Plan) -> None:
    prices = app.coldframe().terms.prices
    price = plan.offer(app.settings.tier).price
    app.say(
        f"A sample of {count(len(drill.chosen), 'archive')} of {drill.vault_name}, {format_size(plan.size)};"
        f" --seed {drill.seed} chooses it again."
    )
    if prices is not None and plan.jobs:
        tell_prices(app, prices, price.unverified)
        tell_transfer(app)
    if price.amount is None:
        app.say(CHARGES if prices is None else NO_SUM)


def _finish(app: App, view: JobView, drill: Drill, results: Iterator[Drilled], *, form: str | None) -> Exit:
    passed = different = lost = 0
    with view, app.printer(COLUMNS, form=form, stream=view.output, is_live=True, is_long=True) as printer:
        for drilled in results:
            compared = drilled.compared
            passed += compared.is_same
            different += compared.is_there and not compared.is_same
            lost += not compared.is_there
            view.row(printer, _row(drilled, drill.vault_name))
    told = f"{count(passed, 'archive')} came back identical"
    told += f"; {different:,} different" if different else ""
    told += f"; {lost:,} did not come back" if lost else ""
    app.say(f"{told}.", "The drill has passed." if passed and not (different or lost) else "The drill has failed.")
    if different:
        return Exit.MISMATCH
    return Exit.SOME_FAILED if lost or not passed else Exit.DONE


def _row(drilled: Drilled, vault_name: str) -> dict[str, object]:
    compared = drilled.compared
    verdict = "identical" if compared.is_same else "different" if compared.is_there else "lost"
    return {
        "verdict": verdict,
        "why": drilled.why,
        "size": drilled.size,
        "file_path": drilled.path,
        "archive_id": drilled.archive_id,
        "compared_with": ", ".join(compared.with_) or None,
        "vault_name": vault_name,
        "detail": compared.detail or None,
    }
