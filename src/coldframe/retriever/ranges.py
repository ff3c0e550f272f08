"""Which bytes to ask for: the ranges that hold wanted members, and the segments in which an output is fetched.

A segment is a slice of a job's output, 64 MiB at multiples of 64 MiB: always a node of the output's own tree, so that
the hashes of an output's segments combine to the output's (glacier-api 6.3, 7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.model import MIB, ByteRange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coldframe.catalog.model import Cut

SEGMENT = 64 * MIB
SMALL_GAP = 4 * MIB
"""Members nearer to each other than this share one job: a job costs more than the bytes between."""

LOCAL_HEADER = 30
"""The fixed part of a zip member's local header; a name and an extra field follow."""

_LONGEST_NAME_AND_EXTRA = 2 * 0xFFFF


def segments(size: int, *, segment_size: int = SEGMENT) -> Iterator[ByteRange]:
    """The segments of an output of `size` bytes."""
    for start in range(0, size, segment_size):
        yield ByteRange(start, min(start + segment_size, size))


def member_range(cut: Cut, archive_size: int) -> ByteRange:
    """The smallest megabyte-aligned range that holds a member from its local header to the end of its data.

    Where only the header's place is known, as much more as a header can at most be long.
    """
    data = cut.data_offset or cut.header_offset + LOCAL_HEADER + _LONGEST_NAME_AND_EXTRA
    end = -(-(data + cut.compressed_size) // MIB) * MIB
    return ByteRange(cut.header_offset // MIB * MIB, min(end, archive_size))


def coalesce(ranges: Iterable[ByteRange], *, gap: int = SMALL_GAP) -> list[ByteRange]:
    """Join ranges that overlap, touch or lie at most `gap` bytes apart; they come sorted by their starts."""
    joined: list[ByteRange] = []
    for piece in ranges:
        if joined and piece.start <= joined[-1].end + gap:
            last = joined.pop()
            piece = ByteRange(last.start, max(last.end, piece.end))  # noqa: PLW2901 - grows by what came before
        joined.append(piece)
    return joined
