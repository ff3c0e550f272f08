"""Two faults in a row: a sync fails, the program goes on, and then the power is cut (reliability S8)."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coldframe.testing.faulty import Fault
from coldframe.testing.recording import Trace, Verb
from crash import archive_scenarios, retrieve_scenarios, store_scenarios
from crash.bench import CHECKPOINT_PAGES
from crash.explorer import Findings, Recording, explore

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.testing.recording import Operation
    from crash.archive_scenarios import ArchiveScenario
    from crash.bench import Scenario
    from crash.explorer import Effort
    from crash.retrieve_scenarios import RetrieveScenario
    from crash.store_scenarios import StoreScenario

_CHOSEN = (
    "new store",
    "single uploads",
    "multipart upload",
    "deleted archive",
    "sweep",
    "archive with checkpoints",
    "retrieve a light",
    "retrieve a member",
)
_ALL: tuple[StoreScenario | ArchiveScenario | RetrieveScenario, ...] = (
    *store_scenarios.SCENARIOS,
    *archive_scenarios.SCENARIOS,
    *retrieve_scenarios.SCENARIOS,
)
_SCENARIOS = {s.name: replace(s, checkpoint_pages=CHECKPOINT_PAGES) for s in _ALL if s.name in _CHOSEN}
_SYNCS = 15
"""About so many syncs a scenario has, so that all together explore a tenth of all states."""


def _is_sync(operation: Operation) -> bool:
    return operation.verb in {Verb.SYNC, Verb.SYNC_FOLDER}


@pytest.mark.parametrize("scenario", _SCENARIOS.values(), ids=_SCENARIOS)
def test_power_cut_after_a_failed_sync_breaks_no_promise(
    scenario: Scenario, effort: Callable[[float], Effort], figures: Callable[..., None]
) -> None:
    """Whatever sync failed, and whatever was done afterwards, nothing was told that a power cut can take back."""
    total = Findings()
    share = replace(effort(0.1 / len(_SCENARIOS) / _SYNCS), repeat_every=50, resume_every=50)
    nth = 0
    while True:
        nth += 1
        trace = Trace()
        fault = Fault(errno.EIO, nth, where=_is_sync, tell=trace.add)
        found = explore(Recording(scenario, fault, trace, goes_on=True), share)
        if not fault.struck:
            break
        total.add(found)
    figures(total)
    assert nth > 5
    assert not total.violations, total.report()
