"""From one ready job to its files in place: look what is there, fetch the segments, check, place.

The steps of a delivery run on a crew's threads, one after another, but for its segments, which may be fetched side by
side. Each step leaves a durable state from which another process can carry on.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

from coldframe.catalog.order_model import WantedChange, WantedState
from coldframe.errors import (
    ColdframeError,
    DamagedArchive,
    ResourceNotFound,
    StoreError,
    TreeHashMismatch,
    UnsafeName,
)
from coldframe.model import MIB
from coldframe.progress import Noted, Started
from coldframe.retriever.arrival import Arrival
from coldframe.retriever.folders import placing
from coldframe.retriever.members import extract
from coldframe.retriever.placer import Placer
from coldframe.retriever.unfinished import read_at, unfinished_name
from coldframe.tree_hash import TreeHasher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.catalog.order_model import Placement, Wanted
    from coldframe.model import ByteRange
    from coldframe.retriever.results import RetrievedFile
    from coldframe.retriever.surroundings import Surroundings

    ReadAt = Callable[[int, int], bytes]


class Delivery:
    """The work on one archive, or range of one, that is ready.

    Args:
        wanted: What was retrieved.
        around: The order's surroundings.
    """

    def __init__(self, wanted: Wanted, around: Surroundings) -> None:
        """Store the arguments."""
        self.is_over = False
        self._wanted = wanted
        self._around = around
        self._placer = Placer(around, wanted, ())
        self._arrival: Arrival | None = None
        self._host: Placement | None = None
        self._host_name = ""
        self._held = ExitStack()

    # --- the steps ----------------------------------------------------------------------------------------------------

    def begin(self) -> list[RetrievedFile]:
        """Look what is there already; then `missing` tells what to fetch, unless all is over."""
        self._placer = Placer(self._around, self._wanted, self._around.orders.placements(self._wanted.row))
        for placement in self._placer.waiting:
            self._placer.settle(placement, self._placer.find)
        self._copy_what_is_here()
        if self._placer.waiting and self._wanted.state is WantedState.AT_HAND:
            return self._want_again("the copy at the destination is not there any more")
        self._open_arrival()
        return [] if self._placer.waiting else self._close(WantedState.DONE)

    @property
    def missing(self) -> list[ByteRange]:
        """The segments that are to be fetched; the crew takes them out."""
        return self._arrival.missing if self._arrival else []

    @property
    def has_failed(self) -> bool:
        """Whether fetching more segments is of no use."""
        return self._arrival is not None and self._arrival.error is not None

    def fetch(self, segment: ByteRange) -> list[RetrievedFile]:
        """Fetch one segment."""
        if self._arrival:
            self._arrival.fetch(segment)
        return []

    def finish(self) -> list[RetrievedFile]:
        """With nothing more to fetch: check the whole and place the files. Some segments may be `missing` again."""
        arrival = self._arrival
        if arrival is None or self.is_over:
            return []
        if arrival.error is not None:
            return self._give_up(arrival.error)
        try:
            self._check_whole(arrival)
            self._place_all(arrival)
        except TreeHashMismatch as error:
            if not arrival.can_try_again:
                return self._fail(error)
            arrival.try_again()
            return []
        return self._close(WantedState.DONE)

    def clear(self) -> None:
        """Remove what is unfinished, since nothing will carry it on."""
        self._placer = Placer(self._around, self._wanted, self._around.orders.placements(self._wanted.row))
        with placing(self._shown):
            self._remove_left_over()

    def leave(self) -> None:
        """Let go of files and folders; what is durable stays for another time."""
        self._held.close()

    # --- what is there already ----------------------------------------------------------------------------------------

    def _copy_what_is_here(self) -> None:
        """Files of the same archive as one that is in place need no bytes from the store."""
        sources = [p for p in self._placer.placements if p.placed_as and p.cut is None]
        if sources:
            for placement in self._placer.waiting:
                if placement.cut is None:
                    self._placer.settle(placement, partial(self._copy, source=sources[0]))

    def _copy(self, placement: Placement, source: Placement) -> None:
        """Copy from a placed file, checking what is read; one that has changed or vanished is no source."""
        with ExitStack() as held:
            try:
                folder, name = held.enter_context(self._around.site.folder_at(source.placed_as or ""))
                descriptor = folder.open_to_read(name)
            except (OSError, UnsafeName):
                return
            held.callback(os.close, descriptor)
            with suppress(TreeHashMismatch):
                self._write_whole(placement, partial(read_at, descriptor))

    # --- fetching -----------------------------------------------------------------------------------------------------

    def _open_arrival(self) -> None:
        """Open the unfinished file: beside the first whole file, which it becomes, or else in the destination."""
        while (waiting := self._placer.waiting) and self._arrival is None:
            if any(placement.cut for placement in waiting):
                self._open_in_destination(waiting[0])
            else:
                self._placer.settle(waiting[0], self._open_beside)

    def _open_in_destination(self, first: Placement) -> None:
        arrival = Arrival(self._wanted, self._around, path=first.path, is_counted=False)
        with placing(self._around.order.destination):
            arrival.open(self._held.enter_context(self._around.site.destination.folder((), make=False)))
        self._arrive(arrival)

    def _open_beside(self, placement: Placement) -> None:
        arrival = Arrival(self._wanted, self._around, path=placement.path, is_counted=True)
        with placing(placement.path):
            folder, name = self._held.enter_context(self._around.site.folder_of(placement.path, make=True))
            folder.find(name)  # a name that is too long is known before a byte is fetched
            arrival.open(folder)
        self._host, self._host_name = placement, name
        self._around.observer(Started(placement.path, arrival.size))
        self._arrive(arrival)

    def _arrive(self, arrival: Arrival) -> None:
        self._held.callback(arrival.close)
        self._arrival = arrival

    # --- placing ------------------------------------------------------------------------------------------------------

    def _check_whole(self, arrival: Arrival) -> None:
        """The segments' hashes combine to the archive's, as the catalog knows it. Members have hashes of their own."""
        if self._wanted.range is None and self._wanted.tree_hash is not None:
            whole = arrival.tree_hash()
            if whole != self._wanted.tree_hash:
                raise TreeHashMismatch(
                    f"{self._shown}: the bytes have the tree hash {whole}, not {self._wanted.tree_hash} as archived"
                )

    def _place_all(self, arrival: Arrival) -> None:
        """Copies and members first; then the unfinished file itself gets its name."""
        host = self._host
        for placement in self._placer.waiting:
            if placement is host:
                continue
            self._around.check()
            write = self._write_whole if placement.cut is None else self._write_member
            self._settle_bytes(placement, partial(write, read=self._read_arrival), arrival)
        if host is not None:
            self._placer.settle(host, lambda it: self._placer.publish(it, arrival.file, self._host_name))

    def _settle_bytes(self, placement: Placement, act: Callable[[Placement], None], arrival: Arrival) -> None:
        """As `settle`, but bytes that may be right when fetched again concern the whole delivery."""
        try:
            act(placement)
        except TreeHashMismatch as error:
            if arrival.can_try_again:
                raise
            self._placer.fail(placement, error)

    def _read_arrival(self, offset: int, size: int) -> bytes:
        """Bytes of the archive that have arrived; a range of it begins somewhere inside."""
        first = self._wanted.range.start if self._wanted.range else 0
        return self._arrival.file.read(offset - first, size) if self._arrival and offset >= first else b""

    def _write_member(self, placement: Placement, read: ReadAt) -> None:
        if placement.cut is None or placement.size is None:
            raise ColdframeError(f"{placement.path}: nobody knows where it lies in its bundle")
        try:
            self._placer.write(placement, extract(read, placement.cut, placement.size))
        except TreeHashMismatch as error:
            raise TreeHashMismatch(f"{placement.path}: {error}") from error

    def _write_whole(self, placement: Placement, read: ReadAt) -> None:
        self._placer.write(placement, self._whole(read))

    def _whole(self, read: ReadAt) -> Iterator[bytes]:
        """All bytes of the archive, checked."""
        hasher = TreeHasher()
        while piece := read(hasher.size, MIB):
            hasher.update(piece)
            yield piece
        if self._wanted.tree_hash not in {None, hasher.hexdigest()}:
            raise TreeHashMismatch(f"{self._shown}: the copy at the destination has changed")

    # --- the end ------------------------------------------------------------------------------------------------------

    def _give_up(self, error: ColdframeError) -> list[RetrievedFile]:
        """What the store says about a job concerns this delivery alone."""
        if isinstance(error, ResourceNotFound):
            return self._want_again("the job has expired")
        if isinstance(error, StoreError) and not isinstance(error, DamagedArchive):
            self.is_over = True
            self._around.observer(Noted(f"{self._shown}: {error}; it is tried again later"))
            return []
        return self._fail(error)

    def _want_again(self, why: str) -> list[RetrievedFile]:
        """The bytes cannot be had this way any more; a new job goes on with the same unfinished file."""
        self.is_over = True
        self._around.observer(Noted(f"{self._shown}: {why}"))
        self._around.orders.change([WantedChange(self._wanted.row, WantedState.WANTED, detail=why)])
        return []

    def _fail(self, error: ColdframeError) -> list[RetrievedFile]:
        for placement in self._placer.waiting:
            self._placer.fail(placement, error)
        return self._close(WantedState.FAILED, str(error))

    def _close(self, state: WantedState, detail: str = "") -> list[RetrievedFile]:
        """Once nothing unfinished is left, record what became of all files."""
        self._remove_unfinished()
        self.is_over = True
        return self._placer.close(state, detail)

    def _remove_unfinished(self) -> None:
        """Remove the unfinished file, wherever this or an earlier run began it."""
        with placing(self._shown):
            if self._arrival is not None:
                self._arrival.drop()
            elif self._wanted.job_id is not None:
                self._remove_left_over()

    def _remove_left_over(self) -> None:
        token, row = self._around.order.token, self._wanted.row
        name = unfinished_name(token, row)
        for placement in self._placer.placements:
            with suppress(OSError, UnsafeName), self._around.site.folder_of(placement.path, make=False) as (folder, _):
                folder.unlink(name)
                folder.unlink(unfinished_name(token, row, placement.row))
        with self._around.site.destination.folder((), make=False) as folder:
            folder.unlink(name)

    @property
    def _shown(self) -> str:
        return next((placement.path for placement in self._placer.placements), self._wanted.description)
