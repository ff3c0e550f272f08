"""The archiver: the pipeline scan -> bundle -> cut -> upload -> record, put together."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from coldframe.archiver.bundle_entries import other_result
from coldframe.archiver.bundle_work import BundleWork
from coldframe.archiver.crew import Claims, Crew
from coldframe.archiver.cut import round_part_size
from coldframe.archiver.file_work import FileWork
from coldframe.archiver.leftovers import Leftovers
from coldframe.archiver.opening import Source
from coldframe.archiver.request import FileResult
from coldframe.archiver.retries import Retries
from coldframe.archiver.run import Run, describe_file
from coldframe.archiver.scan import FoundBundle, Rules, find_roots, scan
from coldframe.archiver.sender import Sender
from coldframe.archiver.stopping import Stop
from coldframe.archiver.together import LARGEST, MOST_FILES, Together
from coldframe.catalog.model import Kind
from coldframe.errors import BadUsage
from coldframe.model import MIB
from coldframe.patterns import Patterns
from coldframe.progress import Finished, Outcome, Planned, ignore
from coldframe.rule_sets import ChosenRules
from coldframe.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from coldframe.archiver.crew import Next
    from coldframe.archiver.request import ArchiveRequest
    from coldframe.archiver.scan import Found
    from coldframe.catalog.catalog import Catalog
    from coldframe.catalog.model import Attempt, Entry
    from coldframe.clock import Clock
    from coldframe.ports import ColdStore
    from coldframe.progress import Observer
    from coldframe.rates import Limit

    Work = Callable[[], Next] | FileResult

_BATCH = 256
"""So many files are looked up, and their attempts made durable, in one transaction each."""


class Archiver:
    """Archives files and folders into a vault, and records what is where.

    Args:
        store: Where to.
        catalog: Where it is recorded. Only one run at a time may use it; whoever composes takes care of that.
        clock: For moments, waits and rates.
        jobs: How many threads send.
        part_size: The part size at least, in bytes; larger where the number of parts demands it.
        limit_rate: Bytes per second for everything together, always or by the time of the day.
        observer: Hears of progress, from any thread.
        own_folders: Folders of coldframe itself (its store, its catalog), never archived.
    """

    def __init__(  # noqa: PLR0913 - one keyword for each thing a user can set
        self,
        store: ColdStore,
        catalog: Catalog,
        *,
        clock: Clock,
        jobs: int = 8,
        part_size: int = 64 * MIB,
        limit_rate: Limit | None = None,
        observer: Observer = ignore,
        own_folders: Sequence[str] = (),
    ) -> None:
        """Archive nothing yet."""
        if jobs < 1 or (isinstance(limit_rate, int | float) and limit_rate <= 0):
            raise BadUsage("the number of jobs and the rate limit must be above zero")
        self._store = store
        self._catalog = catalog
        self._clock = clock
        self._jobs = jobs
        self._part_size = round_part_size(part_size)
        self._limit_rate = limit_rate
        self._observer = observer
        self._own_folders = tuple(own_folders)
        self._stop = Stop()

    def archive(self, request: ArchiveRequest) -> Iterator[FileResult]:
        """Archive what is asked for, and tell what became of each file as soon as it is known.

        Work is done while the answers are asked for. After a crash, a stop or an error, the same call goes on where
        this one ended.

        Raises:
            ResourceNotFound: There is no such vault.
            StoreError: The store cannot go on; the files that were not answered are not archived.
            CatalogUnavailable: The catalog cannot be written; likewise.
        """
        self._store.describe_vault(request.vault_name)
        stop = Stop(self._stop)
        run = self._make_run(request, stop)
        if not request.dry_run:
            run.leftovers.load()
        crew = Crew(self._jobs, claims=run.claims, stop=stop, record=run.catalog.record_all)
        yield from crew.carry_out(self._find_work(run))

    def stop(self) -> None:
        """Stop: end the parts and small files under way and begin nothing new. Called again: leave them at once.

        May be called from a signal handler and from any thread. What was left is gone on with by the next run.
        """
        self._stop.ask()

    @property
    def is_stopped(self) -> bool:
        """Whether :meth:`stop` was called, so that what was answered may not be all."""
        return self._stop.is_asked

    # --- putting the stages together ----------------------------------------------------------------------------------

    def _make_run(self, request: ArchiveRequest, stop: Stop) -> Run:
        throttle = Throttle(self._limit_rate, clock=self._clock, check=stop.check)
        retries = Retries(clock=self._clock, stop=stop, observer=self._observer)
        sender = Sender(self._store, request.vault_name, throttle=throttle, retries=retries, clock=self._clock)
        return Run(
            store=self._store,
            catalog=self._catalog,
            request=request,
            rules=make_rules(request, own_folders=self._own_folders),
            clock=self._clock,
            sender=sender,
            observer=self._observer,
            claims=Claims(),
            leftovers=Leftovers(self._store, self._catalog, request.vault_name, sender=sender),
            part_size=self._part_size,
            check_idle=stop.check_idle,
        )

    def _find_work(self, run: Run) -> Iterator[Work]:
        """The work of a run in the order of the scan, in batches that share look-ups and transactions."""
        found = scan(find_roots(run.request.paths, run.rules), run.rules)
        while batch := list(islice(found, _BATCH)):
            yield from self._plan(run, batch)

    def _plan(self, run: Run, batch: Sequence[Found]) -> Iterator[Work]:
        sources = [item for item in batch if isinstance(item, Source)]
        self._observer(Planned(len(sources), sum(source.stamp.size for source in sources)))
        known = run.catalog.find_sources(
            run.store.identity, run.request.vault_name, [source.text for source in sources]
        )
        new = [source for source in sources if run.request.checksum or not is_known(source, known.get(source.text))]
        attempts = {} if run.request.dry_run else _begin(run, new)
        yield from _gather(run, (self._judge(run, item, known, attempts) for item in batch))

    def _judge(
        self, run: Run, item: Found, known: dict[str, Entry], attempts: dict[str, Attempt]
    ) -> FileWork | BundleWork | FileResult:
        """One thing that was found, as a step to take or as a result that is certain already."""
        if isinstance(item, FoundBundle):
            return BundleWork(run, item)
        if not isinstance(item, Source):
            return self._tell(other_result(item, Kind.FILE))
        entry = known.get(item.text)
        attempt = attempts.get(item.location)
        if attempt is not None:
            return FileWork(run, item, attempt=attempt, known=entry)
        if entry is not None and is_known(item, entry):
            return self._tell(_file_result(item, Outcome.UNCHANGED, entry=entry))
        detail = "dry run: it would be sent" + (f"; {item.note}" if item.note else "")
        return self._tell(_file_result(item, Outcome.ARCHIVED, detail=detail))

    def _tell(self, result: FileResult) -> FileResult:
        self._observer(Finished(result.path, result.size, result.outcome, result.detail))
        return result


def _gather(run: Run, found: Iterable[FileWork | BundleWork | FileResult]) -> Iterator[Work]:
    """Each piece of work as a step; small files go together where that saves something."""
    small: list[FileWork] = []
    for item in found:
        if isinstance(item, FileResult):
            yield item
        elif isinstance(item, FileWork) and item.size <= LARGEST and run.sender.sends_together:
            small.append(item)
            if len(small) == MOST_FILES:
                yield Together(run, small).start
                small = []
        else:
            yield item.start
    if small:
        yield Together(run, small).start


def make_rules(request: ArchiveRequest, *, own_folders: Iterable[str]) -> Rules:
    """What a scan for a request takes and leaves."""
    sets = ChosenRules(request.rule_sets)
    return Rules(
        zipping=sets,
        leaving=sets,
        include=Patterns(request.include),
        exclude=Patterns(request.exclude),
        zipped=Patterns(request.zip_patterns),
        follow_symlinks=request.follow_symlinks,
        own=frozenset(_identities(own_folders)),
    )


def is_known(source: Source, entry: Entry | None) -> bool:
    """Whether the catalog has the file as it is, by size and modification time."""
    if entry is None or entry.kind is not Kind.FILE:
        return False
    return (entry.size, entry.modified_ns) == (source.stamp.size, source.stamp.modified_ns)


def _begin(run: Run, sources: Iterable[Source]) -> dict[str, Attempt]:
    """An attempt for each source, by location: an earlier run's, or a new one; made durable all together.

    Where tree hashes are compared it may turn out that nothing is sent, so those are made durable one by one later.
    """
    wanted = {source.location: run.leftovers.take(_attempt(run, source)) for source in sources}
    new = [location for location, attempt in wanted.items() if not attempt.row]
    if new and not run.request.checksum:
        rows = run.catalog.begin([wanted[location] for location in new])
        wanted |= {location: replace(wanted[location], row=row) for location, row in zip(new, rows, strict=True)}
    return wanted


def _attempt(run: Run, source: Source) -> Attempt:
    described = describe_file(source.path, size=source.stamp.size, modified_ns=source.stamp.modified_ns)
    return run.attempt(described, source=source.text)


def _file_result(source: Source, outcome: Outcome, *, entry: Entry | None = None, detail: str = "") -> FileResult:
    archive = entry.archive if entry is not None else None
    return FileResult(
        path=source.path,
        source=source.text,
        kind=Kind.FILE,
        outcome=outcome,
        size=source.stamp.size,
        archive_id=archive.archive_id if archive is not None else None,
        tree_hash=archive.tree_hash if archive is not None else None,
        entry=entry,
        read=(source,),
        detail=detail,
    )


def _identities(folders: Iterable[str]) -> Iterator[tuple[int, int]]:
    for folder in folders:
        with suppress(OSError):
            status = os.stat(folder)
            yield status.st_dev, status.st_ino
