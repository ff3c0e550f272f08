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
    """A sum of money."""

    amount: Decimal = Decimal(0)
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be paid: so many jobs that retrieve so many bytes."""

    tier: Tier
    jobs: int
    size: int


Pricing = Callable[[Work], Price]


def free(_work: Work) -> Price:
    """The price of one's own disk."""
    return Price()


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to have an order carried out."""

    tier: Tier
    price: Price
    ready_at: datetime
