"""Which archives of a vault a drill brings back."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coldframe.catalog import ArchiveRecord


def _oldest(archive: ArchiveRecord) -> tuple[float, str]:
    return archive.archived_at.timestamp(), archive.archive_id


def _newest(archive: ArchiveRecord) -> tuple[float, str]:
    return -archive.archived_at.timestamp(), archive.archive_id


def _largest(archive: ArchiveRecord) -> tuple[float, str]:
    return -archive.size, archive.archive_id


def _smallest(archive: ArchiveRecord) -> tuple[float, str]:
    return archive.size, archive.archive_id


_KEYS = {"oldest": _oldest, "newest": _newest, "largest": _largest, "smallest": _smallest}


def choose(archives: Iterator[ArchiveRecord], *, sample: int, seed: int) -> dict[str, str]:
    """The IDs of a sample, each with why it was chosen; the same for the same vault and seed.

    The oldest, the newest, the largest and the smallest come first; the rest is chosen at random, each archive with the
    same chance. Memory does not grow with the vault.
    """
    random = Random(seed)  # noqa: S311 - a sample, no secret
    drawn: list[str] = []
    best: dict[str, ArchiveRecord] = {}
    for number, archive in enumerate(archives):
        for why, key in _KEYS.items():
            if why not in best or key(archive) < key(best[why]):
                best[why] = archive
        if len(drawn) < sample:
            drawn.append(archive.archive_id)
        elif (place := random.randrange(number + 1)) < sample:
            drawn[place] = archive.archive_id
    wanted: Sequence[tuple[str, str]] = [
        *((best[why].archive_id, why) for why in best),
        *((i, "random") for i in drawn),
    ]
    chosen: dict[str, str] = {}
    for archive_id, why in wanted:
        if len(chosen) < sample:
            chosen.setdefault(archive_id, why)
    return chosen
