"""Measure what prices of many archives take: fees, a month's storage, and the requests of sending and retrieving.

Usage: python -m benchmarks.prices [--archives 100000] [--rounds 5] [--folder .cache]

A catalog is filled with archives of different sizes and ages in a store that charges as Amazon's does in us-east-1.
Each line is what a command does before its question, without the scan of the disk or the plan of an order.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from coldframe.catalog import open_catalog
from coldframe.clock import SystemClock
from coldframe.composition.estimating import ArchiveMeasure, archive_costs
from coldframe.composition.fees import records_fee
from coldframe.composition.library import Coldframe
from coldframe.composition.pricing import find_prices
from coldframe.composition.spending import this_month
from coldframe.model import MIB, Tier
from coldframe.settings import Home, Settings
from coldframe.testing.catalogs import STORE, VAULT, a_file, an_archive

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.catalog import ArchiveRecord

_URL = "glacier://us-east-1"
_BATCH = 5_000


def main() -> None:
    """Fill a catalog, price it, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archives", type=int, default=100_000, help="how many are priced (default: 100,000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: 5)")
    parser.add_argument("--folder", default=".cache", help="a folder for the catalog (default: .cache)")
    options = parser.parse_args()
    print(f"| price of {options.archives:,} archives | median s | slowest s |\n| --- | ---: | ---: |", flush=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        home = Home(folder, folder)
        records = _fill(home, options.archives)
        for name, act in _acts(home, records).items():
            seconds = [_measure(act) for _ in range(options.rounds)]
            print(f"| {name} | {statistics.median(seconds):.3f} | {max(seconds):.3f} |", flush=True)


def _fill(home: Home, count: int) -> list[ArchiveRecord]:
    """A catalog of so many archives, from a day to a year old."""
    now = SystemClock().now()
    ages = [timedelta(days=1 + number % 365) for number in range(count)]
    records = [replace(an_archive(number, size=MIB + number), archived_at=now - age) for number, age in enumerate(ages)]
    with open_catalog(home.catalog, clock=SystemClock()) as catalog:
        catalog.store_seen(STORE, _URL)
        for first in range(0, count, _BATCH):
            batch = records[first : first + _BATCH]
            catalog.record_many([(record, [a_file(f"{record.archive_id[-8:]}.fit", record)]) for record in batch])
    return records


def _acts(home: Home, records: list[ArchiveRecord]) -> dict[str, Callable[[], object]]:
    """What is measured, by name."""
    prices, clock = find_prices(_URL, price_file=None), SystemClock()
    assert prices is not None
    size = sum(record.size for record in records)
    measure = ArchiveMeasure(archives=len(records), size=size, older={each.archive_id: each for each in records})

    def listed() -> object:
        with open_catalog(home.catalog, clock=clock) as catalog:
            return records_fee(prices, catalog.archives(STORE, VAULT), now=clock.now())

    def month() -> object:
        with Coldframe(home, Settings(store=_URL)) as coldframe:
            return this_month(coldframe)

    return {
        "fee for deleting them, from the catalog": listed,
        "fee for deleting them, from memory": lambda: records_fee(prices, records, now=clock.now()),
        "sending them, and keeping older versions of all": lambda: archive_costs(measure, prices, now=clock.now()),
        "retrieving them, each tier": lambda: [prices.retrieve(tier, jobs=len(records), size=size) for tier in Tier],
        "the month's storage, from the catalog": month,
    }


def _measure(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
