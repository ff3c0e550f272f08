"""What can be changed in the ledger: rows to SQL, inside a transaction that the ledger opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.ledger.facts import SqliteFacts
from coldframe.ledger.governing import SqliteGoverningChanges
from coldframe.ledger.keys import SqliteKeyChanges
from coldframe.ledger.outbox import SqliteOutboxChanges

if TYPE_CHECKING:
    from coldframe.ports import ArchiveRow, FindingRow, JobRow, PartRow, ScrubRow, UploadRow, UploadState, VaultRow

_UPDATE_VAULT = """
UPDATE vault SET change = ?, archives = ?, size = ?, stale_since_ms = ?,
                 inventory_ms = ?, inventory_change = ?, inventory_archives = ?, inventory_size = ?
WHERE row = ?
"""
_ABORT_UPLOADS = "UPDATE upload SET state = 'aborted', ended_ms = ? WHERE vault = ? AND state = 'open'"
_ADD_ARCHIVE = """
INSERT INTO archive (key, vault, created_ms, created_change, size, tree_hash, description) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_DELETE_ARCHIVE = "UPDATE archive SET deleted_ms = ?, deleted_change = ? WHERE key = ?"
_FAIL_JOBS = "UPDATE job SET failed_ms = :now WHERE archive = :key AND failed_ms IS NULL AND ready_ms > :now"
_END_NOW = (
    "UPDATE ending SET due_ms = :now WHERE job IN (SELECT key FROM job WHERE archive = :key AND failed_ms = :now)"
)
_PUT_PART = """
INSERT INTO part (owner, start, size, tree_hash, blob) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (owner, start) DO UPDATE SET size = excluded.size, tree_hash = excluded.tree_hash, blob = excluded.blob
"""
_DROP_PARTS = (
    "DELETE FROM part WHERE owner = :owner AND start IN (SELECT start FROM part WHERE owner = :owner LIMIT :n)"
)
_ADD_UPLOAD = """
INSERT INTO upload (key, vault, created_ms, active_ms, part_size, description, state) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_ADD_JOB = """
INSERT INTO job (key, vault, action, created_ms, ready_ms, description, sns_topic, archive, range_start, range_end,
                 tree_hash, tier, format, from_ms, until_ms, item_limit, marker, snapshot, snapshot_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SET_SCRUB = (
    "INSERT OR REPLACE INTO scrub (row, started_ms, cursor, blobs, size, finished_ms) VALUES (1, ?, ?, ?, ?, ?)"
)
_ADD_FINDING = "INSERT OR REPLACE INTO finding (blob, kind, detail, found_ms, owner) VALUES (?, ?, ?, ?, ?)"


class SqliteChanges(SqliteFacts, SqliteGoverningChanges, SqliteKeyChanges, SqliteOutboxChanges):
    """Implements `ports.Changes`."""

    def claim(self) -> None:
        """Say that a place for blobs belongs to this ledger."""
        self._connection.execute("UPDATE store SET is_claimed = 1")

    def raise_floor(self, now_ms: int) -> None:
        """Remember that it is at least `now_ms`."""
        self._connection.execute("UPDATE store SET floor_ms = ?1 WHERE floor_ms < ?1", (now_ms,))

    def set_retention(self, retention_ms: int) -> None:
        """Say how late it is for vault locks."""
        self._connection.execute("UPDATE store SET retention_ms = ?", (retention_ms,))

    def add_vault(self, name: str, now_ms: int) -> None:
        """Make a vault."""
        self._connection.execute("INSERT INTO vault (name, created_ms) VALUES (?, ?)", (name, now_ms))

    def update_vault(self, vault: VaultRow) -> None:
        """Set the vault's counts and inventory."""
        live = (vault.change, vault.archives, vault.size, vault.stale_since_ms)
        inventory = (vault.inventory_ms, vault.inventory_change, vault.inventory_archives, vault.inventory_size)
        self._connection.execute(_UPDATE_VAULT, (*live, *inventory, vault.row))

    def delete_vault(self, row: int, now_ms: int) -> None:
        """Delete a vault and abort its open uploads."""
        self._connection.execute("UPDATE vault SET deleted_ms = ? WHERE row = ?", (now_ms, row))
        self._connection.execute(_ABORT_UPLOADS, (now_ms, row))

    def add_archive(self, archive: ArchiveRow) -> None:
        """Publish an archive."""
        birth = (archive.key, archive.vault, archive.created_ms, archive.created_change)
        content = (archive.size, bytes.fromhex(archive.tree_hash), archive.description)
        self._connection.execute(_ADD_ARCHIVE, birth + content)

    def delete_archive(self, key: bytes, *, now_ms: int, change: int) -> None:
        """Mark an archive as deleted and its unfinished jobs as failed."""
        self._connection.execute(_DELETE_ARCHIVE, (now_ms, change, key))
        self._connection.execute(_FAIL_JOBS, {"key": key, "now": now_ms})
        self._connection.execute(_END_NOW, {"key": key, "now": now_ms})

    def put_part(self, part: PartRow) -> None:
        """Set a part, replacing one with the same start."""
        digest = bytes.fromhex(part.tree_hash)
        self._connection.execute(_PUT_PART, (part.owner, part.start, part.size, digest, part.blob))

    def drop_parts(self, owner: bytes, *, limit: int) -> int:
        """Forget up to `limit` parts."""
        self._connection.execute(_DROP_PARTS, {"owner": owner, "n": limit})
        return self._connection.changes()

    def add_upload(self, upload: UploadRow) -> None:
        """Open an upload."""
        moments = (upload.created_ms, upload.active_ms)
        content = (upload.part_size, upload.description, upload.state.value)
        self._connection.execute(_ADD_UPLOAD, (upload.key, upload.vault, *moments, *content))

    def touch_upload(self, key: bytes, now_ms: int) -> None:
        """Restart the idle clock."""
        self._connection.execute("UPDATE upload SET active_ms = ? WHERE key = ?", (now_ms, key))

    def end_upload(self, key: bytes, state: UploadState, now_ms: int) -> None:
        """Mark an upload as completed or aborted."""
        self._connection.execute("UPDATE upload SET state = ?, ended_ms = ? WHERE key = ?", (state.value, now_ms, key))

    def drop_upload(self, key: bytes) -> None:
        """Forget an upload."""
        self._connection.execute("DELETE FROM upload WHERE key = ?", (key,))

    def mark_freed(self, archive: bytes) -> None:
        """Remember that a deleted archive has no parts any more."""
        self._connection.execute("UPDATE archive SET is_freed = 1 WHERE key = ?", (archive,))

    def add_job(self, job: JobRow) -> None:
        """Start a job."""
        digest = None if job.tree_hash is None else bytes.fromhex(job.tree_hash)
        common = (job.key, job.vault, job.action, job.created_ms, job.ready_ms, job.description, job.sns_topic)
        archive = (job.archive, job.start, job.end, digest, job.tier)
        inventory = (job.format, job.from_ms, job.until_ms, job.item_limit, job.marker, job.snapshot, job.snapshot_ms)
        self._connection.execute(_ADD_JOB, common + archive + inventory)

    def set_output(self, job: bytes, *, size: int, next_marker: str | None) -> None:
        """Say that an inventory job's output is written."""
        sql = "UPDATE job SET output_size = ?, next_marker = ? WHERE key = ?"
        self._connection.execute(sql, (size, next_marker, job))

    def drop_job(self, key: bytes) -> None:
        """Forget a job, and whom to tell of it."""
        self._connection.execute("DELETE FROM job WHERE key = ?", (key,))

    def set_scrub(self, scrub: ScrubRow) -> None:
        """Say how far the scrub is."""
        progress = (scrub.started_ms, scrub.cursor, scrub.blobs, scrub.size, scrub.finished_ms)
        self._connection.execute(_SET_SCRUB, progress)

    def add_finding(self, finding: FindingRow) -> None:
        """Remember what a scrub found."""
        content = (finding.blob, finding.kind, finding.detail, finding.found_ms, finding.owner)
        self._connection.execute(_ADD_FINDING, content)

    def drop_findings(self) -> None:
        """Forget the findings of the scrub before."""
        self._connection.execute("DELETE FROM finding")
