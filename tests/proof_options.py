"""A pytest plugin: how long races, server kills, failing networks and fuzzers go on, and the figures that they print.

Not a conftest, since pytest takes options only from those that it loads at the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from figures import write_figures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Tried = Callable[[str, Mapping[str, int]], None]

_PREFIX = "tried "


def pytest_addoption(parser: pytest.Parser) -> None:
    """More of everything, or the same again."""
    group = parser.getgroup("proof", "races, server kills and fuzzing")
    group.addoption("--race-steps", type=int, default=40, help="how many things each of the 64 threads does")
    group.addoption("--race-seed", type=int, default=0, help="which random ones")
    group.addoption("--server-kills", type=int, default=16, help="how often the server is killed")
    group.addoption("--network-points", type=int, default=60, help="at how many points each way the network fails")
    group.addoption("--network-seed", type=int, default=0, help="which random ones")
    group.addoption("--network-only", type=int, default=None, help="one point, as a failure prints it")
    group.addoption("--fuzz-examples", type=int, default=700, help="how many inputs each fuzzer makes up")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was tried, summed up by kind."""
    write_figures(terminalreporter, title="what was tried", prefix=_PREFIX)


@pytest.fixture
def tried(record_property: Callable[[str, object], None]) -> Tried:
    """Keep what was tried, by kind, for the end of the run."""
    return lambda kind, figures: record_property(_PREFIX + kind, dict(figures))
