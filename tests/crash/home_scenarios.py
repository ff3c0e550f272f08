"""A whole coldframe cut off: its catalog, its embedded store, the vault that it archives into and one of somebody else.

Whoever adds a family of scenarios adds steps and looks: a look finds out what is there of one thing, after any crash.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from coldframe.archiver import ArchiveRequest
from coldframe.archiver.cut import cut
from coldframe.catalog.deleting import Deletions
from coldframe.composition import open_coldframe
from coldframe.composition.archiving import SAFE, ArchiveJob, ArchiveRun
from coldframe.composition.pricing import price_of
from coldframe.errors import ColdframeError
from coldframe.inventory.rebuild import described_path
from coldframe.model import MIB
from coldframe.retriever.pricing import Price
from coldframe.settings import Home, Settings
from coldframe.testing.clock import FakeClock
from coldframe.tree_hash import tree_hash
from crash.bench import Observation
from crash.steps import SteppedScenario, SteppedSession
from crash.store_scenarios import add_fact
from crash.store_steps import inventory
from own_prices import write_own_prices

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coldframe.catalog import ArchiveRecord
    from coldframe.composition import Coldframe
    from coldframe.composition.pricing import StorePrices
    from coldframe.service import VaultService
    from crash.bench import Bench
    from crash.expectations import Subject, Value
    from crash.steps import Step

VAULT, OTHER = "astro", "others"
LARGE = "large.fit"
FRAMES = {f"frame{number}.fit": bytes([number]) * 700 * number for number in (1, 2, 3)}
FRAMES[LARGE] = bytes(range(256)) * 4096 + b"the last part is short"
SMALL = tuple(name for name in FRAMES if name != LARGE)
HOME, TREE, PRICES = "home", "Subs", "prices.toml"


@dataclass(frozen=True, slots=True)
class Work:
    """A coldframe opened on a bench."""

    coldframe: Coldframe
    bench: Bench
    clock: FakeClock

    @property
    def service(self) -> VaultService:
        """The embedded store."""
        return self.coldframe.embedded()

    @property
    def prices(self) -> StorePrices:
        """What the store takes."""
        prices = self.coldframe.terms.prices
        assert prices is not None
        return prices

    def upload_price(self, sizes: Iterable[int]) -> Price:
        """What sending archives of these sizes costs."""
        pieces = [cut(size, part_size=self.coldframe.settings.part_size) for size in sizes]
        in_parts = [each.count for each in pieces if not each.is_single]
        return price_of(self.prices.calculator.upload(len(pieces), in_parts=len(in_parts), parts=sum(in_parts)))


Look = Callable[[Work, Observation], None]


def open_home(bench: Bench, settings: Settings, clock: FakeClock) -> Coldframe:
    """The coldframe that lives on a bench; its store may not be there yet."""
    home = Home(bench.path(HOME), bench.path(HOME))
    return open_coldframe(home=home, settings=settings, clock=clock, files=bench.files, vfs=bench.vfs)


@dataclass(frozen=True, slots=True)
class Archive:
    """Archive some files into a vault, at the price of all of them."""

    names: tuple[str, ...]
    vault: str = VAULT

    def do(self, work: Work) -> None:
        """Make the vault if need be, and archive."""
        work.coldframe.store.create_vault(self.vault)
        for subject, value in self.leaves().items():
            work.bench.intend(subject, value)
        paths = tuple(work.bench.path(TREE, name) for name in self.names)
        job = ArchiveJob(request=ArchiveRequest(paths=paths, vault_name=self.vault), price=self._price(work), anew=True)
        with ArchiveRun(work.coldframe, job) as run:
            for result in run.results():
                if result.outcome in SAFE:
                    name = os.path.basename(result.path)
                    work.bench.confirm(("archive", self.vault, name), tree_hash(FRAMES[name]))
            run.finish()

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """An archive of each."""
        return {("archive", self.vault, name): tree_hash(FRAMES[name]) for name in self.names}

    def _price(self, work: Work) -> Price:
        return (
            Price()
            if work.coldframe.terms.prices is None
            else work.upload_price(len(FRAMES[name]) for name in self.names)
        )


@dataclass(frozen=True)
class HomeScenario(SteppedScenario[Work]):
    """Steps done to a coldframe, after others that are safe already.

    Args:
        looks: What is looked at besides the archives.
        settings: What applies.
        is_charging: Whether the store takes money, and the month's is counted.
    """

    looks: tuple[Look, ...] = ()
    settings: Settings = field(default_factory=lambda: Settings(jobs=1, part_size=MIB))
    is_charging: bool = False
    is_long: bool = True
    typed: tuple[type[Exception], ...] = (ColdframeError, OSError)  # OSError: a file of the user's own

    def prepare(self, bench: Bench) -> None:
        """Make the files that may be archived, and do what is safe before."""
        os.mkdir(bench.path(TREE))
        for name, data in FRAMES.items():
            with open(bench.path(TREE, name), "wb") as file:
                file.write(data)
        if self.is_charging:
            write_own_prices(bench.path(PRICES))
        super().prepare(bench)

    def open(self, bench: Bench) -> HomeSession:
        """Open catalog and store."""
        settings = replace(self.settings, prices=bench.path(PRICES)) if self.is_charging else self.settings
        clock = FakeClock()
        coldframe = open_home(bench, settings, clock)
        try:
            coldframe.create_store()
        except BaseException:
            coldframe.close()
            raise
        return HomeSession(self.steps, Work(coldframe, bench, clock), self.looks)


class HomeSession(SteppedSession[Work]):
    """A coldframe at work."""

    def __init__(self, steps: Sequence[Step[Work]], work: Work, looks: Sequence[Look]) -> None:
        super().__init__(steps, work)
        self._looks = looks

    def observe(self) -> Observation:
        """Read the store's vaults, compare the catalog with them, and look at what the scenario is about."""
        found = Observation(faults=list(self.work.coldframe.catalog.find_damage()))
        for look in (look_at_archives, *self._looks):
            look(self.work, found)
        return found

    def age(self) -> None:
        """Days pass, and the store sweeps."""
        self.work.clock.advance(days=3)
        self.work.service.sweep()

    def leftovers(self) -> list[str]:
        """Other scenarios look for what is left in the store."""
        return []

    def close(self) -> None:
        """Close all."""
        self.work.coldframe.close()


