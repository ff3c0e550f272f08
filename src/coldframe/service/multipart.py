"""Multipart uploads and their state machine (glacier-api 8.6 and 11). Blob first, then fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.clock import from_milliseconds
from coldframe.errors import InvalidParameterValue, ResourceNotFound
from coldframe.model import MAX_PARTS, ByteRange, Page, PartDescription, PartsPage, Receipt, UploadDescription
from coldframe.ports import UploadRow, UploadState
from coldframe.service import rules
from coldframe.service.archives import Content, publish
from coldframe.service.core import DAY_MS, exactly, hashes_of, publish_part, require_same_hash
from coldframe.service.ids import Kind, decode_id, decode_marker, encode_id, encode_marker, new_key
from coldframe.tree_hash import combine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.ports import Body, Changes, Facts, PartRow, VaultRow
    from coldframe.service.core import Core

MAX_UPLOADS_PAGE = 50
MAX_PARTS_PAGE = 50
IDLE_MS = DAY_MS
"""An upload without activity for longer has expired."""
REPEAT_MS = DAY_MS
"""How long after its end an upload may be completed or aborted again."""


class ServiceMultipart:
    """Implements the part of `ports.Uploads` that concerns multipart uploads."""

    _core: Core

    def initiate_multipart_upload(self, vault_name: str, *, part_size: int, description: str = "") -> str:
        """Open an upload."""

        def act(changes: Changes, now_ms: int) -> bytes:
            vault = self._core.vault(changes, vault_name)
            rules.require_part_size(part_size)
            key = new_key(now_ms)
            text = rules.archive_description(description)
            changes.add_upload(UploadRow(key, vault.row, now_ms, now_ms, part_size, text))
            return key

        return encode_id(Kind.UPLOAD, self._core.write(act))

    def upload_multipart_part(
        self, vault_name: str, upload_id: str, body: Body, *, start: int, tree_hash: str | None = None
    ) -> str:
        """Keep one part durably."""
        core = self._core
        upload, now_ms = core.read(lambda facts, now_ms: (self._open(facts, vault_name, upload_id, now_ms), now_ms))
        rules.require_part_range(upload, start, body.size)
        sent = None if tree_hash is None else rules.tree_hash(tree_hash)
        archive_id = encode_id(Kind.ARCHIVE, upload.key)
        note = {"vault": vault_name, "archive": archive_id, "start": start, "part_size": upload.part_size}
        note |= {"description": upload.description}
        blob = core.blobs.put(
            new_key(now_ms), exactly(body), note=note, check=require_same_hash(sent), hashes=hashes_of(body)
        )

        def act(changes: Changes, now_ms: int) -> None:
            self._open(changes, vault_name, upload_id, now_ms)
            publish_part(core, changes, owner=upload.key, start=start, blob=blob)
            changes.touch_upload(upload.key, now_ms)

        core.write(act)
        return blob.tree_hash

    def complete_multipart_upload(
        self, vault_name: str, upload_id: str, *, archive_size: int, tree_hash: str
    ) -> Receipt:
        """Turn the parts into an archive, in one transaction that copies nothing."""

        def act(changes: Changes, now_ms: int) -> Receipt:
            vault = self._core.vault(changes, vault_name)
            sent = rules.tree_hash(tree_hash)
            upload = self._upload(changes, vault, upload_id)
            wanted = Content(upload.key, archive_size, sent, upload.description)
            if upload.state is UploadState.COMPLETED and not is_forgotten(upload, now_ms):
                _require_repeated(changes, wanted)
            else:
                _require_open(upload, upload_id, now_ms)
                _require_whole(changes.parts(upload.key, first=0, limit=MAX_PARTS), upload, wanted)
                changes.end_upload(upload.key, UploadState.COMPLETED, now_ms)
                publish(self._core, changes, vault, wanted, now_ms)
            return Receipt(encode_id(Kind.ARCHIVE, upload.key), sent)

        return self._core.write(act)

    def abort_multipart_upload(self, vault_name: str, upload_id: str) -> None:
        """Drop an upload; its parts are swept later."""

        def act(changes: Changes, now_ms: int) -> None:
            upload = self._upload(changes, self._core.vault(changes, vault_name), upload_id)
            if upload.state is UploadState.ABORTED and not is_forgotten(upload, now_ms):
                return
            _require_open(upload, upload_id, now_ms)
            changes.end_upload(upload.key, UploadState.ABORTED, now_ms)

        self._core.write(act)

    def list_parts(
        self, vault_name: str, upload_id: str, *, limit: int | None = None, marker: str | None = None
    ) -> PartsPage:
        """The parts of an open upload, by start."""

        def act(facts: Facts, now_ms: int) -> PartsPage:
            upload = self._open(facts, vault_name, upload_id, now_ms)
            count = rules.page_limit(limit, MAX_PARTS_PAGE)
            first = _decode_parts_marker(marker) if marker else 0
            found = facts.parts(upload.key, first=first, limit=count + 1)
            following = encode_marker(Kind.PARTS_MARKER, found[count].start) if len(found) > count else None
            parts = [_describe_part(part) for part in found[:count]]
            return PartsPage(self._describe_upload(upload, vault_name), parts, following)

        return self._core.read(act)

    def list_multipart_uploads(
        self, vault_name: str, *, limit: int | None = None, marker: str | None = None
    ) -> Page[UploadDescription]:
        """The vault's open uploads, oldest first; the marker is the ID of the next one."""

        def act(facts: Facts, now_ms: int) -> Page[UploadDescription]:
            vault = self._core.vault(facts, vault_name)
            count = rules.page_limit(limit, MAX_UPLOADS_PAGE)
            first = decode_id(Kind.UPLOAD, marker) if marker else b""
            if first is None:
                raise rules.bad_marker(marker or "")
            found = facts.open_uploads(vault.row, first=first, active_ms=now_ms - IDLE_MS, limit=count + 1)
            following = encode_id(Kind.UPLOAD, found[count].key) if len(found) > count else None
            return Page([self._describe_upload(upload, vault_name) for upload in found[:count]], following)

        return self._core.read(act)

    def _open(self, facts: Facts, vault_name: str, upload_id: str, now_ms: int) -> UploadRow:
        upload = self._upload(facts, self._core.vault(facts, vault_name), upload_id)
        _require_open(upload, upload_id, now_ms)
        return upload

    def _upload(self, facts: Facts, vault: VaultRow, upload_id: str) -> UploadRow:
        key = decode_id(Kind.UPLOAD, upload_id)
        upload = None if key is None else facts.upload(key)
        if upload is None or upload.vault != vault.row:
            raise _upload_not_found(upload_id)
        return upload

    def _describe_upload(self, upload: UploadRow, vault_name: str) -> UploadDescription:
        return UploadDescription(
            upload_id=encode_id(Kind.UPLOAD, upload.key),
            vault_arn=self._core.arn(vault_name),
            description=upload.description or None,
            part_size=upload.part_size,
            created_at=from_milliseconds(upload.created_ms),
        )


