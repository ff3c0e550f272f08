"""Access keys through power cuts, kills and failing disks: a key that was shown works, and its seal is never lost."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from crash.explorer import Recording, explore
from crash.failing import NUMBERS, Failer
from crash.key_scenarios import SCENARIOS
from crash.killing import CAN_FORK, Killer

if TYPE_CHECKING:
    from collections.abc import Callable

    from crash.explorer import Effort
    from crash.key_scenarios import KeyScenario

_SHARE = 0.05 / len(SCENARIOS)

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@each_scenario
def test_power_cut_breaks_no_promise_of_the_keyring(
    scenario: KeyScenario, effort: Callable[[float], Effort], figures: Callable[..., None]
) -> None:
    """Whatever a power cut leaves: every key that was shown opens, and what was revoked stays so."""
    found = explore(Recording(scenario), effort(_SHARE))
    figures(found)
    assert not found.violations, found.report()


@pytest.mark.skipif(not CAN_FORK, reason="kill points need fork")
@each_scenario
def test_kill_breaks_no_promise_of_the_keyring(scenario: KeyScenario, figures: Callable[..., None], every: int) -> None:
    """Any change of the disk may be the process's last one, or half of it."""
    kills = Killer(scenario, every=every if scenario.is_long else 1).kill()
    figures(kills)
    assert kills.points >= 10
    assert not kills.violations, "\n".join(kills.violations[:5])


@pytest.mark.parametrize("number", NUMBERS, ids=errno.errorcode.__getitem__)
@each_scenario
def test_failing_disk_breaks_no_promise_of_the_keyring(
    scenario: KeyScenario, number: int, figures: Callable[..., None], every: int
) -> None:
    """A failed operation is a typed error, promises nothing, and leaves keys that can be made again."""
    is_sampled = scenario.is_long or number == errno.EDQUOT
    failures = Failer(scenario, every=every if is_sampled else 1).fail(number, is_lasting=False)
    figures(failures)
    assert failures.injected
    assert not failures.violations, "\n".join(failures.violations[:5])
