"""One member of a zip from a real server: the bytes that travel are counted, and what is wrong in them is seen."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import Query
from coldframe.catalog.order_model import WantedState
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.model import MIB, Tier, TierWaits
from coldframe.progress import Outcome
from remote.world import VAULT, ServedWorld

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.retriever.results import RetrievedFile

_SIZE = 3 * MIB // 2


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedWorld]:
    """A zip of twelve members of 1.5 MiB that do not compress."""
    made = ServedWorld(tmp_path, monkeypatch, waits=TierWaits())
    for number in range(12):
        made.write(f"Dark/d{number:02}.fit", Random(number).randbytes(_SIZE))
    made.archive(zipped=("Dark",))
    yield made
    made.close()


def retrieve(world: ServedWorld, name: str) -> list[RetrievedFile]:
    """Retrieve a member by its name."""
    query = Query(f"*{name}", members=True)
    run = RetrieveRun(world.coldframe, RetrieveJob(into=str(world.into), query=query))
    return list(run.carry_on(run.order(run.plan(), tier=Tier.STANDARD)))


def sent(world: ServedWorld) -> int:
    """How many bytes of outputs the server has sent."""
    return sum(line["bytes_out"] for line in world.requests("GetJobOutput", at_least=1))


@pytest.mark.parametrize("number", [0, 5, 11])
def test_member_brings_the_smallest_range_that_holds_it(world: ServedWorld, number: int) -> None:
    """Of 18 MiB no more than the whole MiBs that the member touches travel; its SHA-256 is that of the file."""
    name = f"d{number:02}.fit"
    (result,) = retrieve(world, name)
    assert result.outcome is Outcome.RETRIEVED, result.detail
    (place,) = world.into.rglob(name)
    assert place.read_bytes() == Random(number).randbytes(_SIZE)
    (order,) = world.coldframe.orders.orders()
    (wanted,) = world.coldframe.orders.wanted(order.number, WantedState.DONE)
    (job,) = world.coldframe.store.list_jobs(VAULT).items
    assert wanted.range is not None
    assert job.range == wanted.range
    assert wanted.range.start % MIB == 0
    assert wanted.range.size <= 3 * MIB
    assert 0 < sent(world) - wanted.range.size < 1024  # the head of the answer, and not a byte of the zip more
    assert wanted.range.end % MIB == 0 or wanted.range.end == job.archive_size
    (entry,) = world.coldframe.catalog.select(Query(f"*{name}", members=True))
    assert entry.member is not None
    first, last = entry.member.header_offset, entry.member.data_offset + entry.member.compressed_size
    assert wanted.range.start <= first < wanted.range.start + MIB
    assert wanted.range.end - MIB < last <= wanted.range.end


def test_tree_hash_of_an_aligned_range_is_promised_and_held_to(
    world: ServedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the range has a tree hash the server tells it, and bytes that do not have it are asked for again."""
    from coldframe.stores.output import GlacierOutput  # noqa: PLC0415 - what bytes come out of

    promised: list[str | None] = []
    wrong = [True]
    pieces = GlacierOutput.__iter__

    def tampered(self: GlacierOutput) -> Iterator[object]:
        promised.append(self.tree_hash)
        for piece in pieces(self):
            yield bytes(len(piece)) if wrong else piece
            wrong.clear()

    monkeypatch.setattr(GlacierOutput, "__iter__", tampered)
    (result,) = retrieve(world, "d00.fit")  # 0 to 2 MiB: a node of the archive's tree
    assert result.outcome is Outcome.RETRIEVED, result.detail
    assert len(promised) == 2
    assert all(promised)
    (place,) = world.into.rglob("d00.fit")
    assert place.read_bytes() == Random(0).randbytes(_SIZE)


def test_sha256_is_checked_where_there_is_no_tree_hash(world: ServedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong bytes of a range that has none never become a file: they are asked for again, and then it fails."""
    from coldframe.stores.output import GlacierOutput  # noqa: PLC0415 - as above

    pieces = GlacierOutput.__iter__
    promised: list[str | None] = []

    def tampered(self: GlacierOutput) -> Iterator[object]:
        promised.append(self.tree_hash)
        for piece in pieces(self):
            yield bytes(len(piece))

    monkeypatch.setattr(GlacierOutput, "__iter__", tampered)
    (result,) = retrieve(world, "d05.fit")
    assert result.outcome is Outcome.FAILED
    assert set(promised) == {None}
    assert len(promised) == 3
    assert not list(world.into.rglob("*.fit"))
