"""The embedded store through power cuts, kills and failing disks (I1, I2, I4, I6; reliability S1, S2, S4-S8)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from crash.explorer import Recording, explore
from crash.failing import NUMBERS, Failer
from crash.killing import CAN_FORK, Killer
from crash.store_scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable

    from crash.explorer import Effort
    from crash.store_scenarios import StoreScenario

_SHARE = 0.5 / len(SCENARIOS)

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@each_scenario
def test_power_cut_breaks_no_promise_of_the_store(
    scenario: StoreScenario, effort: Callable[[float], Effort], figures: Callable[..., None]
) -> None:
    """Whatever a power cut leaves: what was told is there, byte for byte; nothing half done is; the work can go on."""
    found = explore(Recording(scenario), effort(_SHARE))
    figures(found)
    assert not found.violations, found.report()


@pytest.mark.skipif(not CAN_FORK, reason="kill points need fork")
@each_scenario
def test_kill_breaks_no_promise_of_the_store(scenario: StoreScenario, figures: Callable[..., None], every: int) -> None:
    """Any change of the disk may be the process's last one, or half of it."""
    kills = Killer(scenario, every=every if scenario.is_long else 1).kill()
    figures(kills)
    assert kills.points >= 10
    assert not kills.violations, "\n".join(kills.violations[:5])


@pytest.mark.parametrize("is_lasting", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("number", NUMBERS, ids=errno.errorcode.__getitem__)
@each_scenario
def test_failing_disk_breaks_no_promise_of_the_store(
    scenario: StoreScenario, number: int, figures: Callable[..., None], every: int, *, is_lasting: bool
) -> None:
    """A failed operation is a typed error, promises nothing, is not tried again, and leaves a store that works."""
    is_sampled = scenario.is_long or number == errno.EDQUOT
    failures = Failer(scenario, every=every if is_sampled else 1).fail(number, is_lasting=is_lasting)
    figures(failures)
    assert failures.injected
    assert not failures.violations, "\n".join(failures.violations[:5])
