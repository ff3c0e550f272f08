"""The values that the catalog keeps and answers: what went where.

Paths are the text of `coldframe.names.write_path`. Sizes are bytes, hashes lower-case hex, moments aware UTC datetimes;
`modified_ns` is nanoseconds since 1970-01-01 UTC. `row` is the catalog's own number, 0 before there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


UNKNOWN_SIZE = -1
"""The size of an archive and its entry that only an inventory without sizes tells of, until a job or the vault's
inventory says it: PowerShell's `FilePath,ArchiveId,Checksum` has none."""


class Kind(StrEnum):
    """What an entry is."""

    FILE = "file"  # one file, one archive
    BUNDLE = "bundle"  # a folder that became one zip archive
    MEMBER = "member"  # a file inside a bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRecord:
    """One archive that a store has confirmed. `store` is the store's identity, not its URL.

    `size` may be UNKNOWN_SIZE; `archived_at` is 1970-01-01 where nobody knows.
    """

    store: str
    vault_name: str
    archive_id: str
    size: int
    tree_hash: str
    description: str
    archived_at: datetime
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where a member's bytes lie in its bundle; offsets are bytes from the beginning of the archive.

    `method` is `stored` or `deflated`, `data_offset` is 0 where only the local header's place is known.
    """

    header_offset: int
    data_offset: int
    compressed_size: int
    method: str
    sha256: str
    crc32: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPlace(Cut):
    """A member's place in its bundle, with its `name` inside the zip (a text of `names`)."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file, bundle or member, and the archive that holds it.

    `source` is the absolute local path it was read from, None where nobody knows. `signature` stands for a bundle's
    list of members, so that an unchanged folder is known without zipping it. `head_hash` is the SHA-256 of the first
    chunk. An entry of size 0 has an archive of one byte, since the protocol knows no empty archive.
    """

    path: str
    kind: Kind
    size: int
    modified_ns: int | None
    archive: ArchiveRecord
    source: str | None = None
    signature: str | None = None
    head_hash: str | None = None
    member: MemberPlace | None = None
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An archive that was begun and is not confirmed: what a killed run left for the next one."""

    store: str
    vault_name: str
    path: str
    source: str
    size: int
    modified_ns: int
    description: str
    started_at: datetime
    signature: str | None = None
    part_size: int | None = None
    upload_id: str | None = None
    tree_hash: str | None = None
    row: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for.

    `text` without a wildcard is words that must all occur in the path; with one it is a pattern of
    `coldframe.patterns`. Neither heeds case. Files and bundles are found; a member only if `members` asks for all of
    them, or if it matches and its bundle does not. Of several versions only the newest, unless `all_versions`.
    """

    text: str = ""
    store: str | None = None
    vault_name: str | None = None
    archive_ids: tuple[str, ...] = ()
    members: bool = False
    all_versions: bool = False
