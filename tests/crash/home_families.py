"""All scenarios of a whole coldframe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crash import (
    drill_scenarios,
    emptying_scenarios,
    news_scenarios,
    queue_scenarios,
    sighting_scenarios,
    spending_scenarios,
)

if TYPE_CHECKING:
    from crash.home_scenarios import HomeScenario

SCENARIOS: tuple[HomeScenario, ...] = (
    *spending_scenarios.SCENARIOS,
    *emptying_scenarios.SCENARIOS,
    *drill_scenarios.SCENARIOS,
    *news_scenarios.SCENARIOS,
    *queue_scenarios.SCENARIOS,
    *sighting_scenarios.SCENARIOS,
)
