"""The outbox through power cuts, kills and failing disks: whoever waits for a job hears of it (reliability R9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crash.notice_scenarios import SCENARIOS
from crash.trials import each_error, each_of, needs_fork

if TYPE_CHECKING:
    from crash.notice_scenarios import NoticeScenario
    from crash.trials import Trials

_SHARE = 0.06 / len(SCENARIOS)


@each_of(SCENARIOS)
def test_power_cut_breaks_no_promise_of_the_outbox(scenario: NoticeScenario, trials: Trials) -> None:
    """Whatever a power cut leaves: a job that was acknowledged will be told of, and none is marked that was not."""
    trials.cut(scenario, share=_SHARE)


@needs_fork
@each_of(SCENARIOS)
def test_kill_breaks_no_promise_of_the_outbox(scenario: NoticeScenario, trials: Trials) -> None:
    """Any change of the disk may be the process's last one, or half of it."""
    trials.kill(scenario, points=10)


@each_error()
@each_of(SCENARIOS)
def test_failing_disk_breaks_no_promise_of_the_outbox(scenario: NoticeScenario, number: int, trials: Trials) -> None:
    """A failed operation is a typed error or a later attempt, and whoever waits hears in the end."""
    trials.fail(scenario, number)
