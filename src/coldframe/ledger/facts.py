"""What can be read of the ledger: SQL to rows, nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coldframe.ledger.governing import SqliteGoverningFacts
from coldframe.ledger.keys import SqliteKeyFacts
from coldframe.ledger.outbox import SqliteOutboxFacts
from coldframe.model import Action, InventoryFormat, JobStatus, Tier
from coldframe.ports import ArchiveRow, FindingRow, JobRow, PartRow, ScrubRow, UploadRow, UploadState, VaultRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import apsw

    Columns = tuple[Any, ...]

_VAULT = """
SELECT row, name, created_ms, change, archives, size, stale_since_ms,
       inventory_ms, inventory_change, inventory_archives, inventory_size
FROM vault WHERE deleted_ms IS NULL
"""
_ARCHIVE = """
SELECT key, vault, created_ms, created_change, size, lower(hex(tree_hash)), description, deleted_ms, deleted_change
FROM archive
"""
_INVENTORY = f"""{_ARCHIVE}
WHERE vault = :vault AND (created_ms, created_change) > (:after_ms, :after_change)
  AND created_ms < :until_ms
  AND created_change <= :snapshot AND (deleted_change IS NULL OR deleted_change > :snapshot)
ORDER BY created_ms, created_change LIMIT :limit
"""
_UPLOAD = "SELECT key, vault, created_ms, active_ms, part_size, description, state, ended_ms FROM upload"
_OPEN_UPLOADS = f"{_UPLOAD} WHERE vault = ? AND state = 'open' AND key >= ? AND active_ms >= ? ORDER BY key LIMIT ?"
_PART = "SELECT owner, start, size, lower(hex(tree_hash)), blob FROM part"
_JOB = """
SELECT key, vault, action, created_ms, ready_ms, failed_ms, description, sns_topic, archive, range_start, range_end,
       lower(hex(tree_hash)), tier, format, from_ms, until_ms, item_limit, marker, snapshot, snapshot_ms, output_size,
       next_marker
