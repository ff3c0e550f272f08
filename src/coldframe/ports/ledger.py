"""The port between the embedded service and its facts: vaults, archives, uploads, parts, jobs.

Facts are rows; the rules about them live in the service. Moments are whole milliseconds since 1970 UTC (`*_ms`), keys
are 16 bytes, tree hashes are lower-case hex. Several processes may use one ledger at once. Trouble inside it raises
`ServiceUnavailable`, and then nothing of the transaction is visible.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

from coldframe.ports.governing import GoverningChanges, GoverningFacts
from coldframe.ports.keys import KeyChanges, KeyFacts
from coldframe.ports.outbox import OutboxChanges, OutboxFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coldframe.model import Action, InventoryFormat, JobStatus, Tier

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class VaultRow:
    """A vault, with live counts and with those of its last inventory.

    `change` counts the vault's archives made and deleted. `stale_since_ms` is the first change that the last inventory
    does not know, None if it knows all.
    """

    row: int
    name: str
    created_ms: int
    change: int = 0
    archives: int = 0
    size: int = 0
    stale_since_ms: int | None = None
    inventory_ms: int | None = None
    inventory_change: int = 0
    inventory_archives: int = 0
    inventory_size: int = 0


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """An archive; one that was deleted is remembered. It stands in the inventories of the changes between its two."""

    key: bytes
    vault: int
    created_ms: int
    created_change: int
    size: int
    tree_hash: str
    description: str
    deleted_ms: int | None = None
    deleted_change: int | None = None


class UploadState(StrEnum):
    """How an upload stands: `open`, `completed` (its key is an archive's too), or `aborted`."""

    OPEN = "open"
    COMPLETED = "completed"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class UploadRow:
    """A multipart upload; `active_ms` is its last part's moment, `ended_ms` that of its completion or abortion."""

    key: bytes
    vault: int
    created_ms: int
    active_ms: int
    part_size: int
    description: str
    state: UploadState = UploadState.OPEN
    ended_ms: int | None = None


@dataclass(frozen=True, slots=True)
class PartRow:
    """A blob in its place: `owner` is the key of an archive, of an upload, or of an inventory job."""

    owner: bytes
    start: int
    size: int
    tree_hash: str
    blob: bytes


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job. Its state is computed from `ready_ms`, `failed_ms` and the time.

    `start` to `end` is the range of an archive retrieval. An inventory job reads the vault as it stood at the change
    `snapshot`; once its output is written, `output_size` is known, and `next_marker` if there is more.
    """

    key: bytes
    vault: int
    action: Action
    created_ms: int
    ready_ms: int
    failed_ms: int | None = None
    description: str | None = None
    sns_topic: str | None = None
    archive: bytes | None = None
    start: int | None = None
    end: int | None = None
    tree_hash: str | None = None
    tier: Tier | None = None
    format: InventoryFormat | None = None
    from_ms: int | None = None
    until_ms: int | None = None
    item_limit: int | None = None
    marker: str | None = None
    snapshot: int | None = None
    snapshot_ms: int | None = None
    output_size: int | None = None
    next_marker: str | None = None


@dataclass(frozen=True, slots=True)
class ScrubRow:
    """How far a scrub is: every blob up to the key `cursor` has been hashed again."""

    started_ms: int
    cursor: bytes
    blobs: int = 0
    size: int = 0
    finished_ms: int | None = None


@dataclass(frozen=True, slots=True)
class FindingRow:
    """Something a scrub found: `kind` is damaged, missing or unreferenced."""

    blob: bytes
    kind: str
    detail: str
    found_ms: int
    owner: bytes | None = None


class Facts(GoverningFacts, KeyFacts, OutboxFacts, Protocol):
    """One consistent view of the ledger. Lists are bounded by `limit`; nobody ever holds a whole table."""

    def floor_ms(self) -> int:
        """The latest moment that any transaction has seen: time never runs back behind it."""
        ...

    def retention_ms(self) -> int:
        """How late it is for vault locks; 0 if that was never said."""
        ...

    def vault(self, name: str) -> VaultRow | None:
        """The vault of that name."""
        ...

    def vault_name(self, row: int) -> str | None:
        """The name of a vault, deleted ones included."""
        ...

    def vaults(self, *, first: str, limit: int) -> list[VaultRow]:
        """Vaults in ASCII order, from the name `first`, which need not be there."""
        ...

    def count_vaults(self) -> int:
        """How many vaults there are."""
        ...

    def archive(self, key: bytes) -> ArchiveRow | None:
        """An archive, deleted or not."""
        ...

    def inventory(
        self, vault: int, *, snapshot: int, after: tuple[int, int], until_ms: int, limit: int
    ) -> list[ArchiveRow]:
        """The archives that the vault held at the change `snapshot`, by creation.

        Those after a pair of creation moment and change, and before the moment `until_ms`.
        """
        ...

    def upload(self, key: bytes) -> UploadRow | None:
        """An upload in any state."""
        ...

    def open_uploads(self, vault: int, *, first: bytes, active_ms: int, limit: int) -> list[UploadRow]:
        """A vault's open uploads that were active at or after a moment, oldest first, from the key `first`."""
        ...

    def uploads_after(self, key: bytes, *, limit: int) -> list[UploadRow]:
        """Uploads of all vaults and states in the order of their keys, for the sweep."""
        ...

    def parts(self, owner: bytes, *, first: int, limit: int) -> list[PartRow]:
        """Parts by start, from the start `first`."""
        ...

    def part_at(self, owner: bytes, position: int) -> PartRow | None:
        """The part that starts last at or before a position."""
        ...

    def parts_by_blob(self, blob: bytes, *, limit: int) -> list[PartRow]:
        """Parts of all owners in the order of their blobs' keys, after the key `blob`, for the scrub."""
        ...

    def referenced(self, blobs: Sequence[bytes]) -> set[bytes]:
        """Those of the blobs that a part refers to."""
        ...

    def job(self, key: bytes) -> JobRow | None:
        """A job in any state, expired ones included."""
        ...

    def jobs(  # noqa: PLR0913 - a page of a filtered list at a moment has that many sides
        self, vault: int, *, first: bytes | None, now_ms: int, ended_ms: int, statuses: Sequence[JobStatus], limit: int
    ) -> list[JobRow]:
        """A vault's jobs, newest first, from the key `first`, that have one of the statuses at `now_ms`.

        Jobs that ended at or before `ended_ms` are expired and left out.
        """
        ...

    def jobs_after(self, key: bytes, *, limit: int) -> list[JobRow]:
        """Jobs of all vaults in the order of their keys, for the sweep."""
        ...

    def last_use_ms(self, archive: bytes) -> int | None:
        """When the last job that succeeded or will succeed for an archive is ready; None without such a job."""
        ...

    def deleted_archives(self, *, after: bytes, limit: int) -> list[ArchiveRow]:
        """Deleted archives that still have parts, by key."""
        ...

    def scrub(self) -> ScrubRow | None:
        """The last scrub."""
        ...

    def findings(self, *, after: bytes, limit: int) -> list[FindingRow]:
        """What the last scrub found, by blob key."""
        ...


class Changes(Facts, GoverningChanges, KeyChanges, OutboxChanges, Protocol):
    """A write transaction: it sees what it has done itself, others see it when it has ended well."""

    def raise_floor(self, now_ms: int) -> None:
        """Remember that it is at least `now_ms`."""
        ...

    def set_retention(self, retention_ms: int) -> None:
        """Say how late it is for vault locks."""
        ...

    def add_vault(self, name: str, now_ms: int) -> None:
        """Make a vault."""
        ...

    def update_vault(self, vault: VaultRow) -> None:
        """Set the vault's counts and inventory."""
        ...

    def delete_vault(self, row: int, now_ms: int) -> None:
        """Delete a vault; its name is free again, its open uploads are aborted."""
        ...

    def add_archive(self, archive: ArchiveRow) -> None:
        """Publish an archive."""
        ...

    def delete_archive(self, key: bytes, *, now_ms: int, change: int) -> None:
        """Mark an archive as deleted and its unfinished jobs as failed, which ends them at this moment."""
        ...

    def put_part(self, part: PartRow) -> None:
        """Set a part; one with the same owner and start is replaced."""
        ...

    def drop_parts(self, owner: bytes, *, limit: int) -> int:
        """Forget up to `limit` parts and answer how many."""
        ...

    def add_upload(self, upload: UploadRow) -> None:
        """Open an upload."""
        ...

    def touch_upload(self, key: bytes, now_ms: int) -> None:
        """Restart the idle clock."""
        ...

    def end_upload(self, key: bytes, state: UploadState, now_ms: int) -> None:
        """Mark an upload as completed or aborted."""
        ...

    def drop_upload(self, key: bytes) -> None:
        """Forget an upload."""
        ...

    def mark_freed(self, archive: bytes) -> None:
        """Remember that a deleted archive has no parts any more."""
        ...

    def add_job(self, job: JobRow) -> None:
        """Start a job."""
        ...

    def set_output(self, job: bytes, *, size: int, next_marker: str | None) -> None:
        """Say that an inventory job's output is written."""
        ...

    def drop_job(self, key: bytes) -> None:
        """Forget a job, and with it its ending and its notices."""
        ...

    def set_scrub(self, scrub: ScrubRow) -> None:
        """Say how far the scrub is."""
        ...

    def add_finding(self, finding: FindingRow) -> None:
        """Remember what a scrub found; a finding about the same blob is replaced."""
        ...

    def drop_findings(self) -> None:
        """Forget the findings of the scrub before."""
        ...


class Ledger(Protocol):
    """The facts of one store."""

    @property
    def identity(self) -> str:
        """What tells this store from every other; made with the ledger."""
        ...

    @property
    def is_claimed(self) -> bool:
        """Whether blobs have been kept for this ledger, so that their absence would be a loss."""
        ...

    def claim(self) -> None:
        """Remember, durably, that a place for blobs belongs to this ledger from now on."""
        ...

    def read(self, act: Callable[[Facts], T]) -> T:
        """Run `act` on one consistent view."""
        ...

    def write(self, act: Callable[[Changes], T]) -> T:
        """Run `act` in a transaction and answer when it is durable, perhaps together with those of other threads.

        What `act` raises undoes its own changes alone. It must not wait, nor use the ledger but through its argument.
        """
        ...

    def write_alone(self, act: Callable[[Changes], T]) -> T:
        """As `write`, but with nobody else in the transaction: what `act` finds is what is committed and durable."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...