def look_at_archives(work: Work, found: Observation) -> None:
    """What the vaults hold; the catalog lists nothing that is gone, but for what is noted as about to be deleted."""
    held = archives_of(work)
    for (vault, archive_id), name in names_of(work).items():
        add_fact(found, ("archive", vault, name), held[vault, archive_id]["SHA256TreeHash"])
    pending = Deletions(work.coldframe.catalog.database, work.service.identity).pending()
    for record in known_archives(work):
        key = (record.vault_name, record.archive_id)
        if key not in held and key not in pending:
            found.faults.append(f"the catalog lists an archive of {record.vault_name} that is gone")


def archives_of(work: Work) -> dict[tuple[str, str], Mapping[str, object]]:
    """What all vaults hold, by vault and archive ID."""
    vaults = [vault.vault_name for vault in work.service.list_vaults().items]
    return {(vault, str(each["ArchiveId"])): each for vault in vaults for each in inventory(work.service, vault)}


def names_of(work: Work) -> dict[tuple[str, str], str]:
    """The names of the files that all vaults hold, by vault and archive ID."""
    return {
        key: os.path.basename(described_path(str(archive["ArchiveDescription"]), key[1]))
        for key, archive in archives_of(work).items()
    }


def known_archives(work: Work) -> list[ArchiveRecord]:
    """What the catalog lists of all vaults."""
    catalog, identity = work.coldframe.catalog, work.service.identity
    return [record for vault in (VAULT, OTHER) for record in catalog.archives(identity, vault)]
