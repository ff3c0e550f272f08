"""The command line, a night of frames to estimate, and prices for a store of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cli.conftest import archived, cli, home, subs
from own_prices import write_own_prices

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["archived", "cli", "home", "prices", "subs"]


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """A file with which any store costs a hundred times what a vault of Amazon's costs; nobody uses it yet."""
    path = tmp_path / "own.toml"
    write_own_prices(str(path))
    return path
