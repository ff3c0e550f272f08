"""Access keys through power cuts, kills and failing disks: a key that was shown works, and its seal is never lost."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from crash.key_scenarios import SCENARIOS
from crash.trials import each_error, each_of, needs_fork

if TYPE_CHECKING:
    from crash.key_scenarios import KeyScenario
    from crash.trials import Trials

_SHARE = 0.05 / len(SCENARIOS)


@each_of(SCENARIOS)
def test_power_cut_breaks_no_promise_of_the_keyring(scenario: KeyScenario, trials: Trials) -> None:
    """Whatever a power cut leaves: every key that was shown opens, and what was revoked stays so."""
    trials.cut(scenario, share=_SHARE)


@needs_fork
@each_of(SCENARIOS)
def test_kill_breaks_no_promise_of_the_keyring(scenario: KeyScenario, trials: Trials) -> None:
    """Any change of the disk may be the process's last one, or half of it."""
    trials.kill(scenario, points=10, is_sampled=scenario.is_long)


@each_error()
@each_of(SCENARIOS)
def test_failing_disk_breaks_no_promise_of_the_keyring(scenario: KeyScenario, number: int, trials: Trials) -> None:
    """A failed operation is a typed error, promises nothing, and leaves keys that can be made again."""
    is_sampled = scenario.is_long or number == errno.EDQUOT
    trials.fail(scenario, number, every=None if is_sampled else 1)
