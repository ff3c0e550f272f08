"""What a message on a queue says of a job. Anybody may have written it: it is a reason to look, and never the truth."""

from __future__ import annotations

import json
from dataclasses import dataclass

_MOST_LETTERS = 256 * 1024  # what SQS itself allows
_MOST_ID = 1024


@dataclass(frozen=True, slots=True)
class JobMessage:
    """The job and the archive that a message names."""

    job_id: str
    archive_id: str | None


def read_message(body: str) -> JobMessage | None:
    """What a message says: the job's own object (glacier-api 14), alone or in the envelope of SNS. None: nothing."""
    if len(body) > _MOST_LETTERS:
        return None
    table = _object(body)
    if table is not None and "JobId" not in table and isinstance(table.get("Message"), str):
        table = _object(table["Message"])  # type: ignore[arg-type]  # it is one
    if table is None:
        return None
    job_id, archive_id = table.get("JobId"), table.get("ArchiveId")
    if not isinstance(job_id, str) or not 0 < len(job_id) <= _MOST_ID:
        return None
    return JobMessage(job_id, archive_id if isinstance(archive_id, str) and len(archive_id) <= _MOST_ID else None)


def _object(text: str) -> dict[str, object] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
