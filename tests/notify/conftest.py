"""What the tests of notifications share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notify.world import open_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.testing.clock import FakeClock
    from notify.world import World


@pytest.fixture
def world(store_folder: str, clock: FakeClock) -> Iterator[World]:
    """A store whose jobs are ready at once."""
    with open_world(store_folder, clock) as world:
        yield world


@pytest.fixture
def slow_world(store_folder: str, clock: FakeClock) -> Iterator[World]:
    """A store whose jobs take four hours."""
    with open_world(store_folder, clock, wait=4 * 3600) as world:
        yield world
