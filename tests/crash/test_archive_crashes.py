"""The whole job of archiving through power cuts, kills and failing disks (I2, I4, I6, I7; reliability C1, C15)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from crash.archive_scenarios import SCENARIOS
from crash.trials import each_error, each_of, needs_fork, once_and_for_ever

if TYPE_CHECKING:
    from crash.archive_scenarios import ArchiveScenario
    from crash.trials import Trials

_SHARE = 0.25 / len(SCENARIOS)


@each_of(SCENARIOS)
def test_power_cut_breaks_no_promise_of_the_archiver(scenario: ArchiveScenario, trials: Trials) -> None:
    """What was called archived is in the store and in the catalog; sources go only when all is safe; no file twice."""
    trials.cut(scenario, share=_SHARE)


@needs_fork
@each_of(SCENARIOS)
def test_kill_breaks_no_promise_of_the_archiver(scenario: ArchiveScenario, trials: Trials) -> None:
    """A run killed anywhere is finished by the same command, with exactly one archive for each file."""
    trials.kill(scenario, points=31)


@once_and_for_ever
@each_error([errno.EIO, errno.ENOSPC, errno.EMFILE])
@each_of(SCENARIOS)
def test_failing_disk_breaks_no_promise_of_the_archiver(
    scenario: ArchiveScenario, number: int, trials: Trials, *, is_lasting: bool
) -> None:
    """A failed operation ends the run with a typed error; the same command finishes it when the disk works again."""
    trials.fail(scenario, number, is_lasting=is_lasting, every=2 * trials.every)
