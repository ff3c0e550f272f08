"""The bytes of one job arriving in an unfinished file, segment by segment, each durable before it is marked."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from coldframe.errors import AccessDenied, CatalogUnavailable, ColdframeError, DestinationUnavailable
from coldframe.progress import Advanced, Noted
from coldframe.retriever.folders import placing
from coldframe.retriever.ranges import segments
from coldframe.retriever.receive import Receiver, try_again
from coldframe.retriever.unfinished import Unfinished, unfinished_name
from coldframe.tree_hash import combine

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.catalog.order_model import Wanted
    from coldframe.model import Buffer, ByteRange
    from coldframe.retriever.folders import Folder
    from coldframe.retriever.surroundings import Surroundings

MOST_TRIES = 3
"""So often are bytes fetched before they are called wrong."""


class Arrival:
    """An unfinished file that fills with a job's output.

    Several threads may call :meth:`fetch` side by side, each for its own segment; nobody may be in it when
    :meth:`close` or :meth:`drop` is called.

    Args:
        wanted: What the job retrieves; its job has succeeded, so its size is known.
        around: The order's surroundings.
        path: Of the file that the bytes become, for messages.
        is_counted: Whether the bytes are one file's, whose progress they are.
    """

    def __init__(self, wanted: Wanted, around: Surroundings, *, path: str, is_counted: bool) -> None:
        """Store the arguments."""
        self.size = wanted.size or 0
        self.missing: list[ByteRange] = []
        self.error: ColdframeError | None = None
        self.is_verified = True
        self._wanted = wanted
        self._around = around
        self._path = path
        self._is_counted = is_counted
        self._unfinished: Unfinished | None = None
        self._marks: dict[int, str] = {}
        self._hashes: dict[int, str] = {}
        self._tries = 1
        self._lock = Lock()

    @property
    def file(self) -> Unfinished:
        """The unfinished file, open."""
        if self._unfinished is None:
            raise ColdframeError(f"{self._path}: no unfinished file is open")
        return self._unfinished

    def open(self, folder: Folder) -> None:
        """Open the unfinished file in a folder: what an earlier run marked there is kept, if it proves right."""
        name = unfinished_name(self._around.order.token, self._wanted.row)
        unfinished = Unfinished(folder, name, self._around.files)
        marks = self._around.orders.segments(self._wanted.row)
        if not marks:
            unfinished.begin(self.size)
        elif unfinished.resume(self.size):
            self._marks = marks
        self._unfinished = unfinished
        self.missing = list(segments(self.size, segment_size=self._around.segment_size))

    def fetch(self, segment: ByteRange) -> None:
        """Have one segment durable in the file, from what an earlier run left there or from the output.

        An error that concerns this job alone is kept in `error`; then the other segments need not be fetched.
        """
        try:
            mark = self._marks.get(segment.start)
            if mark is None or not self._is_here(segment, mark):
                mark = self._receive(segment)
            with self._lock:
                self._hashes[segment.start] = mark
        except (AccessDenied, CatalogUnavailable, DestinationUnavailable):
            raise
        except ColdframeError as error:
            with self._lock:
                self.error = self.error or error
                self.missing = []

    def tree_hash(self) -> str:
        """The tree hash of all that has arrived, combined from the segments'."""
        return combine(self._hashes[start] for start in sorted(self._hashes))

    @property
    def can_try_again(self) -> bool:
        """Whether bytes that turn out wrong may be right another time.

        If the output promised every segment's hash and kept it, it would only give the same bytes again.
        """
        return not self.is_verified and self._tries < MOST_TRIES

    def try_again(self) -> None:
        """Nobody knows which segment is wrong: fetch all of them again."""
        self._tries += 1
        self._around.observer(Noted(f"{self._path}: wrong bytes arrived; asking for all of them again"))
        self._count(-self.size)
        self._around.orders.forget_segments(self._wanted.row)
        self._marks, self._hashes, self.is_verified = {}, {}, True
        self.missing = list(segments(self.size, segment_size=self._around.segment_size))

    def close(self) -> None:
        """Close the file and leave it for another time."""
        if self._unfinished is not None:
            self._unfinished.close()

    def drop(self) -> None:
        """Remove the file, if it still has its unfinished name."""
        if self._unfinished is not None:
            self._unfinished.drop()

    def _is_here(self, segment: ByteRange, mark: str) -> bool:
        with placing(self._path):
            is_here = self.file.tree_hash(segment, self._around.check) == mark
        if is_here:
            self._count(segment.size)
        return is_here

    def _receive(self, segment: ByteRange) -> str:
        counting = _Counting(self._count)

        def sink(buffer: Buffer, offset: int) -> None:
            self._around.check()
            with placing(self._path):
                self.file.write(buffer, offset)
            counting.add(len(buffer))
            self._around.meter.add(len(buffer))
            self._around.throttle.settle(len(buffer))

        def undo() -> None:
            self._around.observer(Noted(f"{self._path}: wrong bytes arrived; asking for them again"))
            counting.undo()

        receiver = self._receiver()
        received = try_again(MOST_TRIES, lambda: receiver.receive(segment, sink), undo)
        if not received.is_verified:
            self.is_verified = False
        if segment.size < self.size:  # a single segment is synced with its file
            with placing(self._path):
                self.file.sync()
            self._around.orders.mark_segment(self._wanted.row, segment.start, received.tree_hash)
        return received.tree_hash

    def _receiver(self) -> Receiver:
        return Receiver(
            self._around.store,
            vault_name=self._wanted.vault_name,
            job_id=self._wanted.job_id or "",
            size=self.size,
            sleep=self._around.sleep,
        )

    def _count(self, size: int) -> None:
        if self._is_counted:
            self._around.observer(Advanced(self._path, size))


class _Counting:
    """Counts bytes so that they can be taken back."""

    def __init__(self, count: Callable[[int], None]) -> None:
        self._count = count
        self._size = 0

    def add(self, size: int) -> None:
        self._size += size
        self._count(size)

    def undo(self) -> None:
        self._count(-self._size)
        self._size = 0
