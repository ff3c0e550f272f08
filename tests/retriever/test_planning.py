"""Plans: what a retrieval would mean, told before anything is asked of the store, in flat memory."""

from __future__ import annotations

import os
import tracemalloc
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from time import process_time
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import ArchiveRecord, Entry, Kind, Query
from coldframe.catalog.order_model import WantedState
from coldframe.errors import BadUsage, FormatError, NothingMatched
from coldframe.inventory.csv_file import write_inventory
from coldframe.model import MIB, Tier, TierWaits
from coldframe.progress import Noted, Outcome
from coldframe.retriever import Price
from retriever.world import VAULT, frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.progress import Event
    from coldframe.retriever import Work
    from retriever.world import World


def test_plan_tells_files_bytes_jobs_and_room(world: World) -> None:
    """A plan knows what would be retrieved, what is there, and what room it takes; nothing is asked of the store."""
    world.add("there.fit", frame(1, 4000))
    world.retrieve()
    world.add("a.fit", frame(2, 5000))
    world.add("empty.txt", b"")
    world.add("../out.fit", frame(3, 6000))
    world.add_bundle("Bias.zip", {"m.fit": frame(4, 2 * MIB)})

    plan = world.retriever().plan(Query("fit txt"[:0] or "*[!p]", members=True), into=world.into)

    assert (plan.files, plan.present_files, plan.present_size) == (5, 1, 4000)
    assert plan.size == 4000 + 5000 + 6000 + 2 * MIB
    assert [path for path, _ in plan.refused] == ["../out.fit"]
    assert plan.jobs == 2
    assert 5000 + 2 * MIB <= plan.job_size <= 5000 + 3 * MIB
    assert plan.needed_size >= 5000 + 4 * MIB
    assert plan.available_size > 0
    assert len(world.jobs()) == 1


def test_plan_offers_price_and_time_per_tier(world: World) -> None:
    """Each tier has its price, from whoever knows prices, and the moment by which all is ready."""
    world.add("a.fit", frame(1))
    rates = {Tier.EXPEDITED: 3, Tier.STANDARD: 2, Tier.BULK: 1}

    def pricing(work: Work) -> Price:
        return Price(Decimal(rates[work.tier] * work.jobs * work.size))

    retriever = world.retriever(pricing=pricing, waits=TierWaits(60, 3600, 7200))
    plan = retriever.plan(Query(), into=world.into)

    assert [plan.offer(tier).price.amount for tier in Tier] == [15_000, 10_000, 5_000]
    assert plan.offer(Tier.BULK).ready_at == world.clock.now() + timedelta(hours=2)


def test_plan_without_jobs_is_free_and_ready_now(world: World) -> None:
    """What is at the destination already costs nothing and needs no waiting."""
    world.add("a.fit", frame(1))
    world.retrieve()

    plan = world.retriever(pricing=lambda work: Price(Decimal(work.jobs)), waits=TierWaits(9, 9, 9)).plan(
        Query(), into=world.into
    )

    assert plan.offer(Tier.BULK).price.amount == 0
    assert plan.offer(Tier.BULK).ready_at == world.clock.now()


def test_plan_for_nothing_is_an_error(world: World) -> None:
    """A query that finds nothing makes no plan."""
    with pytest.raises(NothingMatched):
        world.retriever().plan(Query("nowhere"), into=world.into)


def test_plan_for_another_store_is_an_error(world: World) -> None:
    """A query that names another store than the open one is a mistake."""
    with pytest.raises(BadUsage, match="another store"):
        world.retriever().plan(Query(store="coldframe:other"), into=world.into)


def test_inventory_is_retrieved_without_the_catalog(world: World, tmp_path: Path) -> None:
    """An inventory CSV alone is enough: files, empty files and members come back, matched by patterns."""
    world.add("Light/Blue/a.fit", frame(1))
    world.add("Light/Red/b.fit", frame(2))
    world.add("Light/Blue/empty.txt", b"")
    members = {"m1.fit": frame(3), "m2.fit": frame(4, 2000)}
    bundle = world.add_bundle("Blue/Bias.zip", members, deflate=["m2.fit"])
    csv = os.path.join(tmp_path, "inventory.csv")
    write_inventory(csv, world.catalog.select(Query(members=True)))
    ids = {archive.archive_id for archive in world.catalog.archives(world.store.identity, VAULT)}
    world.catalog.forget_archives(world.store.identity, VAULT, sorted(ids))

    retriever = world.retriever()
    plan = retriever.plan_inventory(csv, match=["*Blue/[!B]*", "*m2*"], into=world.into)
    results = list(retriever.carry_on(retriever.place_order(plan, tier=Tier.BULK)))

    assert world.files() == {
        "Light/Blue/a.fit": frame(1),
        "Light/Blue/empty.txt": b"",
        "Blue/Bias/m2.fit": members["m2.fit"],
    }
    assert {result.outcome for result in results} == {Outcome.RETRIEVED}
    assert world.jobs().count(bundle.archive_id) == 1


