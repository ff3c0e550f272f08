"""Who is connected, without any socket."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from coldframe.server.connections import Connections
from coldframe.server.limits import Limits
from coldframe.testing.clock import FakeClock


@dataclass(eq=False)
class Line:
    """Notices nothing by itself."""

    peer: str = "192.0.2.7"
    cuts: list[str] = field(default_factory=list)

    def cut(self) -> None:
        """Remember it."""
        self.cuts.append("cut")


@pytest.fixture
def connections() -> Connections:
    """Three at most, two from an address."""
    return Connections(Limits(max_connections=3, max_connections_per_address=2), FakeClock())


def enter(connections: Connections, *peers: str) -> list[Line]:
    """Some that connect one after the other."""
    lines = [Line(peer) for peer in peers]
    for line in lines:
        assert connections.enter(line)
    return lines


def test_a_connection_that_was_cut_does_no_more_work(connections: Connections) -> None:
    """Its request had just arrived; the client tries again elsewhere."""
    first, second, third = enter(connections, "a", "a", "a")
    assert (first.cuts, second.cuts, third.cuts) == (["cut"], [], [])
    assert not connections.work(first)
    assert connections.work(second)


def test_those_at_work_are_not_cut_for_others(connections: Connections) -> None:
    """Nor are those of another address for one that has too many."""
    first, second, other = enter(connections, "a", "a", "b")
    assert connections.work(first)
    assert connections.work(second)
    assert not connections.enter(Line("a"))
    assert (first.cuts, second.cuts, other.cuts) == ([], [], [])


def test_whoever_has_waited_longest_goes_first(connections: Connections) -> None:
    """Waiting begins anew after each request."""
    first, second = enter(connections, "a", "a")
    assert connections.work(first)
    assert connections.wait(first)
    connections.relieve(0)
    assert (first.cuts, second.cuts) == ([], ["cut"])


def test_addresses_that_left_are_forgotten(connections: Connections) -> None:
    """And may come back."""
    for _ in range(3):
        lines = enter(connections, "a", "a")
        for line in lines:
            connections.leave(line)
    assert len(connections) == 0


def test_a_stop_waits_for_work_alone(connections: Connections) -> None:
    """Those that only waited are cut at once, and hold nobody up who does not notice it."""
    waiting, busy = enter(connections, "a", "b")
    assert connections.work(busy)
    connections.stop()
    assert (waiting.cuts, busy.cuts) == (["cut"], [])
    assert not connections.await_work(0)
    assert not connections.wait(busy)
    connections.leave(busy)
    assert connections.await_work(0)
    assert not connections.await_end(0)
    assert not connections.await_room()
    assert not connections.enter(Line("c"))
