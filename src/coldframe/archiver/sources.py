"""Removing local files that are safe in a vault: late, careful, and each only if it still is what was archived.

A file goes only if (1) its archive is confirmed, (2) the catalog, read again, has the entry for exactly this file, and
(3) every inventory copy that was asked for is written. A bundle's files go all together or not at all. Links are never
followed and never removed; folders stay.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe import names
from coldframe.archiver.opening import Stamp, explain, open_folder
from coldframe.catalog.model import Kind, Query
from coldframe.errors import BadUsage
from coldframe.progress import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coldframe.archiver.opening import Source
    from coldframe.archiver.request import FileResult
    from coldframe.catalog.catalog import Catalog
    from coldframe.catalog.model import ArchiveRecord, Entry
    from coldframe.files import Files

SAFE = frozenset({Outcome.ARCHIVED, Outcome.RECORDED, Outcome.UNCHANGED})
"""Outcomes after which a store has confirmed the archive that holds the file."""

_HOLDS_FOLDERS = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd


@dataclass(frozen=True, slots=True)
class CopiesProof:
    """Which inventory copies were asked for, and which of them are written."""

    wanted: frozenset[str]
    written: frozenset[str]

    @property
    def is_complete(self) -> bool:
        """Whether none is missing."""
        return self.wanted <= self.written


@dataclass(frozen=True, slots=True)
class Removable:
    """The local files behind one archive, as they were when they were archived or found unchanged."""

    archive: ArchiveRecord
    kind: Kind
    sources: Sequence[Source]


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of the files behind one archive: removed, or kept, and why."""

    removed: Sequence[Source]
    kept: Sequence[Source] = ()
    reason: str = ""


def removable(result: FileResult) -> Removable | None:
    """The files that may be removed after this result; None if nothing confirms that they are in a vault."""
    if result.outcome not in SAFE or result.entry is None:
        return None
    return Removable(result.entry.archive, result.kind, result.read)


class SourceRemover:
    """Removes local files that are archived.

    Args:
        catalog: Is asked again for each archive.
        files: Removes.
        proof: That all inventory copies are written.

    Raises:
        BadUsage: They are not.
    """

    def __init__(self, catalog: Catalog, *, files: Files, proof: CopiesProof) -> None:
        """Look at the proof; nothing is removed yet."""
        if not proof.is_complete:
            missing = ", ".join(sorted(proof.wanted - proof.written))
            raise BadUsage(f"no local file is removed before the inventory is copied to {missing}")
        self._catalog = catalog
        self._files = files

    def remove(self, item: Removable) -> Removal:
        """Remove the files behind one archive, or keep them all and say why."""
        reason = self._reason_to_keep(item)
        if reason:
            return Removal((), item.sources, reason)
        removed: list[Source] = []
        for source in item.sources:
            reason = remove_unchanged(source, self._files)
            if reason:
                return Removal(removed, item.sources[len(removed) :], reason)
            removed.append(source)
        return Removal(removed)

    def _reason_to_keep(self, item: Removable) -> str:
        recorded = _recorded(self._entries(item))
        for source in item.sources:
            if (source.text, source.stamp.size, source.stamp.modified_ns) not in recorded:
                return f"the catalog does not have {names.printable(source.text)} as it is"
        return next((reason for source in item.sources if (reason := _look(source))), "")

    def _entries(self, item: Removable) -> Iterable[Entry]:
        archive = item.archive
        return self._catalog.select(
            Query(
                store=archive.store,
                vault_name=archive.vault_name,
                archive_ids=(archive.archive_id,),
                members=item.kind is Kind.BUNDLE,
            )
        )


def remove_unchanged(source: Source, files: Files) -> str:
    """Look at a file once more, from inside its folder, and remove it there; answers why not, "" if it is gone.

    Everything that removes a user's file goes through here. That its bytes are safe, the caller knows.
    """
    if not _HOLDS_FOLDERS:
        return _look(source) or _remove(files, source.location, None)
    folder, name = os.path.split(source.location)
    try:
        handle = open_folder(folder)
    except OSError as error:
        return explain(error)
    try:
        return _compare(source, name, handle) or _remove(files, name, handle)
    finally:
        os.close(handle)


def _remove(files: Files, path: str, folder: int | None) -> str:
    try:
        files.unlink(path, folder=folder)
    except OSError as error:
        return explain(error)
    return ""


def _recorded(entries: Iterable[Entry]) -> set[tuple[str | None, int, int | None]]:
    return {(entry.source, entry.size, entry.modified_ns) for entry in entries if entry.kind is not Kind.BUNDLE}


def _look(source: Source) -> str:
    """Why the file must stay; "" if it is what was archived."""
    folder, name = os.path.split(source.location)
    if not _HOLDS_FOLDERS:
        return _compare(source, source.location, None)
    try:
        handle = open_folder(folder)
    except OSError as error:
        return explain(error)
    try:
        return _compare(source, name, handle)
    finally:
        os.close(handle)


def _compare(source: Source, path: str, folder: int | None) -> str:
    text = names.printable(source.text)
    try:
        status = os.stat(path, dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        return f"{text}: {explain(error)}"
    if stat.S_ISLNK(status.st_mode):
        return f"{text} is a symbolic link"
    return "" if Stamp.of(status) == source.stamp else f"{text} was changed after it was archived"
