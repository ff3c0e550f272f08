"""Every byte of the embedded store hashed again, and what is damaged told by the names that the user gave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.catalog import Query
from coldframe.inventory.description import decode_description
from coldframe.service import FindingKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.composition.library import Coldframe
    from coldframe.rates import Limit
    from coldframe.service import Finding


@dataclass(frozen=True, slots=True)
class Found:
    """Something wrong with a blob, and the paths of the files whose bytes it holds, as far as anybody knows."""

    finding: Finding
    paths: tuple[str, ...]

    @property
    def is_loss(self) -> bool:
        """Whether bytes that were promised are gone or wrong."""
        return self.finding.kind is not FindingKind.UNREFERENCED


def scrub(coldframe: Coldframe, *, rate: Limit | None = None, restart: bool = False) -> Iterator[Found]:
    """Everything that is wrong, as it is found, in the store and then in other accounts'; nothing is changed.

    See `VaultService.scrub`.
    """
    from coldframe.composition.accounts import all_stores  # noqa: PLC0415 - start-up time

    with all_stores(coldframe) as stores:
        for store in stores:
            for finding in store.scrub(rate=rate, restart=restart):
                yield Found(finding, _paths(coldframe, finding))


def scrubbed(coldframe: Coldframe) -> tuple[int, int]:
    """How many blobs and bytes the last scrub has hashed, in all stores."""
    from coldframe.composition.accounts import all_stores  # noqa: PLC0415 - as above

    with all_stores(coldframe) as stores:
        found = [progress for store in stores if (progress := store.scrub_progress()) is not None]
        return sum(progress.blobs for progress in found), sum(progress.size for progress in found)


def _paths(coldframe: Coldframe, finding: Finding) -> tuple[str, ...]:
    """The paths from the catalog, or else the one in the archive's own description."""
    if finding.archive_id is not None:
        query = Query(store=coldframe.store.identity, archive_ids=(finding.archive_id,), all_versions=True)
        paths = tuple(dict.fromkeys(entry.path for entry in coldframe.catalog.select(query)))
        if paths:
            return paths
    described = decode_description(finding.description or "")
    return (described.path,) if described else ()
