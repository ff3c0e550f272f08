"""The kill points themselves, on the miniature."""

from __future__ import annotations

import pytest

from crash.killing import Killer
from crash.miniature import Miniature
from crash.trials import needs_fork

pytestmark = needs_fork


def test_killer_finds_nothing_in_a_service_that_keeps_the_order() -> None:
    """Whatever operation is the last one, the promises hold and the work can be finished."""
    kills = Killer(Miniature(note_is_rewritten=True)).kill()
    assert not kills.violations, kills.violations[:5]
    assert kills.points > 60
    assert kills.torn > 20


@pytest.mark.parametrize(
    "scenario", [Miniature(tells_early=True), Miniature(row_first=True), Miniature(unlinks_early=True)]
)
def test_killer_finds_a_wrong_order(scenario: Miniature) -> None:
    """An order that a kill can break is broken at some point."""
    assert Killer(scenario).kill().violations
