"""The ports: what the parts of coldframe ask of each other, in prose that every adapter must honour.

`store` is the port between the user's jobs and any store; `ledger` and `blobs` are the embedded service's own ports to
its facts and its bytes.
"""

from __future__ import annotations

from coldframe.ports.blobs import Blob, Blobs, BlobState, Check, Hashes, Leftover, OpenBlob, Put, Verdict
from coldframe.ports.governing import CapacityRow, LockRow
from coldframe.ports.keys import KeyRow
from coldframe.ports.ledger import (
    ArchiveRow,
    Changes,
    Facts,
    FindingRow,
    JobRow,
    Ledger,
    PartRow,
    ScrubRow,
    UploadRow,
    UploadState,
    VaultRow,
)
from coldframe.ports.outbox import NoticeRow, NoticeState
from coldframe.ports.store import (
    Body,
    ColdStore,
    HashedOutput,
    HeldBack,
    JobOutput,
    Jobs,
    SelfHashing,
    TogetherStore,
    Upload,
    Uploads,
    Vaults,
    is_hashed,
    takes_together,
)

__all__ = [
    "ArchiveRow",
    "Blob",
    "BlobState",
    "Blobs",
    "Body",
    "CapacityRow",
    "Changes",
    "Check",
    "ColdStore",
    "Facts",
    "FindingRow",
    "HashedOutput",
    "Hashes",
    "HeldBack",
    "JobOutput",
    "JobRow",
    "Jobs",
    "KeyRow",
    "Ledger",
    "Leftover",
    "LockRow",
    "NoticeRow",
    "NoticeState",
    "OpenBlob",
    "PartRow",
    "Put",
    "ScrubRow",
    "SelfHashing",
    "TogetherStore",
    "Upload",
    "UploadRow",
    "UploadState",
    "Uploads",
    "VaultRow",
    "Vaults",
    "Verdict",
    "is_hashed",
    "takes_together",
]
