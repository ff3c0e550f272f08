"""How an entry of the catalog is printed."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from coldframe.catalog import UNKNOWN_SIZE
from coldframe.cli.output import Column, moment_column, size_column
from coldframe.clock import EPOCH
from coldframe.errors import BadUsage
from coldframe.patterns import is_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from coldframe.catalog import Entry

_DRIVE = re.compile(r"^([A-Za-z]):(?=/)")
COLUMNS = (
    size_column(),
    moment_column("modified_at", "MODIFIED"),
    Column("vault_name", "VAULT"),
    Column("file_path", "PATH"),
    Column("kind"),
    Column("archived_at", label="archived", show=lambda value: f"{value:%Y-%m-%d %H:%M:%S %Z}"),
    Column("source", label="from    "),
    Column("archive_id", label="archive "),
    Column("archive_size"),
    Column("tree_hash", label="tree    "),
    Column("member", label="member  "),
    Column("sha256", label="sha256  "),
)


def entry_row(entry: Entry) -> dict[str, object]:
    """The values of an entry, under their stable names."""
    archive, member = entry.archive, entry.member
    return {
        "file_path": entry.path,
        "kind": entry.kind.value,
        "size": _known(entry.size),
        "modified_at": moment_of(entry.modified_ns),
        "archived_at": archive.archived_at,
        "vault_name": archive.vault_name,
        "archive_id": archive.archive_id,
        "archive_size": _known(archive.size),
        "tree_hash": archive.tree_hash,
        "source": entry.source,
        "member": member.name if member else None,
        "sha256": member.sha256 if member else None,
    }


def _known(size: int) -> int | None:
    return None if size == UNKNOWN_SIZE else size


def moment_of(nanoseconds: int | None) -> datetime | None:
    """The moment of a file's modification time; None where it is unknown or beyond what a calendar holds."""
    try:
        return None if nanoseconds is None else EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return None


def query_text(words: Sequence[str], *, separator: str = os.sep) -> str:
    """The text of a query from the words of a command line; where a backslash separates names, it becomes `/`.

    Raises:
        BadUsage: There is a pattern among several words.
    """
    if separator == "\\":
        words = [_DRIVE.sub(r"\1", word.replace("\\", "/")) for word in words]
    if len(words) > 1 and any(is_pattern(word) for word in words):
        raise BadUsage("Give one pattern, in quotes so that the shell leaves it alone: 'Light/*_Blue_*'.")
    return " ".join(words)
