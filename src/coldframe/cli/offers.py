"""What each tier offers, shown before a retrieval, and the tier that makes a deadline."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

from coldframe.cli.charges import show_price
from coldframe.cli.output import Column, show_moment
from coldframe.composition.deadlines import choose_tier, show_local
from coldframe.quantities import count, format_size

if TYPE_CHECKING:
    from coldframe.cli.app import App
    from coldframe.model import Tier
    from coldframe.retriever.plan import Plan


def offer_columns(now: datetime, *, has_download: bool) -> tuple[Column, ...]:
    """How a plan's offers are printed; when all is here, for people, only where a download takes time."""

    def ready(value: object) -> str:
        return "at once" if isinstance(value, datetime) and value <= now else show_moment(value)

    return (
        Column("tier", "TIER", width=9),
        Column("price", "PRICE", show_price, width=6, is_right=True),
        Column("ready_at", "READY BY", ready),
        Column("here_at", "HERE BY" if has_download else "", ready),
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
    has_download = any(offer.here_at not in {None, offer.ready_at} for offer in plan.offers)
    columns = offer_columns(app.coldframe().clock.now(), has_download=has_download)
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
    rate = f" at {format_size(line.rate)}/s" if line.rate is not None and line.rate < float("inf") else ""
    app.say(
        f"{choice.tier} is {which} that has all here by {show_local(deadline, clock)}: ready by "
        f"{show_local(offer.ready_at, clock)}, downloaded{rate} by {show_local(offer.here_at, clock)}."
    )
    return choice.tier
