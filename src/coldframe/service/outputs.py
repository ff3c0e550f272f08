"""Reading what jobs offer: parts in order, every byte checked before it leaves (I3)."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from coldframe.errors import DamagedArchive, ResourceNotFound
from coldframe.model import ByteRange, InventoryFormat
from coldframe.ports import Hashes
from coldframe.service.ids import Kind, encode_id
from coldframe.service.rules import output_range
from coldframe.tree_hash import CHUNK, combine, count_chunks, is_megabyte_aligned, is_tree_hash_aligned, root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from coldframe.model import Buffer
    from coldframe.ports import ArchiveRow, Facts, JobRow, OpenBlob, PartRow
    from coldframe.service.core import Core

_BATCH = 100
_ARCHIVE_TYPE = "application/octet-stream"
_INVENTORY_TYPES = {InventoryFormat.JSON: "application/json", InventoryFormat.CSV: "text/csv"}


@dataclass(frozen=True, slots=True)
class Offer:
    """What `job` offers, before anybody has asked for a range of it.

    `span` is where the output lies in the owner's parts; `tree_hash` that of the whole output, if it has one;
    `whole_size` the length of all the owner's parts.
    """

    job: bytes
    owner: bytes
    span: ByteRange
    whole_size: int
    tree_hash: str | None
    content_type: str = _ARCHIVE_TYPE
    description: str | None = None


def offer_archive(job: JobRow, archive: ArchiveRow) -> Offer:
    """The output of an archive retrieval."""
    span = ByteRange(job.start or 0, archive.size if job.end is None else job.end)
    return Offer(job.key, archive.key, span, archive.size, job.tree_hash, description=archive.description or None)


def offer_inventory(core: Core, job: JobRow) -> Offer:
    """The output of an inventory job, which has been written. Its tree hash is sent too (glacier-api 19.13)."""
    with telling_ends(core, job.key):
        part = core.read(lambda facts, _: facts.part_at(job.key, 0))
        if part is None or job.format is None:
            raise DamagedArchive("The job's output is not there any more.")
    whole = ByteRange(0, part.size)
    return Offer(job.key, job.key, whole, part.size, part.tree_hash, _INVENTORY_TYPES[job.format])


@contextmanager
def telling_ends(core: Core, job: bytes) -> Iterator[None]:
    """What is missing because its job was forgotten meanwhile is over, not damaged: nobody need look after the disk."""
    try:
        yield
    except DamagedArchive:
        if core.read(lambda facts, _: facts.job(job)) is None:
            raise job_not_found(encode_id(Kind.JOB, job)) from None
        raise


def job_not_found(job_id: str) -> ResourceNotFound:
    """The error for a job that is not there, or not any more."""
    return ResourceNotFound(f"The job ID was not found: {job_id}")


def open_output(core: Core, offer: Offer, byte_range: ByteRange | None) -> PartsOutput:
    """A range of an offer, with its tree hash where one exists (glacier-api 7).

    A job range that has no node in the archive's tree gives none to any range in it.
    """
    wanted = output_range(byte_range, offer.span.size)
    absolute = ByteRange(offer.span.start + wanted.start, offer.span.start + wanted.end)
    tree_hash = offer.tree_hash
    if tree_hash is not None and wanted.size != offer.span.size:
        with telling_ends(core, offer.job):
            tree_hash = range_tree_hash(core, offer.owner, absolute, size=offer.whole_size)
    return PartsOutput(core, offer, wanted, tree_hash)


def range_tree_hash(core: Core, owner: bytes, wanted: ByteRange, *, size: int) -> str | None:
    """The tree hash of a range of an owner's parts; None if it is not a node of the tree.

    A node lies within one part, or is made of whole parts: part sizes are powers of two (glacier-api 6.3).
    """
    if not is_tree_hash_aligned(wanted, size):
        return None
    parts = list(_parts(core, owner, wanted))
    first = parts[0]
    if first.start == wanted.start and parts[-1].start + parts[-1].size == wanted.end:
        return combine(part.tree_hash for part in parts)
    with core.blobs.open(first.blob, size=first.size, tree_hash=first.tree_hash) as blob:
        leaves = blob.leaves[(wanted.start - first.start) // CHUNK : count_chunks(wanted.end - first.start)]
    return root(leaves).hex()


class PartsOutput:
    """Implements `ports.JobOutput`: a range of what one owner's parts hold together."""

    def __init__(self, core: Core, offer: Offer, wanted: ByteRange, tree_hash: str | None) -> None:
        """Nothing is open yet."""
        self._core = core
        self._offer = offer
        self._range = wanted
        self._tree_hash = tree_hash
        self._blob: OpenBlob | None = None
        self._size = self._crc32 = 0
        self._leaves: list[bytes] = []

    @property
    def range(self) -> ByteRange:
        """Which bytes of the job's output these are."""
        return self._range

    @property
    def total_size(self) -> int:
        """The length of the job's whole output."""
        return self._offer.span.size

    @property
    def content_type(self) -> str:
        """The media type."""
        return self._offer.content_type

    @property
    def tree_hash(self) -> str | None:
        """The tree hash of these bytes where the alignment allows one."""
        return self._tree_hash

    @property
    def archive_description(self) -> str | None:
        """The archive's description."""
        return self._offer.description

    def __iter__(self) -> Iterator[Buffer]:
        """The bytes in order, one blob open at a time."""
        from isal import isal_zlib  # noqa: PLC0415 - only where bytes are read; start-up time

        start, end = (self._offer.span.start + position for position in (self._range.start, self._range.end))
        with telling_ends(self._core, self._offer.job):
            for part in _parts(self._core, self._offer.owner, ByteRange(start, end)):
                with self._core.blobs.open(part.blob, size=part.size, tree_hash=part.tree_hash) as self._blob:
                    first, last = max(start - part.start, 0), min(end - part.start, part.size)
                    for number, buffer in enumerate(self._blob.read(first, last), start=first // CHUNK):
                        self._size += len(buffer)
                        self._crc32 = isal_zlib.crc32(buffer, self._crc32)
                        self._leaves.append(self._blob.leaves[number])
                        yield buffer

    def hashes(self) -> Hashes | None:
        """What the chunks handed out so far were found to be; None if the range does not begin and end with one."""
        if not is_megabyte_aligned(self._range, self._offer.span.size):
            return None
        return Hashes(self._size, tuple(self._leaves), self._crc32)

    def close(self) -> None:
        """Let go of the open blob."""
        if self._blob is not None:
            self._blob.close()

    def __enter__(self) -> Self:
        """The output itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


def _parts(core: Core, owner: bytes, wanted: ByteRange) -> Iterator[PartRow]:
    """The parts that hold a range, without a gap, looked up a batch at a time."""
    batch = core.read(lambda facts, _: _first_parts(facts, owner, wanted))
    position = min(batch[0].start, wanted.start) if batch else wanted.start
    while position < wanted.end:
        if not batch:
            raise _missing(position)
        for part in batch:
            if part.start != position:
                raise _missing(position)
            if position >= wanted.end:
                return
            yield part
            position += part.size
        at = position
        if position < wanted.end:
            batch = core.read(lambda facts, _: facts.parts(owner, first=at, limit=_BATCH))  # noqa: B023 - run at once


def _first_parts(facts: Facts, owner: bytes, wanted: ByteRange) -> Sequence[PartRow]:
    """The parts from that on which holds the range's first byte: mostly that one is all."""
    first = facts.part_at(owner, wanted.start)
    if first is not None and first.start + first.size >= wanted.end:
        return [first]
    return facts.parts(owner, first=wanted.start if first is None else first.start, limit=_BATCH)


def _missing(position: int) -> DamagedArchive:
    return DamagedArchive(f"The stored bytes are missing at {position}.")
