"""The command line, a night of frames to estimate, and prices for a store of one's own."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import pytest

from cli.conftest import archived, cli, home, subs

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["archived", "cli", "home", "prices", "subs"]


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """A file with which any store costs a hundred times what a vault of Amazon's costs; nobody uses it yet."""
    text = resources.files("coldframe.prices").joinpath("amazon.toml").read_text("utf-8")
    text = text.replace("[regions.us-east-1", "[regions.default").replace("0.0036", "0.36").replace("0.023", "2.3")
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path
