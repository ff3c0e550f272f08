"""What all stages of one run share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coldframe.catalog.model import ArchiveRecord, Attempt, Kind
from coldframe.errors import InvalidParameterValue, LimitRefused, SourceChanged, TreeHashMismatch, UnsafeName
from coldframe.inventory.description import Described, encode_description

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coldframe.archiver.crew import Claims
    from coldframe.archiver.leftovers import Leftovers
    from coldframe.archiver.request import ArchiveRequest
    from coldframe.archiver.scan import Rules
    from coldframe.archiver.sender import Sender
    from coldframe.catalog.catalog import Catalog
    from coldframe.catalog.model import Entry
    from coldframe.clock import Clock
    from coldframe.model import Receipt
    from coldframe.ports import ColdStore
    from coldframe.progress import Observer

TROUBLE = (SourceChanged, TreeHashMismatch, LimitRefused, InvalidParameterValue, UnsafeName)
"""What is one file's own trouble: it is reported and the others go on. Everything else ends the run."""

TRIES = 3
"""How often a file that changes while it is read is begun anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One call of `Archiver.archive`. `check_idle` ends, by raising, what sends nothing when the run is to stop."""

    store: ColdStore
    catalog: Catalog
    request: ArchiveRequest
    rules: Rules
    clock: Clock
    sender: Sender
    observer: Observer
    claims: Claims
    leftovers: Leftovers
    part_size: int
    check_idle: Callable[[], None]

    def attempt(self, described: Described, *, source: str, signature: str | None = None) -> Attempt:
        """The intent to archive something; not yet in the catalog."""
        return Attempt(
            store=self.store.identity,
            vault_name=self.request.vault_name,
            path=described.path,
            source=source,
            size=described.size,
            modified_ns=described.modified_ns or 0,
            description=encode_description(described),
            started_at=self.clock.now(),
            signature=signature,
        )

    def begin(self, attempt: Attempt) -> Attempt:
        """Make an attempt durable, unless it is."""
        if attempt.row:
            return attempt
        return replace(attempt, row=self.catalog.begin([attempt])[0])

    def find_alike(self, last: Entry | None, *, size: int, head_hash: str) -> list[ArchiveRecord]:
        """Archives that begin alike; none if nothing is to be deduplicated.

        Ones older than what the path held last stay out: what is recorded now must be the newest version.
        """
        if not self.request.dedupe:
            return []
        found = self.catalog.find_content(self.store.identity, self.request.vault_name, size=size, head_hash=head_hash)
        return [archive for archive in found if last is None or archive.archived_at >= last.archive.archived_at]

    def find_landed(self, attempt: Attempt, *, size: int) -> Sequence[ArchiveRecord]:
        """Archives of this size that an earlier run sent when it was killed before it could record them."""
        return self.leftovers.landed(attempt, size=size, dedupe=self.request.dedupe)

    def confirmed(self, receipt: Receipt, attempt: Attempt, *, size: int) -> ArchiveRecord:
        """The record of an archive whose receipt has just come and was checked."""
        return ArchiveRecord(
            store=attempt.store,
            vault_name=attempt.vault_name,
            archive_id=receipt.archive_id,
            size=size,
            tree_hash=receipt.tree_hash,
            description=attempt.description,
            archived_at=self.clock.now(),
        )


def describe_file(path: str, *, size: int, modified_ns: int) -> Described:
    """What the description of a file's archive says."""
    return Described(path=path, kind=Kind.FILE, size=size, modified_ns=modified_ns)


def describe_bundle(path: str, *, size: int, modified_ns: int) -> Described:
    """What the description of a bundle's archive says; its size is that of its members, known before it is zipped."""
    return Described(path=path, kind=Kind.BUNDLE, size=size, modified_ns=modified_ns)
