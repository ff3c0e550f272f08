"""Measure what an order over many archives takes: to plan it, to look for one that is there, to place it.

Usage: python -m benchmarks.orders [--archives 100000] [--folder .cache]

The catalog is filled with entries, as `coldframe archive` leaves them; nothing is asked of a store. Memory is the peak
of the whole process, beside what it had before the plan. Linux only.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from coldframe.catalog import ArchiveRecord, Entry, Kind, Query
from coldframe.composition import open_coldframe
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.model import MIB, Tier
from coldframe.settings import Home, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.composition import Coldframe

VAULT = "astrodata"
_SIZE = 33 * MIB
T = TypeVar("T")


def main() -> None:
    """Fill, plan, place, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archives", type=int, default=100_000, help="how many archives the order is for")
    parser.add_argument("--folder", default=".cache", help="a folder on the disk to measure (default: .cache)")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        home = Home(folder, folder)
        with open_coldframe(home=home, settings=Settings()) as coldframe:
            coldframe.create_store().create_vault(VAULT)
            fill(coldframe, options.archives)
        with open_coldframe(home=home, settings=Settings()) as coldframe:
            measure(coldframe, os.path.join(folder, "back"), options.archives)


def fill(coldframe: Coldframe, count: int) -> None:
    """Record so many archives."""
    now, identity = coldframe.clock.now(), coldframe.store.identity
    catalog = coldframe.catalog
    for number in range(count):
        digest = sha256(b"%d" % number).hexdigest()
        archive = ArchiveRecord(
            store=identity,
            vault_name=VAULT,
            archive_id=(digest * 3)[:138],
            size=_SIZE,
            tree_hash=digest,
            description="",
            archived_at=now,
        )
        path = f"Subs/Light/{number // 1000:03}/M33_Light_Blue_180sec_frame{number}.fit"
        catalog.record(archive, [Entry(path=path, kind=Kind.FILE, size=_SIZE, modified_ns=0, archive=archive)])


def measure(coldframe: Coldframe, into: str, count: int) -> None:
    """Plan, look for an order, place it, and tell what of it is outstanding."""
    run = RetrieveRun(coldframe, RetrieveJob(into=into, query=Query("*")))
    coldframe.catalog.count(Query("*"))
    before = _peak()
    print(f"{count:,} archives; {before:.0f} MiB before\n\n| step | wall s | peak MiB |\n| --- | ---: | ---: |")
    plan = _timed("plan", run.plan)
    _timed("place", lambda: run.order(plan, tier=Tier.BULK, max_cost=Decimal(10**9)))
    again = _timed("plan again", run.plan)
    assert _timed("find the open order", lambda: run.open_order(again)) is not None
    again.close()
    (order,) = coldframe.orders.orders()
    assert _timed("sum up what was agreed to", lambda: coldframe.orders.asking.committed(order.number)).jobs == count


def _timed(what: str, act: Callable[[], T]) -> T:
    began = time.perf_counter()
    answer = act()
    print(f"| {what} | {time.perf_counter() - began:.2f} | {_peak():.0f} |", flush=True)
    return answer


def _peak() -> float:
    """The most memory that the process has had so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
