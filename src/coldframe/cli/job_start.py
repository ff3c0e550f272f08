"""`coldframe job start`: ask a vault for archives or for its inventory."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from coldframe.cli.charges import require_affordable, tell_sum
from coldframe.cli.command import Command
from coldframe.cli.exits import Exit
from coldframe.cli.ids import ARCHIVES, given_ids
from coldframe.cli.options import (
    BYTE_RANGE,
    MOMENT,
    TIER,
    dry_run_option,
    max_cost_option,
    output_option,
    store_option,
    vault_option,
    yes_option,
)
from coldframe.cli.output import Column
from coldframe.composition.archives import find_archives
from coldframe.composition.spending import Outlay
from coldframe.composition.vaults import find_vault
from coldframe.errors import BadUsage
from coldframe.model import ArchiveRetrieval, InventoryFormat, InventoryRetrieval, Tier
from coldframe.quantities import count
from coldframe.retriever.draft import describe
from coldframe.retriever.pricing import Price

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from coldframe.cli.app import App
    from coldframe.composition.archives import NamedArchive
    from coldframe.model import ByteRange, JobRequest
    from coldframe.prices import Calculator, Charge

COLUMNS = (
    Column("job_id", "JOB"),
    Column("job_description", "DESCRIPTION"),
    Column("archive_id"),
    Column("vault_name"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """What was asked for; None and () where it was not."""

    tier: Tier | None
    byte_range: ByteRange | None
    form: str | None
    limit: int | None
    marker: str | None
    start_date: datetime | None
    end_date: datetime | None
    description: str | None
    sns_topic: str | None

    def require_fit(self, *, is_inventory: bool) -> None:
        """Refuse what would otherwise be ignored."""
        for_inventory = {
            "--format": self.form,
            "--limit": self.limit,
            "--marker": self.marker,
            "--start-date": self.start_date,
            "--end-date": self.end_date,
        }
        for_archive = {"--tier": self.tier, "--range": self.byte_range}
        wrong = [name for name, value in (for_archive if is_inventory else for_inventory).items() if value is not None]
        if wrong and is_inventory:
            raise BadUsage(f"{wrong[0]} belongs to archives; an inventory has none.")
        if wrong:
            raise BadUsage(f"{wrong[0]} belongs to an inventory: add --inventory.")

    def inventory(self) -> InventoryRetrieval:
        """The request for an inventory."""
        return InventoryRetrieval(
            format=InventoryFormat(self.form or InventoryFormat.JSON),
            start_at=self.start_date,
            end_at=self.end_date,
            limit=self.limit,
            marker=self.marker,
            description=self.description,
            sns_topic=self.sns_topic,
        )

    def archive(self, archive_id: str, path: str | None) -> ArchiveRetrieval:
        """The request for an archive; the catalog's file name describes the job unless something else was said."""
        return ArchiveRetrieval(
            archive_id=archive_id,
            range=self.byte_range,
            tier=self.tier or Tier.STANDARD,
            description=self.description if self.description is not None or path is None else describe(path),
            sns_topic=self.sns_topic,
        )


