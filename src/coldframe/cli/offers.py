"""What each tier offers, shown before a retrieval, and the tier that makes a deadline."""

from __future__ import annotations

import sys
from datetime import datetime
from math import inf
from typing import TYPE_CHECKING

from coldframe.cli.charges import show_price
from coldframe.cli.output import Column, show_moment
from coldframe.composition.deadlines import choose_tier, show_local
from coldframe.quantities import count, format_duration, format_size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coldframe.cli.app import App
    from coldframe.model import Tier
    from coldframe.retriever.line import Line
    from coldframe.retriever.plan import Plan
    from coldframe.retriever.pricing import Offer


def time_columns(offers: Iterable[Offer], now: datetime) -> tuple[Column, Column]:
    """When jobs are ready, and when all is here; the latter, for people, only where a download takes time."""
    has_download = any(offer.here_at is None or offer.here_at != offer.ready_at for offer in offers)

    def show(value: object) -> str:
        if value is None:
            return "unknown"
        return "at once" if isinstance(value, datetime) and value <= now else show_moment(value)

    return Column("ready_at", "READY BY", show), Column("here_at", "HERE BY" if has_download else "", show)


def offer_columns(offers: Iterable[Offer], now: datetime) -> tuple[Column, ...]:
    """How a plan's offers are printed."""
    return (
        Column("tier", "TIER", width=9),
        Column("price", "PRICE", show_price, width=6, is_right=True),
        *time_columns(offers, now),
        Column("at_most"),
        Column("currency"),
        Column("files"),
        Column("size"),
        Column("archives"),
        Column("job_size"),
    )


def show_offers(app: App, plan: Plan, *, form: str, is_rehearsal: bool) -> None:
    """Show what a plan means, and price and time of each tier: data in a rehearsal, talk otherwise."""
    there = f"; {count(plan.present_files, 'is', 'are')} there already" if plan.present_files else ""
    app.say(
        f"{count(plan.files, 'file')}, {format_size(plan.size)}, into {plan.destination}{there}.",
        f"{count(plan.jobs, 'retrieval job')}, {format_size(plan.job_size)}:",
    )
    stream = sys.stdout if is_rehearsal else sys.stderr
    columns = offer_columns(plan.offers, app.coldframe().clock.now())
    with app.printer(columns, form=form if is_rehearsal else "table", stream=stream) as printer:
        for offer in plan.offers:
            printer.row(
                {
                    "tier": offer.tier.value,
                    "price": None if offer.price.amount is None else str(offer.price.amount),
                    "at_most": None if offer.price.limit is None else str(offer.price.limit),
                    "currency": offer.price.currency,
                    "ready_at": offer.ready_at,
                    "here_at": offer.here_at,
                    "files": plan.files,
                    "size": plan.size,
                    "archives": plan.jobs,
                    "job_size": plan.job_size,
                }
            )


def pick_tier(app: App, plan: Plan, deadline: datetime) -> Tier:
    """The cheapest tier that makes the deadline; says which, and why.

    Raises:
        LimitRefused: None makes it.
    """
    coldframe = app.coldframe()
    clock, line = coldframe.clock, coldframe.line
    choice = choose_tier(plan.offers, deadline, clock=clock)
    which = "the only tier" if choice.is_only else "the cheapest tier"
    offer = choice.offer
    if offer.ready_at is None or offer.here_at is None:
        app.say(
            f"{choice.tier} is {which} that is ready by {show_local(deadline, clock)}. The time to download "
            f"{format_size(plan.job_size)} is not counted: what your line brings is not known yet; "
            "`download_rate` in the configuration tells it."
        )
        return choice.tier
    rate = show_line(line)
    app.say(
        f"{choice.tier} is {which} that has all here by {show_local(deadline, clock)}: ready by "
        f"{show_local(offer.ready_at, clock)}, downloaded{rate} by {show_local(offer.here_at, clock)}."
    )
    return choice.tier


def tell_download(app: App, size: int, seconds: float | None) -> None:
    """Say how long the way from the store to the user's disk takes, where it takes any time."""
    if seconds is None:
        app.say(
            f"How long {format_size(size)} take to download is not known: what your line brings was not measured yet; "
            "`download_rate` in the configuration tells it."
        )
    elif seconds:
        app.say(f"The download{show_line(app.coldframe().line)} takes {format_duration(seconds)}, if it begins now.")


def show_line(line: Line) -> str:
    """What the user's line brings, where that says anything."""
    return f" at {format_size(line.rate)}/s" if line.rate is not None and line.rate < inf else ""
