"""Inventories: a snapshot of a vault, written out by streaming (glacier-api 10).

A snapshot is the number of a change: archives remember the change that made and the one that deleted them, so any past
inventory can be read again, and a marker continues the very snapshot it came from.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coldframe.clock import from_milliseconds
from coldframe.model import InventoryFormat
from coldframe.service import rules
from coldframe.service.core import publish_part
from coldframe.service.ids import Kind, decode_marker, encode_id, encode_marker, new_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.ports import ArchiveRow, Changes, JobRow, VaultRow
    from coldframe.service.core import Core

_BATCH = 1000
_FOREVER_MS = 1 << 62
_CSV_HEADER = "ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\n"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a continued inventory goes on: after the archive of `after_change`, in a snapshot of one vault."""

    vault: int
    snapshot: int
    snapshot_ms: int
    after_ms: int
    after_change: int


def decode_inventory_marker(marker: str, vault: VaultRow) -> Position:
    """The position that a marker of this vault holds; `InvalidParameterValue` if it is none."""
    numbers = decode_marker(Kind.INVENTORY_MARKER, marker, 5)
    if numbers is None or numbers[0] != vault.row:
        raise rules.bad_marker(marker)
    return Position(*numbers)


def materialise(core: Core, vault_name: str, job: JobRow) -> JobRow:
    """Write the output of an inventory job, once: whoever needs it first does. Answers the job with its output.

    Blob first, then fact: when two processes are at it at once, the first to commit wins, and the other's blob is
    swept.
    """
    with core.materialising:
        known = core.read(lambda facts, _: facts.job(job.key))
        if known is None or known.output_size is not None:
            return known or job
        listing = _Listing(core, vault_name, job)
        note = {"vault": vault_name, "inventory": encode_id(Kind.JOB, job.key), "start": 0}
        blob = core.blobs.put(new_key(core.now_ms()), listing, note=note)

        def act(changes: Changes, _now_ms: int) -> JobRow:
            other = changes.job(job.key)
            if other is None or other.output_size is not None:
                return other or job
            publish_part(core, changes, owner=job.key, start=0, blob=blob)
            changes.set_output(job.key, size=blob.size, next_marker=listing.next_marker)
            return replace(job, output_size=blob.size, next_marker=listing.next_marker)

        return core.write(act)


class _Listing:
    """The bytes of one inventory, a batch of archives at a time; afterwards it knows whether there is more."""

    def __init__(self, core: Core, vault_name: str, job: JobRow) -> None:
        """Nothing has been read yet."""
        self.next_marker: str | None = None
        self._core = core
        self._vault_arn = core.arn(vault_name)
        self._job = job

    def __iter__(self) -> Iterator[bytes]:
        """The output in the job's format."""
        form = self._csv if self._job.format is InventoryFormat.CSV else self._json
        return (text.encode("ascii") for text in form())

    def _json(self) -> Iterator[str]:
        date = _whole_seconds(self._job.snapshot_ms or 0)
        yield f'{{"VaultARN":{json.dumps(self._vault_arn)},"InventoryDate":"{date}","ArchiveList":['
        separator = ""
        for batch in self._batches():
            yield separator + ",".join(map(_json_item, batch))
            separator = ","
        yield "]}"

    def _csv(self) -> Iterator[str]:
        yield _CSV_HEADER
        for batch in self._batches():
            yield "".join(map(_csv_item, batch))

    def _batches(self) -> Iterator[list[ArchiveRow]]:
        """The archives in order, in batches that are never empty, up to the job's limit."""
        job = self._job
        left = _FOREVER_MS if job.item_limit is None else job.item_limit
        marker = decode_marker(Kind.INVENTORY_MARKER, job.marker, 5) if job.marker else None
        after = (job.from_ms or 0, -1)
        if marker is not None:
            after = max(after, (marker[3], marker[4]))
        while batch := self._batch(after, min(left, _BATCH) + 1):
            shown = batch[: min(left, _BATCH)]
            left -= len(shown)
            after = (shown[-1].created_ms, shown[-1].created_change)
            yield shown
            if len(shown) == len(batch):
                return
            if not left:
                place = (job.vault, job.snapshot or 0, job.snapshot_ms or 0, *after)
                self.next_marker = encode_marker(Kind.INVENTORY_MARKER, *place)
                return

    def _batch(self, after: tuple[int, int], limit: int) -> list[ArchiveRow]:
        job = self._job
        snapshot, until_ms = job.snapshot or 0, _FOREVER_MS if job.until_ms is None else job.until_ms
        return self._core.read(
            lambda facts, _: facts.inventory(job.vault, snapshot=snapshot, after=after, until_ms=until_ms, limit=limit)
        )


def _json_item(archive: ArchiveRow) -> str:
    """One archive, keys in the order of the original's capture (glacier-api 10.1)."""
    description = json.dumps(archive.description)
    return (
        f'{{"ArchiveId":"{encode_id(Kind.ARCHIVE, archive.key)}","ArchiveDescription":{description},'
        f'"CreationDate":"{_whole_seconds(archive.created_ms)}","Size":{archive.size},'
        f'"SHA256TreeHash":"{archive.tree_hash}"}}'
    )


def _csv_item(archive: ArchiveRow) -> str:
    r"""One line. The description is always quoted, a quote in it written \" and a backslash as it is (10.2)."""
    description = archive.description.replace('"', '\\"')
    archive_id = encode_id(Kind.ARCHIVE, archive.key)
    date = _whole_seconds(archive.created_ms)
    return f'{archive_id},"{description}",{date},{archive.size},{archive.tree_hash}\n'


def _whole_seconds(moment_ms: int) -> str:
    """A moment as inventories print it (glacier-api 1.4)."""
    return from_milliseconds(moment_ms).strftime("%Y-%m-%dT%H:%M:%SZ")
