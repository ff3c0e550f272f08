"""A whole coldframe through power cuts, kills and failing disks: money, orders, hooks, queues, drills, emptying."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from crash.home_families import SCENARIOS
from crash.trials import each_error, each_of, needs_fork

if TYPE_CHECKING:
    from crash.home_scenarios import HomeScenario
    from crash.trials import Trials

_SHARE = 0.05 / len(SCENARIOS)
_SPARING = 12
"""So much more sparingly points are chosen: each is a whole coldframe opened three times."""


@each_of(SCENARIOS)
def test_power_cut_breaks_no_promise_of_a_home(scenario: HomeScenario, trials: Trials) -> None:
    """Whatever a power cut leaves: what was agreed to, told, made or noted is known, and the same command goes on."""
    trials.cut(scenario, share=_SHARE)


@needs_fork
@each_of(SCENARIOS)
def test_kill_breaks_no_promise_of_a_home(scenario: HomeScenario, trials: Trials) -> None:
    """Any change of the disk may be the process's last one, or half of it."""
    trials.kill(scenario, points=3, is_sampled=scenario.is_long, every=_SPARING * trials.every)


@each_error([errno.EIO, errno.ENOSPC])
@each_of(SCENARIOS)
def test_failing_disk_breaks_no_promise_of_a_home(scenario: HomeScenario, number: int, trials: Trials) -> None:
    """A failed operation is a typed error, promises nothing, and leaves a home that works."""
    trials.fail(scenario, number, every=_SPARING * trials.every if scenario.is_long else 1)
