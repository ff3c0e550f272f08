"""The user's jobs on a store that is somewhere else: archive, look, retrieve, as on the embedded one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from coldframe.archiver.archive import Archiver
from coldframe.archiver.request import ArchiveRequest
from coldframe.catalog import Query, open_catalog
from coldframe.catalog.orders import Orders
from coldframe.model import MIB, Tier
from coldframe.progress import Outcome
from coldframe.retriever import Retriever
from coldframe.testing.bodies import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.catalog import Catalog
    from coldframe.stores.glacier import GlacierStore
    from coldframe.testing.clock import FakeClock

_FRAMES = {"a.fit": b"a light of 180 seconds", "b.fit": pattern(5.5), "empty.txt": b""}


@pytest.fixture
def catalog(tmp_path: Path, clock: FakeClock) -> Iterator[Catalog]:
    """What went where."""
    opened = open_catalog(str(tmp_path / "catalog.sqlite"), clock=clock)
    yield opened
    opened.close()


def test_frames_go_and_come_back(closed_loop: GlacierStore, catalog: Catalog, clock: FakeClock, tmp_path: Path) -> None:
    """Single uploads, a multipart upload and an empty file: archived once, found again, and back byte for byte."""
    closed_loop.create_vault("v")
    source, into = tmp_path / "Light", tmp_path / "back"
    source.mkdir()
    for name, data in _FRAMES.items():
        (source / name).write_bytes(data)
    request = ArchiveRequest(paths=(str(source),), vault_name="v")
    for expected in (Outcome.ARCHIVED, Outcome.UNCHANGED):
        archiver = Archiver(closed_loop, catalog, clock=clock, jobs=2, part_size=MIB)
        outcomes = [(result.outcome, result.detail) for result in archiver.archive(request)]
        assert [outcome for outcome, _ in outcomes] == [expected] * 3, outcomes
    assert closed_loop.describe_vault("v").number_of_archives == 3
    retriever = Retriever(closed_loop, catalog, Orders(catalog.database), clock=clock, jobs=2)
    order = retriever.place_order(retriever.plan(Query(), into=str(into)), tier=Tier.BULK, max_cost=None)
    list(retriever.carry_on(order, wait_until=None))
    found = {name: (into / where / name).read_bytes() for where, _, names in os.walk(into) for name in names}
    assert {name: data for name, data in found.items() if not name.startswith(".")} == _FRAMES
