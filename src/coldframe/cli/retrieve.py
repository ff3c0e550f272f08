"""`coldframe retrieve`: plan, price and place an order, and carry it on as far as it goes."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import click

from coldframe.catalog import Query
from coldframe.catalog.order_model import PlacementState
from coldframe.cli.charges import CHARGES, NO_SUM, price_question, price_refusal, tell_prices, tell_transfer
from coldframe.cli.entries import query_text
from coldframe.cli.exits import Exit
from coldframe.cli.ids import read_ids
from coldframe.cli.jobs import JobView
from coldframe.cli.offers import pick_tier, show_offers
from coldframe.cli.options import (
    MONEY,
    RATE,
    TIER,
    dry_run_option,
    output_option,
    store_option,
    vault_option,
    yes_option,
)
from coldframe.cli.output import Column, show_moment, size_column
from coldframe.cli.resuming import resume, tell_paused
from coldframe.cli.waiting import WaitingCommand, end_of, wait_option
from coldframe.composition.deadlines import read_deadline
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun, check_destination, missing_ids
from coldframe.errors import BadUsage, Busy, DestinationUnavailable, LimitRefused, in_words
from coldframe.progress import Outcome
from coldframe.quantities import count, decimal_of, format_size
from coldframe.retriever.results import result_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from decimal import Decimal

    from coldframe.cli.app import App
    from coldframe.composition import Coldframe
    from coldframe.model import Tier
    from coldframe.rates import Limit
    from coldframe.retriever.plan import Plan
    from coldframe.retriever.pricing import Price
    from coldframe.retriever.results import RetrievedFile

COLUMNS = (
    Column("outcome", "OUTCOME", width=9),
    size_column(),
    Column("file_path", "PATH"),
    Column("placed_as"),
    Column("archive_id"),
    Column("job_id"),
    Column("tree_hash"),
    Column("detail"),
)


@click.command(
    cls=WaitingCommand,
    examples=(
        "coldframe retrieve 'Light/*_Blue_*' --vault astrodata --into ./astro-retrieval",
        "coldframe retrieve m33 bias --into ./back --tier Bulk --max-cost 5 --yes",
        "coldframe retrieve --inventory m33.archive_inventory.csv --match '*Blue*' --into ./back --wait",
        "coldframe retrieve '*' --into ./back --wait 12h",
        "coldframe retrieve '*_Red_*' --into ./back --deadline '2026-12-24 18:00'",
        "coldframe ls Blue -o json | coldframe retrieve - --into ./back --yes",
    ),
)
@click.argument("query", nargs=-1)
@vault_option
@click.option("--into", metavar="FOLDER", help="Where to put the files; made if it is not there.")
@click.option("--tier", type=TIER, help="Expedited, Standard or Bulk.")
@click.option("--deadline", metavar="WHEN", help="Pick the cheapest tier that has all here by then: 12h, 3d, 18:00.")
@click.option("--max-cost", type=MONEY, help="Refuse what would cost more.")
@click.option("--inventory", "-i", metavar="FILE", help="Retrieve what this inventory CSV lists.")
@click.option("--match", multiple=True, metavar="GLOB", help="Of the inventory, only rows whose path matches.")
@click.option("--archive-id", multiple=True, metavar="ID", help="Retrieve this archive; - reads IDs from stdin.")
@click.option("--members", "-m", is_flag=True, help="Look inside all zips, as with ls --members.")
@wait_option
@click.option("--limit-rate", type=RATE, help="The highest rate: 20MiB/s, or 08:00-23:00=2M,*=full.")
@click.option("--overwrite", is_flag=True, help="Replace different files that are in the way.")
@store_option
@dry_run_option
@yes_option
@output_option
@click.pass_obj
def command(
    app: App,
    /,
    query: tuple[str, ...],
    *,
    vault: str | None,
    into: str | None,
    tier: str | None,
    deadline: str | None,
    max_cost: float | None,
    inventory: str | None,
    match: tuple[str, ...],
    archive_id: tuple[str, ...],
    members: bool,
    wait: float | None,
    limit_rate: Limit | None,
    overwrite: bool,
    store: str | None,
    dry_run: bool,
    yes: bool,
    output: str | None,
) -> Exit:
    """Get archived files back, byte for byte, with their modification times.

    QUERY is words or one pattern, as for ls; '-' reads archive IDs from standard input. What is asked for becomes an
    order, which survives anything: if its jobs take hours, this command ends, and the same command or `coldframe
    watch` carries the order on.
    """
    settings = app.settle(store=store, into=into, tier=tier, max_cost=max_cost, limit_rate=limit_rate)
    if not settings.into:
        raise BadUsage("Where to? Add --into FOLDER.")
    vault = vault or app.settings.vault
    job = RetrieveJob(into=settings.into, inventory=inventory, match=match, vault_name=vault, overwrite=overwrite)
    if inventory is None:
        job = replace(job, query=_query(query, archive_id, vault=vault, members=members, has_match=bool(match)))
    elif query or archive_id:
        raise BadUsage(
            "Give a query, archive IDs or --inventory, not several of them; --match picks from an inventory."
        )
    if deadline is not None and tier is not None:
        raise BadUsage("--deadline picks the tier itself: leave --tier out.")
    until = read_deadline(deadline, app.coldframe().clock) if deadline is not None else None
    return _Retrieval(app, job, wait=wait, deadline=until, is_rehearsal=dry_run, yes=yes, form=app.form(output)).run()


def _query(
    words: tuple[str, ...], archive_ids: tuple[str, ...], *, vault: str | None, members: bool, has_match: bool
) -> Query:
    if has_match:
        raise BadUsage("--match picks from an inventory: add --inventory FILE, or give the pattern as QUERY.")
    if "-" in words or "-" in archive_ids:
        archive_ids = (*(given for given in archive_ids if given != "-"), *read_ids(sys.stdin))
        words = tuple(word for word in words if word != "-")
    if not words and not archive_ids:
        raise BadUsage("What? Give a QUERY ('*' is everything), --archive-id ID or --inventory FILE.")
    return Query(text=query_text(words), vault_name=vault, archive_ids=archive_ids, members=members)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Retrieval:
    """One run of the command, from the plan to the last line."""

    app: App = field(kw_only=False)
    job: RetrieveJob = field(kw_only=False)
    wait: float | None
    deadline: datetime | None
    is_rehearsal: bool
    yes: bool
    form: str

    def run(self) -> Exit:
        """Plan, ask, place, carry on."""
        check_destination(self.job.into)
        coldframe = self.app.coldframe()
        view = JobView(self.app, coldframe.clock)
        run = RetrieveRun(coldframe, self.job, observer=view.observe)
        is_short = self._tell_unknown(coldframe)
        with closing(run.plan()) as plan:
            number = self._settle(run, plan)
            if number is None:
                return self._finish_without(plan)
        self._carry_on(run, view, number)
        code = self._sum_up(run, view, number)
        return Exit.SOME_FAILED if code is Exit.DONE and (is_short or plan.refused) else code

    def _tell_unknown(self, coldframe: Coldframe) -> bool:
        query = self.job.query
        unknown = missing_ids(coldframe, query) if query is not None and query.archive_ids else ()
        for archive_id in unknown:
            self.app.say(f"The catalog knows no archive {archive_id}.")
        return bool(unknown)

    def _settle(self, run: RetrieveRun, plan: Plan) -> int | None:
        """The number of the order to carry on; None if there is nothing to do or nobody wants it."""
        tier, max_cost = self.app.settings.tier, decimal_of(self.app.settings.max_cost)
        for path, why in plan.refused:
            self.app.say(f"{path}: cannot be retrieved: {why}")
        if _is_there_already(plan):
            return None
        if (order := run.open_order(plan)) is not None:
            return self._go_on(run, order.number, max_cost)
        tier = self._pick(plan) or tier
        price = plan.offer(tier).price
        self._tell_price(plan, price)
        if max_cost is not None and not price.is_within(max_cost):
            raise LimitRefused(price_refusal(tier, price, max_cost))
        run.outlay(plan, tier).check()
        if plan.needed_size > plan.available_size:
            raise DestinationUnavailable(
                f"{plan.destination} has room for {format_size(plan.available_size)}; "
                f"{format_size(plan.needed_size)} are needed. Make room, or name another folder with --into."
            )
        if not plan.jobs:  # empty files alone: nothing is asked of the store, so nobody is asked either
            return None if self.is_rehearsal else run.order(plan, tier=tier, max_cost=max_cost)
        check_destination(plan.destination, is_filled=True)
        if self.is_rehearsal or not self.app.confirm(price_question(tier, price), yes=self.yes):
            return None
        return run.order(plan, tier=tier, max_cost=max_cost)

    def _go_on(self, run: RetrieveRun, number: int, max_cost: Decimal | None) -> int | None:
        """Carry on the order that is there for this already, with consent if it is paused."""
        if run.is_paused(number):
            is_open = resume(self.app, number, max_cost=max_cost, yes=self.yes, is_rehearsal=self.is_rehearsal)
            return number if is_open else None
        self.app.say(f"Order {number} is open for this already; it is carried on.")
        return None if self.is_rehearsal else number

    def _pick(self, plan: Plan) -> Tier | None:
        """Show what each tier offers; the tier that makes the deadline, if there is one."""
        show_offers(self.app, plan, form=self.form, is_rehearsal=self.is_rehearsal)
        return pick_tier(self.app, plan, self.deadline) if self.deadline is not None and plan.jobs else None

    def _tell_price(self, plan: Plan, price: Price) -> None:
        """Say where the price comes from, or that nobody knows it."""
        prices = self.app.coldframe().terms.prices
        if prices is not None and plan.jobs:
            tell_prices(self.app, prices, price.unverified)
            tell_transfer(self.app)
        if price.amount is None:
            self.app.say(CHARGES if prices is None else NO_SUM)

    def _finish_without(self, plan: Plan) -> Exit:
        """The end where no order is carried on: a rehearsal, a no, or everything is in place."""
        if not _is_there_already(plan):
            return Exit.DONE if self.is_rehearsal else Exit.FAILED
        with self.app.printer(COLUMNS, form=self.form) as printer:
            for _, placements in plan.draft.batches():
                for placement in placements:
                    if placement.state is PlacementState.PRESENT:
                        printer.row(row_of(result_of(placement, None)))
        if plan.present_files or not plan.refused:
            present = f"{count(plan.present_files, 'file')}, {format_size(plan.present_size)}"
            self.app.say(f"{present}: there already, and verified.")
        return Exit.SOME_FAILED if plan.refused else Exit.DONE

    def _carry_on(self, run: RetrieveRun, view: JobView, number: int) -> None:
        until = end_of(self.wait, self.app.coldframe().clock)
        results = run.carry_on(number, wait=self.wait is not None, wait_until=until)
        try:
            with view, view.heeding(run.stop):
                print_results(self.app, view, results, form=self.form)
        except Busy as error:
            if self.wait is not None:
                raise
            self.app.say(in_words(error))  # a watch that stays may be quicker than we are: all the better

    def _sum_up(self, run: RetrieveRun, view: JobView, number: int) -> Exit:
        summary, app = run.summary, self.app
        text = f"{count(summary.retrieved, 'file')} retrieved, {format_size(summary.size)}"
        text += f"; {summary.present:,} there already" if summary.present else ""
        text += f"; {summary.failed:,} failed" if summary.failed else ""
        app.say(f"{text}.")
        if view.exit is not None and run.is_open(number):
            app.say(f"Stopped. Order {number} stays open; the same command or `coldframe watch` carries it on.")
            return view.exit
        if run.is_open(number):
            ready_at = run.expected_at(number)
            when = f" They should be ready by {show_moment(ready_at)}." if ready_at else ""
            app.say(
                f"Order {number} has jobs in progress.{when}",
                "The same command, `coldframe watch --once` or `coldframe watch` fetches them then.",
            )
        if run.is_paused(number):
            tell_paused(app, number)
            return Exit.REFUSED
        if summary.mismatched:
            return Exit.MISMATCH
        return Exit.SOME_FAILED if summary.failed else Exit.DONE


def print_results(app: App, view: JobView, results: Iterable[RetrievedFile], *, form: str) -> None:
    """Print each file's row when its work ends, and say why where it failed."""
    with app.printer(COLUMNS, form=form, stream=view.output, is_live=True) as printer:
        for result in results:
            view.row(printer, row_of(result))
            if result.outcome is Outcome.FAILED:
                view.say(f"{result.path}: failed: {result.detail or result.error}")


def row_of(result: RetrievedFile) -> dict[str, object]:
    """The values of a retrieved file, under their stable names."""
    return {
        "outcome": result.outcome.value,
        "size": result.size,
        "placed_as": result.placed_at,
        "file_path": result.path,
        "archive_id": result.archive_id or None,
        "job_id": result.job_id,
        "tree_hash": result.tree_hash,
        "detail": result.detail or None,
    }


def _is_there_already(plan: Plan) -> bool:
    return plan.files == plan.present_files + len(plan.refused)
