"""Proof that the scenarios of a whole coldframe can fail: each fault planted into the real program is found by them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog.asking import Asking
from coldframe.catalog.deleting import Deletions
from coldframe.catalog.drills import Drills
from coldframe.composition.deleting import Fees
from coldframe.composition.spending import Outlay
from crash import drill_scenarios, emptying_scenarios, spending_scenarios
from crash.explorer import Effort, Recording, explore

if TYPE_CHECKING:
    from crash.home_scenarios import HomeScenario

_EFFORT = Effort(states=150, repeat_every=50, resume_every=50)
_SCENARIOS: tuple[HomeScenario, ...] = (
    *spending_scenarios.SCENARIOS,
    *emptying_scenarios.SCENARIOS,
    *drill_scenarios.SCENARIOS,
)
_NAMED = {scenario.name: scenario for scenario in _SCENARIOS}


def _do_nothing(*_: object, **_named: object) -> None:
    pass


_LEFT_OUT = {
    "agreeing to the price of an archive run": ("budget of archiving", Outlay, "commit", "has forgotten"),
    "agreeing to the price of an order": ("budget of an order", Outlay, "commit", "has forgotten"),
    "noting a deletion": ("emptied vault", Deletions, "begin", "that is gone"),
    "agreeing to the fee of a deletion": ("emptied vault", Fees, "agree", "has forgotten"),
    "counting a job before it is asked for": ("budget of an order", Asking, "begin", "the orders know of"),
}


@pytest.mark.parametrize(("name", "owner", "method", "message"), _LEFT_OUT.values(), ids=_LEFT_OUT)
def test_explorer_finds_what_is_not_written_down(
    name: str, owner: type, method: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each note that a command makes before it acts is needed, and a run without it is found to break a promise."""
    recording = Recording(_NAMED[name])
    with monkeypatch.context() as patch:
        patch.setattr(owner, method, _do_nothing)
        found = explore(recording, _EFFORT)
    assert any(message in violation.message for violation in found.violations)


def test_explorer_finds_a_drill_whose_end_is_not_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a drill that was noted and not put away is carried on, and would be noted once more."""

    def has_never_ended(*_: object) -> bool:
        return False

    recording = Recording(_NAMED["restore drill"])
    with monkeypatch.context() as patch:
        patch.setattr(Drills, "has_ended", has_never_ended)
        found = explore(recording, replace(_EFFORT, resume_every=1))
    assert any("is under way again" in violation.message for violation in found.violations)
