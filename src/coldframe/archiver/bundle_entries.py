"""From a zipped bundle to the catalog's entries, and to results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe import names
from coldframe.archiver.request import FileResult
from coldframe.archiver.scan import LeftOut
from coldframe.catalog.model import Entry, Kind
from coldframe.progress import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.archiver.members import Bundle
    from coldframe.archiver.scan import Unreadable
    from coldframe.archiver.zip_stream import Placed
    from coldframe.catalog.model import ArchiveRecord


def bundle_entry(bundle: Bundle, archive: ArchiveRecord, *, head_hash: str | None) -> Entry:
    """The entry of the bundle itself. Its size is that of the zip, which is the file that comes back."""
    return Entry(
        path=bundle.path,
        kind=Kind.BUNDLE,
        size=archive.size,
        modified_ns=bundle.modified_ns,
        archive=archive,
        source=bundle.text,
        signature=bundle.signature,
        head_hash=head_hash,
    )


def member_entries(bundle: Bundle, archive: ArchiveRecord, placed: Sequence[Placed]) -> list[Entry]:
    """The entries of its members, with their places in the zip."""
    return [
        Entry(
            path=member.source.path,
            kind=Kind.MEMBER,
            size=done.size,
            modified_ns=done.modified_ns,
            archive=archive,
            source=member.source.text,
            member=done.place,
        )
        for member, done in zip(bundle.members, placed, strict=True)
    ]


def other_result(item: LeftOut | Unreadable, kind: Kind) -> FileResult:
    """The result of something that was found and cannot be archived."""
    return FileResult(
        path=item.path,
        source=names.write_path(item.location),
        kind=kind,
        outcome=Outcome.LEFT_OUT if isinstance(item, LeftOut) else Outcome.FAILED,
        detail=item.reason,
        size=item.size if isinstance(item, LeftOut) else 0,
        rule=item.rule if isinstance(item, LeftOut) else None,
    )
