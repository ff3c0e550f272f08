"""A pytest plugin: options of the crash tests, and the figures that they print at the end of a run.

Not a conftest, since pytest takes options only from those that it loads at the start.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from crash.explorer import Effort
from crash.trials import Trials
from figures import write_figures

if TYPE_CHECKING:
    from collections.abc import Callable

    from crash.explorer import Findings
    from crash.failing import Failures
    from crash.killing import Kills

_PREFIX = "crash "


def pytest_addoption(parser: pytest.Parser) -> None:
    """More states, other states, or one state again."""
    group = parser.getgroup("crash", "crash states")
    group.addoption("--crash-states", type=int, default=20_000, help="how many crash states to explore in all")
    group.addoption("--crash-every", type=int, default=3, help="every so manieth point of the long scenarios; 1 is all")
    group.addoption("--crash-seed", type=int, default=0, help="which random ones; a failure prints its own")
    group.addoption("--crash-only", default="", help="one state, as a failure prints it")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was tried, summed up by kind, with the rate on one core."""
    write_figures(terminalreporter, title="crash tests", prefix=_PREFIX)


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Callable[[Findings | Kills | Failures], None]:
    """Keep what was tried, for the end of the run."""

    def keep(tried: Findings | Kills | Failures) -> None:
        kind = {"Findings": "power cuts", "Kills": "kills", "Failures": "failing disks"}[type(tried).__name__]
        record_property(_PREFIX + kind, {k: v for k, v in asdict(tried).items() if k != "violations"})

    return keep


@pytest.fixture
def effort(request: pytest.FixtureRequest) -> Callable[[float], Effort]:
    """The effort for a scenario that is worth this share of all states."""
    states, seed = request.config.getoption("--crash-states"), request.config.getoption("--crash-seed")
    only = request.config.getoption("--crash-only")
    return lambda share: Effort(states=int(states * share), seed=seed, only=only)


@pytest.fixture
def every(request: pytest.FixtureRequest) -> int:
    """Only every so manieth kill point and fault of the long scenarios is tried."""
    return int(request.config.getoption("--crash-every"))


@pytest.fixture
def trials(
    effort: Callable[[float], Effort], figures: Callable[[Findings | Kills | Failures], None], every: int
) -> Trials:
    """What a scenario is put through."""
    return Trials(effort, figures, every)
