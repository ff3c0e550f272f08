"""A world for each test."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import open_catalog
from retriever.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from coldframe.catalog import Catalog
    from coldframe.model import TierWaits
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock


@pytest.fixture
def catalog(tmp_path: Path, clock: FakeClock) -> Iterator[Catalog]:
    """A new catalog."""
    opened = open_catalog(os.path.join(tmp_path, "catalog.sqlite"), clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def world(service: VaultService, catalog: Catalog, clock: FakeClock, tmp_path: Path) -> World:
    """A world whose jobs are ready at once."""
    return World(service, catalog, clock, str(tmp_path))


@pytest.fixture
def make_world(
    open_service: Callable[..., VaultService], catalog: Catalog, clock: FakeClock, tmp_path: Path
) -> Callable[[TierWaits], World]:
    """Makes a world whose jobs take their time."""
    return lambda waits: World(open_service(waits=waits), catalog, clock, str(tmp_path))
