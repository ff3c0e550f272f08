"""The outbox through power cuts, kills and failing disks: whoever waits for a job hears of it (reliability R9)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from crash.explorer import Recording, explore
from crash.failing import NUMBERS, Failer
from crash.killing import CAN_FORK, Killer
from crash.notice_scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable

    from crash.explorer import Effort
    from crash.notice_scenarios import NoticeScenario

_SHARE = 0.06 / len(SCENARIOS)

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@each_scenario
def test_power_cut_breaks_no_promise_of_the_outbox(
    scenario: NoticeScenario, effort: Callable[[float], Effort], figures: Callable[..., None]
) -> None:
    """Whatever a power cut leaves: a job that was acknowledged will be told of, and none is marked that was not."""
    found = explore(Recording(scenario), effort(_SHARE))
    figures(found)
    assert not found.violations, found.report()


@pytest.mark.skipif(not CAN_FORK, reason="kill points need fork")
@each_scenario
def test_kill_breaks_no_promise_of_the_outbox(
    scenario: NoticeScenario, figures: Callable[..., None], every: int
) -> None:
    """Any change of the disk may be the process's last one, or half of it."""
    kills = Killer(scenario, every=every).kill()
    figures(kills)
    assert kills.points >= 10
    assert not kills.violations, "\n".join(kills.violations[:5])


@pytest.mark.parametrize("number", NUMBERS, ids=errno.errorcode.__getitem__)
@each_scenario
def test_failing_disk_breaks_no_promise_of_the_outbox(
    scenario: NoticeScenario, number: int, figures: Callable[..., None], every: int
) -> None:
    """A failed operation is a typed error or a later attempt, and whoever waits hears in the end."""
    failures = Failer(scenario, every=every).fail(number, is_lasting=False)
    figures(failures)
    assert failures.injected
    assert not failures.violations, "\n".join(failures.violations[:5])
