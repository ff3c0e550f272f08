"""Whole archives: the single upload, publication, deletion (glacier-api 8.5 and 9.5). Blob first, then fact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.errors import InvalidParameterValue, ResourceNotFound
from coldframe.model import Receipt
from coldframe.ports import ArchiveRow, Put, Upload
from coldframe.service import rules
from coldframe.service.core import exactly, hashes_of, publish_part, require_same_hash
from coldframe.service.ids import Kind, decode_id, encode_id, new_key
from coldframe.service.protection import require_permitted
from coldframe.service.vaults import with_change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.ports import Body, Changes, VaultRow
    from coldframe.service.core import Core


@dataclass(frozen=True, slots=True)
class Content:
    """What an archive is to hold, before it is one."""

    key: bytes
    size: int
    tree_hash: str
    description: str


class ServiceArchives:
    """Implements the part of `ports.Uploads` that concerns whole archives."""

    _core: Core

    def upload_archive(
        self, vault_name: str, body: Body, *, tree_hash: str | None = None, description: str = ""
    ) -> Receipt:
        """Keep an archive of 1 byte to 4 GiB."""
        return self.upload_archives(vault_name, [Upload(body, tree_hash, description)])[0]

    def upload_archives(self, vault_name: str, uploads: Sequence[Upload]) -> Sequence[Receipt]:
        """Keep archives of 1 byte to 4 GiB each: all, with one commit, or none."""
        core = self._core
        now_ms = core.read(lambda facts, now_ms: (core.vault(facts, vault_name), now_ms))[1]
        wanted = [_Wanted(vault_name, upload, now_ms) for upload in uploads]
        blobs = core.blobs.put_all([one.put for one in wanted])

        def act(changes: Changes, now_ms: int) -> None:
            for one, blob in zip(wanted, blobs, strict=True):
                publish_part(core, changes, owner=one.key, start=0, blob=blob)
                vault = core.vault(changes, vault_name)
                publish(core, changes, vault, Content(one.key, blob.size, blob.tree_hash, one.description), now_ms)

        core.write(act)
        return [Receipt(one.archive_id, blob.tree_hash) for one, blob in zip(wanted, blobs, strict=True)]

    def delete_archive(self, vault_name: str, archive_id: str) -> None:
        """Delete an archive; outputs of jobs that have succeeded stay readable (glacier-api 9.5)."""
        core = self._core

        def act(changes: Changes, now_ms: int) -> None:
            vault = core.vault(changes, vault_name)
            key = decode_id(Kind.ARCHIVE, archive_id)
            if key is None:
                msg = f"Invalid archive ID: {archive_id}"
                raise InvalidParameterValue(msg)
            archive = changes.archive(key)
            if archive is None:
                raise archive_not_found(archive_id)
            if archive.vault != vault.row:
                msg = f"Invalid vault name: {core.arn(vault_name)}"
                raise InvalidParameterValue(msg)
            if archive.deleted_ms is None:
                require_permitted(core, changes, vault, "DeleteArchive", now_ms=now_ms, archive=archive)
                vault = with_change(vault, now_ms, core.inventory_ms, archives=-1, size=-archive.size)
                changes.update_vault(vault)
                changes.delete_archive(key, now_ms=now_ms, change=vault.change)

        core.write(act)


class _Wanted:
    """An archive that somebody wants kept, checked against the rules and given its key."""

    def __init__(self, vault_name: str, upload: Upload, now_ms: int) -> None:
        body, sent = upload.body, upload.tree_hash
        rules.require_single_size(body.size)
        self.description = rules.archive_description(upload.description)
        check = require_same_hash(None if sent is None else rules.tree_hash(sent))
        self.key = new_key(now_ms)
        self.archive_id = encode_id(Kind.ARCHIVE, self.key)
        note = {"vault": vault_name, "archive": self.archive_id, "start": 0, "description": self.description}
        self.put = Put(new_key(now_ms), exactly(body), note, check, hashes_of(body))


def publish(core: Core, changes: Changes, vault: VaultRow, content: Content, now_ms: int) -> None:
    """Make an archive of parts that are in their places. Its creation is the moment of the commit (glacier-api 11)."""
    vault = with_change(vault, now_ms, core.inventory_ms, archives=1, size=content.size)
    changes.update_vault(vault)
    birth = (content.key, vault.row, now_ms, vault.change)
    changes.add_archive(ArchiveRow(*birth, content.size, content.tree_hash, content.description))


def archive_not_found(archive_id: str) -> ResourceNotFound:
    """The error for an archive that is not there, in the original's words."""
    return ResourceNotFound(f"The archive ID was not found: {archive_id}")
