"""`coldframe retrieval-policy`: how much an account allows itself to retrieve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.cli.command import Group
from coldframe.cli.options import SIZE, dry_run_option, output_option, store_option
from coldframe.cli.output import Column, show_size
from coldframe.errors import BadUsage
from coldframe.ports.admin import DataRetrievalPolicy, RetrievalStrategy
from coldframe.quantities import format_size

if TYPE_CHECKING:
    from coldframe.cli.app import App

COLUMNS = (Column("strategy", "STRATEGY"), Column("bytes_per_hour", "BYTES PER HOUR", show_size))


@click.group(
    cls=Group,
    examples=(
        "coldframe retrieval-policy show",
        "coldframe retrieval-policy set BytesPerHour --bytes-per-hour 10GiB",
        "coldframe retrieval-policy set None",
    ),
)
def command() -> None:
    """Show or set the limit of an account's retrievals."""


@command.command(examples=("coldframe retrieval-policy show", "coldframe retrieval-policy show -o json"))
@store_option
@output_option
@click.pass_obj
def show(app: App, store: str | None, output: str | None) -> None:
    """Show how the account's retrievals are limited."""
    policy = app.coldframe(store=store).store.get_data_retrieval_policy()
    with app.printer(COLUMNS, form=output) as printer:
        printer.row({"strategy": policy.strategy.value, "bytes_per_hour": policy.bytes_per_hour})


@command.command(
    name="set",
    examples=(
        "coldframe retrieval-policy set FreeTier",
        "coldframe retrieval-policy set BytesPerHour --bytes-per-hour 10GiB --dry-run",
    ),
)
@click.argument("strategy", type=click.Choice([strategy.value for strategy in RetrievalStrategy], case_sensitive=False))
@click.option("--bytes-per-hour", type=SIZE, help="The limit that goes with BytesPerHour, such as 10GiB.")
@store_option
@dry_run_option
@click.pass_obj
def set_(app: App, strategy: str, bytes_per_hour: int | None, store: str | None, *, dry_run: bool) -> None:
    """Limit the account's retrievals by STRATEGY; a job beyond the limit is refused, not made dearer."""
    wanted = RetrievalStrategy(strategy)
    if (wanted is RetrievalStrategy.BYTES_PER_HOUR) != (bytes_per_hour is not None):
        raise BadUsage("--bytes-per-hour SIZE and the strategy BytesPerHour go together.")
    limit = "" if bytes_per_hour is None else f", {format_size(bytes_per_hour)} an hour"
    if dry_run:
        app.say(f"Would limit retrievals by {wanted}{limit}.")
        return
    app.coldframe(store=store).store.set_data_retrieval_policy(DataRetrievalPolicy(wanted, bytes_per_hour))
    app.say(f"Retrievals are limited by {wanted}{limit}.")
