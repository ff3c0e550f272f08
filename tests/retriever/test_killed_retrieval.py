"""Whenever a retrieval is killed, carrying it on with nothing but what is on the disk comes to the same end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import Query, open_catalog
from coldframe.catalog.order_model import OrderState
from coldframe.catalog.orders import Orders
from coldframe.model import MIB, Tier
from coldframe.retriever import Retriever
from retriever.taps import DeadAfter, Killed, TappedFiles, TappedStore, tapped_orders
from retriever.world import MODIFIED_NS, World, frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from coldframe.catalog import Catalog
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock

SEGMENT = MIB


@pytest.fixture
def make(
    open_service: Callable[..., VaultService], tmp_path: Path, clock: FakeClock
) -> Iterator[Callable[[str], World]]:
    """Makes worlds with a store in common and catalogs and destinations of their own."""
    service = open_service()
    opened: list[Catalog] = []

    def make_one(name: str) -> World:
        folder = os.path.join(tmp_path, name)
        os.mkdir(folder)
        opened.append(open_catalog(os.path.join(folder, "catalog.sqlite"), clock=clock))
        return World(service, opened[-1], clock, folder)

    yield make_one
    for catalog in opened:
        catalog.close()


def fill(world: World, seed: int = 0) -> dict[str, bytes]:
    """One of each kind: many segments, one, none, shared, and members of a bundle.

    Another seed gives other bytes: a job for the same ones under the same name is adopted, whatever archive it is of.
    """
    large, small = frame(seed + 1, 2 * MIB + MIB // 2), frame(seed + 2, 3000)
    members = {"b1.fit": frame(seed + 3, 2000), "b2.fit": bytes(50_000)}
    world.add("Light/large.fit", large)
    shared = world.add("Light/small.fit", small)
    world.add_again(shared, "Copy/small.fit", len(small))
    world.add("empty.txt", b"")
    world.add_bundle("Bias.zip", members, deflate=["b2.fit"])
    files = {"Light/large.fit": large, "Light/small.fit": small, "Copy/small.fit": small, "empty.txt": b""}
    return files | {f"Bias/{name}": data for name, data in members.items()}


def run(world: World, tap: DeadAfter, number: int, *, threads: int) -> None:
    """One process: it carries on until it is done or dead."""
    tapped = Retriever(
        TappedStore(world.store, tap),  # type: ignore[arg-type]  # a wrapper of the same interface
        world.catalog,
        tapped_orders(world.catalog.database, tap),
        clock=world.clock,
        jobs=threads,
        files=TappedFiles(tap),
        segment_size=SEGMENT,
    )
    for _ in tapped.carry_on(number):
        pass


def select_all(world: World) -> int:
    """An order for everything but the bundle itself."""
    retriever = world.retriever()
    plan = retriever.plan(Query("*[!p]", members=True), into=world.into)
    return retriever.place_order(plan, tier=Tier.BULK)


@pytest.mark.parametrize(
    ("threads", "step"), [(1, 4), (3, 11), pytest.param(1, 1, marks=pytest.mark.slow, id="every-change")]
)
def test_killed_retrieval_comes_to_the_same_end(make: Callable[[str], World], threads: int, step: int) -> None:
    """Killed before any change, and once more in the second run, the files and jobs are those of an undisturbed run."""
    world = make("whole")
    files = fill(world)
    before = len(world.jobs())
    counting = DeadAfter(10**9)
    run(world, counting, select_all(world), threads=threads)
    assert world.files() == files
    jobs = len(world.jobs()) - before

    for at in range(0, counting.seen, step):
        world = make(f"killed{at}")
        files = fill(world, seed=10 * (at + 1))
        before = len(world.jobs())
        number = select_all(world)
        for budget in (at, counting.seen // 2):
            with pytest.raises(Killed) if budget == at else _maybe_killed():
                run(world, DeadAfter(budget), number, threads=threads)
        run(world, DeadAfter(10**9), number, threads=threads)

        assert world.files() == files, at
        assert len(world.jobs()) - before == jobs, at
        assert Orders(world.catalog.database).order(number).state is OrderState.DONE
        times = {os.stat(os.path.join(world.into, path)).st_mtime_ns for path in files}
        assert times == {MODIFIED_NS}, at


class _maybe_killed:  # noqa: N801 - reads as pytest.raises does
    """Lets a second kill pass, if it comes to one."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is Killed
