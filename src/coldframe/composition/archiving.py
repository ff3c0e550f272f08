"""The whole job of archiving: archive, write the inventory CSV, copy it, delete what is safe (design 1.2)."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from coldframe.archiver.archive import Archiver
from coldframe.archiver.sources import CopiesProof, SourceRemover, removable
from coldframe.composition.deleting import settle_deletions
from coldframe.composition.inventories import check_place
from coldframe.composition.locks import run_lock
from coldframe.composition.spending import ARCHIVE, Outlay, settle_archiving
from coldframe.composition.spool import Spool
from coldframe.composition.stores import store_folder
from coldframe.composition.strangers import find_strangers, tell_strangers
from coldframe.errors import BadUsage, UnknownArchives
from coldframe.inventory.copies import check_target, copy_inventory
from coldframe.inventory.csv_file import write_inventory
from coldframe.inventory.export import with_members
from coldframe.names import printable
from coldframe.progress import Noted, Outcome, ignore
from coldframe.quantities import count
from coldframe.retriever.pricing import Price

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from coldframe.archiver.request import ArchiveRequest, FileResult
    from coldframe.archiver.sources import Removable
    from coldframe.catalog import Entry
    from coldframe.composition.library import Coldframe
    from coldframe.progress import Observer
    from coldframe.rule_sets import Rule

SAFE = frozenset({Outcome.ARCHIVED, Outcome.RECORDED, Outcome.UNCHANGED})
"""Outcomes after which the store is known to hold the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveJob:
    """What to archive, and what to do when it is.

    Args:
        request: The files.
        inventory: The inventory CSV to extend; None for none.
        copies: Where copies of it go: folders, or `s3://bucket/prefix/`.
        price: What sending the files costs, and
        per_month: what they add to each month; the month's budget must allow both.
        delete_source: Remove local files whose archive is confirmed, when the catalog is durable and every copy is
            written. Files of earlier runs are compared by tree hash first.
        anew: Archive also into a vault that holds archives of which the catalog knows none.
    """

    request: ArchiveRequest
    inventory: str | None = None
    copies: tuple[str, ...] = ()
    delete_source: bool = False
    price: Price = field(default_factory=Price)
    per_month: Price = field(default_factory=Price)
    anew: bool = False


@dataclass(slots=True)
class ArchiveSummary:
    """What a run has done: files and bytes by outcome, and what came after them.

    `ruled` and `ruled_sizes` are files and bytes by the rule that left them out. `deleted` and `kept` count local files
    that were removed, and that were to be and were not.
    """

    files: Counter[Outcome] = field(default_factory=Counter)
    sizes: Counter[Outcome] = field(default_factory=Counter)
    ruled: Counter[Rule] = field(default_factory=Counter)
    ruled_sizes: Counter[Rule] = field(default_factory=Counter)
    inventory_rows: int = 0
    copies: tuple[str, ...] = ()
    deleted: int = 0
    deleted_size: int = 0
    kept: int = 0
    is_stopped: bool = False