@click.command(
    cls=Command,
    examples=(
        "coldframe job start Subs/Light/M33_Blue_1.fit --vault astrodata --tier Bulk",
        "coldframe job start --vault astrodata --description M33_Blue_1.fit -- ARCHIVE_ID",
        "coldframe ls Blue -o json | coldframe job start --vault astrodata --tier Bulk --yes -",
        "coldframe job start --inventory --vault astrodata --format CSV --start-date 2026-01-01",
    ),
)
@click.argument("archives", nargs=-1, metavar="[ARCHIVE]...")
@vault_option
@click.option(
    "--inventory", "-i", "is_inventory", is_flag=True, help="Ask for the vault's inventory, not for archives."
)
@click.option("--tier", type=TIER, help="Expedited, Standard or Bulk.  [default: Standard]")
@click.option("--description", "-d", metavar="TEXT", help="The job's description.  [default: the file name]")
@click.option("--sns-topic", metavar="ARN", help="Tell this SNS topic when the job is done.")
@click.option(
    "--range", "byte_range", type=BYTE_RANGE, help="Of the archive only these bytes, megabyte-aligned: 0-1048575."
)
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in InventoryFormat], case_sensitive=False),
    help="Of the inventory.  [default: JSON]",
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="NUMBER", help="Of the inventory at most so many archives."
)
@click.option("--marker", metavar="TEXT", help="Go on where an inventory with --limit ended.")
@click.option("--start-date", type=MOMENT, help="Of the inventory only archives made then or later.")
@click.option("--end-date", type=MOMENT, help="Of the inventory only archives made before then.")
@max_cost_option
@store_option
@dry_run_option
@yes_option
@output_option
@click.pass_obj
def start(
    app: App,
    /,
    archives: tuple[str, ...],
    *,
    vault: str | None,
    is_inventory: bool,
    tier: Tier | None,
    description: str | None,
    sns_topic: str | None,
    byte_range: ByteRange | None,
    form: str | None,
    limit: int | None,
    marker: str | None,
    start_date: datetime | None,
    end_date: datetime | None,
    max_cost: float | None,
    store: str | None,
    dry_run: bool,
    yes: bool,
    output: str | None,
) -> Exit:
    """Start a job for each ARCHIVE, or one for the vault's inventory.

    ARCHIVE is an archive ID, or the whole path of a file in the catalog; '-' reads archive IDs from standard input.
    """
    options = _Options(
        tier=tier,
        byte_range=byte_range,
        form=form,
        limit=limit,
        marker=marker,
        start_date=start_date,
        end_date=end_date,
        description=description,
        sns_topic=sns_topic,
    )
    options.require_fit(is_inventory=is_inventory)
    if is_inventory and archives:
        raise BadUsage("Give archives or --inventory, not both.")
    words = () if is_inventory else given_ids(archives, ARCHIVES)
    app.settle(max_cost=max_cost)
    coldframe = app.coldframe(store=store)
    name = find_vault(coldframe.store, app.vault(vault)).vault_name
    found = find_archives(coldframe, name, words)
    requests: list[JobRequest] = [options.archive(it.archive_id, it.path) for it in found]
    requests += [options.inventory()] if is_inventory else []
    price = _tell_price(app, options, found, is_inventory=is_inventory) if coldframe.terms.is_charging else Price()
    outlay = Outlay(coldframe, "job start", price, name)
    require_affordable(app, outlay, "Starting them")
    return _start(app, outlay, requests, dry_run=dry_run, yes=yes, output=output)


def _tell_price(app: App, options: _Options, archives: Sequence[NamedArchive], *, is_inventory: bool) -> Price:
    """What the jobs cost, if there are prices and the catalog knows how large all archives are."""
    prices = app.coldframe().terms.prices
    if is_inventory:
        return tell_sum(app, prices, "The job costs", lambda it: it.inventory_job())
    sizes = [options.byte_range.size if options.byte_range is not None else it.size for it in archives]
    size = sum(size for size in sizes if size is not None)

    def charge(prices: Calculator) -> Charge | None:
        charges = prices.retrieve(options.tier or Tier.STANDARD, size=size, jobs=len(sizes))
        return None if charges is None or not sizes or None in sizes else charges.requests + charges.retrieval

    return tell_sum(app, prices, "Starting them, without fetching what they bring, costs", charge)


def _start(
    app: App, outlay: Outlay, requests: list[JobRequest], *, dry_run: bool, yes: bool, output: str | None
) -> Exit:
    """Start the jobs one by one; each is printed at once, since each may be paid."""
    coldframe, vault_name = app.coldframe(), outlay.vault_name
    if dry_run:
        app.say(f"Would start {count(len(requests), 'job')} in the vault {vault_name}.")
        return Exit.DONE
    question = f"Start {count(len(requests), 'job')}?"
    if coldframe.terms.is_charging and not app.confirm(question, yes=yes):
        return Exit.FAILED
    with app.printer(COLUMNS, form=output, is_live=True) as printer:
        for number, request in enumerate(requests):
            with nullcontext() if number else outlay.committed():
                job_id = coldframe.store.initiate_job(vault_name, request)
            row = {"job_id": job_id, "job_description": request.description, "vault_name": vault_name}
            printer.row({**row, "archive_id": getattr(request, "archive_id", None)})
    app.say(f"{count(len(requests), 'job')} started; `coldframe job list --vault {vault_name}` tells how far.")
    return Exit.DONE
