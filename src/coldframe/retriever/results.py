"""What became of each file of an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.catalog.order_model import PlacementState
from coldframe.progress import Outcome

if TYPE_CHECKING:
    from coldframe.catalog.order_model import Placement, Wanted
    from coldframe.errors import ColdframeError

_OUTCOMES = {
    PlacementState.PLACED: Outcome.RETRIEVED,
    PlacementState.PRESENT: Outcome.PRESENT,
    PlacementState.FAILED: Outcome.FAILED,
}


@dataclass(frozen=True, slots=True)
class RetrievedFile:
    """One file of an order whose work has ended.

    Args:
        path: As archived (a text of `names`).
        placed_at: Where it is below the destination (a text of `names`), None if it is not there.
        outcome: RETRIEVED, PRESENT or FAILED.
        size: Its bytes, 0 if nobody knows.
        archive_id: Of the archive that holds it; empty for an empty file.
        job_id: Of the job that brought it.
        tree_hash: Of the archive.
        detail: Why, where the outcome alone does not say.
        error: What went wrong, if it went wrong in this run.
    """

    path: str
    placed_at: str | None
    outcome: Outcome
    size: int
    archive_id: str = ""
    job_id: str | None = None
    tree_hash: str | None = None
    detail: str = ""
    error: ColdframeError | None = None


def result_of(placement: Placement, wanted: Wanted | None, error: ColdframeError | None = None) -> RetrievedFile:
    """The result for a placement that is closed, and the archive or range that filled it."""
    return RetrievedFile(
        path=placement.path,
        placed_at=placement.placed_as,
        outcome=_OUTCOMES[placement.state],
        size=placement.size or 0,
        archive_id=wanted.archive_id if wanted else "",
        job_id=wanted.job_id if wanted else None,
        tree_hash=wanted.tree_hash if wanted else None,
        detail=placement.detail,
        error=error,
    )
