"""The three trials that every scenario goes through: power cuts, kills, and a disk that fails."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from crash.explorer import Recording, explore
from crash.failing import NUMBERS, Failer
from crash.killing import CAN_FORK, Killer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crash.bench import Scenario
    from crash.explorer import Effort, Findings
    from crash.failing import Failures
    from crash.killing import Kills

_SHOWN = 5

needs_fork = pytest.mark.skipif(not CAN_FORK, reason="kill points need fork")
once_and_for_ever = pytest.mark.parametrize("is_lasting", [False, True], ids=["once", "for ever"])


def each_of(scenarios: Sequence[Scenario]) -> pytest.MarkDecorator:
    """The same test for each scenario."""
    return pytest.mark.parametrize("scenario", scenarios, ids=lambda scenario: scenario.name)


def each_error(numbers: Iterable[int] = NUMBERS) -> pytest.MarkDecorator:
    """The same test for each errno that a disk may answer."""
    return pytest.mark.parametrize("number", numbers, ids=errno.errorcode.__getitem__)


@dataclass(frozen=True, slots=True)
class Trials:
    """What a scenario is put through; what was tried is kept for the end of the run.

    Args:
        effort: The effort for a scenario that is worth a share of all states.
        keep: Who keeps the figures.
        every: Every so manieth point is tried where not all are.
    """

    effort: Callable[[float], Effort]
    keep: Callable[[Findings | Kills | Failures], None]
    every: int

    def cut(self, scenario: Scenario, *, share: float) -> None:
        """Whatever a power cut leaves breaks no promise; the scenario is worth this share of all states."""
        found = explore(Recording(scenario), self.effort(share))
        self.keep(found)
        assert not found.violations, found.report()

    def kill(self, scenario: Scenario, *, points: int, is_sampled: bool = True, every: int | None = None) -> None:
        """Whatever change of the disk is the process's last one, no promise breaks; so many are tried at least."""
        step = self.every if every is None else every
        kills = Killer(scenario, every=step if is_sampled else 1).kill()
        self.keep(kills)
        assert kills.points >= points, f"only {kills.points} points"
        assert not kills.violations, "\n".join(kills.violations[:_SHOWN])

    def fail(self, scenario: Scenario, number: int, *, is_lasting: bool = False, every: int | None = None) -> None:
        """Whatever operation fails, no promise breaks; every so manieth one is tried."""
        failures = Failer(scenario, every=self.every if every is None else every).fail(number, is_lasting=is_lasting)
        self.keep(failures)
        assert failures.injected, "no fault was injected"
        assert not failures.violations, "\n".join(failures.violations[:_SHOWN])
