"""Bytes from a job's output, a segment at a time, through broken connections, checked where the output allows."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.errors import DamagedArchive, RequestTimeout, ServiceUnavailable, Throttled, TreeHashMismatch
from coldframe.model import ByteRange
from coldframe.ports import is_hashed
from coldframe.quantities import count
from coldframe.tree_hash import TreeHasher

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.model import Buffer
    from coldframe.ports import ColdStore, HashedOutput, JobOutput

    Sink = Callable[[Buffer, int], None]
    """Takes bytes and their place in the output."""

MOST_BREAKS = 5
"""So often in a row may an output break off without one more byte."""

_TEMPORARY = (OSError, RequestTimeout, ServiceUnavailable, Throttled)


@dataclass(frozen=True, slots=True)
class Received:
    """A segment that has arrived: its tree hash, and whether the output had promised that one."""

    tree_hash: str
    is_verified: bool


class Receiver:
    """Reads one job's output.

    Args:
        store: Where the job is.
        vault_name: The job's vault.
        job_id: The job, which has succeeded.
        size: How many bytes its output must hold.
        sleep: Passes so many seconds between attempts.
    """

    def __init__(
        self, store: ColdStore, *, vault_name: str, job_id: str, size: int, sleep: Callable[[float], None]
    ) -> None:
        """Store the arguments."""
        self._store = store
        self._vault_name = vault_name
        self._job_id = job_id
        self._size = size
        self._sleep = sleep

    def receive(self, segment: ByteRange, sink: Sink) -> Received:
        """Hand the bytes of `segment` to `sink`, in order and exactly once.

        When the output breaks off, it goes on where it broke: what has arrived is not asked for again.

        Raises:
            TreeHashMismatch: The output is not what the job promised. `sink` has seen wrong bytes.
            ResourceNotFound: The job has expired.
            ServiceUnavailable: It broke off too often.
        """
        run = _Run(segment, sink)
        while run.position < segment.end:
            before = run.position
            error = self._continue(run)
            if run.position == segment.end:
                break
            run.breaks = 1 if run.position > before else run.breaks + 1
            if run.breaks >= MOST_BREAKS:
                raise ServiceUnavailable(f"the output broke off {run.breaks} times at byte {run.position}") from error
            self._sleep(2.0 ** (run.breaks - 1))
        return run.finish()

    def _continue(self, run: _Run) -> Exception | None:
        """Read on until the output ends or breaks off; answer why."""
        asked = ByteRange(run.position, run.segment.end)
        try:
            with self._store.get_job_output(self._vault_name, self._job_id, byte_range=asked) as output:
                self._expect(output, asked)
                run.take(output)
        except DamagedArchive:
            raise
        except _TEMPORARY as error:
            return error
        return None

    def _expect(self, output: JobOutput, asked: ByteRange) -> None:
        if output.total_size != self._size:
            raise TreeHashMismatch(
                f"the job offers {count(output.total_size, 'byte')}, not the {self._size} that were archived"
            )
        if output.range.start != asked.start:
            raise TreeHashMismatch(f"the job's output begins at byte {output.range.start}, not at {asked.start}")


class _Run:
    """How far one segment is."""

    def __init__(self, segment: ByteRange, sink: Sink) -> None:
        self.segment = segment
        self.position = segment.start
        self.breaks = 0
        self._sink = sink
        self._hasher = TreeHasher()
        self._promised: str | None = None

    def take(self, output: JobOutput) -> None:
        if self.position == self.segment.start:
            self._promised = output.tree_hash  # of all of the segment; one that goes on later is of less
        if is_hashed(output) and output.hashes() is not None:
            self._take_hashed(output)
            return
        for buffer in output:
            self._pass_on(buffer)
            self._hasher.update(buffer)

    def _take_hashed(self, output: HashedOutput) -> None:
        """Take the bytes and what they were hashed to, making sure that these are the same bytes (ADR 30)."""
        from isal import isal_zlib  # noqa: PLC0415 - only bytes from this process need it; start-up time

        start, crc32 = self.position, 0
        try:
            for buffer in output:
                self._pass_on(buffer)
                crc32 = isal_zlib.crc32(buffer, crc32)
        except _TEMPORARY:  # it will go on from here
            self._settle(output, self.position - start, crc32)
            raise
        self._settle(output, self.position - start, crc32)

    def _settle(self, output: HashedOutput, size: int, crc32: int) -> None:
        told = output.hashes()
        if told is None or (told.size, told.crc32) != (size, crc32):
            raise TreeHashMismatch("the bytes changed on their way from the store")
        self._hasher.take(told.leaves, size)

    def _pass_on(self, buffer: Buffer) -> None:
        if self.position + len(buffer) > self.segment.end:
            raise TreeHashMismatch("the output holds more bytes than were asked for")
        self._sink(buffer, self.position)
        self.position += len(buffer)

    def finish(self) -> Received:
        tree_hash = self._hasher.hexdigest()
        if self._promised is not None and self._promised != tree_hash:
            raise TreeHashMismatch("the bytes that arrived do not match the tree hash of the output")
        return Received(tree_hash, is_verified=self._promised is not None)


def try_again(times: int, act: Callable[[], Received], undo: Callable[[], None]) -> Received:
    """Receive up to `times` times as long as the bytes are wrong, undoing what was counted in between."""
    for _ in range(times - 1):
        with suppress(TreeHashMismatch):
            return act()
        undo()
    return act()
