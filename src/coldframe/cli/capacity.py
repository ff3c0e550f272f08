"""`coldframe capacity`: units that keep Expedited retrievals from being refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.cli.charges import require_affordable, tell_sum
from coldframe.cli.command import Group
from coldframe.cli.exits import Exit
from coldframe.cli.options import dry_run_option, max_cost_option, output_option, store_option, yes_option
from coldframe.cli.output import Column, moment_column
from coldframe.composition.spending import Outlay
from coldframe.retriever.pricing import Price

if TYPE_CHECKING:
    from coldframe.cli.app import App

COLUMNS = (
    moment_column("started_at", "FROM"),
    moment_column("expires_at", "UNTIL"),
    Column("capacity_id", "CAPACITY"),
)


@click.group(cls=Group, examples=("coldframe capacity list", "coldframe capacity purchase"))
def command() -> None:
    """List and purchase provisioned capacity, one unit for a month."""


@command.command(name="list", examples=("coldframe capacity list", "coldframe capacity list -o json"))
@store_option
@output_option
@click.pass_obj
def list_(app: App, store: str | None, output: str | None) -> Exit:
    """List the account's units that are valid now."""
    units = app.coldframe(store=store).store.list_provisioned_capacity()
    with app.printer(COLUMNS, form=output) as printer:
        for unit in units:
            moments = {"started_at": unit.started_at, "expires_at": unit.expires_at}
            printer.row({**moments, "capacity_id": unit.capacity_id})
    if not units:
        app.say("There is no provisioned capacity.")
    return Exit.DONE if units else Exit.NOTHING_MATCHED


@command.command(examples=("coldframe capacity purchase", "coldframe capacity purchase --yes -o json"))
@max_cost_option
@store_option
@dry_run_option
@yes_option
@output_option
@click.pass_obj
def purchase(
    app: App, store: str | None, *, max_cost: float | None, dry_run: bool, yes: bool, output: str | None
) -> Exit:
    """Take one more unit for a month. It cannot be given back."""
    app.settle(max_cost=max_cost)
    coldframe = app.coldframe(store=store)
    outlay = Outlay(coldframe, "capacity purchase", Price())
    if coldframe.terms.is_charging:
        outlay.price = tell_sum(app, coldframe.terms.prices, "A unit and month costs", lambda it: it.capacity(1))
    require_affordable(app, outlay, "A unit")
    if dry_run:
        app.say("Would purchase one unit of provisioned capacity for a month.")
        return Exit.DONE
    if not app.confirm("Purchase one unit of provisioned capacity for a month?", yes=yes):
        return Exit.FAILED
    with outlay.committed():
        capacity_id = coldframe.store.purchase_provisioned_capacity()
    with app.printer((Column("capacity_id", "CAPACITY"),), form=output) as printer:
        printer.row({"capacity_id": capacity_id})
    return Exit.DONE
