"""`coldframe orders`: what is being retrieved, and what was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.cli.command import Group
from coldframe.cli.exits import Exit
from coldframe.cli.options import MONEY, ORDER, dry_run_option, output_option, yes_option
from coldframe.cli.output import Column, moment_column, size_column
from coldframe.cli.resuming import resume as go_on
from coldframe.cli.retrieve import COLUMNS as FILE_COLUMNS
from coldframe.cli.retrieve import row_of
from coldframe.composition.ordering import cancel_order, files_done, files_waiting, is_open, list_orders
from coldframe.errors import BadUsage
from coldframe.quantities import decimal_of

if TYPE_CHECKING:
    from coldframe.cli.app import App
    from coldframe.composition.ordering import OrderView

COLUMNS = (
    Column("order_number", "ORDER", is_right=True),
    Column("state", "STATE", width=10),
    Column("tier", "TIER"),
    Column("placed_files", "DONE", is_right=True),
    Column("files", "FILES", is_right=True),
    size_column(),
    moment_column("placed_at", "PLACED"),
    Column("destination", "INTO"),
    Column("failed_files"),
    Column("placed_size"),
    Column("jobs_in_progress"),
    Column("closed_at"),
    Column("store_url"),
)


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=(
        "coldframe orders",
        "coldframe orders list --open -o json",
        "coldframe orders show 3",
        "coldframe orders resume 3",
        "coldframe orders cancel 3",
    ),
)
@output_option
@click.pass_context
def command(context: click.Context, /, *, output: str | None) -> Exit | None:
    """Show what is being retrieved and what was; without a verb, all orders."""
    if context.invoked_subcommand is None:
        return _list(context.obj, is_open_only=False, form=output)
    if output is not None:
        raise BadUsage(f"Write --output behind `{context.invoked_subcommand}`.")
    return None


@command.command(name="list", examples=("coldframe orders list", "coldframe orders list --open -o json"))
@click.option("--open", "is_open_only", is_flag=True, help="Only those that are not over.")
@output_option
@click.pass_obj
def list_(app: App, /, *, is_open_only: bool, output: str | None) -> Exit:
    """List orders, oldest first."""
    return _list(app, is_open_only=is_open_only, form=output)


@command.command(examples=("coldframe orders show 3", "coldframe orders show 3 -o csv"))
@click.argument("number", type=ORDER)
@output_option
@click.pass_obj
def show(app: App, /, number: int, *, output: str | None) -> None:
    """Show each file of the order NUMBER, and what has become of it."""
    coldframe = app.coldframe()
    with app.printer(FILE_COLUMNS, form=output) as printer:
        for result in files_done(coldframe, number):
            printer.row(row_of(result))
        for placement, wanted in files_waiting(coldframe, number):
            printer.row(
                {
                    "outcome": wanted.state.value,
                    "size": placement.size,
                    "placed_as": placement.path,
                    "file_path": placement.path,
                    "archive_id": wanted.archive_id,
                    "job_id": wanted.job_id,
                    "tree_hash": wanted.tree_hash,
                }
            )


@command.command(examples=("coldframe orders resume 3", "coldframe orders resume 3 --max-cost 5 --yes"))
@click.argument("number", type=ORDER)
@click.option("--max-cost", type=MONEY, help="Refuse if the whole order would cost more.")
@dry_run_option
@yes_option
@click.pass_obj
def resume(app: App, /, number: int, *, max_cost: float | None, dry_run: bool, yes: bool) -> Exit:
    """Go on with the paused order NUMBER, whose outputs have expired: says what it costs, and asks.

    Then `coldframe watch` carries it on.
    """
    if not go_on(app, number, max_cost=decimal_of(max_cost), yes=yes, is_rehearsal=dry_run):
        return Exit.DONE if dry_run else Exit.FAILED
    app.say(f"Order {number} is open again; `coldframe watch` carries it on.")
    return Exit.DONE


@command.command(examples=("coldframe orders cancel 3", "coldframe orders cancel 3 --yes"))
@click.argument("number", type=ORDER)
@yes_option
@dry_run_option
@click.pass_obj
def cancel(app: App, /, number: int, *, yes: bool, dry_run: bool) -> Exit:
    """Give the order NUMBER up. Files that are in place stay."""
    coldframe = app.coldframe()
    state = coldframe.orders.order(number).state
    if state not in {"open", "paused"}:
        app.say(f"Order {number} is over already: {state}.")
        return Exit.DONE
    if dry_run:
        app.say(f"Would give up order {number}.")
        return Exit.DONE
    if not app.confirm(f"Give up order {number}? What its jobs cost is spent.", yes=yes):
        return Exit.FAILED
    cancel_order(coldframe, number)
    app.say(f"Order {number} is given up; files that were in place stay.")
    return Exit.DONE


def _list(app: App, *, is_open_only: bool, form: str | None) -> Exit:
    coldframe = app.coldframe()
    count = waiting = 0
    with app.printer(COLUMNS, form=form) as printer:
        for view in list_orders(coldframe, open_only=is_open_only):
            printer.row(_row(view))
            count, waiting = count + 1, waiting + is_open(view)
    if not count:
        app.say("There is no open order." if is_open_only else "There is no order yet; `coldframe retrieve` makes one.")
        return Exit.NOTHING_MATCHED
    if waiting:
        app.say(f"{waiting:,} open; `coldframe watch` carries them on.")
    return Exit.DONE


def _row(view: OrderView) -> dict[str, object]:
    order, tally = view.order, view.tally
    return {
        "order_number": order.number,
        "state": order.state.value,
        "tier": order.tier.value,
        "files": tally.files,
        "size": tally.size,
        "placed_files": tally.placed_files,
        "placed_size": tally.placed_size,
        "failed_files": tally.failed_files,
        "jobs_in_progress": sum(count for state, count in tally.jobs.items() if state == "started"),
        "placed_at": order.placed_at,
        "closed_at": order.closed_at,
        "destination": order.destination,
        "store_url": view.store_url,
    }
