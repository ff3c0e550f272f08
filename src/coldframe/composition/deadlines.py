"""A moment by which an order must be here, and the cheapest tier that makes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from coldframe.errors import BadUsage, LimitRefused
from coldframe.quantities import parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coldframe.clock import Clock
    from coldframe.model import Tier
    from coldframe.retriever.pricing import Offer

_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_FORMS = "write 12h, 3d, 18:00 or '2026-12-24 18:00'"


@dataclass(frozen=True, slots=True)
class TierChoice:
    """The tier that was chosen.

    Args:
        offer: What it offers.
        is_download_counted: Whether the time of the download could be counted in.
        is_only: Whether no other tier makes it; otherwise it is the cheapest of those that do.
    """

    offer: Offer
    is_download_counted: bool
    is_only: bool

    @property
    def tier(self) -> Tier:
        """Which."""
        return self.offer.tier


def read_deadline(text: str, clock: Clock) -> datetime:
    """The moment that `12h`, `3d`, `18:00` or `2026-12-24 18:00` means now.

    A time of the day is the next such; a date alone is its beginning. Both go by the user's wall clock, unless the text
    names a zone.

    Raises:
        BadUsage: The text is none, or the moment has passed.
    """
    deadline = _read(text.strip(), clock)
    if deadline <= clock.now():
        raise BadUsage(f"The deadline {text!r} has passed: {_FORMS}.")
    return deadline


def choose_tier(offers: Iterable[Offer], deadline: datetime, *, clock: Clock) -> TierChoice:
    """The cheapest offer by which all is here before the deadline.

    Where nobody knows what the user's line brings, the moment counts at which the jobs are ready. Of prices that nobody
    knows the slower tier's is taken for the lower.

    Raises:
        LimitRefused: None makes it; the message says when each would.
    """
    known = sorted(offers, key=lambda offer: offer.ready_at is None)
    if all(offer.ready_at is None for offer in known):
        raise LimitRefused("How long its jobs take only the store knows, so no deadline can be promised: use --tier.")
    making = [offer for offer in known if (ends_at := _end(offer)) is not None and ends_at <= deadline]
    if not making:
        raise LimitRefused(_refusal(known, deadline, clock))
    best = min(making, key=_cost)
    return TierChoice(best, is_download_counted=best.here_at is not None, is_only=len(making) == 1)


def show_local(moment: datetime, clock: Clock) -> str:
    """A moment on the user's wall clock."""
    return f"{clock.to_local(moment):%Y-%m-%d %H:%M}"


def _read(text: str, clock: Clock) -> datetime:
    match = _TIME.fullmatch(text)
    try:
        if match is not None:
            today = clock.to_local(clock.now()).replace(tzinfo=None)
            wall = today.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
            return clock.from_local(wall if wall > today else wall + timedelta(days=1))
        if not text or text[0] == "-" or "-" not in text:
            return clock.now() + timedelta(seconds=parse_duration(text))
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise BadUsage(f"{text!r} is no deadline: {_FORMS}.") from None
    return moment if moment.tzinfo is not None else clock.from_local(moment)


def _end(offer: Offer) -> datetime | None:
    return offer.ready_at if offer.here_at is None else offer.here_at


def _cost(offer: Offer) -> tuple[bool, Decimal, float]:
    """Known prices first, then the lower, then the sooner; of unknown ones the later, which is the cheaper tier."""
    limit, ready_at = offer.price.limit, offer.ready_at
    moment = ready_at.timestamp() if ready_at is not None else 0.0
    return limit is None, limit or Decimal(0), -moment if limit is None else moment


def _refusal(offers: Iterable[Offer], deadline: datetime, clock: Clock) -> str:
    late = []
    for offer in offers:
        ends_at = _end(offer)
        if ends_at is None:
            late.append(f"of {offer.tier} nobody knows")
        else:
            what = "ready" if offer.here_at is None else "here"
            late.append(f"{offer.tier} would be {what} by {show_local(ends_at, clock)}")
    return f"No tier makes it by {show_local(deadline, clock)}: {'; '.join(late)}. Nothing is started."
