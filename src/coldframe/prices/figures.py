"""One figure of a price list, and what comes of it: a charge that remembers what of it nobody has verified."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

GB = Decimal(1024**3)
"""What Amazon bills as a GB (prices.md)."""
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Charge:
    """A sum of money.

    Args:
        amount: What is expected.
        most: What it may come to, where a figure in it is not certain.
        unverified: The names of the figures in it that nobody has verified.
    """

    amount: Decimal = _ZERO
    most: Decimal = _ZERO
    unverified: frozenset[str] = frozenset()

    def __add__(self, other: Charge) -> Charge:
        """Both together."""
        return Charge(self.amount + other.amount, self.most + other.most, self.unverified | other.unverified)

    def __mul__(self, times: int | Decimal) -> Charge:
        """It, so many times."""
        return Charge(self.amount * times, self.most * times, self.unverified)


@dataclass(frozen=True, slots=True)
class Figure:
    """A price of one unit.

    Args:
        name: What it is called in its file, for whoever wants to look it up or change it.
        price: What is expected.
        most: What it may be, where that is not certain.
        is_verified: Whether it was read in the seller's own list.
    """

    name: str
    price: Decimal
    most: Decimal
    is_verified: bool = True

    def of(self, quantity: int | Decimal) -> Charge:
        """What so many units cost; nothing that nobody wants is uncertain."""
        if not quantity:
            return Charge()
        unverified = frozenset() if self.is_verified else frozenset({self.name})
        return Charge(self.price * quantity, self.most * quantity, unverified)


@dataclass(frozen=True, slots=True)
class Band:
    """So many GB at one price; the last band of a list is without end."""

    figure: Figure
    gb: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Bands:
    """A price that depends on how much it is, such as that of transfer to the internet."""

    bands: tuple[Band, ...]

    @property
    def first(self) -> Figure:
        """The first band's."""
        return self.bands[0].figure

    def of(self, gb: Decimal, *, used_gb: Decimal = _ZERO) -> Charge:
        """What so many GB cost after `used_gb` of the same month."""
        charge, start, end = Charge(), used_gb, used_gb + gb
        edge = _ZERO
        for band in self.bands:
            begin, edge = edge, end if band.gb is None else edge + band.gb
            charge += band.figure.of(max(_ZERO, min(end, edge) - max(start, begin)))
        return charge
