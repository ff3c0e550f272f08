"""The embedded store through power cuts, kills and failing disks (I1, I2, I4, I6; reliability S1, S2, S4-S8)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from crash.store_scenarios import SCENARIOS
from crash.trials import each_error, each_of, needs_fork, once_and_for_ever

if TYPE_CHECKING:
    from crash.store_scenarios import StoreScenario
    from crash.trials import Trials

_SHARE = 0.5 / len(SCENARIOS)


@each_of(SCENARIOS)
def test_power_cut_breaks_no_promise_of_the_store(scenario: StoreScenario, trials: Trials) -> None:
    """Whatever a power cut leaves: what was told is there, byte for byte; nothing half done is; the work can go on."""
    trials.cut(scenario, share=_SHARE)


@needs_fork
@each_of(SCENARIOS)
def test_kill_breaks_no_promise_of_the_store(scenario: StoreScenario, trials: Trials) -> None:
    """Any change of the disk may be the process's last one, or half of it."""
    trials.kill(scenario, points=10, is_sampled=scenario.is_long)


@once_and_for_ever
@each_error()
@each_of(SCENARIOS)
def test_failing_disk_breaks_no_promise_of_the_store(
    scenario: StoreScenario, number: int, trials: Trials, *, is_lasting: bool
) -> None:
    """A failed operation is a typed error, promises nothing, is not tried again, and leaves a store that works."""
    is_sampled = scenario.is_long or number == errno.EDQUOT
    trials.fail(scenario, number, is_lasting=is_lasting, every=None if is_sampled else 1)
