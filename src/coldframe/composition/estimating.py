"""What a job would cost, before anything is opened or sent: the scan of the archiver, and sums over it."""

from __future__ import annotations

import os
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from coldframe.archiver.archive import is_known, make_rules
from coldframe.archiver.cut import cut
from coldframe.archiver.members import list_bundle
from coldframe.archiver.opening import Source
from coldframe.archiver.scan import FoundBundle, Unreadable, find_roots, scan
from coldframe.catalog.proofs import Proofs
from coldframe.composition.archiving import own_folders
from coldframe.composition.fees import records_fee
from coldframe.composition.retrieving import RetrieveRun
from coldframe.composition.transfer import used_transfer
from coldframe.errors import BadUsage
from coldframe.model import MIB, Tier
from coldframe.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from coldframe.archiver.members import Bundle
    from coldframe.archiver.request import ArchiveRequest
    from coldframe.archiver.scan import Found, Rules
    from coldframe.catalog import ArchiveRecord, Entry
    from coldframe.composition.fees import EarlyFee
    from coldframe.composition.library import Coldframe
    from coldframe.composition.pricing import StorePrices
    from coldframe.composition.retrieving import RetrieveJob
    from coldframe.prices import Charge, RetrievalCharges
    from coldframe.retriever.plan import Plan
    from coldframe.retriever.pricing import Offer

SMALL = MIB
"""Files below this size are worth bundling: what is added to each costs more than 3 % of what it holds."""
_BATCH = 256


