"""A price file says each figure, or is refused with the name of what is wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import BadSettings
from coldframe.model import GIB, Tier
from coldframe.prices import Calculator, StorageClass, load_amazon, load_prices

if TYPE_CHECKING:
    from pathlib import Path

OWN = """\
format = 1
currency = "USD"
source = "what the disks cost"

[regions.default]
as_of = 2026-11-01
transfer_out = 0
unfinished = 0
capacity_unit = 0

[regions.default.vault]
storage = { price = 0.001, most = 0.002, verified = false }
put = 0
part = 0
get = 0
minimum_days = 10
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the price file is."""
    return tmp_path / "own.toml"


def load(path: Path, text: str = OWN) -> Calculator:
    """The vault's prices in a text."""
    path.write_text(text, encoding="utf-8")
    region = load_prices(str(path)).region("attic")
    assert region is not None
    return Calculator(region)


def test_own_file_stands_for_any_region(path: Path) -> None:
    """The region `default` is that of any store; figures are exact, and say what they may be at most."""
    charge = load(path).storage(3 * GIB)
    assert (charge.amount, charge.most) == (Decimal("0.003"), Decimal("0.006"))
    assert charge.unverified == {"regions.default.vault.storage"}


def test_tier_that_is_not_in_the_file_has_no_price(path: Path) -> None:
    """What nobody has named is unknown, not free."""
    assert load(path).retrieve(Tier.BULK, size=1, jobs=1) is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("put = 0\n", "", "regions.default.vault.put: it is missing"),
        ("put = 0\n", "putt = 0\nput = 0\n", "regions.default.vault.putt: there is no such key here"),
        ("put = 0\n", 'put = "0"\n', "regions.default.vault.put: it wants a number"),
        ("put = 0\n", "put = -1\n", "regions.default.vault.put: it wants a number, zero or above"),
        ("put = 0\n", "put = nan\n", "regions.default.vault.put: it wants a number, zero or above"),
        ("put = 0\n", "put = true\n", "regions.default.vault.put: it wants a number"),
        ("put = 0\n", "put = { price = 2, most = 1 }\n", "regions.default.vault.put.most: it is less than the price"),
        ("verified = false", 'verified = "no"', "regions.default.vault.storage.verified: it wants true or false"),
        ("minimum_days = 10", "minimum_days = 1.5", "regions.default.vault.minimum_days: it wants a whole number"),
        ("as_of = 2026-11-01", 'as_of = "today"', "regions.default.as_of: it wants a date without quotes"),
        ("transfer_out = 0", "transfer_out = []", "regions.default.transfer_out: it names no price"),
        ("transfer_out = 0", "transfer_out = [1]", "regions.default.transfer_out: item 1 is no table"),
        (
            "transfer_out = 0",
            "transfer_out = [{ price = 0 }, { price = 1 }]",
            "regions.default.transfer_out[1].gb: it is missing",
        ),
        (
            "transfer_out = 0",
            "transfer_out = [{ gb = 1, price = 0 }]",
            "regions.default.transfer_out[1].gb: there is no such key here",
        ),
        (
            "minimum_days = 10",
            "overhead_standard_size = 8192",
            "regions.default.vault.overhead_standard_size: it needs the prices of STANDARD",
        ),
        ("minimum_days = 10", "retrieval = { Slow = { gb = 0, per_1000 = 0 } }", "retrieval.Slow: there is no such"),
        ("format = 1", "format = 2", "format: this version reads price files of format 1 only"),
        ('currency = "USD"', "currency = 1", "currency: it wants a text in quotes"),
        ('currency = "USD"', 'currency = "EUR"', "currency: limits and budgets are in USD"),
        ("[regions.default.vault]", "[regions.default.vaults]", "regions.default.vaults: there is no such key here"),
        ("put = 0\n", "put = \n", "line 13"),
    ],
)
def test_wrong_file_is_refused_with_file_and_key(path: Path, old: str, new: str, told: str) -> None:
    """Each message names the file, and the key or the line."""
    assert old in OWN
    with pytest.raises(BadSettings) as caught:
        load(path, OWN.replace(old, new))
    assert str(path) in str(caught.value)
    assert told in str(caught.value)


def test_file_without_regions_is_refused(path: Path) -> None:
    """It would leave everything without a price."""
    with pytest.raises(BadSettings, match="regions: it names no region"):
        load(path, 'format = 1\ncurrency = "USD"\nsource = "none"\n[regions]\n')


def test_file_that_cannot_be_read_is_refused(path: Path) -> None:
    """One that is not there, and one that is no text."""
    with pytest.raises(BadSettings, match="cannot be read"):
        load_prices(str(path))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadSettings, match="not UTF-8"):
        load_prices(str(path))


def test_shipped_prices_cover_three_regions() -> None:
    """Each with a date, vaults and all classes; others have no price, rather than a wrong one."""
    book = load_amazon()
    assert set(book.regions) == {"us-east-1", "us-west-2", "eu-west-1"}
    for region in book.regions.values():
        assert set(region.tariffs) == set(StorageClass)
        assert set(region.tariffs[StorageClass.VAULT].retrieval) == set(Tier)
        assert region.as_of.year == 2026
    assert book.region("cn-north-1") is None
    assert book.region(None) is None


def test_uncertain_figures_are_marked() -> None:
    """A vault's Bulk is expected to be free, and may cost what it did; whoever uses it is told."""
    region = load_amazon().region("us-east-1")
    assert region is not None
    bulk = Calculator(region).retrieve(Tier.BULK, size=100 * GIB, jobs=1000)
    assert bulk is not None
    price = bulk.requests + bulk.retrieval
    assert (price.amount, price.most) == (Decimal(0), Decimal("0.275"))
    assert price.unverified == {
        "regions.us-east-1.vault.retrieval.Bulk.gb",
        "regions.us-east-1.vault.retrieval.Bulk.per_1000",
    }
    assert Calculator(region).upload(1).unverified == frozenset()
    assert Calculator(region).upload(1, in_parts=1, parts=2).unverified == {"regions.us-east-1.vault.part"}
