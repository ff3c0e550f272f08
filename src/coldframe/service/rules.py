"""The protocol's rules about values: each takes a value and answers it, tidied, or raises what the reference says.

The message texts are the original's where glacier-api 3.3 knows them; third-party scripts match them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coldframe.errors import InvalidParameterValue
from coldframe.model import MAX_DESCRIPTION, MAX_PART_SIZE, MAX_PARTS, MAX_SINGLE_UPLOAD, MIN_PART_SIZE, ByteRange
from coldframe.tree_hash import is_megabyte_aligned

if TYPE_CHECKING:
    from coldframe.model import InventoryRetrieval
    from coldframe.ports import UploadRow

_VAULT_NAME = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_DESCRIPTION = re.compile(r"[\x20-\x7e]*")
_TREE_HASH = re.compile(r"[0-9a-fA-F]{64}")
_TOPIC = re.compile(r"arn:[a-z-]+:sns:([a-z0-9-]*):[0-9]{12}:[A-Za-z0-9_.-]{1,256}")


def is_vault_name(name: str) -> bool:
    """Whether a vault may have that name; `.` and `..` would not survive a URL (glacier-api 4)."""
    return _VAULT_NAME.fullmatch(name) is not None and name not in {".", ".."}


def require_vault_name(name: str) -> None:
    """Refuse a name that no vault may have."""
    if not is_vault_name(name):
        msg = f"Invalid vault name: {name}"
        raise InvalidParameterValue(msg)


def archive_description(text: str) -> str:
    """An archive's description without leading blanks."""
    text = text.lstrip(" ")
    if len(text) > MAX_DESCRIPTION or not _DESCRIPTION.fullmatch(text):
        msg = "Invalid x-amz-archive-description: it may hold up to 1024 printable ASCII characters."
        raise InvalidParameterValue(msg)
    return text


def job_description(text: str | None) -> str | None:
    """A job's description; an empty one is none."""
    if text and (len(text) > MAX_DESCRIPTION or not _DESCRIPTION.fullmatch(text)):
        msg = "Invalid job description: it may hold up to 1024 printable ASCII characters."
        raise InvalidParameterValue(msg)
    return text or None


def sns_topic(arn: str | None, region: str) -> str | None:
    """A topic of this region; whether it is there is nobody's to check (glacier-api 14)."""
    if not arn:
        return None
    match = _TOPIC.fullmatch(arn)
    if match is None:
        msg = f"Invalid SNS topic ARN: {arn}"
        raise InvalidParameterValue(msg)
    if match[1] != region:
        msg = f"SNS topics must be in the local AWS region: {arn}"
        raise InvalidParameterValue(msg)
    return arn


def tree_hash(text: str) -> str:
    """A tree hash that somebody sent, in lower case."""
    if not _TREE_HASH.fullmatch(text):
        msg = f"Invalid x-amz-sha256-tree-hash: {text}"
        raise InvalidParameterValue(msg)
    return text.lower()


def require_single_size(size: int) -> None:
    """Refuse an archive that is empty or too large for one request."""
    if not 1 <= size <= MAX_SINGLE_UPLOAD:
        msg = f"Invalid Content-Length: {size}"
        raise InvalidParameterValue(msg)


def require_part_size(size: int) -> None:
    """Refuse a part size that is not one of the 13 legal ones."""
    if not MIN_PART_SIZE <= size <= MAX_PART_SIZE or size.bit_count() != 1:
        msg = (
            f"Invalid part size: {size}. Part size must not be null, must be a power of two and be between "
            f"{MIN_PART_SIZE} and {MAX_PART_SIZE} bytes."
        )
        raise InvalidParameterValue(msg)


def require_part_range(upload: UploadRow, start: int, size: int) -> None:
    """Refuse a part that has no place in its upload."""
    if start < 0 or size < 1 or start % upload.part_size or size > upload.part_size:
        msg = f"Invalid Content-Range: bytes {start}-{start + size - 1}/*"
        raise InvalidParameterValue(msg)
    number = start // upload.part_size + 1
    if number > MAX_PARTS:
        msg = (
            f"This is part number {number} for the current multipart upload. It exceeds the limit of {MAX_PARTS} parts."
        )
        raise InvalidParameterValue(msg)


def require_retrieval_range(wanted: ByteRange, size: int) -> None:
    """Refuse a job's range that is empty, misaligned, or ends beyond the archive (glacier-api 9.4)."""
    if not (0 <= wanted.start < wanted.end <= size and is_megabyte_aligned(wanted, size)):
        msg = (
            f"Invalid retrieval byte range: {wanted.start}-{wanted.end - 1}. It must be megabyte aligned and lie "
            f"within the archive's {size} bytes."
        )
        raise InvalidParameterValue(msg)


def require_inventory_request(request: InventoryRetrieval) -> None:
    """Refuse a date range that holds no moment, and a limit that allows nothing (glacier-api 10.4)."""
    if request.start_at is not None and request.end_at is not None and request.start_at >= request.end_at:
        msg = "Invalid inventory date range: the start must lie before the end."
        raise InvalidParameterValue(msg)
    if request.limit is not None and request.limit < 1:
        msg = f"Invalid limit: {request.limit}"
        raise InvalidParameterValue(msg)


def output_range(wanted: ByteRange | None, size: int) -> ByteRange:
    """The part of an output of `size` bytes that is wanted, clipped at its end (glacier-api, operation 29)."""
    if wanted is None:
        return ByteRange(0, size)
    if wanted.start < 0 or wanted.end <= wanted.start:
        msg = f"Invalid range: bytes={wanted.start}-{wanted.end - 1}"
        raise InvalidParameterValue(msg)
    if wanted.start >= size:
        msg = f"The start of the range is larger than size of retrieved data: bytes={wanted.start}-{wanted.end - 1}"
        raise InvalidParameterValue(msg)
    return ByteRange(wanted.start, min(wanted.end, size))


def page_limit(limit: int | None, maximum: int) -> int:
    """How many items a page holds; more than the maximum is clamped without an error (glacier-api 5.1)."""
    if limit is None:
        return maximum
    if limit < 1:
        msg = f"Invalid limit: {limit}"
        raise InvalidParameterValue(msg)
    return min(limit, maximum)


def bad_marker(marker: str) -> InvalidParameterValue:
    """The error for a marker that is none of ours."""
    return InvalidParameterValue(f"Invalid marker: {marker}")
