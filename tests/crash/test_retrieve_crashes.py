"""Retrievals through power cuts, kills and failing disks (I3, I4, I6; reliability C10, C14, C31)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from crash.explorer import Recording, explore
from crash.failing import Failer
from crash.killing import CAN_FORK, Killer
from crash.retrieve_scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable

    from crash.explorer import Effort
    from crash.retrieve_scenarios import RetrieveScenario

_SHARE = 0.15 / len(SCENARIOS)

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@each_scenario
def test_power_cut_breaks_no_promise_of_the_retriever(
    scenario: RetrieveScenario, effort: Callable[[float], Effort], figures: Callable[..., None]
) -> None:
    """A final name is only ever on a whole file; what was called retrieved stays; an order is never forgotten."""
    found = explore(Recording(scenario), effort(_SHARE))
    figures(found)
    assert not found.violations, found.report()


@pytest.mark.skipif(not CAN_FORK, reason="kill points need fork")
@each_scenario
def test_kill_breaks_no_promise_of_the_retriever(
    scenario: RetrieveScenario, figures: Callable[..., None], every: int
) -> None:
    """A retrieval killed anywhere is carried on to its end."""
    kills = Killer(scenario, every=every).kill()
    figures(kills)
    assert kills.points > 30
    assert not kills.violations, "\n".join(kills.violations[:5])


@pytest.mark.parametrize("is_lasting", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EMFILE], ids=errno.errorcode.__getitem__)
@each_scenario
def test_failing_disk_breaks_no_promise_of_the_retriever(
    scenario: RetrieveScenario, number: int, figures: Callable[..., None], every: int, *, is_lasting: bool
) -> None:
    """A failed operation ends the run with a typed error; the order is carried on when the disk works again."""
    failures = Failer(scenario, every=2 * every).fail(number, is_lasting=is_lasting)
    figures(failures)
    assert failures.injected
    assert not failures.violations, "\n".join(failures.violations[:5])
