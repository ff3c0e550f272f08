"""The catalog against the vault's own inventory: what is missing, unknown or different, and what is only too new.

An inventory is as old as it says, not as the day one reads it. What was archived after it cannot be in it, and what was
deleted after it still is: neither is a reason for alarm (ADR 41). Both are read as streams; a bit for each archive of
the catalog is all that is held.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from coldframe.catalog import Query
from coldframe.catalog.deleting import Deletions
from coldframe.catalog.sightings import Listed, Sightings
from coldframe.clock import EPOCH
from coldframe.composition.spending import agree_to_inventory
from coldframe.composition.standing import Checked, Standing
from coldframe.inventory.late import Asked
from coldframe.inventory.rebuild import described_path
from coldframe.inventory.seen import SeenRows
from coldframe.inventory.vault_jobs import InventoryJobs
from coldframe.inventory.vault_json import BadItem, VaultInventory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from coldframe.catalog import ArchiveRecord
    from coldframe.catalog.sightings import Match
    from coldframe.composition.library import Coldframe
    from coldframe.inventory.vault_json import Item
    from coldframe.model import JobDescription
    from coldframe.ports import JobOutput

JOB_DESCRIPTION = "coldframe inventory refresh"

CLOCKS_APART = timedelta(minutes=15)
"""By how much the clock of a store elsewhere may differ from ours: beyond that it refuses our signatures."""

WRONG = frozenset({Standing.MISSING, Standing.DIFFERENT, Standing.UNKNOWN, Standing.UNREADABLE})
"""What somebody should look into; anything else is as it should be."""

_BATCH = 1000


class Comparison:
    """One comparison of the catalog with the vault's inventory: iterate :meth:`run`, then look at the numbers.

    A job for the vault's whole inventory that somebody has begun already is adopted. What is seen is remembered in the
    catalog, and when the inventory was read to its end, it is the vault's last one.

    Args:
        coldframe: Whose catalog and store.
        vault_name: The vault.
    """

    def __init__(self, coldframe: Coldframe, vault_name: str) -> None:
        """Store the arguments."""
        self.inventory_at: datetime | None = None
        self.counts: Counter[Standing] = Counter()
        self.archives = 0
        self.size = 0
        self._coldframe = coldframe
        self._vault_name = vault_name
        self._store = coldframe.store.identity
        self._asked_at: datetime | None = None
        self._sightings = Sightings(coldframe.catalog.database, self._store, vault_name)
        self._seen = SeenRows()

    @property
    def wrong(self) -> int:
        """How many things somebody should look into."""
        return sum(self.counts[standing] for standing in WRONG)

    def run(self) -> Iterator[Checked]:
        """Every archive of the inventory, then those of the catalog that are not in it; what agrees is told, too.

        Raises:
            NotReady: The inventory is being made; the message has the job's ID. Call again later.
            LimitRefused: A job for it may cost more than `max_cost` of the settings, or than the budget allows.
            FormatError: The store's inventory cannot be read to its end, and counts for nothing.
        """
        coldframe, name = self._coldframe, self._vault_name
        agree = partial(agree_to_inventory, coldframe, "inventory", name)
        jobs = InventoryJobs(coldframe.store, coldframe.catalog, name, JOB_DESCRIPTION, adopt=True, before=agree)
        job = jobs.finished()
        self._asked_at = job.created_at
        with coldframe.store.get_job_output(name, job.job_id) as output:
            for checked in self._inventory(output, job):
                self.counts[checked.standing] += 1
                yield checked
        for checked in self._absent():
            self.counts[checked.standing] += 1
            yield checked
        jobs.set_used(job)

    # --- the inventory ------------------------------------------------------------------------------------------------

    def _inventory(self, output: JobOutput, job: JobDescription) -> Iterator[Checked]:
        inventory, number = VaultInventory(output), None
        items = iter(inventory)
        while batch := list(islice(items, _BATCH)):
            self.inventory_at = inventory.inventory_at or job.created_at
            if number is None:
                number = self._sightings.begin(job.job_id, self.inventory_at, asked_at=job.created_at)
            yield from self._compare(number, batch)
        self.inventory_at = inventory.inventory_at or job.created_at
        number = number or self._sightings.begin(job.job_id, self.inventory_at, asked_at=job.created_at)
        self._sightings.finish(number, archives=self.archives, size=self.size)

    def _compare(self, number: int, batch: Sequence[Item | BadItem]) -> Iterator[Checked]:
        whole = [item for item in batch if not isinstance(item, BadItem)]
        listed = [Listed(item.archive_id, item.size, item.tree_hash) for item in whole]
        matches = iter(self._sightings.see(number, listed))
        for item in batch:
            self.archives += 1
            if isinstance(item, BadItem):
                detail = f"archive {item.number} of the inventory: {item.problem}"
                yield self._checked(Standing.UNREADABLE, detail=detail)
            else:
                self.size += item.size
                yield self._judge(item, next(matches))

    def _judge(self, item: Item, match: Match) -> Checked:
        checked = self._checked(
            Standing.VERIFIED,
            path=described_path(item.description, item.archive_id),
            size=item.size,
            archive_id=item.archive_id,
            tree_hash=item.tree_hash,
            archived_at=item.created_at,
        )
        if match.row is None:
            return self._stranger(checked, match.deleted_at)
        if not self._seen.add(match.row):
            return replace(checked, standing=Standing.UNREADABLE, detail="the inventory names it twice")
        if not match.is_same:
            return self._named(
                replace(checked, standing=Standing.DIFFERENT, detail="the vault has another size or tree hash")
            )
        return checked

    def _stranger(self, checked: Checked, deleted_at: datetime | None) -> Checked:
        if deleted_at is None:
            detail = "in the vault, not in the catalog; `coldframe inventory rebuild` brings it in"
        elif self._asked().may_not_know(deleted_at):
            return replace(checked, standing=Standing.DELETED, detail="deleted after the inventory was made")
        else:
            detail = f"deleted from here on {deleted_at:%Y-%m-%d}, and in the vault all the same"
        return replace(checked, standing=Standing.UNKNOWN, detail=detail)

    # --- the catalog --------------------------------------------------------------------------------------------------

    def _absent(self) -> Iterator[Checked]:
        catalog, name = self._coldframe.catalog, self._vault_name
        pending = {each for vault, each in Deletions(catalog.database, self._store).pending() if vault == name}
        for archive in catalog.archives(self._store, name):
            if archive.row not in self._seen:
                yield self._named(self._judge_absent(archive, is_pending=archive.archive_id in pending))

    def _judge_absent(self, archive: ArchiveRecord, *, is_pending: bool) -> Checked:
        checked = self._checked(
            Standing.MISSING,
            path=described_path(archive.description, archive.archive_id),
            size=archive.size,
            archive_id=archive.archive_id,
            tree_hash=archive.tree_hash,
            archived_at=archive.archived_at if archive.archived_at > EPOCH else None,
            detail="in the catalog, not in the vault's inventory",
        )
        if is_pending:
            return replace(checked, standing=Standing.DELETED, detail="its deletion was begun")
        if self._asked().may_not_know(archive.archived_at):
            return replace(checked, standing=Standing.NEWER, detail="archived after the inventory was made")
        return checked

    def _asked(self) -> Asked:
        return Asked(self.inventory_at or EPOCH, self._asked_at, clock_margin(self._coldframe))

    def _checked(self, standing: Standing, *, path: str = "", **values: object) -> Checked:
        return Checked(standing=standing, path=path, vault_name=self._vault_name, **values)  # type: ignore[arg-type]

    def _named(self, checked: Checked) -> Checked:
        """With the path that the catalog knows, which may be another than the description's."""
        query = Query(store=self._store, vault_name=self._vault_name, archive_ids=(checked.archive_id or "",))
        entry = next(self._coldframe.catalog.select(query), None)
        return checked if entry is None else replace(checked, path=entry.path)


def clock_margin(coldframe: Coldframe) -> timedelta:
    """By how much the clock of the store may differ from ours: an embedded one's is ours."""
    return CLOCKS_APART if coldframe.is_remote else timedelta(0)
