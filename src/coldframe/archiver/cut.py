"""How an archive is cut: in one request or in parts, and in parts of which size. Pure rules (glacier-api 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.errors import BadUsage, LimitRefused
from coldframe.model import GIB, MAX_ARCHIVE_SIZE, MAX_PART_SIZE, MAX_PARTS, MIN_PART_SIZE, ByteRange

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Cut:
    """An archive's `size` and the size of all its parts but the last; at least one byte."""

    size: int
    part_size: int

    @property
    def count(self) -> int:
        """How many parts there are."""
        return -(-self.size // self.part_size)

    @property
    def is_single(self) -> bool:
        """Whether one request holds it all, so that no multipart upload is needed."""
        return self.count == 1

    def parts(self) -> Iterator[ByteRange]:
        """The parts in order, without gap or overlap."""
        for start in range(0, self.size, self.part_size):
            yield ByteRange(start, min(start + self.part_size, self.size))


def cut(size: int, *, part_size: int) -> Cut:
    """Cut `size` bytes into at most 10,000 parts of the smallest legal size that is at least `part_size`.

    Raises:
        LimitRefused: More bytes than any archive can hold.
        BadUsage: `part_size` is beyond the largest legal one.
    """
    if size < 1:
        msg = f"an archive holds at least one byte, not {size}"
        raise ValueError(msg)
    if size > MAX_ARCHIVE_SIZE:
        msg = f"{size:,} bytes are more than the {MAX_ARCHIVE_SIZE // GIB:,} GiB that one archive can hold"
        raise LimitRefused(msg)
    return Cut(size, round_part_size(max(part_size, -(-size // MAX_PARTS))))


def round_part_size(wanted: int) -> int:
    """The smallest legal part size of at least `wanted` bytes: a power of two from 1 MiB to 4 GiB.

    Raises:
        BadUsage: There is none.
    """
    if wanted > MAX_PART_SIZE:
        msg = f"a part of {wanted:,} bytes is larger than the {MAX_PART_SIZE // GIB} GiB that are allowed"
        raise BadUsage(msg)
    return max(MIN_PART_SIZE, 1 << (wanted - 1).bit_length() if wanted > 1 else 1)
