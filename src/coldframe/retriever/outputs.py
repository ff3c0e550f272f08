"""Outputs of single jobs becoming files, without an order: resumable, checked, and never outside their folder.

What has arrived needs no record: an unfinished file is filled from its beginning, so its length tells how far it is,
and the tree hash of the whole, which is combined from what lies on the disk, tells whether that is true.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.catalog.order_model import Placement
from coldframe.errors import AccessDenied, ColdframeError, CredentialsProblem, DestinationUnavailable, TreeHashMismatch
from coldframe.model import ByteRange
from coldframe.progress import Advanced, Finished, Noted, Outcome, Started, ignore
from coldframe.retriever.arrival import MOST_TRIES
from coldframe.retriever.content import Content
from coldframe.retriever.folders import CAN_HOLD, Destination, placing
from coldframe.retriever.pace import Pace, Stop, Stopped
from coldframe.retriever.ranges import SEGMENT, segments
from coldframe.retriever.receive import Receiver, try_again
from coldframe.retriever.results import RetrievedFile
from coldframe.retriever.site import Site
from coldframe.retriever.unfinished import Unfinished, unfinished_name
from coldframe.throttle import Throttle
from coldframe.tree_hash import combine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coldframe.clock import Clock
    from coldframe.files import Files
    from coldframe.model import Buffer
    from coldframe.ports import ColdStore
    from coldframe.progress import Observer
    from coldframe.rates import Limit
    from coldframe.retriever.folders import Folder
    from coldframe.retriever.receive import Received

_UNVERIFIED = "the store promised no tree hash: only the size is checked"
_FOR_ALL = (AccessDenied, CredentialsProblem, DestinationUnavailable)
"""What concerns every file that is still to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFile:
    """A job's output, or a range of it, and the file that it is to become.

    Args:
        path: Below the destination (a text of `names`).
        total_size: Of the job's whole output.
        range: Which bytes of that are wanted.
        tree_hash: Of these bytes, None if nobody has promised it.
        is_exact: Whether the file may have no other name, even if its own is taken.
    """

    vault_name: str
    job_id: str
    path: str
    total_size: int
    range: ByteRange
    tree_hash: str | None
    archive_id: str = ""
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class _Arrived:
    """The tree hash of what lies in an unfinished file, and whether the store promised each segment's."""

    tree_hash: str
    is_verified: bool


class _SinkFailed(Exception):
    """Whoever takes the bytes cannot; the cause says why."""


