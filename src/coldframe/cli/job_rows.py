"""How a job is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.cli.output import Column, moment_column, show_size
from coldframe.clock import format_moment

if TYPE_CHECKING:
    from coldframe.model import ByteRange, InventoryRetrieval, JobDescription

COLUMNS = (
    Column("status_code", "STATUS", width=10),
    Column("action", "ACTION", width=18),
    Column("tier", "TIER", width=8),
    moment_column("created_at", "STARTED"),
    moment_column("completed_at", "DONE"),
    Column("size", "SIZE", show_size, width=9, is_right=True),
    Column("job_description", "DESCRIPTION"),
    Column("job_id", label="job     "),
    Column("vault_name"),
    Column("completed"),
    Column("status_message"),
    Column("archive_id", label="archive "),
    Column("archive_size"),
    Column("archive_tree_hash"),
    Column("retrieval_byte_range", label="range   "),
    Column("tree_hash", label="tree    "),
    Column("inventory_size"),
    Column("inventory_retrieval_parameters"),
    Column("sns_topic", label="topic   "),
)


def job_row(vault_name: str, job: JobDescription) -> dict[str, object]:
    """The values of a job, under their stable names; `size` is that of its output."""
    return {
        "status_code": job.status.value,
        "action": job.action.value,
        "tier": job.tier.value if job.tier else None,
        "created_at": job.created_at,
        "completed_at": job.completed_at,
        "size": job.range.size if job.range else job.archive_size or job.inventory_size,
        "job_description": job.description,
        "job_id": job.job_id,
        "vault_name": vault_name,
        "completed": job.completed,
        "status_message": job.status_message,
        "archive_id": job.archive_id,
        "archive_size": job.archive_size,
        "archive_tree_hash": job.archive_tree_hash,
        "retrieval_byte_range": write_range(job.range),
        "tree_hash": job.tree_hash,
        "inventory_size": job.inventory_size,
        "inventory_retrieval_parameters": _inventory(job.inventory),
        "sns_topic": job.sns_topic,
    }


def write_range(found: ByteRange | None) -> str | None:
    """A range as the protocol writes it, both ends included."""
    return None if found is None else f"{found.start}-{found.end - 1}"


def _inventory(asked: InventoryRetrieval | None) -> dict[str, object] | None:
    if asked is None:
        return None
    return {
        "format": asked.format.value,
        "start_date": None if asked.start_at is None else format_moment(asked.start_at),
        "end_date": None if asked.end_at is None else format_moment(asked.end_at),
        "limit": asked.limit,
        "marker": asked.marker,
    }