@dataclass(slots=True)
class ArchiveMeasure:
    """What a request would send.

    Args:
        archives: How many archives, of which `in_parts` in `parts` parts together; `size` their bytes, zips at their
            largest.
        unchanged: How many are archived already, as they are, and would not be sent.
        unreadable: How many things cannot be looked at.
        small: How many of the archives are small files that share a folder with others such, in
        small_folders: so many folders.
        older: The archives that would be older versions from then on: they stay in the vault until somebody deletes
            them.
        zipped: How many of the archives are files that the vault has already as they are, as members of zips;
            `zipped_size` their bytes, `zipped_folders` where they lie.
    """

    archives: int = 0
    size: int = 0
    in_parts: int = 0
    parts: int = 0
    unchanged: int = 0
    unreadable: int = 0
    small: int = 0
    small_folders: int = 0
    older: dict[str, ArchiveRecord] = field(default_factory=dict)
    zipped: int = 0
    zipped_size: int = 0
    zipped_folders: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What is paid once, and what each month."""

    once: Charge
    per_month: Charge


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveCosts:
    """What a measure costs, by what is charged.

    `overhead_size` is the bytes that are added to all archives together. `saved` is what one zip for each folder's
    small files would save. `older` is what is paid each month for the versions that are replaced, as it was before;
    `older_fee` is what deleting them now would cost.
    """

    requests: Charge
    storage: Charge
    overhead: Charge
    overhead_size: int
    saved: Cost
    older: Charge
    older_fee: EarlyFee

    @property
    def total(self) -> Cost:
        """All together."""
        return Cost(once=self.requests, per_month=self.storage + self.overhead)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalEstimate:
    """What a retrieval would mean.

    Args:
        files: How many files; `size` their bytes.
        jobs: How many retrieval jobs; `job_size` the bytes that they bring.
        unknown_sizes: How many archives' sizes nobody knows before their jobs tell.
        offers: Price and time, one for each tier.
        charges: By tier; those are lacking of which nobody knows the price.
        download_seconds: How long the download takes if it begins now; None if nobody knows.
        now: The present moment.
    """

    files: int
    size: int
    jobs: int
    job_size: int
    unknown_sizes: int
    offers: Sequence[Offer]
    charges: dict[Tier, RetrievalCharges]
    download_seconds: float | None
    now: datetime


def measure_archive(coldframe: Coldframe, request: ArchiveRequest) -> ArchiveMeasure:
    """Walk what is to be archived, and count; nothing is opened or sent, and the store is not asked.

    Content that the vault holds under another name is counted as if it were sent: only reading it would tell.

    Raises:
        BadUsage: A path is not there.
    """
    for path in request.paths:
        if not os.path.lexists(path):
            raise BadUsage(f"There is no {printable(path)} to archive.")
    rules = make_rules(request, own_folders=own_folders(coldframe))
    counter = _Counter(coldframe, request, rules)
    found = scan(find_roots(request.paths, rules), rules)
    while batch := list(islice(found, _BATCH)):
        counter.count(batch)
    counter.end_folder()
    return counter.measure


def archive_costs(measure: ArchiveMeasure, prices: StorePrices, *, now: datetime) -> ArchiveCosts:
    """What a measure costs."""
    calculator, older = prices.calculator, measure.older.values()
    spared = measure.small - measure.small_folders
    return ArchiveCosts(
        requests=calculator.upload(measure.archives, in_parts=measure.in_parts, parts=measure.parts),
        storage=calculator.storage(measure.size),
        overhead=calculator.overhead(measure.archives),
        overhead_size=measure.archives * calculator.tariff.overhead_size,
        saved=Cost(once=calculator.upload(spared), per_month=calculator.overhead(spared)),
        older=calculator.storage(sum(max(0, each.size) for each in older), len(older)),
        older_fee=records_fee(prices, older, now=now),
    )


def estimate_retrieval(coldframe: Coldframe, job: RetrieveJob) -> RetrievalEstimate:
    """Plan a retrieval and forget it; nothing is asked of the store. A job into "" is one into an empty folder.

    Raises:
        NothingMatched: The catalog knows nothing like it.
    """
    with _destination(job) as into, closing(RetrieveRun(coldframe, replace(job, into=into)).plan()) as plan:
        prices = coldframe.terms.prices
        charges = _charges(coldframe, prices, plan) if prices is not None and not plan.unknown_sizes else {}
        now = coldframe.clock.now()
        return RetrievalEstimate(
            files=plan.files,
            size=plan.size,
            jobs=plan.jobs,
            job_size=plan.job_size,
            unknown_sizes=plan.unknown_sizes,
            offers=plan.offers,
            charges=charges,
            download_seconds=coldframe.line.seconds_for(plan.job_size, from_=now) if plan.jobs else 0.0,
            now=now,
        )


def _charges(coldframe: Coldframe, prices: StorePrices, plan: Plan) -> dict[Tier, RetrievalCharges]:
    used = used_transfer(coldframe)
    found = {tier: prices.retrieve(tier, jobs=plan.jobs, size=plan.job_size, used_transfer=used) for tier in Tier}
    return {tier: charges for tier, charges in found.items() if charges is not None}


@contextmanager
def _destination(job: RetrieveJob) -> Iterator[str]:
    if job.into:
        yield job.into
        return
    with tempfile.TemporaryDirectory(prefix="coldframe-estimate-") as folder:
        yield folder


class _Counter:
    """Counts what a scan finds, a batch at a time; the files of one folder come one after the other."""

    def __init__(self, coldframe: Coldframe, request: ArchiveRequest, rules: Rules) -> None:
        self.measure = ArchiveMeasure()
        self._catalog = coldframe.catalog
        self._identity = _known_identity(coldframe)
        self._part_size = coldframe.settings.part_size
        self._vault_name = request.vault_name
        self._rules = rules
        self._folder = ""
        self._small_here = 0

    def count(self, batch: Sequence[Found]) -> None:
        """Count what was found."""
        sources = [item for item in batch if isinstance(item, Source)]
        known = self._known([source.text for source in sources])
        self._count_zipped([source for source in sources if not is_known(source, known.get(source.text))])
        for item in batch:
            if isinstance(item, Source):
                self._count_file(item, known.get(item.text))
            elif isinstance(item, FoundBundle):
                self._count_bundle(list_bundle(item, self._rules))
            else:
                self.measure.unreadable += isinstance(item, Unreadable)

    def end_folder(self, location: str = "") -> None:
        """Sum up the small files of the folder that is over."""
        if self._small_here > 1:
            self.measure.small += self._small_here
            self.measure.small_folders += 1
        self._folder, self._small_here = location, 0

    def _count_file(self, source: Source, entry: Entry | None) -> None:
        folder = os.path.dirname(source.location)
        if folder != self._folder:
            self.end_folder(folder)
        if is_known(source, entry):
            self.measure.unchanged += 1
            return
        self._replace(entry)
        self._small_here += source.stamp.size < SMALL
        self._add(source.stamp.size)

    def _count_zipped(self, sources: Sequence[Source]) -> None:
        """Whoever forgets `--zip` once sends the files of a bundle a second time, each by itself."""
        if self._identity is None or not self._vault_name:
            return
        held = Proofs(self._catalog.database, self._identity, self._vault_name).entries([each.text for each in sources])
        for source in sources:
            looks = (source.stamp.size, source.stamp.modified_ns)
            if any(entry.member and (entry.size, entry.modified_ns) == looks for entry in held.get(source.text, ())):
                self.measure.zipped += 1
                self.measure.zipped_size += source.stamp.size
                self.measure.zipped_folders.add(os.path.dirname(source.path))

    def _count_bundle(self, bundle: Bundle) -> None:
        self.measure.unreadable += sum(isinstance(item, Unreadable) for item in bundle.others)
        if not bundle.members:
            return
        entry = self._known([bundle.text]).get(bundle.text)
        if entry is not None and entry.signature == bundle.signature:
            self.measure.unchanged += 1
            return
        self._replace(entry)
        self._add(bundle.largest_zip)

    def _replace(self, entry: Entry | None) -> None:
        """The archiver deletes nothing: a new version lies beside the one before."""
        if entry is not None:
            self.measure.older[entry.archive.archive_id] = entry.archive

    def _add(self, size: int) -> None:
        pieces = cut(max(1, size), part_size=self._part_size)  # an empty file is one zero byte (ADR 7)
        self.measure.archives += 1
        self.measure.size += pieces.size
        if not pieces.is_single:
            self.measure.in_parts += 1
            self.measure.parts += pieces.count

    def _known(self, texts: Sequence[str]) -> dict[str, Entry]:
        if self._identity is None or not self._vault_name:
            return {}
        return self._catalog.find_sources(self._identity, self._vault_name, texts)


def _known_identity(coldframe: Coldframe) -> str | None:
    """The store's identity, if that can be known without asking anybody else."""
    if coldframe.is_remote:
        return coldframe.catalog.identity_at(coldframe.store_url)
    return coldframe.store_identity if coldframe.has_store else None