class Outputs:
    """Fetches outputs into files.

    Args:
        store: Where the jobs are.
        destination: The folder to fill; it is there.
        clock: Lets pauses pass.
        files: Through which the destination changes.
        observer: Is told what happens.
        threads: How many files are fetched side by side.
        overwrite: Whether a different file is replaced.
        limit_rate: Bytes per second for all together, always or by the time of the day.
        segment_size: How many bytes are asked for at a time: a MiB times a power of two.
    """

    def __init__(  # noqa: PLR0913 - two things it works on; the rest are surroundings and settings
        self,
        store: ColdStore,
        destination: str,
        *,
        clock: Clock,
        files: Files,
        observer: Observer = ignore,
        threads: int = 4,
        overwrite: bool = False,
        limit_rate: Limit | None = None,
        segment_size: int = SEGMENT,
    ) -> None:
        """Store the arguments."""
        self._stop = Stop()
        self._is_halted = False
        self._store = store
        self._files = files
        self._observer = observer
        self._threads = threads
        self._overwrite = overwrite
        self._segment_size = segment_size
        self._throttle = Throttle(limit_rate, clock=clock, check=self._check)
        self._sleep = Pace(clock, self._stop).sleep
        folder = Destination(destination, files)
        self._site = Site(folder, lambda _place, _row: (), overwrite=overwrite, check=self._check)

    def stop(self) -> None:
        """Ask to stop: once, and files that are under way are finished; twice, and they are left to be resumed."""
        self._stop.request()

    def fetch_all(self, wanted: Sequence[JobFile]) -> Iterator[RetrievedFile]:
        """Fetch what is not there yet, some files side by side, and answer each as its work ends.

        Raises:
            DestinationUnavailable: The destination is gone or full.
            AccessDenied, CredentialsProblem: The store says so.
        """
        self._is_halted = False
        with ThreadPoolExecutor(self._threads, thread_name_prefix="output") as pool:
            futures = [pool.submit(self._fetch_one, each, row) for row, each in enumerate(wanted, start=1)]
            try:
                for future in as_completed(futures):
                    if (result := future.result()) is not None:
                        yield result
            finally:
                self._is_halted = True

    def pour(self, wanted: JobFile, sink: Callable[[Buffer], object]) -> None:
        """Hand all bytes to `sink` in order, and only then tell whether they were right.

        Raises:
            TreeHashMismatch: They were not.
            OSError: `sink` raises it.
        """

        def take(buffer: Buffer, _offset: int) -> None:
            try:
                sink(buffer)
            except OSError as error:  # the receiver would take it for trouble of the store, and ask again
                raise _SinkFailed from error
            self._throttle.settle(len(buffer))

        receiver = self._receiver(wanted)
        try:
            hashes = [receiver.receive(segment, take).tree_hash for segment in self._segments(wanted)]
        except _SinkFailed as failure:
            raise failure.__cause__ or failure from None
        _require_hash(wanted, combine(hashes))

    # --- one file -----------------------------------------------------------------------------------------------------

    def _fetch_one(self, wanted: JobFile, row: int) -> RetrievedFile | None:
        """What became of a file; None if it is left for another time."""
        if self._stop.soon or self._is_halted:
            return None
        placement = Placement(path=wanted.path, size=wanted.range.size, row=row)
        try:
            with placing(wanted.path):
                found = self._site.find_present(placement, Content(wanted.range.size, tree_hash=wanted.tree_hash))
                is_there = found is not None and (found == wanted.path or not wanted.is_exact)
                result = self._result(wanted, Outcome.PRESENT, found) if is_there else self._fetch(wanted, placement)
        except Stopped:
            return None
        except _FOR_ALL:
            self._is_halted = True
            raise
        except ColdframeError as error:
            result = self._result(wanted, Outcome.FAILED, None, str(error), error)
        self._observer(Finished(result.path, result.size, result.outcome, result.detail))
        return result

    def _fetch(self, wanted: JobFile, placement: Placement) -> RetrievedFile:
        with self._site.folder_of(wanted.path, make=True) as (folder, name):
            if wanted.is_exact and not self._overwrite and folder.find(name) is not None:
                raise ColdframeError(
                    f"{wanted.path} is there already and holds something else; --overwrite replaces it"
                )
            self._observer(Started(wanted.path, wanted.range.size))
            with self._unfinished(folder, wanted) as unfinished:
                arrived = self._receive_all(wanted, unfinished)
                content = Content(wanted.range.size, tree_hash=arrived.tree_hash)
                unfinished.finish(None)
                if wanted.tree_hash is None and (found := self._site.find_present(placement, content)):
                    unfinished.drop()
                    return self._result(wanted, Outcome.PRESENT, found)
                if not CAN_HOLD:  # Windows renames no open file
                    unfinished.close()
                placed = self._site.publish(unfinished, name, placement)
        is_verified = arrived.is_verified or wanted.tree_hash is not None
        return self._result(wanted, Outcome.RETRIEVED, placed, "" if is_verified else _UNVERIFIED)

    @contextmanager
    def _unfinished(self, folder: Folder, wanted: JobFile) -> Iterator[Unfinished]:
        """The unfinished file of these bytes; it is dropped if they are wrong, and otherwise left to be resumed."""
        what = (self._store.identity, wanted.vault_name, wanted.job_id, wanted.range, wanted.path)
        unfinished = Unfinished(folder, unfinished_name(sha256(repr(what).encode()).hexdigest()[:16], 0), self._files)
        try:
            yield unfinished
        except TreeHashMismatch:
            unfinished.drop()
            raise
        finally:
            unfinished.close()

    def _receive_all(self, wanted: JobFile, unfinished: Unfinished) -> _Arrived:
        """Fill the file from where an earlier run left it; if that was not what it should be, from the beginning."""
        kept = self._begin(wanted, unfinished)
        arrived = self._fill(wanted, unfinished, kept)
        if kept and arrived.tree_hash != wanted.tree_hash:
            self._observer(Noted(f"{wanted.path}: what an earlier run left is of no use; asking for all of it again"))
            self._observer(Advanced(wanted.path, -wanted.range.size))
            unfinished.close()
            unfinished.begin(0)
            arrived = self._fill(wanted, unfinished, 0)
        _require_hash(wanted, arrived.tree_hash)
        return arrived

    def _begin(self, wanted: JobFile, unfinished: Unfinished) -> int:
        """Open the file; how many bytes of an earlier run are in it. Without a promise they could not be checked."""
        left = unfinished.folder.find(unfinished.name)
        kept = left.st_size // self._segment_size * self._segment_size if left is not None else 0
        if not kept or kept > wanted.range.size or wanted.tree_hash is None:
            unfinished.begin(0)
            return 0
        unfinished.resume(kept)
        return kept

    def _fill(self, wanted: JobFile, unfinished: Unfinished, kept: int) -> _Arrived:
        hashes, is_verified = [], True
        for segment in self._segments(wanted):
            here = ByteRange(segment.start - wanted.range.start, segment.end - wanted.range.start)
            if here.end <= kept:
                hashes.append(unfinished.tree_hash(here, self._check))
                self._observer(Advanced(wanted.path, here.size))
                continue
            received = self._receive(wanted, segment, unfinished)
            is_verified &= received.is_verified
            hashes.append(received.tree_hash)
        return _Arrived(combine(hashes), is_verified)

    def _receive(self, wanted: JobFile, segment: ByteRange, unfinished: Unfinished) -> Received:
        counted = 0

        def sink(buffer: Buffer, offset: int) -> None:
            nonlocal counted
            self._check()
            with placing(wanted.path):
                unfinished.write(buffer, offset - wanted.range.start)
            counted += len(buffer)
            self._observer(Advanced(wanted.path, len(buffer)))
            self._throttle.settle(len(buffer))

        def undo() -> None:
            nonlocal counted
            self._observer(Noted(f"{wanted.path}: wrong bytes arrived; asking for them again"))
            self._observer(Advanced(wanted.path, -counted))
            counted = 0

        receive: Callable[[], Received] = partial(self._receiver(wanted).receive, segment, sink)
        return try_again(MOST_TRIES, receive, undo)

    # --- small parts --------------------------------------------------------------------------------------------------

    def _receiver(self, wanted: JobFile) -> Receiver:
        return Receiver(
            self._store,
            vault_name=wanted.vault_name,
            job_id=wanted.job_id,
            size=wanted.total_size,
            sleep=self._sleep,
        )

    def _segments(self, wanted: JobFile) -> Iterator[ByteRange]:
        for each in segments(wanted.range.size, segment_size=self._segment_size):
            yield ByteRange(wanted.range.start + each.start, wanted.range.start + each.end)

    def _check(self) -> None:
        if self._is_halted or self._stop.now:
            raise Stopped

    def _result(
        self,
        wanted: JobFile,
        outcome: Outcome,
        placed_at: str | None,
        detail: str = "",
        error: ColdframeError | None = None,
    ) -> RetrievedFile:
        if placed_at not in {None, os.path.normpath(wanted.path)} and not detail:
            detail = f"placed as {placed_at}"
        return RetrievedFile(
            path=wanted.path,
            placed_at=placed_at,
            outcome=outcome,
            size=wanted.range.size,
            archive_id=wanted.archive_id,
            job_id=wanted.job_id,
            tree_hash=wanted.tree_hash,
            detail=detail,
            error=error,
        )


def _require_hash(wanted: JobFile, tree_hash: str) -> None:
    if wanted.tree_hash not in {None, tree_hash}:
        raise TreeHashMismatch(f"the bytes have the tree hash {tree_hash}, not {wanted.tree_hash} as the job promised")
