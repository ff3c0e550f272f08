"""`coldframe estimate`: what archiving or retrieving would cost, and how long it takes; nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.archiver.request import ArchiveRequest
from coldframe.catalog import Query
from coldframe.cli import estimate_budget
from coldframe.cli.archive import expand
from coldframe.cli.charges import CHARGES, show_price, tell_older, tell_prices, tell_transfer, tell_zipped
from coldframe.cli.command import Group
from coldframe.cli.entries import query_text
from coldframe.cli.exits import Exit
from coldframe.cli.offers import tell_download, time_columns
from coldframe.cli.options import PART_SIZE, VAULT, output_option, rules_option, store_option, vault_option
from coldframe.cli.output import Column, size_column
from coldframe.composition.estimating import archive_costs, estimate_retrieval, measure_archive
from coldframe.composition.pricing import price_of
from coldframe.composition.retrieving import RetrieveJob
from coldframe.prices import Charge
from coldframe.quantities import count, format_size
from coldframe.rule_sets import choose_rule_sets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coldframe.cli.app import App
    from coldframe.composition.estimating import ArchiveCosts, ArchiveMeasure, RetrievalEstimate
    from coldframe.prices import RetrievalCharges
    from coldframe.retriever.pricing import Price

_NOTHING = Charge()


def _show(value: object) -> str:
    """A price for people, where most rows lack one of the prices."""
    return "-" if value == "0" else show_price(value)


ARCHIVE_COLUMNS = (
    Column("item", "ITEM", width=20),
    Column("count", "COUNT", is_right=True),
    size_column(),
    Column("once", "ONCE", _show, width=8, is_right=True),
    Column("per_month", "PER MONTH", _show, is_right=True),
    Column("per_year", "PER YEAR", _show, is_right=True),
    Column("currency"),
    Column("unverified"),
)


@click.group(
    cls=Group,
    examples=(
        "coldframe estimate archive ./Subs --vault astrodata --store glacier://us-east-1",
        "coldframe estimate retrieve 'Light/*_Blue_*' --vault astrodata",
        "coldframe estimate budget",
    ),
)
def command() -> None:
    """Say what archiving or retrieving would cost, or what the month costs. Nothing is sent, and nothing is begun."""


command.add_command(estimate_budget.budget)


@command.command(
    examples=(
        "coldframe estimate archive ./Subs --store glacier://eu-west-1",
        "coldframe estimate archive ./Subs --vault astrodata --zip Bias --zip Dark --zip Flat -o json",
    ),
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--vault", "-v", type=VAULT, metavar="NAME", help="Count only what this vault does not have yet.")
@click.option("--zip", multiple=True, metavar="PATTERN", help="Make one zip archive of each matching folder.")
@click.option("--include", multiple=True, metavar="PATTERN", help="Archive only files that match.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave files and folders out that match.")
@rules_option
@click.option("--follow-symlinks", is_flag=True, default=None, help="Archive what symbolic links point to.")
@click.option("--part-size", type=PART_SIZE, help="The smallest part of a multipart upload, such as 64MiB.")
@store_option
@output_option
@click.pass_obj
def archive(app: App, /, paths: tuple[str, ...], *, output: str | None, **flags: object) -> Exit:
    """Say what archiving files and folders would cost: once, each month and each year.

    Zips are counted at their largest, and content that is archived under another name as if it were sent again, so
    that it can only become less.
    """
    settings = app.settle(**flags)
    coldframe = app.coldframe()
    request = ArchiveRequest(
        paths=tuple(expand(paths)),
        vault_name=settings.vault or "",
        zip_patterns=settings.zip,
        include=settings.include,
        exclude=settings.exclude,
        rule_sets=choose_rule_sets(settings.rules, settings.rule_sets),
        follow_symlinks=settings.follow_symlinks,
    )
    measure, terms, now = measure_archive(coldframe, request), coldframe.terms, coldframe.clock.now()
    costs = archive_costs(measure, terms.prices, now=now) if terms.prices is not None else None
    with app.printer(ARCHIVE_COLUMNS, form=app.form(output)) as printer:
        for row in _archive_rows(measure, costs, is_charging=terms.is_charging):
            printer.row(row)
    app.say(*_about(measure))
    if terms.prices is None or costs is None:
        app.say(CHARGES if terms.is_charging else "This store costs nothing.")
        return Exit.DONE
    tell_older(app, measure, costs)
    tell_zipped(app, measure)
    total = costs.total.once + costs.total.per_month
    days = terms.prices.calculator.tariff.minimum_days
    if days:
        app.say(f"What is deleted within {days} days is paid for as long.")
    tell_prices(app, terms.prices, sorted(total.unverified))
    return Exit.DONE


@command.command(
    examples=(
        "coldframe estimate retrieve 'Light/*_Blue_*' --vault astrodata",
        "coldframe estimate retrieve '*' -o json",
    ),
)
@click.argument("query", nargs=-1, required=True)
@vault_option
@click.option("--archive-id", multiple=True, metavar="ID", help="This archive too.")
@click.option("--members", "-m", is_flag=True, help="Look inside all zips, as with ls --members.")
@click.option("--into", metavar="FOLDER", help="Leave out what is in this folder already.")
@store_option
@output_option
@click.pass_obj
def retrieve(
    app: App,
    /,
    query: tuple[str, ...],
    *,
    vault: str | None,
    archive_id: tuple[str, ...],
    members: bool,
    into: str | None,
    store: str | None,
    output: str | None,
) -> Exit:
    """Say what retrieving would cost at each tier, when it would be ready, and when all would be here.

    QUERY is words or one pattern, as for ls. The transfer to a place outside Amazon's network is included, with the
    month's free allowance as far as nothing that was done or ordered from here uses it.
    """
    settings = app.settle(store=store)
    wanted = Query(text=query_text(query), vault_name=vault or settings.vault, archive_ids=archive_id, members=members)
    coldframe = app.coldframe()
    estimate = estimate_retrieval(coldframe, RetrieveJob(into=into or "", query=wanted))
    app.say(
        f"{count(estimate.files, 'file')}, {format_size(estimate.size)}; "
        f"{count(estimate.jobs, 'retrieval job')}, {format_size(estimate.job_size)}:"
    )
    with app.printer(_retrieve_columns(estimate), form=app.form(output)) as printer:
        for row in _retrieve_rows(estimate):
            printer.row(row)
    if estimate.unknown_sizes:
        app.say(f"Nobody knows the size of {count(estimate.unknown_sizes, 'archive')} before the job tells.")
    if estimate.jobs:
        tell_download(app, estimate.job_size, estimate.download_seconds)
    terms = coldframe.terms
    if terms.prices is not None:
        tell_prices(app, terms.prices, sorted({name for offer in estimate.offers for name in offer.price.unverified}))
        tell_transfer(app)
    else:
        app.say(CHARGES if terms.is_charging else "This store costs nothing.")
    return Exit.DONE


# --- rows -------------------------------------------------------------------------------------------------------------


def _archive_rows(
    measure: ArchiveMeasure, costs: ArchiveCosts | None, *, is_charging: bool
) -> Iterator[dict[str, object]]:
    sizes = {"count": measure.archives, "size": measure.size}
    if costs is None:
        charge = None if is_charging else _NOTHING
        yield _cost_row("total", once=charge, per_month=charge) | sizes
        return
    requests = measure.archives + measure.in_parts + measure.parts
    yield _cost_row("upload requests", once=costs.requests) | {"count": requests}
    yield _cost_row("storage", per_month=costs.storage) | sizes
    yield _cost_row("per-archive overhead", per_month=costs.overhead) | {
        "count": measure.archives,
        "size": costs.overhead_size,
    }
    yield _cost_row("total", once=costs.total.once, per_month=costs.total.per_month) | sizes
    if measure.small:
        spared = measure.small - measure.small_folders
        saved = _cost_row("saved by zipping", once=costs.saved.once, per_month=costs.saved.per_month)
        yield saved | {"count": spared}
    if measure.older:
        size = sum(max(0, each.size) for each in measure.older.values())
        yield _cost_row("older versions", per_month=costs.older) | {"count": len(measure.older), "size": size}


def _cost_row(item: str, *, once: Charge | None = _NOTHING, per_month: Charge | None = _NOTHING) -> dict[str, object]:
    unverified = {name for charge in (once, per_month) if charge is not None for name in charge.unverified}
    return {
        "item": item,
        "once": _amount(once),
        "per_month": _amount(per_month),
        "per_year": _amount(per_month * 12 if per_month is not None else None),
        "currency": "USD",
        "unverified": " ".join(sorted(unverified)) or None,
    }


def _about(measure: ArchiveMeasure) -> Iterable[str]:
    parts = f", {measure.in_parts:,} of them in {count(measure.parts, 'part')}" if measure.in_parts else ""
    unchanged = f"; {measure.unchanged:,} are archived already, unchanged" if measure.unchanged else ""
    yield f"{count(measure.archives, 'archive')} to send, {format_size(measure.size)}{parts}{unchanged}."
    if measure.unreadable:
        yield f"{count(measure.unreadable, 'thing')} cannot be looked at and are not counted."
    if measure.small:
        folders = count(measure.small_folders, "folder")
        yield f"{count(measure.small, 'file')} below 1 MiB in {folders}: --zip makes one archive of a folder."


def _retrieve_columns(estimate: RetrievalEstimate) -> tuple[Column, ...]:
    return (
        Column("tier", "TIER", width=9),
        Column("requests", "REQUESTS", show_price, is_right=True),
        Column("retrieval", "RETRIEVAL", show_price, is_right=True),
        Column("transfer_out", "TRANSFER OUT", show_price, is_right=True),
        Column("price", "PRICE", show_price, width=6, is_right=True),
        Column("at_most", "AT MOST", show_price, is_right=True),
        *time_columns(estimate.offers, estimate.now),
        Column("currency"),
        Column("files"),
        Column("size"),
        Column("archives"),
        Column("job_size"),
        Column("unverified"),
    )


def _retrieve_rows(estimate: RetrievalEstimate) -> Iterator[dict[str, object]]:
    for offer in estimate.offers:
        yield {
            "tier": offer.tier.value,
            **_split(estimate.charges.get(offer.tier), offer.price),
            "price": _text(offer.price),
            "at_most": None if offer.price.limit is None else str(offer.price.limit),
            "ready_at": offer.ready_at,
            "here_at": offer.here_at,
            "currency": offer.price.currency,
            "files": estimate.files,
            "size": estimate.size,
            "archives": estimate.jobs,
            "job_size": estimate.job_size,
            "unverified": " ".join(offer.price.unverified) or None,
        }


def _split(charges: RetrievalCharges | None, price: Price) -> dict[str, object]:
    """The parts of a price; of one that is nothing, nothing each."""
    if charges is None:
        return dict.fromkeys(("requests", "retrieval", "transfer_out"), _text(price))
    return {
        "requests": _amount(charges.requests + charges.outputs),
        "retrieval": _amount(charges.retrieval),
        "transfer_out": _amount(charges.transfer_out),
    }


def _amount(charge: Charge | None) -> str | None:
    return None if charge is None else _text(price_of(charge))


def _text(price: Price) -> str | None:
    return None if price.amount is None else f"{price.amount:f}"
