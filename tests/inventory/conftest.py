"""A catalog in a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import open_catalog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.catalog import Catalog
    from coldframe.testing.clock import FakeClock


@pytest.fixture
def catalog(tmp_path: Path, clock: FakeClock) -> Iterator[Catalog]:
    """An empty catalog."""
    with open_catalog(str(tmp_path / "home" / "catalog.sqlite"), clock=clock) as opened:
        yield opened


@pytest.fixture
def csv_path(tmp_path: Path) -> str:
    """Where the inventory CSV of this test lies."""
    return str(tmp_path / "m33.archive_inventory.csv")
