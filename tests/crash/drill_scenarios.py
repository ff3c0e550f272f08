"""A restore drill cut off: it leaves the user's catalog alone, and its end is noted once, when all was compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.composition.drilling import Drill
from coldframe.model import Tier
from crash.home_scenarios import SMALL, VAULT, Archive, HomeScenario, archives_of, known_archives

if TYPE_CHECKING:
    from crash.bench import Observation
    from crash.expectations import Subject, Value
    from crash.home_scenarios import Work

_PASSED = f"{len(SMALL)} the same"


@dataclass(frozen=True, slots=True)
class HoldDrill:
    """Bring a sample back, which is all that there is, and compare it."""

    def do(self, work: Work) -> None:
        """Say the command."""
        work.bench.intend(("drill",), _PASSED)
        with Drill(work.coldframe, VAULT, sample=len(SMALL)) as drill:
            drill.prepare()
            if not drill.is_under_way:
                drill.order(drill.plan(), tier=Tier.STANDARD)
            assert all(drilled.compared.is_same for drilled in drill.finish())
        work.bench.confirm(("drill",), _PASSED)

    def finish(self, work: Work) -> None:
        """Say the command again. A drill whose end is noted is over, even if the crash came before it was put away."""
        if not verdicts_of(work):
            self.do(work)
            return
        with Drill(work.coldframe, VAULT, sample=len(SMALL)) as drill:
            drill.prepare()
            assert not drill.is_under_way, "a drill that is over is under way again"

    def leaves(self) -> dict[Subject, Value]:
        """Its end."""
        return {("drill",): _PASSED}


def look_at_drills(work: Work, found: Observation) -> None:
    """How drills have ended, and what the user's own catalog knows, which they leave alone."""
    verdicts = verdicts_of(work)
    if verdicts:
        found.facts["drill",] = ", ".join(verdicts)
    if work.coldframe.orders.orders():
        found.faults.append("a drill has placed an order of the user's own")
    if {(each.vault_name, each.archive_id) for each in known_archives(work)} != set(archives_of(work)):
        found.faults.append("the user's catalog is not what it was")


def verdicts_of(work: Work) -> list[str]:
    """What the catalog says of each drill that has ended."""
    with work.coldframe.catalog.database.read() as connection:
        rows = connection.execute("SELECT passed, failed FROM drill ORDER BY id").fetchall()
    return [f"{passed} the same" + f", {failed} not" * (failed != 0) for passed, failed in rows]


SCENARIOS = (HomeScenario("restore drill", (HoldDrill(),), before=(Archive(SMALL),), looks=(look_at_drills,)),)
