"""A catalog in a folder of its own, and a short way to say what is in it."""

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
def catalog_path(tmp_path: Path) -> str:
    """Where the catalog of this test lies."""
    return str(tmp_path / "home" / "catalog.sqlite")


@pytest.fixture
def catalog(catalog_path: str, clock: FakeClock) -> Iterator[Catalog]:
    """An empty catalog."""
    with open_catalog(catalog_path, clock=clock) as opened:
        yield opened
