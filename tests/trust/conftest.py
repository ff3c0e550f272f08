"""A user with some files, a vault whose inventory is made once a day, and a clock that is told when to move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cli.conftest import archived, cli, home, program, subs  # noqa: F401 - fixtures
from trust.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock


@pytest.fixture
def world(tmp_path: Path, clock: FakeClock, open_service: Callable[..., VaultService]) -> Iterator[World]:
    """A vault whose inventory is a day old at most, of a store that answers at once."""
    with World.open(tmp_path, clock, open_service(cadence=86_400)) as made:
        yield made


@pytest.fixture
def prompt(tmp_path: Path, clock: FakeClock, open_service: Callable[..., VaultService]) -> Iterator[World]:
    """A vault whose inventory is always of this moment, as the embedded store's is."""
    with World.open(tmp_path, clock, open_service()) as made:
        yield made
