"""A vault's inventory read into the catalog, cut off: nothing counts as seen of one that was not read to its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.catalog.sightings import Sightings
from coldframe.inventory.rebuild import rebuild_catalog
from crash.emptying_scenarios import FOREIGN, UploadForeign
from crash.home_scenarios import SMALL, VAULT, Archive, HomeScenario, known_archives, names_of

if TYPE_CHECKING:
    from crash.bench import Observation
    from crash.expectations import Subject, Value
    from crash.home_scenarios import Work

_NAMES = (*SMALL, FOREIGN)


@dataclass(frozen=True, slots=True)
class ReadInventory:
    """Bring into the catalog what the vault's inventory knows."""

    def do(self, work: Work) -> None:
        """Read it: when that is told, all that it names counts as seen."""
        for subject, value in self.leaves().items():
            work.bench.intend(subject, value)
        rebuild_catalog(work.coldframe.store, work.coldframe.catalog, VAULT)
        for subject, value in self.leaves().items():
            work.bench.confirm(subject, value)

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """An inventory that counts all archives, each of them seen."""
        seen: dict[Subject, Value] = {("seen", name): "in the last inventory" for name in _NAMES}
        return seen | {("inventory",): len(_NAMES)}


def look_at_sightings(work: Work, found: Observation) -> None:
    """The vault's last inventory, and what counts as seen in it."""
    sightings = Sightings(work.coldframe.catalog.database, work.service.identity, VAULT)
    last, names = sightings.last(), names_of(work)
    if last is None:
        return
    found.facts["inventory",] = last.archives
    for record in known_archives(work):
        seen = sightings.seen_in(record.row)
        if seen is not None and seen[0] == last.row:
            found.facts["seen", names[record.vault_name, record.archive_id]] = "in the last inventory"


SCENARIOS = (
    HomeScenario(
        "inventory read", (ReadInventory(),), before=(Archive(SMALL), UploadForeign()), looks=(look_at_sightings,)
    ),
)