class ArchiveRun:
    """One run of an archive job; use it in a `with`, iterate :meth:`results`, then call :meth:`finish`.

    Raises:
        Busy: Another run is using the catalog.
        ResourceNotFound: There is no such vault.
        BadUsage: The job makes no sense.
        UnknownArchives: The vault holds archives, and the catalog knows none of them.
    """

    def __init__(self, coldframe: Coldframe, job: ArchiveJob, *, observer: Observer = ignore) -> None:
        """Store the arguments."""
        request = replace(job.request, checksum=True) if job.delete_source else job.request
        self.summary = ArchiveSummary()
        self._coldframe = coldframe
        self._job = replace(job, request=request)
        self._observer = observer
        self._open = ExitStack()
        self._archiver: Archiver | None = None

    def __enter__(self) -> Self:
        """Look at all that could be wrong before anything is sent, and keep other runs out."""
        self._check()
        coldframe = self._coldframe
        self._archiver = Archiver(
            coldframe.store,
            coldframe.catalog,
            clock=coldframe.clock,
            jobs=coldframe.jobs,
            part_size=coldframe.settings.part_size,
            limit_rate=coldframe.settings.limit_rate,
            observer=self._observer,
            own_folders=own_folders(coldframe),
        )
        with ExitStack() as opening:
            if not self._job.request.dry_run:
                lock = run_lock(coldframe.home.locks, "archive", clock=coldframe.clock, files=coldframe.files)
                opening.enter_context(lock)
                self._agree()
                settle_deletions(coldframe)  # else a file whose archive is gone might be taken for safe
            self._entries: Spool[Entry] = opening.enter_context(Spool())
            self._removable: Spool[Removable] = opening.enter_context(Spool())
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let others run."""
        try:
            if not self._job.request.dry_run:
                settle_archiving(self._coldframe)
        finally:
            self._open.close()

    def stop(self) -> None:
        """Finish the current parts and begin nothing new; may be called from a signal handler."""
        if self._archiver is not None:
            self._archiver.stop()

    def results(self) -> Iterator[FileResult]:
        """Archive, and tell what became of each file as soon as it is known."""
        if self._archiver is None:
            raise BadUsage("An archive run is used in a `with`.")
        for result in self._archiver.archive(self._job.request):
            self._remember(result)
            yield result
        self.summary.is_stopped = self._archiver.is_stopped

    def finish(self) -> ArchiveSummary:
        """Write the inventory and its copies, and delete what may be deleted.

        A run that was stopped writes its inventory, and leaves the rest to the run that completes it.
        """
        job, summary = self._job, self.summary
        if job.request.dry_run:
            return summary
        if job.inventory:
            summary.inventory_rows = self._write_inventory(job.inventory)
        if summary.is_stopped:
            return summary
        if job.inventory:
            summary.copies = tuple(self._copy(job.inventory, target) for target in job.copies)
        if job.delete_source:
            self._delete_sources()
        return summary

    def _agree(self) -> None:
        """Write down what this may cost, before anything is sent, and what a killed run has cost in the end."""
        job = self._job
        settle_archiving(self._coldframe)
        Outlay(self._coldframe, ARCHIVE, job.price, job.request.vault_name, job.per_month).commit()

    def _check(self) -> None:
        job = self._job
        if not job.request.paths:
            raise BadUsage("Name at least one file or folder to archive.")
        for path in job.request.paths:
            if not os.path.lexists(path):
                raise BadUsage(f"There is no {printable(path)} to archive.")
        if job.copies and not job.inventory:
            raise BadUsage("Copies of the inventory need one: add --inventory FILE.")
        for target in job.copies:
            check_target(target)
        if job.inventory:
            check_place(job.inventory)
        strangers = find_strangers(self._coldframe, job.request.vault_name)
        if strangers is None or job.anew:
            return
        if not job.request.dry_run:
            raise UnknownArchives(tell_strangers(strangers))
        self._observer(Noted(tell_strangers(strangers)))

    def _remember(self, result: FileResult) -> None:
        self.summary.files[result.outcome] += 1
        self.summary.sizes[result.outcome] += result.size
        if result.rule is not None and result.outcome is Outcome.LEFT_OUT:
            self.summary.ruled[result.rule] += 1
            self.summary.ruled_sizes[result.rule] += result.size
        if result.outcome not in SAFE or self._job.request.dry_run:
            return
        if self._job.inventory and result.entry is not None:
            self._entries.add(result.entry)
        if self._job.delete_source:
            item = removable(result)
            if item is not None:
                self._removable.add(item)

    def _write_inventory(self, path: str) -> int:
        entries = with_members(self._coldframe.catalog, self._entries)
        try:
            written = write_inventory(path, entries, files=self._coldframe.files)
        except OSError as error:
            why = f"the inventory cannot be written ({error.strerror or error})"
            rest = "what is archived is safe, and the same command writes it when that is mended"
            raise OSError(error.errno, f"{why}; {rest}", printable(path)) from error
        self._observer(
            Noted(f"The inventory {path} has {count(written.added + written.kept, 'row')}, {written.added:,} new.")
        )
        return written.added

    def _copy(self, path: str, target: str) -> str:
        place = copy_inventory(path, target, files=self._coldframe.files)
        self._observer(Noted(f"The inventory is copied to {place}."))
        return place

    def _delete_sources(self) -> None:
        """Remove local files, each only if every proof holds and it still is what was archived."""
        coldframe, summary = self._coldframe, self.summary
        wanted = frozenset(self._job.copies)
        written = frozenset(target for target, _place in zip(self._job.copies, summary.copies, strict=False))
        proof = CopiesProof(wanted, written)
        remover = SourceRemover(coldframe.catalog, files=coldframe.files, proof=proof)
        for item in self._removable:
            removal = remover.remove(item)
            summary.deleted += len(removal.removed)
            summary.deleted_size += sum(source.stamp.size for source in removal.removed)
            summary.kept += len(removal.kept)
            if removal.kept:
                self._observer(Noted(f"Kept here ({len(removal.kept):,}): {removal.reason}."))


def own_folders(coldframe: Coldframe) -> tuple[str, ...]:
    """What must not archive itself."""
    home = coldframe.home
    store = () if coldframe.is_remote else (store_folder(coldframe.store_url),)
    return (home.locks, os.path.dirname(home.catalog), *store)
