"""What a retrieval would mean, before anything is asked of the store: files, bytes, price and time per tier, room."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from coldframe.catalog import UNKNOWN_SIZE, Kind, Query
from coldframe.catalog.order_model import PlacementState, WantedState
from coldframe.errors import BadUsage, NothingMatched
from coldframe.inventory.csv_file import read_inventory
from coldframe.inventory.csv_records import RowError
from coldframe.model import Tier
from coldframe.names import printable, write_path
from coldframe.patterns import Patterns
from coldframe.progress import Noted
from coldframe.quantities import count
from coldframe.retriever.draft import Draft, Picked
from coldframe.retriever.folders import Destination
from coldframe.retriever.look import Look
from coldframe.retriever.pricing import Offer, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from coldframe.catalog import Catalog, Entry
    from coldframe.catalog.order_model import Placement
    from coldframe.files import Files
    from coldframe.inventory.csv_rows import InventoryRow
    from coldframe.model import TierWaits
    from coldframe.progress import Observer
    from coldframe.retriever.line import Line
    from coldframe.retriever.pricing import Pricing

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a retrieval would mean. Close it, or place an order with it, which closes it.

    Args:
        destination: The absolute path of the folder to fill.
        overwrite: Whether a different file there is replaced.
        files: How many files were picked; `size` their bytes, as far as they are known.
        present_files: How many of them are at the destination already, verified.
        refused: Files that can never be placed there, and why; they are in no job.
        jobs: How many jobs it takes, one for each archive or range of one; `job_size` the bytes that they bring.
        unknown_sizes: How many archives' sizes nobody knows before their jobs tell.
        offers: One for each tier.
        needed_size: The most bytes that the destination must hold at once beyond those it has.
        available_size: How many it has room for.
        draft: What was picked.
    """

    store: str
    destination: str
    overwrite: bool
    files: int
    size: int
    present_files: int
    present_size: int
    refused: tuple[tuple[str, str], ...]
    jobs: int
    job_size: int
    unknown_sizes: int
    offers: tuple[Offer, ...]
    needed_size: int
    available_size: int
    draft: Draft = field(repr=False)

    def offer(self, tier: Tier) -> Offer:
        """The offer for one tier."""
        return next(offer for offer in self.offers if offer.tier is tier)

    def close(self) -> None:
        """Forget what was picked."""
        self.draft.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Makes plans.

    Args:
        store: The store's identity.
        catalog: Where to look for entries.
        pricing: What a retrieval costs there.
        waits: How long its tiers take; None if only the store knows.
        line: What the user's own line brings; None if that does not matter.
        now: The present moment.
        threads: How many files at the destination are verified side by side.
        check: Called between chunks; raises to end the work.
    """

    store: str
    catalog: Catalog
    pricing: Pricing
    waits: TierWaits | None
    line: Line | None
    now: datetime
    threads: int
    observer: Observer
    files: Files
    check: Callable[[], None]

    def from_query(self, query: Query, *, into: str, overwrite: bool) -> Plan:
        """A plan for what a query finds in the catalog.

        Raises:
            NothingMatched: It finds nothing.
            BadUsage: It asks for another store.
        """
        if query.store not in {None, self.store}:
            raise BadUsage("the query asks for another store than the one that is open")
        entries = self.catalog.select(replace(query, store=self.store))
        return self._plan((_from_entry(entry) for entry in entries), into=into, overwrite=overwrite)

    def from_inventory(
        self, path: str, *, match: Sequence[str], vault_name: str | None, into: str, overwrite: bool
    ) -> Plan:
        """A plan for the rows of an inventory CSV whose path matches any of the patterns; all, if there is none.

        Raises:
            NothingMatched: No row matches.
            FormatError: The file is not an inventory.
        """
        rows = self._matching(path, Patterns(match, ignore_case=True))
        return self._plan(self._from_rows(rows, vault_name), into=into, overwrite=overwrite)

    def _plan(self, picked: Iterable[Picked], *, into: str, overwrite: bool) -> Plan:
        destination = os.path.abspath(into)
        draft = Draft()
        try:
            draft.add(picked)
            look = Look(Destination(destination, self.files), draft, check=self.check)
            look.run(overwrite=overwrite, threads=self.threads)
            return self._sum_up(draft, destination, overwrite=overwrite)
        except BaseException:
            draft.close()
            raise

    # --- what is picked -----------------------------------------------------------------------------------------------

    def _matching(self, path: str, patterns: Patterns) -> Iterator[InventoryRow]:
        """The rows to retrieve; ones that cannot be used are told, and left out."""
        foreign = 0
        for row in read_inventory(path):
            if isinstance(row, RowError):
                self.observer(Noted(f"line {row.line} of {path} cannot be used: {row.problem}"))
            elif patterns and not patterns.match(row.path):
                continue
            elif row.store not in {None, self.store}:
                foreign += 1
            else:
                yield row
        if foreign:
            self.observer(Noted(f"{count(foreign, 'row')} of {path} left out: of another store"))

    def _from_rows(self, rows: Iterator[InventoryRow], vault_name: str | None) -> Iterator[Picked]:
        while batch := list(islice(rows, _BATCH)):
            sizes = self._archive_sizes(batch)
            for row in batch:
                vault = row.vault_name or vault_name
                if vault is None:
                    raise BadUsage(f"line {row.line} of the inventory names no vault; say which with --vault")
                yield _from_row(row, vault, sizes.get(row.archive_id))

    def _archive_sizes(self, rows: Sequence[InventoryRow]) -> dict[str, int]:
        """The sizes that the catalog knows of archives whose rows do not tell."""
        unsaid = tuple(sorted({row.archive_id for row in rows if row.place is not None or row.size is None}))
        if not unsaid:
            return {}
        found = self.catalog.select(Query(store=self.store, archive_ids=unsaid, all_versions=True))
        return {entry.archive.archive_id: entry.archive.size for entry in found if entry.archive.size > 0}

    # --- in all -------------------------------------------------------------------------------------------------------

    def _sum_up(self, draft: Draft, destination: str, *, overwrite: bool) -> Plan:
        sums = _Sums()
        for wanted, placements in draft.batches():
            sums.add_files(placements)
            if wanted is not None and wanted.state is WantedState.WANTED:
                sums.add_job(wanted.size, is_range=any(p.cut for p in placements))
        if not sums.files:
            raise NothingMatched("nothing that is archived matches")
        return Plan(
            store=self.store,
            destination=destination,
            overwrite=overwrite,
            files=sums.files,
            size=sums.size,
            present_files=sums.present_files,
            present_size=sums.present_size,
            refused=tuple(sums.refused),
            jobs=sums.jobs,
            job_size=sums.job_size,
            unknown_sizes=sums.unknown_sizes,
            offers=tuple(self._offer(tier, sums) for tier in Tier),
            needed_size=sums.needed_size,
            available_size=_room(destination),
            draft=draft,
        )

    def _offer(self, tier: Tier, sums: _Sums) -> Offer:
        price = self.pricing(Work(tier, sums.jobs, sums.job_size, sums.unknown_sizes))
        if not sums.jobs:
            return Offer(tier, price, self.now, self.now)
        if self.waits is None:
            return Offer(tier, price, None)
        ready_at = self.now + timedelta(seconds=self.waits.of(tier))
        seconds = self.line.seconds_for(sums.job_size, from_=ready_at) if self.line else 0.0
        return Offer(tier, price, ready_at, None if seconds is None else ready_at + timedelta(seconds=seconds))


class _Sums:
    """What the batches of a draft come to."""

    def __init__(self) -> None:
        self.files = self.size = self.present_files = self.present_size = 0
        self.jobs = self.job_size = self.unknown_sizes = self.needed_size = 0
        self.refused: list[tuple[str, str]] = []

    def add_files(self, placements: Iterable[Placement]) -> None:
        for placement in placements:
            size = placement.size or 0
            self.files += 1
            self.size += size
            if placement.state is PlacementState.PRESENT:
                self.present_files += 1
                self.present_size += size
            elif placement.state is PlacementState.FAILED:
                self.refused.append((placement.path, placement.detail))
            else:
                self.needed_size += size

    def add_job(self, size: int | None, *, is_range: bool) -> None:
        self.jobs += 1
        self.job_size += size or 0
        self.unknown_sizes += size is None
        self.needed_size += (size or 0) if is_range else 0  # members are taken out beside it


def _from_entry(entry: Entry) -> Picked:
    archive = entry.archive
    return Picked(
        vault_name=archive.vault_name,
        archive_id=archive.archive_id,
        archive_size=archive.size if archive.size != UNKNOWN_SIZE else None,
        tree_hash=archive.tree_hash,
        path=entry.path,
        size=entry.size if entry.size != UNKNOWN_SIZE else None,
        modified_ns=entry.modified_ns,
        cut=entry.member,
    )


def _from_row(row: InventoryRow, vault_name: str, archive_size: int | None) -> Picked:
    is_whole = row.kind is not Kind.MEMBER
    return Picked(
        vault_name=vault_name,
        archive_id=row.archive_id,
        archive_size=row.size or archive_size if is_whole else archive_size,
        tree_hash=row.tree_hash,
        path=row.path,
        size=archive_size if row.size is None and is_whole else row.size,
        modified_ns=row.modified_ns,
        cut=row.place,
    )


def _room(destination: str) -> int:
    """How many bytes the destination's file system has room for."""
    path = destination
    while not os.path.isdir(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    try:
        return shutil.disk_usage(path).free
    except OSError as error:
        shown = printable(write_path(destination))
        raise BadUsage(f"the destination {shown} cannot be looked at: {error.strerror}") from error
