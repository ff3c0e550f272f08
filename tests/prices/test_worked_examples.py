"""The 13 worked examples of prices.md, each to the last digit that it gives (it asks for 1 %)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from coldframe.model import GIB, MIB, Tier
from coldframe.prices import Calculator, Charge, StorageClass, load_amazon

KIB = 1024
TIB = 1024 * GIB
VAULT, STANDARD, GLACIER_IR, GLACIER, DEEP_ARCHIVE = (
    StorageClass.VAULT,
    StorageClass.STANDARD,
    StorageClass.GLACIER_IR,
    StorageClass.GLACIER,
    StorageClass.DEEP_ARCHIVE,
)


def calculator(storage_class: StorageClass, region: str = "us-east-1") -> Calculator:
    """The shipped prices of one class."""
    prices = load_amazon().region(region)
    assert prices is not None
    return Calculator(prices, storage_class)


def is_near(charge: Charge | Decimal, expected: str) -> bool:
    """Whether a sum is the one that an example prints, which has four significant digits at least or is exact."""
    amount = charge.amount if isinstance(charge, Charge) else charge
    return float(amount) == pytest.approx(float(expected), rel=5e-4)


def test_example_01_a_tebibyte_in_deep_archive() -> None:
    """1 TiB in 1,000 objects for a year."""
    deep = calculator(DEEP_ARCHIVE)
    assert is_near(deep.storage(TIB) * 12, "12.16512")
    assert is_near(deep.overhead(1000), "0.000205688")
    assert is_near(deep.upload(1000), "0.05")


@pytest.mark.parametrize(
    ("storage_class", "storage", "upload"),
    [
        (DEEP_ARCHIVE, "0.300102", "50"),
        (GLACIER, "0.628663", "30"),
        (GLACIER_IR, "0.488281", "20"),
        (STANDARD, "2.193451", "5"),
    ],
)
def test_example_02_a_million_small_objects(storage_class: StorageClass, storage: str, upload: str) -> None:
    """1,000,000 objects of 100 KiB, which overhead and least sizes make dear."""
    calculated = calculator(storage_class)
    objects = 1_000_000
    size = calculated.billed_size(100 * KIB) * objects
    assert is_near(calculated.storage(size, objects), storage)
    assert is_near(calculated.upload(objects), upload)


def test_example_03_an_upload_in_parts() -> None:
    """10 GiB in 160 parts: a bucket charges the begin and the parts less than a vault does."""
    assert is_near(calculator(DEEP_ARCHIVE).upload(1, in_parts=1, parts=160), "0.000855")
    assert is_near(calculator(VAULT).upload(1, in_parts=1, parts=160), "0.00486")


@pytest.mark.parametrize(
    ("storage_class", "tier", "expected"),
    [
        (GLACIER, Tier.STANDARD, "1774"),
        (GLACIER, Tier.EXPEDITED, "153072"),
        (GLACIER, Tier.BULK, "0"),
        (DEEP_ARCHIVE, Tier.STANDARD, "3548"),
        (DEEP_ARCHIVE, Tier.BULK, "631"),
    ],
)
def test_example_04_fifteen_million_objects(storage_class: StorageClass, tier: Tier, expected: str) -> None:
    """15,000,000 objects, 102,400 GB: where requests cost more than bytes."""
    charges = calculator(storage_class).retrieve(tier, size=102_400 * GIB, jobs=15_000_000)
    assert charges is not None
    assert is_near(charges.requests + charges.retrieval, expected)


@pytest.mark.parametrize(
    ("storage_class", "tier", "retrieval", "total"),
    [
        (GLACIER, Tier.STANDARD, "10.29", "98.945867"),
        (GLACIER, Tier.BULK, "0", "88.655867"),
        (DEEP_ARCHIVE, Tier.STANDARD, "20.58", "109.235867"),
        (DEEP_ARCHIVE, Tier.BULK, "2.585", "91.240867"),
    ],
)
def test_example_05_all_the_way_home(storage_class: StorageClass, tier: Tier, retrieval: str, total: str) -> None:
    """1,024 GB restored for 7 days and downloaded: most of it is the transfer."""
    calculated = calculator(storage_class)
    charges = calculated.retrieve(tier, size=TIB, jobs=1000, outputs=1000)
    assert charges is not None
    copy = calculated.restored_copy(TIB, days=7)
    assert is_near(copy, "5.495467")
    assert is_near(charges.outputs, "0.0004")
    assert is_near(charges.transfer_out, "83.16")
    assert is_near(charges.requests + charges.retrieval, retrieval)
    assert is_near(charges.total + copy, total)


@pytest.mark.parametrize(("storage_class", "expected"), [(DEEP_ARCHIVE, "0.495"), (GLACIER, "0.72"), (VAULT, "0.72")])
def test_example_06_deleted_after_a_month(storage_class: StorageClass, expected: str) -> None:
    """100 GB deleted after 30 days are paid for until their least time is over."""
    calculated = calculator(storage_class)
    assert is_near(calculated.early_deletion(100 * GIB, age=timedelta(days=30)), expected)
    least = timedelta(days=calculated.tariff.minimum_days)
    assert calculated.early_deletion(100 * GIB, age=least) == Charge()


@pytest.mark.parametrize(
    ("gb", "expected"),
    [(100, "0"), (1024, "83.16"), (10_340, "921.60"), (51_300, "4403.20"), (200_000, "13886.20")],
)
def test_example_07_transfer_out(gb: int, expected: str) -> None:
    """Bands, of which the first is free."""
    assert is_near(calculator(VAULT).transfer_out(gb * GIB), expected)


def test_example_08_archives_in_a_vault() -> None:
    """500 archives of 200 MiB, each in one request."""
    vault = calculator(VAULT)
    assert is_near(vault.storage(500 * 200 * MIB, 500), "0.351617")
    assert is_near(vault.upload(500), "0.015")


def test_example_09_free_retrieval() -> None:
    """50 GB in 250 archives at Standard, without and with the 10 GB that used to be free."""
    vault = calculator(VAULT)
    charges = vault.retrieve(Tier.STANDARD, size=50 * GIB, jobs=250)
    assert charges is not None
    assert is_near(charges.requests + charges.retrieval, "0.5125")
    tariff = replace(vault.tariff, free_retrieval_gb=Decimal(10))
    generous = Calculator(replace(vault.region, tariffs={VAULT: tariff}))
    charges = generous.retrieve(Tier.STANDARD, size=50 * GIB, jobs=250)
    assert charges is not None
    assert is_near(charges.requests + charges.retrieval, "0.4125")


def test_example_10_provisioned_capacity() -> None:
    """Two units for a month."""
    assert is_near(calculator(VAULT).capacity(2), "200")


def test_example_11_ireland() -> None:
    """Requests cost more in eu-west-1."""
    deep, glacier = calculator(DEEP_ARCHIVE, "eu-west-1"), calculator(GLACIER, "eu-west-1")
    assert is_near(deep.upload(1_000_000), "55")
    standard = deep.retrieve(Tier.STANDARD, size=100 * GIB, jobs=1000)
    assert standard is not None
    assert is_near(standard.requests + standard.retrieval, "2.11")
    expedited = glacier.retrieve(Tier.EXPEDITED, size=GIB, jobs=10)
    assert expedited is not None
    assert is_near(expedited.requests + expedited.retrieval, "0.14")


def test_example_12_a_billion_objects() -> None:
    """10^9 objects in DEEP_ARCHIVE, and what it costs to look after them."""
    deep, objects = calculator(DEEP_ARCHIVE), 10**9
    assert is_near(deep.upload(objects), "50000")
    assert is_near(deep.overhead(objects), str(Decimal("175.48") + Decimal("30.21")))
    assert is_near(deep.listing(objects), "5")
    assert is_near(deep.bucket_inventory(objects), "2.50")
    bulk = deep.retrieve(Tier.BULK, size=0, jobs=objects)
    assert bulk is not None
    assert is_near(bulk.requests, "25000")
    assert is_near(deep.batch_job(objects), "1000.25")


@pytest.mark.parametrize(("storage_class", "kib"), [(DEEP_ARCHIVE, "9.80"), (GLACIER, "15.42")])
def test_example_13_where_a_cold_class_begins_to_pay(storage_class: StorageClass, kib: str) -> None:
    """The size from which on an object is cheaper there than in STANDARD."""
    assert is_near(calculator(storage_class).break_even_size() / KIB, kib)
