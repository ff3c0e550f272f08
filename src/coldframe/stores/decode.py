"""From what botocore parsed to the model's values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from coldframe.errors import ServiceUnavailable
from coldframe.model import (
    Action,
    ByteRange,
    InventoryFormat,
    InventoryRetrieval,
    JobDescription,
    JobStatus,
    PartDescription,
    Tier,
    UploadDescription,
    VaultDescription,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    T = TypeVar("T")


_NO_CONTENT = 204
_IDS = ("archiveId", "uploadId", "jobId")
_HASH_LENGTH = 64


class Answer(dict[str, Any]):
    """What a store answered. What it lacks and must have makes it no answer: the store's fault, never a `KeyError`."""

    def __missing__(self, name: str) -> Any:
        """Refuse the answer."""
        raise ServiceUnavailable(f"The store's answer makes no sense: it has no {name}. Is it a Glacier endpoint?")


def whole(members: Mapping[str, Any]) -> Answer:
    """An answer that came whole.

    Python's http.client takes a head that broke off for all of it, its last line cut anywhere, so that half an ID would
    pass for an ID. A whole one tells the length of the body (glacier-api 1.3), ends its Location with the ID, and has
    all of the tree hash.

    Raises:
        ServiceUnavailable: It broke off.
    """
    metadata: Mapping[str, Any] = members["ResponseMetadata"]
    headers: Mapping[str, str] = metadata["HTTPHeaders"]
    has_length = str(headers.get("content-length", "")).isdigit() or "transfer-encoding" in headers
    location = members.get("location")
    ids = [str(members[name]) for name in _IDS if members.get(name)]
    if (
        not (has_length or metadata["HTTPStatusCode"] == _NO_CONTENT)
        or (location and not all(location.endswith(f"/{each}") for each in ids))
        or len(members.get("checksum") or "-" * _HASH_LENGTH) != _HASH_LENGTH
    ):
        raise ServiceUnavailable("The store's answer broke off. Try again.")
    return Answer(members)


def read(act: Callable[[Mapping[str, Any]], T], members: Mapping[str, Any]) -> T:
    """What `act` makes of an answer; one that does not make sense is the store's fault."""
    try:
        return act(members)
    except (KeyError, TypeError, ValueError) as error:
        raise ServiceUnavailable(f"The store's answer makes no sense: {type(error).__name__}: {error}") from error


def vault(members: Mapping[str, Any]) -> VaultDescription:
    """DescribeVault's object."""
    return VaultDescription(
        vault_name=members["VaultName"],
        vault_arn=members["VaultARN"],
        created_at=moment(members["CreationDate"]),
        last_inventory_at=_optional(moment, members.get("LastInventoryDate")),
        number_of_archives=members.get("NumberOfArchives") or 0,
        size=members.get("SizeInBytes") or 0,
    )


def upload(members: Mapping[str, Any]) -> UploadDescription:
    """A multipart upload."""
    return UploadDescription(
        upload_id=members["MultipartUploadId"],
        vault_arn=members["VaultARN"],
        description=members.get("ArchiveDescription") or None,
        part_size=members["PartSizeInBytes"],
        created_at=moment(members["CreationDate"]),
    )


def part(members: Mapping[str, Any]) -> PartDescription:
    """One part of an upload."""
    return PartDescription(byte_range(members["RangeInBytes"]), members["SHA256TreeHash"].lower())


def job(members: Mapping[str, Any]) -> JobDescription:
    """DescribeJob's object. A message that the store does not give is left empty."""
    return JobDescription(
        job_id=members["JobId"],
        action=Action(members["Action"]),
        vault_arn=members["VaultARN"],
        status=JobStatus(members["StatusCode"]),
        status_message=members.get("StatusMessage") or "",
        created_at=moment(members["CreationDate"]),
        completed_at=_optional(moment, members.get("CompletionDate")),
        description=members.get("JobDescription"),
        archive_id=members.get("ArchiveId"),
        archive_size=members.get("ArchiveSizeInBytes"),
        archive_tree_hash=members.get("ArchiveSHA256TreeHash"),
        range=_optional(byte_range, members.get("RetrievalByteRange")),
        tree_hash=members.get("SHA256TreeHash"),
        tier=_optional(Tier, members.get("Tier")),
        inventory=_optional(_inventory, members.get("InventoryRetrievalParameters")),
        inventory_size=members.get("InventorySizeInBytes"),
        sns_topic=members.get("SNSTopic"),
    )


def moment(text: str) -> datetime:
    """A date as the API prints it."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def byte_range(text: str) -> ByteRange:
    """`<a>-<b>`, both ends included."""
    start, _, end = text.partition("-")
    return ByteRange(int(start), int(end) + 1)


def content_range(text: str) -> tuple[ByteRange, int]:
    """`bytes <a>-<b>/<total>`: the range, and the length of the whole."""
    place, _, total = text.removeprefix("bytes").strip(" =").partition("/")
    return byte_range(place), int(total)


def _inventory(members: Mapping[str, Any]) -> InventoryRetrieval:
    limit = members.get("Limit")
    return InventoryRetrieval(
        format=InventoryFormat(members.get("Format") or InventoryFormat.JSON),
        start_at=_optional(moment, members.get("StartDate")),
        end_at=_optional(moment, members.get("EndDate")),
        limit=int(limit) if limit else None,
        marker=members.get("Marker"),
    )


def _optional(act: Callable[[Any], T], value: Any) -> T | None:
    return act(value) if value else None