FROM job
"""
# The conditions say in SQL what service.jobs.status_of says in Python; the contract suite compares them.
_STATUS = {
    JobStatus.IN_PROGRESS: "(failed_ms IS NULL AND ready_ms > :now)",
    JobStatus.SUCCEEDED: "(failed_ms IS NULL AND ready_ms <= :now)",
    JobStatus.FAILED: "failed_ms IS NOT NULL",
}
_JOBS = f"""{_JOB}
WHERE vault = :vault AND key <= :first AND coalesce(failed_ms, ready_ms) > :ended AND (%s)
ORDER BY key DESC LIMIT :limit
"""
_LAST_USE = "SELECT max(ready_ms) FROM job WHERE archive = ? AND failed_ms IS NULL"
_DELETED = f"{_ARCHIVE} WHERE deleted_ms IS NOT NULL AND is_freed = 0 AND key > ? ORDER BY key LIMIT ?"
_LAST_KEY = b"\xff" * 16


class SqliteFacts(SqliteGoverningFacts, SqliteKeyFacts, SqliteOutboxFacts):
    """Implements `ports.Facts` on a connection that is inside a transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        """Look through `connection`."""
        self._connection = connection

    def identity(self) -> str:
        """The store's identity."""
        return str(self._value("SELECT identity FROM store"))

    def is_claimed(self) -> bool:
        """Whether a place for blobs belongs to this ledger."""
        return bool(self._value("SELECT is_claimed FROM store"))

    def floor_ms(self) -> int:
        """The latest moment that any transaction has seen."""
        return int(self._value("SELECT floor_ms FROM store"))

    def retention_ms(self) -> int:
        """How late it is for vault locks."""
        return int(self._value("SELECT retention_ms FROM store"))

    def vault(self, name: str) -> VaultRow | None:
        """The vault of that name."""
        found = self._row(f"{_VAULT} AND name = ?", (name,))
        return VaultRow(*found) if found else None

    def vault_name(self, row: int) -> str | None:
        """The name of a vault, deleted ones included."""
        found = self._value("SELECT name FROM vault WHERE row = ?", (row,))
        return None if found is None else str(found)

    def vaults(self, *, first: str, limit: int) -> list[VaultRow]:
        """Vaults in ASCII order, from the name `first`."""
        return [VaultRow(*row) for row in self._rows(f"{_VAULT} AND name >= ? ORDER BY name LIMIT ?", (first, limit))]

    def count_vaults(self) -> int:
        """How many vaults there are."""
        return int(self._value("SELECT count(*) FROM vault WHERE deleted_ms IS NULL"))

    def archive(self, key: bytes) -> ArchiveRow | None:
        """An archive, deleted or not."""
        found = self._row(f"{_ARCHIVE} WHERE key = ?", (key,))
        return ArchiveRow(*found) if found else None

    def inventory(
        self, vault: int, *, snapshot: int, after: tuple[int, int], until_ms: int, limit: int
    ) -> list[ArchiveRow]:
        """The archives that the vault held at the change `snapshot`, by creation."""
        wanted = {"vault": vault, "snapshot": snapshot, "until_ms": until_ms, "limit": limit}
        wanted |= {"after_ms": after[0], "after_change": after[1]}
        return [ArchiveRow(*row) for row in self._rows(_INVENTORY, wanted)]

    def upload(self, key: bytes) -> UploadRow | None:
        """An upload in any state."""
        found = self._row(f"{_UPLOAD} WHERE key = ?", (key,))
        return _upload(found) if found else None

    def open_uploads(self, vault: int, *, first: bytes, active_ms: int, limit: int) -> list[UploadRow]:
        """A vault's open uploads that were active at or after a moment, oldest first."""
        return [_upload(row) for row in self._rows(_OPEN_UPLOADS, (vault, first, active_ms, limit))]

    def uploads_after(self, key: bytes, *, limit: int) -> list[UploadRow]:
        """Uploads of all vaults and states in the order of their keys."""
        return [_upload(row) for row in self._rows(f"{_UPLOAD} WHERE key > ? ORDER BY key LIMIT ?", (key, limit))]

    def parts(self, owner: bytes, *, first: int, limit: int) -> list[PartRow]:
        """Parts by start, from the start `first`."""
        found = self._rows(f"{_PART} WHERE owner = ? AND start >= ? ORDER BY start LIMIT ?", (owner, first, limit))
        return [PartRow(*row) for row in found]

    def part_at(self, owner: bytes, position: int) -> PartRow | None:
        """The part that starts last at or before a position."""
        found = self._row(f"{_PART} WHERE owner = ? AND start <= ? ORDER BY start DESC LIMIT 1", (owner, position))
        return PartRow(*found) if found else None

    def parts_by_blob(self, blob: bytes, *, limit: int) -> list[PartRow]:
        """Parts of all owners in the order of their blobs' keys."""
        return [PartRow(*row) for row in self._rows(f"{_PART} WHERE blob > ? ORDER BY blob LIMIT ?", (blob, limit))]

    def referenced(self, blobs: Sequence[bytes]) -> set[bytes]:
        """Those of the blobs that a part refers to."""
        return {blob for blob in blobs if self._value("SELECT 1 FROM part WHERE blob = ?", (blob,))}

    def job(self, key: bytes) -> JobRow | None:
        """A job in any state."""
        found = self._row(f"{_JOB} WHERE key = ?", (key,))
        return _job(found) if found else None

    def jobs(  # noqa: PLR0913 - a page of a filtered list at a moment has that many sides
        self, vault: int, *, first: bytes | None, now_ms: int, ended_ms: int, statuses: Sequence[JobStatus], limit: int
    ) -> list[JobRow]:
        """A vault's jobs, newest first, that have one of the statuses and are not expired."""
        condition = " OR ".join(_STATUS[status] for status in statuses) or "FALSE"
        wanted = {"vault": vault, "first": first or _LAST_KEY, "now": now_ms, "ended": ended_ms, "limit": limit}
        return [_job(row) for row in self._rows(_JOBS % condition, wanted)]

    def jobs_after(self, key: bytes, *, limit: int) -> list[JobRow]:
        """Jobs of all vaults in the order of their keys."""
        return [_job(row) for row in self._rows(f"{_JOB} WHERE key > ? ORDER BY key LIMIT ?", (key, limit))]

    def last_use_ms(self, archive: bytes) -> int | None:
        """When the last job that succeeded or will succeed for an archive is ready."""
        found = self._value(_LAST_USE, (archive,))
        return None if found is None else int(found)

    def deleted_archives(self, *, after: bytes, limit: int) -> list[ArchiveRow]:
        """Deleted archives that still have parts."""
        return [ArchiveRow(*row) for row in self._rows(_DELETED, (after, limit))]

    def scrub(self) -> ScrubRow | None:
        """The last scrub."""
        found = self._row("SELECT started_ms, cursor, blobs, size, finished_ms FROM scrub")
        return ScrubRow(*found) if found else None

    def findings(self, *, after: bytes, limit: int) -> list[FindingRow]:
        """What the last scrub found."""
        columns = "SELECT blob, kind, detail, found_ms, owner FROM finding"
        return [
            FindingRow(*row) for row in self._rows(f"{columns} WHERE blob > ? ORDER BY blob LIMIT ?", (after, limit))
        ]

    def _rows(self, sql: str, wanted: Any = ()) -> list[Columns]:
        return self._connection.execute(sql, wanted).fetchall()

    def _row(self, sql: str, wanted: Any = ()) -> Columns | None:
        return next(iter(self._rows(sql, wanted)), None)

    def _value(self, sql: str, wanted: Any = ()) -> Any:
        return self._connection.execute(sql, wanted).get


def _upload(row: Columns) -> UploadRow:
    key, vault, created_ms, active_ms, part_size, description, state, ended_ms = row
    return UploadRow(key, vault, created_ms, active_ms, part_size, description, UploadState(state), ended_ms)


def _job(row: Columns) -> JobRow:
    job = JobRow(*row)
    return replace(
        job,
        action=Action(job.action),
        tree_hash=job.tree_hash or None,  # hex() makes "" of NULL
        tier=None if job.tier is None else Tier(job.tier),
        format=None if job.format is None else InventoryFormat(job.format),
    )
