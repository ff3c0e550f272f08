"""How things stand: what verifying and comparing say of one file or archive."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Standing(StrEnum):
    """How a local file, or an archive, stands."""

    VERIFIED = "verified"  # the bytes here are the bytes that were archived; or catalog and vault agree
    CHANGED = "changed"  # it was written to since: its size or modification time differ
    DAMAGED = "damaged"  # its size and modification time are the same, its bytes are not
    ABSENT = "absent"  # archived, and not here any more
    NOT_ARCHIVED = "not archived"  # here, and nowhere in the catalog
    LEFT_OUT = "left out"  # a symbolic link or the like, which no archive can hold
    UNREADABLE = "unreadable"
    MISSING = "missing"  # in the catalog, and not in the vault's inventory
    UNKNOWN = "unknown"  # in the vault's inventory, and not in the catalog
    DIFFERENT = "different"  # in both, with another size or tree hash
    NEWER = "newer"  # archived after the inventory was made: too new to tell
    DELETED = "deleted"  # deleted after the inventory was made, as one would expect


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One thing that was looked at; paths are texts of `names`."""

    standing: Standing
    path: str
    size: int = 0
    source: str | None = None
    vault_name: str | None = None
    archive_id: str | None = None
    tree_hash: str | None = None
    archived_at: datetime | None = None
    detail: str = ""