def test_inventory_of_the_cmdlets_is_retrieved(world: World, tmp_path: Path) -> None:
    """Three columns are enough: the vault is named beside it, sizes are learnt from the jobs."""
    archive = world.add("a.fit", frame(1))
    other = world.add("b.fit", frame(2))
    csv = tmp_path / "m33.csv"
    csv.write_text(
        '#TYPE Selected.System.Object\r\n"FilePath","ArchiveId","Checksum"\r\n'
        f'"C:\\Subs\\M33\\Light\\a_Blue_1.fit","{archive.archive_id}","{archive.tree_hash}"\r\n'
        f'"C:\\Subs\\M33\\Light\\b_Red_1.fit","{other.archive_id}","{other.tree_hash}"\r\n',
        encoding="utf-8",
    )
    world.catalog.forget_archives(world.store.identity, VAULT, [archive.archive_id, other.archive_id])
    retriever = world.retriever()
    with pytest.raises(BadUsage, match="--vault"):
        retriever.plan_inventory(str(csv), into=world.into)

    plan = retriever.plan_inventory(str(csv), match=["*Blue*"], vault_name=VAULT, into=world.into)
    assert plan.unknown_sizes == 1
    (result,) = retriever.carry_on(retriever.place_order(plan, tier=Tier.BULK))

    assert (result.outcome, result.size) == (Outcome.RETRIEVED, 5000)
    assert world.files() == {"C/Subs/M33/Light/a_Blue_1.fit": frame(1)}


def test_inventory_rows_that_cannot_be_used_are_told(world: World, tmp_path: Path) -> None:
    """A broken row and one of another store are left out, and told; a file that is no inventory is an error."""
    archive = world.add("a.fit", frame(1))
    csv = tmp_path / "some.csv"
    csv.write_text(
        "FilePath,ArchiveId,Checksum,Vault,Store\n"
        f"a.fit,{archive.archive_id},{archive.tree_hash},{VAULT},\n"
        f"b.fit,{archive.archive_id},nonsense,{VAULT},\n"
        f"c.fit,{archive.archive_id},{archive.tree_hash},{VAULT},coldframe:other\n",
        encoding="utf-8",
    )
    events: list[Event] = []
    retriever = world.retriever(observer=events.append)

    plan = retriever.plan_inventory(str(csv), into=world.into)

    assert plan.files == 1
    assert len([event for event in events if isinstance(event, Noted)]) == 2
    (tmp_path / "not.csv").write_text("hello", encoding="utf-8")
    with pytest.raises(FormatError):
        retriever.plan_inventory(str(tmp_path / "not.csv"), into=world.into)


def test_order_goes_on_when_its_entries_have_left_the_catalog(world: World) -> None:
    """An order holds all that it needs."""
    archive = world.add("a.fit", frame(1))
    number = world.order()
    world.catalog.forget_archives(world.store.identity, VAULT, [archive.archive_id])

    (result,) = world.retriever().carry_on(number)

    assert result.outcome is Outcome.RETRIEVED


def test_order_is_listed_with_how_far_it_is(world: World) -> None:
    """Orders, their results and their tallies can be asked for at any time."""
    world.add("a.fit", frame(1, 100))
    world.add("b.fit", frame(2, 200))
    number = world.order()
    assert world.orders.tally(number).jobs == {WantedState.WANTED: 2}

    list(world.retriever().carry_on(number))

    tally = world.orders.tally(number)
    assert (tally.files, tally.size, tally.placed_files, tally.placed_size) == (2, 300, 2, 300)
    assert sorted(result.path for result in world.retriever().results(number)) == ["a.fit", "b.fit"]
    with pytest.raises(NothingMatched, match="no order 99"):
        world.orders.order(99)


def test_order_that_is_given_up_is_not_carried_on(world: World) -> None:
    """A cancelled order stays as it is."""
    world.add("a.fit", frame(1))
    number = world.order()

    world.retriever().cancel(number)

    assert list(world.retriever().carry_on(number)) == []
    assert list(world.retriever().watch()) == []
    assert world.jobs() == []


def entries(world: World, count: int) -> Iterator[tuple[ArchiveRecord, list[Entry]]]:
    """So many archives that the catalog may know; the store has never seen them."""
    for number in range(count):
        archive = ArchiveRecord(
            store=world.store.identity,
            vault_name=VAULT,
            archive_id=f"archive-{number:0130}",
            size=4096,
            tree_hash=f"{number:064x}",
            description="",
            archived_at=world.clock.now(),
        )
        path = f"Subs/Light/{number % 100:02}/frame{number:06}.fit"
        yield archive, [Entry(path=path, kind=Kind.FILE, size=4096, modified_ns=number, archive=archive)]


def plan_and_place(world: World, count: int) -> float:
    """Plan and place an order over so many archives; answer how many seconds of CPU it took."""
    batches = entries(world, count)
    while batch := list(islice(batches, 1000)):
        world.catalog.record_many(batch)
    retriever = world.retriever()
    retriever.place_order(retriever.plan(Query("frame00000"), into=world.into), tier=Tier.BULK)  # all is imported
    tracemalloc.reset_peak()
    started = process_time()
    plan = retriever.plan(Query("Light"), into=world.into)
    assert (plan.files, plan.jobs, plan.size) == (count, count, count * 4096)
    number = retriever.place_order(plan, tier=Tier.BULK)
    seconds = process_time() - started
    assert world.orders.tally(number).files == count
    return seconds


def test_order_over_many_archives_takes_flat_memory(world: World) -> None:
    """Planning and placing an order over 5,000 archives keeps nothing per archive in memory."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        plan_and_place(world, 5000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak - before < 4 * MIB


@pytest.mark.slow
def test_order_over_a_hundred_thousand_archives_is_quick(world: World) -> None:
    """100,000 archives are planned and ordered in seconds."""
    seconds = plan_and_place(world, 100_000)

    print(f"planned and ordered 100,000 archives in {seconds:.1f} s of CPU")
    assert seconds < 30
