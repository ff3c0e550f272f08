"""Archives as users name them: by their IDs, or by paths that the catalog knows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.catalog import Kind, Query
from coldframe.errors import BadUsage, NothingMatched
from coldframe.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coldframe.catalog import Entry
    from coldframe.composition.library import Coldframe

_ID = re.compile(r"[A-Za-z0-9_-]{100,}")
"""The original's are 138 such characters, and a file is hardly ever called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedArchive:
    """An archive of a vault. `entries` are all files and bundles that it is the content of, as the catalog knows."""

    vault_name: str
    archive_id: str
    entries: tuple[Entry, ...]

    @property
    def path(self) -> str | None:
        """The newest path of it, None if the catalog does not know the archive."""
        return self.entries[0].path if self.entries else None

    @property
    def size(self) -> int | None:
        """Its bytes, as far as the catalog knows them."""
        size = self.entries[0].archive.size if self.entries else -1
        return size if size >= 0 else None


def find_archives(coldframe: Coldframe, vault_name: str, words: Iterable[str]) -> list[NamedArchive]:
    """The archives that words name, each once: an archive ID, or the whole path of a file or bundle in the catalog.

    Raises:
        NothingMatched: A word is neither.
        BadUsage: A path lies inside a bundle, or stands for several archives.
    """
    found: dict[str, NamedArchive] = {}
    for word in words:
        archive = _by_id(coldframe, vault_name, word) or _by_path(coldframe, vault_name, word)
        if archive is None and _ID.fullmatch(word) is not None:
            archive = NamedArchive(vault_name=vault_name, archive_id=word, entries=())
        if archive is None:
            raise NothingMatched(
                f"{printable(word)} is neither an archive ID nor the whole path of a file that the catalog knows"
                f" in the vault {vault_name}; `coldframe ls --vault {vault_name}` shows the paths, with --long the IDs."
            )
        found.setdefault(archive.archive_id, archive)
    return list(found.values())


def _by_id(coldframe: Coldframe, vault_name: str, archive_id: str) -> NamedArchive | None:
    entries = sorted(_entries(coldframe, vault_name, archive_id), key=lambda entry: -entry.row)
    if not entries:
        return None
    return NamedArchive(vault_name=vault_name, archive_id=archive_id, entries=tuple(entries))


def _by_path(coldframe: Coldframe, vault_name: str, path: str) -> NamedArchive | None:
    entries = list(coldframe.catalog.at_path(coldframe.store_identity, vault_name, path))
    if not entries:
        return None
    ids = list(dict.fromkeys(entry.archive.archive_id for entry in entries))
    if all(entry.kind is Kind.MEMBER for entry in entries):
        raise BadUsage(f"{printable(path)} lies inside a zip; only the whole zip is an archive.")
    if len(ids) > 1:
        raise BadUsage(f"{printable(path)} is the path of several archives; name one by its ID: {', '.join(ids)}.")
    return _by_id(coldframe, vault_name, ids[0])


def _entries(coldframe: Coldframe, vault_name: str, archive_id: str) -> Iterator[Entry]:
    query = Query(store=coldframe.store_identity, vault_name=vault_name, archive_ids=(archive_id,), all_versions=True)
    return coldframe.catalog.select(query)
