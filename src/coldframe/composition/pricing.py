"""Which prices apply to a store, and what a retrieval or an upload costs at them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from coldframe.composition.stores import is_remote
from coldframe.errors import BadSettings
from coldframe.retriever.pricing import Price
from coldframe.retriever.ranges import SEGMENT

if TYPE_CHECKING:
    from coldframe.model import Tier
    from coldframe.prices import Calculator, Charge, PriceBook, Region, RetrievalCharges
    from coldframe.retriever.pricing import Work

_AMAZON_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_REGION_LABEL = re.compile(r"[a-z]{2,3}(?:-[a-z]+)+-[0-9]+")
_EXACT = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class StorePrices:
    """The prices of one store: a price file, and the figures in it that apply."""

    book: PriceBook
    calculator: Calculator

    def retrieve(self, tier: Tier, *, jobs: int, size: int, used_transfer: int = 0) -> RetrievalCharges | None:
        """What so many jobs that bring so many bytes cost; None if the file has no such tier.

        `used_transfer` is the bytes that the month has transferred before.
        """
        outputs = jobs + size // SEGMENT
        return self.calculator.retrieve(tier, size=size, jobs=jobs, outputs=outputs, used_transfer=used_transfer)

    def price(self, work: Work, *, used_transfer: int = 0) -> Price:
        """What an order costs, as the retriever asks for it, after so many bytes of the month's transfer."""
        if not work.jobs:
            return Price()
        charges = self.retrieve(work.tier, jobs=work.jobs, size=work.size, used_transfer=used_transfer)
        if charges is None or work.unknown_sizes:
            return Price(None)
        return price_of(charges.total)

    @property
    def summary(self) -> str:
        """Where the figures come from, in a sentence."""
        region = self.calculator.region
        return f"Prices: {self.book.origin}, region {region.name}, as of {region.as_of}, in US dollars, without tax."


def price_of(charge: Charge) -> Price:
    """A charge to the millionth of a dollar; what it may come to is rounded up."""
    at_most = _rounded(charge.most, ROUND_UP) if charge.most > charge.amount else None
    return Price(_rounded(charge.amount, ROUND_HALF_UP), at_most=at_most, unverified=tuple(sorted(charge.unverified)))


def _rounded(amount: Decimal, rounding: str) -> Decimal:
    return amount.quantize(_EXACT, rounding).normalize() + 0  # adding nothing writes 1E+1 as 10


def find_prices(store_url: str, *, price_file: str | None) -> StorePrices | None:
    """The prices of the store that a URL names; None if it takes nothing, or nobody here knows what.

    Amazon's are looked up by region: in the user's file, or else in the list that came with coldframe. Any other store
    costs nothing, unless the user's file has its region or one that is called `default`.

    Raises:
        BadSettings: The file cannot be read or understood, or has no prices for vaults in that region.
    """
    book = _load(price_file) if price_file else None
    if not is_amazon(store_url):
        region = book.region(_region_option(store_url)) if book else None
        return _store_prices(book, region)
    from coldframe.prices import load_amazon  # noqa: PLC0415 - only where somebody charges; start-up time

    name = amazon_region(store_url)
    for known in (book, load_amazon()):
        if known is not None and name is not None and name in known.regions:
            return _store_prices(known, known.regions[name])
    return None


def is_amazon(store_url: str) -> bool:
    """Whether a store's URL leads to Amazon: any `glacier:`, and their own hosts by name."""
    if not is_remote(store_url):
        return False
    parts = urlsplit(store_url)
    host = (parts.hostname or "").rstrip(".").lower()
    return parts.scheme.lower() == "glacier" or f".{host}".endswith(_AMAZON_HOSTS)


def amazon_region(store_url: str) -> str | None:
    """The region of a store of Amazon's: from the URL, the environment or the AWS configuration."""
    parts = urlsplit(store_url)
    if parts.scheme.lower() != "glacier":
        labels = (parts.hostname or "").split(".")
        return next((label for label in labels if _REGION_LABEL.fullmatch(label)), None)
    return parts.netloc or _region_option(store_url) or _configured_region(store_url)


def _configured_region(store_url: str) -> str | None:
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if named:
        return named
    import boto3  # noqa: PLC0415 - heavy: half a second
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above

    try:
        profile = dict(parse_qsl(urlsplit(store_url).query)).get("profile")
        region: str | None = boto3.session.Session(profile_name=profile).region_name
    except BotoCoreError:
        return None  # whoever opens the store is told what is wrong
    return region


def _region_option(store_url: str) -> str | None:
    return dict(parse_qsl(urlsplit(store_url).query)).get("region") if is_remote(store_url) else None


def _load(path: str) -> PriceBook:
    from coldframe.prices import load_prices  # noqa: PLC0415 - as above

    return load_prices(path)


def _store_prices(book: PriceBook | None, region: Region | None) -> StorePrices | None:
    if book is None or region is None:
        return None
    from coldframe.prices import Calculator, StorageClass  # noqa: PLC0415 - as above

    if StorageClass.VAULT not in region.tariffs:
        raise BadSettings(f"{book.origin}: regions.{region.name}.vault: it is missing, and vaults need it.")
    return StorePrices(book, Calculator(region))
