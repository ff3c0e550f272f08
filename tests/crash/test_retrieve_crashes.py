"""Retrievals through power cuts, kills and failing disks (I3, I4, I6; reliability C10, C14, C31)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from crash.retrieve_scenarios import SCENARIOS
from crash.trials import each_error, each_of, needs_fork, once_and_for_ever

if TYPE_CHECKING:
    from crash.retrieve_scenarios import RetrieveScenario
    from crash.trials import Trials

_SHARE = 0.15 / len(SCENARIOS)


@each_of(SCENARIOS)
def test_power_cut_breaks_no_promise_of_the_retriever(scenario: RetrieveScenario, trials: Trials) -> None:
    """A final name is only ever on a whole file; what was called retrieved stays; an order is never forgotten."""
    trials.cut(scenario, share=_SHARE)


@needs_fork
@each_of(SCENARIOS)
def test_kill_breaks_no_promise_of_the_retriever(scenario: RetrieveScenario, trials: Trials) -> None:
    """A retrieval killed anywhere is carried on to its end."""
    trials.kill(scenario, points=31)


@once_and_for_ever
@each_error([errno.EIO, errno.ENOSPC, errno.EMFILE])
@each_of(SCENARIOS)
def test_failing_disk_breaks_no_promise_of_the_retriever(
    scenario: RetrieveScenario, number: int, trials: Trials, *, is_lasting: bool
) -> None:
    """A failed operation ends the run with a typed error; the order is carried on when the disk works again."""
    trials.fail(scenario, number, is_lasting=is_lasting, every=2 * trials.every)
