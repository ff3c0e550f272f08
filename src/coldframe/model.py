"""The values that cross the store port, and the protocol's limits.

Sizes are bytes; ranges are half-open; hashes are lower-case hex; moments are aware UTC datetimes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

T = TypeVar("T")

Buffer = bytes | bytearray | memoryview
"""Bytes in memory, in whichever form they are at hand."""

MIB = 1024 * 1024
GIB = 1024 * MIB

# glacier-api 5
MAX_SINGLE_UPLOAD = 4 * GIB
MIN_PART_SIZE = MIB
MAX_PART_SIZE = 4 * GIB
MAX_PARTS = 10_000
MAX_ARCHIVE_SIZE = MAX_PARTS * MAX_PART_SIZE
MAX_DESCRIPTION = 1024
MAX_VAULTS = 1_000
ARCHIVE_OVERHEAD = 32 * 1024
"""What the original adds to each archive's size when it reports a vault's size."""


class Tier(StrEnum):
    """How quickly a retrieval is wanted."""

    EXPEDITED = "Expedited"
    STANDARD = "Standard"
    BULK = "Bulk"


@dataclass(frozen=True, slots=True)
class TierWaits:
    """How many seconds after its start a job of the embedded service is ready: none, unless someone wants to rehearse.

    `inventory_seconds` is for inventory jobs, which know no tier.
    """

    expedited_seconds: float = 0
    standard_seconds: float = 0
    bulk_seconds: float = 0
    inventory_seconds: float = 0

    def of(self, tier: Tier) -> float:
        """The wait of an archive retrieval."""
        waits = {
            Tier.EXPEDITED: self.expedited_seconds,
            Tier.STANDARD: self.standard_seconds,
            Tier.BULK: self.bulk_seconds,
        }
        return waits[tier]


AMAZON_WAITS = TierWaits(5 * 60, 4 * 3600, 12 * 3600, 4 * 3600)
"""The original's usual times (glacier-api 9.3), the cautious end of each span where one end is safe to promise."""


class Action(StrEnum):
    """What a job does."""

    ARCHIVE_RETRIEVAL = "ArchiveRetrieval"
    INVENTORY_RETRIEVAL = "InventoryRetrieval"


class JobStatus(StrEnum):
    """How far a job is."""

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class InventoryFormat(StrEnum):
    """The form of an inventory job's output."""

    JSON = "JSON"
    CSV = "CSV"


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `start` up to but not including `end`."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """How many bytes the range holds."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing; `marker` asks for the next, None means there is none."""

    items: Sequence[T]
    marker: str | None = None


@dataclass(frozen=True, slots=True)
class VaultDescription:
    """A vault; the two numbers are those of its last inventory (glacier-api, operation 2)."""

    vault_name: str
    vault_arn: str
    created_at: datetime
    last_inventory_at: datetime | None
    number_of_archives: int
    size: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a store answers when an archive is safe: durable, and hashing to `tree_hash`."""

    archive_id: str
    tree_hash: str


@dataclass(frozen=True, slots=True)
class UploadDescription:
    """A multipart upload in progress."""

    upload_id: str
    vault_arn: str
    description: str | None
    part_size: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PartDescription:
    """One part that a store has confirmed."""

    range: ByteRange
    tree_hash: str


@dataclass(frozen=True, slots=True)
class PartsPage:
    """One page of an upload's parts, in the order of their starts, with the upload they belong to."""

    upload: UploadDescription
    parts: Sequence[PartDescription]
    marker: str | None = None


@dataclass(frozen=True, slots=True)
class ArchiveRetrieval:
    """The request for an archive, or for a megabyte-aligned range of one.

    An absent `range` is the whole archive; an absent `tier` is Standard.
    """

    archive_id: str
    range: ByteRange | None = None
    tier: Tier = Tier.STANDARD
    description: str | None = None
    sns_topic: str | None = None


@dataclass(frozen=True, slots=True)
class InventoryRetrieval:
    """The request for a vault's inventory; `start_at` is included, `end_at` is not (glacier-api 10.4)."""

    format: InventoryFormat = InventoryFormat.JSON
    start_at: datetime | None = None
    end_at: datetime | None = None
    limit: int | None = None
    marker: str | None = None
    description: str | None = None
    sns_topic: str | None = None


JobRequest = ArchiveRetrieval | InventoryRetrieval


@dataclass(frozen=True, slots=True)
class JobDescription:
    """A job as DescribeJob tells it (glacier-api 9.2).

    Archive fields are None on inventory jobs. `inventory` holds the request's parameters; its `marker` is, once the
    job has succeeded, the one that continues it, or None at the end.
    """

    job_id: str
    action: Action
    vault_arn: str
    status: JobStatus
    status_message: str
    created_at: datetime
    completed_at: datetime | None
    description: str | None = None
    archive_id: str | None = None
    archive_size: int | None = None
    archive_tree_hash: str | None = None
    range: ByteRange | None = None
    tree_hash: str | None = None
    tier: Tier | None = None
    inventory: InventoryRetrieval | None = None
    inventory_size: int | None = None
    sns_topic: str | None = None

    @property
    def completed(self) -> bool:
        """Whether the job has ended, well or badly."""
        return self.status is not JobStatus.IN_PROGRESS
