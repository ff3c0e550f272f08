"""The whole job of archiving through power cuts, kills and failing disks (I2, I4, I6, I7; reliability C1, C15)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from crash.archive_scenarios import SCENARIOS
from crash.explorer import Recording, explore
from crash.failing import Failer
from crash.killing import CAN_FORK, Killer

if TYPE_CHECKING:
    from collections.abc import Callable

    from crash.archive_scenarios import ArchiveScenario
    from crash.explorer import Effort

_SHARE = 0.25 / len(SCENARIOS)

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@each_scenario
def test_power_cut_breaks_no_promise_of_the_archiver(
    scenario: ArchiveScenario, effort: Callable[[float], Effort], figures: Callable[..., None]
) -> None:
    """What was called archived is in the store and in the catalog; sources go only when all is safe; no file twice."""
    found = explore(Recording(scenario), effort(_SHARE))
    figures(found)
    assert not found.violations, found.report()


@pytest.mark.skipif(not CAN_FORK, reason="kill points need fork")
@each_scenario
def test_kill_breaks_no_promise_of_the_archiver(
    scenario: ArchiveScenario, figures: Callable[..., None], every: int
) -> None:
    """A run killed anywhere is finished by the same command, with exactly one archive for each file."""
    kills = Killer(scenario, every=every).kill()
    figures(kills)
    assert kills.points > 30
    assert not kills.violations, "\n".join(kills.violations[:5])


@pytest.mark.parametrize("is_lasting", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EMFILE], ids=errno.errorcode.__getitem__)
@each_scenario
def test_failing_disk_breaks_no_promise_of_the_archiver(
    scenario: ArchiveScenario, number: int, figures: Callable[..., None], every: int, *, is_lasting: bool
) -> None:
    """A failed operation ends the run with a typed error; the same command finishes it when the disk works again."""
    failures = Failer(scenario, every=2 * every).fail(number, is_lasting=is_lasting)
    figures(failures)
    assert failures.injected
    assert not failures.violations, "\n".join(failures.violations[:5])