def is_expired(upload: UploadRow, now_ms: int) -> bool:
    """Whether an open upload has been idle for too long."""
    return upload.state is UploadState.OPEN and now_ms - upload.active_ms > IDLE_MS


def is_forgotten(upload: UploadRow, now_ms: int) -> bool:
    """Whether an upload ended so long ago that repeating the end is not understood any more."""
    return upload.ended_ms is not None and now_ms - upload.ended_ms > REPEAT_MS


def _require_open(upload: UploadRow, upload_id: str, now_ms: int) -> None:
    if upload.state is not UploadState.OPEN or is_expired(upload, now_ms):
        raise _upload_not_found(upload_id)


def _require_whole(parts: Sequence[PartRow], upload: UploadRow, wanted: Content) -> None:
    """The parts must be the archive that is wanted: no gap, all but the last full, and the right hash."""
    size = sum(part.size for part in parts)
    if size != wanted.size or not parts:
        msg = f"Invalid x-amz-archive-size: {wanted.size}. The parts hold {size} bytes."
        raise InvalidParameterValue(msg)
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        if part.start != number * upload.part_size or not (is_last or part.size == upload.part_size):
            msg = f"The parts do not cover the archive: there is a gap at {number * upload.part_size}."
            raise InvalidParameterValue(msg)
    if combine(part.tree_hash for part in parts) != wanted.tree_hash:
        raise _wrong_tree_hash(wanted)


def _require_repeated(facts: Facts, wanted: Content) -> None:
    """A repeated completion must ask for what the first one made (glacier-api, operation 22)."""
    archive = facts.archive(wanted.key)
    if archive is None or archive.size != wanted.size:
        msg = f"Invalid x-amz-archive-size: {wanted.size}. The upload was completed with another size."
        raise InvalidParameterValue(msg)
    if archive.tree_hash != wanted.tree_hash:
        raise _wrong_tree_hash(wanted)


def _wrong_tree_hash(wanted: Content) -> InvalidParameterValue:
    return InvalidParameterValue(f"Invalid x-amz-sha256-tree-hash: {wanted.tree_hash}")


def _upload_not_found(upload_id: str) -> ResourceNotFound:
    return ResourceNotFound(f"The upload ID was not found: {upload_id}")


def _describe_part(part: PartRow) -> PartDescription:
    return PartDescription(ByteRange(part.start, part.start + part.size), part.tree_hash)


def _decode_parts_marker(marker: str) -> int:
    numbers = decode_marker(Kind.PARTS_MARKER, marker, 1)
    if numbers is None:
        raise rules.bad_marker(marker)
    return numbers[0]
