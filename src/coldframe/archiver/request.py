"""What the archiver is asked for, and what it answers for each file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.archiver.opening import Source
    from coldframe.catalog.model import Entry, Kind
    from coldframe.progress import Outcome
    from coldframe.rule_sets import Rule, RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRequest:
    """What to archive, and how.

    Args:
        paths: Files and folders, as typed.
        vault_name: Where to.
        zip_patterns: A folder that matches becomes one zip archive; the outermost match wins.
        include: If any is given, only files that match are archived. Folders are always entered.
        exclude: Files and folders that match are not; a folder's content goes with it.
        rule_sets: What else is zipped and left out (`coldframe.rule_sets`), frames only if processed.
        follow_symlinks: Archive what symbolic links point to, as if it lay there.
        checksum: Compare tree hashes instead of trusting size and modification time.
        dedupe: Record known content under its new path instead of sending it again.
        dry_run: Only tell what would be done.
    """

    paths: tuple[str, ...]
    vault_name: str
    zip_patterns: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rule_sets: tuple[RuleSet, ...] = ()
    follow_symlinks: bool = False
    checksum: bool = False
    dedupe: bool = True
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """What became of one file, bundle or member.

    `path` and `source` are texts of `names`; `size` is bytes (of a bundle, those of its members together). `entry` is
    the catalog's, and `members` those of a bundle that this run archived. `read` are the local files as they were when
    they were archived or found unchanged: what may be removed, if they still look the same. `detail` says why where
    the outcome alone does not; `rule` is the one of a set that left the file out or made a zip of the folder.
    """

    path: str
    source: str
    kind: Kind
    outcome: Outcome
    size: int = 0
    archive_id: str | None = None
    tree_hash: str | None = None
    entry: Entry | None = None
    members: Sequence[Entry] = ()
    read: Sequence[Source] = ()
    detail: str = ""
    rule: Rule | None = None
