"""From the model's values to the parameters that boto3 takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coldframe.clock import format_moment
from coldframe.model import ArchiveRetrieval

if TYPE_CHECKING:
    from coldframe.model import InventoryRetrieval, JobRequest


def job_parameters(request: JobRequest) -> dict[str, Any]:
    """InitiateJob's parameters; what was not asked for is left out."""
    own = _archive(request) if isinstance(request, ArchiveRetrieval) else _inventory(request)
    return _given({**own, "Description": request.description, "SNSTopic": request.sns_topic})


def _archive(request: ArchiveRetrieval) -> dict[str, Any]:
    wanted = request.range
    return {
        "Type": "archive-retrieval",
        "ArchiveId": request.archive_id,
        "RetrievalByteRange": None if wanted is None else f"{wanted.start}-{wanted.end - 1}",
        "Tier": request.tier.value,
    }


def _inventory(request: InventoryRetrieval) -> dict[str, Any]:
    parameters = {
        "StartDate": None if request.start_at is None else format_moment(request.start_at),
        "EndDate": None if request.end_at is None else format_moment(request.end_at),
        "Limit": None if request.limit is None else str(request.limit),
        "Marker": request.marker,
    }
    return {
        "Type": "inventory-retrieval",
        "Format": request.format.value,
        "InventoryRetrievalParameters": _given(parameters) or None,
    }


def _given(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}
