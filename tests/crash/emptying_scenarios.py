"""A vault deleted with all that is in it, cut off: the same command ends it, and touches nothing else."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from coldframe.composition.emptying import WHAT, VaultEmptying
from coldframe.composition.fees import records_fee
from coldframe.errors import ResourceNotFound
from coldframe.testing.bodies import BytesBody
from coldframe.testing.catalogs import an_archive
from coldframe.tree_hash import tree_hash
from crash.home_scenarios import FRAMES, OTHER, SMALL, VAULT, Archive, HomeScenario
from crash.spending_scenarios import agreed_sums, require_sum

if TYPE_CHECKING:
    from crash.bench import Observation
    from crash.expectations import Subject, Value
    from crash.home_scenarios import Work

FOREIGN, _FOREIGN_DATA = "foreign", b"of somebody else" * 100
_HELD = {FOREIGN: _FOREIGN_DATA, **{name: FRAMES[name] for name in SMALL}}


@dataclass(frozen=True, slots=True)
class UploadForeign:
    """Another program sends an archive, of which the catalog never hears."""

    def do(self, work: Work) -> None:
        """Send it."""
        work.service.upload_archive(VAULT, BytesBody(_FOREIGN_DATA), description=FOREIGN)
        for subject, value in self.leaves().items():
            work.bench.confirm(subject, value)

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """The archive."""
        return {("archive", VAULT, FOREIGN): tree_hash(_FOREIGN_DATA)}


@dataclass(frozen=True, slots=True)
class Empty:
    """Delete a vault with all its archives."""

    def do(self, work: Work) -> None:
        """Say the command: what it tells of is gone, and stays so."""
        for subject in self.leaves():
            work.bench.intend(subject, None)
        emptying = VaultEmptying(work.coldframe, VAULT)
        emptying.survey()
        for deleted in emptying.delete():
            assert deleted.error is None
            work.bench.confirm(("archive", VAULT, os.path.basename(deleted.archive.path or "")), None)
        emptying.finish()

    def finish(self, work: Work) -> None:
        """Say the command again, until there is no such vault."""
        with suppress(ResourceNotFound):
            self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """Nothing."""
        return dict.fromkeys(("archive", VAULT, name) for name in _HELD) | {("vault", VAULT): None}


@dataclass(frozen=True, slots=True)
class SeeVaults:
    """Both vaults are there."""

    def do(self, work: Work) -> None:
        """Say so."""
        for subject, value in self.leaves().items():
            work.bench.confirm(subject, value)

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """The vaults."""
        return {("vault", vault): "there" for vault in (VAULT, OTHER)}


def look_at_vaults(work: Work, found: Observation) -> None:
    """Which vaults there are; a fee was agreed to before its archive was deleted."""
    for vault in work.service.list_vaults().items:
        found.facts["vault", vault.vault_name] = "there"
    gone = [
        an_archive(0, size=len(data)) for name, data in _HELD.items() if ("archive", VAULT, name) not in found.facts
    ]
    fee = records_fee(work.prices, gone, now=work.clock.now()).agreed
    require_sum(agreed_sums(work)[WHAT], fee.limit or Decimal(), WHAT, found)


SCENARIOS = (
    HomeScenario(
        "emptied vault",
        (Empty(),),
        before=(Archive(SMALL), Archive(SMALL, OTHER), UploadForeign(), SeeVaults()),
        looks=(look_at_vaults,),
        is_charging=True,
    ),
)
