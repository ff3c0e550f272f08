"""Listeners on real sockets, stopped at the end of each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from server.world import HASTY, PATIENT, Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Starts listeners with the limits that a test wants."""
    started: list[Served] = []

    def start(*arguments: object, **named: object) -> Served:
        started.append(Served(*arguments, **named))  # type: ignore[arg-type]  # as Served takes them
        return started[-1]

    yield start
    for served in started:
        served.stop()
        assert served.witness.open == 0
        assert len(served.listener.connections) == 0


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    """A listener that cuts nobody off."""
    return serve(PATIENT)


@pytest.fixture
def hasty(serve: Callable[..., Served]) -> Served:
    """A listener that is quick to cut clients off."""
    return serve(HASTY)
