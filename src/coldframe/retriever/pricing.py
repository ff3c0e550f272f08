"""What a retrieval costs, and when it is ready: facts about a store that the retriever is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from coldframe.model import Tier


@dataclass(frozen=True, slots=True)
class Price:
    """A sum of money.

    Args:
        amount: What is expected; None where something has to be paid, and nobody here knows how much.
        currency: Of what.
        at_most: What it may come to, where a figure in it is not certain; None if that is the amount.
        unverified: The names of the figures in it that nobody has verified.
    """

    amount: Decimal | None = Decimal(0)
    currency: str = "USD"
    at_most: Decimal | None = None
    unverified: tuple[str, ...] = ()

    @property
    def limit(self) -> Decimal | None:
        """What to have ready; None if nobody knows."""
        return self.amount if self.at_most is None else self.at_most

    def is_within(self, most: Decimal) -> bool:
        """Whether no more than `most` has to be paid; of an unknown price nobody can say so."""
        return self.limit is not None and self.limit <= most


UNKNOWN = Price(None)
"""Something has to be paid, and nobody here knows how much."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be paid: so many jobs that retrieve so many bytes, and `unknown_sizes` jobs that bring who knows.

    `order` is the token of the order that they are all of; None while there is none.
    """

    tier: Tier
    jobs: int
    size: int
    unknown_sizes: int = 0
    order: str | None = None


Pricing = Callable[[Work], Price]


def free(_work: Work) -> Price:
    """The price of one's own disk."""
    return Price()


def unknown(work: Work) -> Price:
    """The price of a store that charges we do not know how much; what needs no job is free everywhere."""
    return UNKNOWN if work.jobs else Price()


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to have an order carried out.

    Args:
        ready_at: When its jobs are ready; None where only the store knows how long they take.
        here_at: When all of it is on the user's disk; None also where nobody knows what the user's line brings.
    """

    tier: Tier
    price: Price
    ready_at: datetime | None
    here_at: datetime | None = None
