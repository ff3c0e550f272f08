"""The verbs for jobs and their output (glacier-api 8.7)."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

from coldframe.errors import InvalidParameterValue
from coldframe.model import ArchiveRetrieval, ByteRange, InventoryFormat, InventoryRetrieval, JobStatus, Tier
from coldframe.wire import decode, encode
from coldframe.wire.call import Stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coldframe.model import JobRequest
    from coldframe.ports import JobOutput
    from coldframe.wire.call import Answer, Call, Verb

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)
_ARCHIVE_TYPE = "application/octet-stream"


def _initiate_job(call: Call) -> Answer:
    job_id = call.store.initiate_job(call.vault_name, _job_request(call.content))
    return {"location": call.location("jobs", job_id), "jobId": job_id}


def _describe_job(call: Call) -> Answer:
    return encode.job(call.store.describe_job(call.vault_name, call.parameters["jobId"]))


def _list_jobs(call: Call) -> Answer:
    completed, status = call.parameters.get("completed"), call.parameters.get("statuscode")
    if status is not None and status not in set(JobStatus):
        raise InvalidParameterValue(f"The job status code is not valid: {status}")
    page = call.store.list_jobs(
        call.vault_name,
        completed=None if completed is None else decode.boolean(completed, "completed"),
        status=None if status is None else JobStatus(status),
        limit=decode.limit(call.parameters),
        marker=call.parameters.get("marker"),
    )
    return {"JobList": [encode.job(job) for job in page.items], "Marker": page.marker}


def _get_job_output(call: Call) -> Answer:
    """The output, or the range of it that is asked for; the first bytes are read, and so checked, before the head."""
    job_id = call.parameters["jobId"]
    wanted = _RANGE.fullmatch(call.parameters.get("range", "").replace(" ", ""))
    byte_range = None if wanted is None else _output_range(call, job_id, wanted)
    output = call.store.get_job_output(call.vault_name, job_id, byte_range=byte_range)
    try:
        buffers = iter(output)
        first = next(buffers, b"")
        return Stream(
            members=_output_members(call, output, is_ranged=byte_range is not None),
            status=200 if byte_range is None else 206,
            size=output.range.size,
            buffers=chain((first,), buffers),
            close=output.close,
        )
    except BaseException:
        output.close()
        raise


def _output_members(call: Call, output: JobOutput, *, is_ranged: bool) -> Mapping[str, Any]:
    place = output.range
    is_hashed = call.hashes_inventories or output.content_type == _ARCHIVE_TYPE
    return {
        "checksum": output.tree_hash if is_hashed else None,
        "contentRange": f"bytes {place.start}-{place.end - 1}/{output.total_size}" if is_ranged else None,
        "acceptRanges": "bytes",
        "contentType": output.content_type,
        "archiveDescription": output.archive_description or None,
    }


def _output_range(call: Call, job_id: str, wanted: re.Match[str]) -> ByteRange | None:
    """The bytes that a Range header means; None if it is malformed, and so counts for nothing (glacier-api 8.7)."""
    first, last = wanted[1], wanted[2]
    if first and last:
        return ByteRange(int(first), int(last) + 1) if int(first) <= int(last) else None
    if not first and not last:
        return None
    with call.store.get_job_output(call.vault_name, job_id) as output:
        total = output.total_size
    start = int(first) if first else max(0, total - int(last))
    if start >= total:
        text = call.parameters["range"]
        raise InvalidParameterValue(f"The start of the range is larger than size of retrieved data: {text}")
    return ByteRange(start, total)


def _job_request(content: Mapping[str, Any]) -> JobRequest:
    if not content:
        raise decode.missing("Job Parameters")
    kind = decode.required(content, "Type", "type")
    if kind == "archive-retrieval":
        return _archive_retrieval(content)
    if kind == "inventory-retrieval":
        return _inventory_retrieval(content)
    raise InvalidParameterValue(f"Invalid type: {kind}. It may be archive-retrieval or inventory-retrieval.")


def _archive_retrieval(content: Mapping[str, Any]) -> ArchiveRetrieval:
    wanted, tier = content.get("RetrievalByteRange"), content.get("Tier")
    return ArchiveRetrieval(
        archive_id=decode.required(content, "ArchiveId", "archiveId"),
        range=decode.retrieval_range(wanted) if wanted else None,
        tier=decode.choice(tier, Tier, "tier") if tier else Tier.STANDARD,
        description=content.get("Description"),
        sns_topic=content.get("SNSTopic"),
    )


def _inventory_retrieval(content: Mapping[str, Any]) -> InventoryRetrieval:
    """The request for an inventory; a tier is ignored (glacier-api 9.3)."""
    for name in ("ArchiveId", "RetrievalByteRange"):
        if content.get(name):
            raise InvalidParameterValue(f"{name} is not for inventory retrievals.")
    parameters = content.get("InventoryRetrievalParameters", {})
    start, end, limit = (parameters.get(name) for name in ("StartDate", "EndDate", "Limit"))
    form = content.get("Format")
    return InventoryRetrieval(
        format=decode.choice(form, InventoryFormat, "format") if form else InventoryFormat.JSON,
        start_at=decode.moment(start, "StartDate") if start else None,
        end_at=decode.moment(end, "EndDate") if end else None,
        limit=decode.number(limit, "limit") if limit else None,
        marker=parameters.get("Marker") or None,
        description=content.get("Description"),
        sns_topic=content.get("SNSTopic"),
    )


JOB_VERBS: Mapping[str, Verb] = {
    "InitiateJob": _initiate_job,
    "DescribeJob": _describe_job,
    "ListJobs": _list_jobs,
    "GetJobOutput": _get_job_output,
}
