"""A pytest plugin: options of the crash tests, and the figures that they print at the end of a run.

Not a conftest, since pytest takes options only from those that it loads at the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crash.explorer import Effort

if TYPE_CHECKING:
    from collections.abc import Callable

FIGURES = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """More states, other states, or one state again."""
    group = parser.getgroup("crash", "crash states")
    group.addoption("--crash-states", type=int, default=20_000, help="how many crash states to explore in all")
    group.addoption("--crash-seed", type=int, default=0, help="which random ones; a failure prints its own")
    group.addoption("--crash-only", default="", help="one state, as a failure prints it")


def pytest_configure(config: pytest.Config) -> None:
    """Start with no figures."""
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was explored."""
    if config.stash[FIGURES]:
        terminalreporter.section("crash tests")
        for line in config.stash[FIGURES]:
            terminalreporter.write_line(line)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keep a line for the end of the run."""
    return request.config.stash[FIGURES].append


@pytest.fixture
def effort(request: pytest.FixtureRequest) -> Callable[[float], Effort]:
    """The effort for a scenario that is worth this share of all states."""
    states, seed = request.config.getoption("--crash-states"), request.config.getoption("--crash-seed")
    only = request.config.getoption("--crash-only")
    return lambda share: Effort(states=int(states * share), seed=seed, only=only)
