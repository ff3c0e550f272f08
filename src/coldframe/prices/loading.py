"""Reading a price file strictly: a figure that is missing, misspelt or no figure is an error, never a zero."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from coldframe.errors import BadSettings
from coldframe.model import Tier
from coldframe.prices.figures import Band, Bands, Figure
from coldframe.prices.tariffs import PriceBook, Region, RetrievalRates, StorageClass, Tariff

if TYPE_CHECKING:
    from collections.abc import Iterable

_AMAZON = "amazon.toml"
_FORMAT = 1
CURRENCY = "USD"
_REQUIRED = object()


@cache
def load_amazon() -> PriceBook:
    """Amazon's list prices, as this version of coldframe knows them."""
    text = resources.files("coldframe.prices").joinpath(_AMAZON).read_text("utf-8")
    return parse_prices(text, origin="the prices that came with coldframe")


def load_prices(path: str) -> PriceBook:
    """The prices in a file of the user's.

    Raises:
        BadSettings: It cannot be read, or a figure is wrong; the message names file and key, or file and line.
    """
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise BadSettings(f"The price file {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadSettings(f"The price file {path} is not UTF-8 text.") from error
    return parse_prices(text, origin=path)


def parse_prices(text: str, *, origin: str) -> PriceBook:
    """The prices in a text; `origin` is what messages call it.

    Raises:
        BadSettings: As `load_prices`.
    """
    try:
        values = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{origin}: is not TOML: {error}.") from error
    table = _Table(values, origin, "")
    if table.whole("format") != _FORMAT:
        raise table.wrong("format", f"this version reads price files of format {_FORMAT} only")
    if table.text("currency") != CURRENCY:
        raise table.wrong("currency", f"limits and budgets are in {CURRENCY}, so prices must be; convert the figures")
    regions = table.table("regions")
    book = PriceBook(
        origin=origin,
        source=table.text("source"),
        regions={name: _region(regions.table(name), name) for name in regions.names},
    )
    if not book.regions:
        raise table.wrong("regions", "it names no region")
    regions.end()
    table.end()
    return book


def _region(table: _Table, name: str) -> Region:
    region = Region(
        name=name,
        as_of=table.date("as_of"),
        tariffs={each: _tariff(table.table(each.value)) for each in StorageClass if each.value in table.names},
        transfer_out=table.bands("transfer_out"),
        unfinished=table.figure("unfinished"),
        capacity_unit=table.figure("capacity_unit"),
        inventory_per_million=table.figure("inventory_per_million", 0),
        batch_job=table.figure("batch_job", 0),
        batch_per_million=table.figure("batch_per_million", 0),
    )
    for each, tariff in region.tariffs.items():
        if tariff.overhead_standard_size and StorageClass.STANDARD not in region.tariffs:
            raise table.wrong(f"{each}.overhead_standard_size", "it needs the prices of STANDARD in the same region")
    table.end()
    return region


def _tariff(table: _Table) -> Tariff:
    tiers = table.table("retrieval", {})
    tariff = Tariff(
        storage=table.bands("storage"),
        put=table.figure("put"),
        part=table.figure("part"),
        get=table.figure("get"),
        retrieval={tier: _rates(tiers.table(tier.value)) for tier in Tier if tier.value in tiers.names},
        minimum_days=table.whole("minimum_days", 0),
        minimum_size=table.whole("minimum_size", 0),
        overhead_size=table.whole("overhead_size", 0),
        overhead_standard_size=table.whole("overhead_standard_size", 0),
        free_retrieval_gb=table.number("free_retrieval_gb", 0),
    )
    tiers.end()
    table.end()
    return tariff


def _rates(table: _Table) -> RetrievalRates:
    rates = RetrievalRates(table.figure("gb"), table.figure("per_1000"))
    table.end()
    return rates


class _Table:
    """A table of the file, which knows where it stands and what of it was read."""

    def __init__(self, values: dict[str, Any], origin: str, key: str) -> None:
        self._values = values
        self._origin = origin
        self._key = key
        self._read: set[str] = set()

    @property
    def names(self) -> Iterable[str]:
        """Its keys, in the order of the file."""
        return list(self._values)

    def wrong(self, name: str, what: str) -> BadSettings:
        """The error to raise for a key."""
        return BadSettings(f"{self._origin}: {self._name(name)}: {what}.")

    def end(self) -> None:
        """Raise if there is a key that nobody has read."""
        for name in self._values:
            if name not in self._read:
                raise self.wrong(name, f"there is no such key here; there are {', '.join(sorted(self._read))}")

    def table(self, name: str, default: object = _REQUIRED) -> _Table:
        """A table inside."""
        value = self._take(name, default)
        if not isinstance(value, dict):
            raise self.wrong(name, "it wants a table")
        return _Table(value, self._origin, self._name(name))

    def text(self, name: str) -> str:
        """A text that says something."""
        value = self._take(name)
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "it wants a text in quotes")
        return value

    def date(self, name: str) -> date:
        """A day."""
        value = self._take(name)
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self.wrong(name, "it wants a date without quotes, such as 2026-09-28")
        return value

    def whole(self, name: str, default: object = _REQUIRED) -> int:
        """A whole number, not below zero."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.wrong(name, "it wants a whole number, zero or above")
        return value

    def number(self, name: str, default: object = _REQUIRED) -> Decimal:
        """A number, not below zero."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self.wrong(name, "it wants a number")
        number = Decimal(value)
        if not number.is_finite() or number < 0:
            raise self.wrong(name, "it wants a number, zero or above")
        return number

    def figure(self, name: str, default: object = _REQUIRED) -> Figure:
        """A price: a number, or a table of `price`, `most` and `verified`."""
        if not isinstance(self._values.get(name), dict):
            price = self.number(name, default)
            return Figure(self._name(name), price, price)
        table = self.table(name)
        figure = table.told_figure(self._name(name))
        table.end()
        return figure

    def bands(self, name: str) -> Bands:
        """One price, or a list of tables with `gb` in all but the last."""
        if not isinstance(self._values.get(name), list):
            return Bands((Band(self.figure(name)),))
        listed, bands = self._take(name), []
        for number, value in enumerate(listed, 1):
            if not isinstance(value, dict):
                raise self.wrong(name, f"item {number} is no table of gb and price")
            table = _Table(value, self._origin, f"{self._name(name)}[{number}]")
            gb = table.number("gb") if number < len(listed) else None
            bands.append(Band(table.told_figure(self._name(name)), gb))
            table.end()
        if not bands:
            raise self.wrong(name, "it names no price")
        return Bands(tuple(bands))

    def told_figure(self, name: str) -> Figure:
        """The price that this table itself is."""
        price = self.number("price")
        most, is_verified = self.number("most", price), self._take("verified", True)  # noqa: FBT003 - the default
        if most < price:
            raise self.wrong("most", "it is less than the price")
        if not isinstance(is_verified, bool):
            raise self.wrong("verified", "it wants true or false")
        return Figure(name, price, most, is_verified)

    def _take(self, name: str, default: object = _REQUIRED) -> Any:
        self._read.add(name)
        value = self._values.get(name, default)
        if value is _REQUIRED:
            raise self.wrong(name, "it is missing")
        return value

    def _name(self, name: str) -> str:
        return f"{self._key}.{name}" if self._key else name
