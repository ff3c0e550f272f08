"""Is everything still so? Local files against the catalog, the catalog against the vault's own inventory."""

from __future__ import annotations

import os
from dataclasses import replace
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING

from coldframe.archiver.opening import Source, look, opened, read_at
from coldframe.archiver.opening import Stamp as SourceStamp
from coldframe.archiver.scan import LeftOut, Rules, Unreadable, find_roots, scan
from coldframe.catalog import Kind, Query
from coldframe.composition.comparing import Comparison
from coldframe.composition.standing import Checked, Standing
from coldframe.errors import SourceChanged
from coldframe.model import MIB
from coldframe.names import read_path
from coldframe.patterns import Patterns
from coldframe.progress import Advanced, Finished, Outcome, Planned, Started, ignore
from coldframe.rule_sets import ChosenRules, choose_rule_sets
from coldframe.tree_hash import TreeHasher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coldframe.catalog import Entry
    from coldframe.composition.library import Coldframe
    from coldframe.progress import Observer


def verify_files(
    coldframe: Coldframe, paths: Sequence[str], *, vault_name: str, observer: Observer = ignore
) -> Iterator[Checked]:
    """Hash every local file that the catalog knows below `paths`, and tell which ones there it does not know.

    Args:
        coldframe: Whose catalog.
        paths: Files and folders; none means all that was archived from this machine.
        vault_name: The vault.
        observer: Is told of progress.
    """
    roots = [os.path.realpath(path) for path in paths]
    known: set[bytes] = set()
    query = Query(store=coldframe.store.identity, vault_name=vault_name, members=True)
    for entry in coldframe.catalog.select(query):
        if entry.source is None or entry.kind is Kind.BUNDLE or not _is_below(read_path(entry.source), roots):
            continue
        known.add(_key(entry.source))
        yield _checked(entry, observer)
    settings = coldframe.settings
    sets = choose_rule_sets(settings.rules, settings.rule_sets)
    rules = Rules(include=Patterns(settings.include), exclude=Patterns(settings.exclude), leaving=ChosenRules(sets))
    for found in scan(find_roots(paths, rules), rules) if paths else ():
        if isinstance(found, Unreadable):
            yield Checked(standing=Standing.UNREADABLE, path=found.path, detail=found.reason)
        elif isinstance(found, Source) and _key(found.text) not in known:
            yield Checked(standing=Standing.NOT_ARCHIVED, path=found.path, size=found.stamp.size, source=found.text)
        elif isinstance(found, LeftOut):
            yield Checked(standing=Standing.LEFT_OUT, path=found.path, detail=found.reason)


def verify_vault(coldframe: Coldframe, vault_name: str) -> Iterator[Checked]:
    """Compare the catalog with the vault's own inventory, which may be hours old; what agrees is told, too.

    Raises:
        NotReady: The inventory is being made; call again later.
        LimitRefused: A job for it may cost more than `max_cost` of the settings, or than the month's budget allows.
        FormatError: The store's inventory cannot be read.
    """
    yield from Comparison(coldframe, vault_name).run()


# --- one local file ---------------------------------------------------------------------------------------------------


def _checked(entry: Entry, observer: Observer) -> Checked:
    """Hash one local file and compare it with its entry."""
    source = entry.source or ""
    checked = Checked(
        standing=Standing.VERIFIED,
        path=entry.path,
        size=entry.size,
        source=source,
        vault_name=entry.archive.vault_name,
        archive_id=entry.archive.archive_id,
    )
    observer(Planned(1, entry.size))
    observer(Started(entry.path, entry.size))
    checked = _judge(entry, checked, observer)
    outcome = Outcome.VERIFIED if checked.standing is Standing.VERIFIED else Outcome.FAILED
    observer(Finished(entry.path, entry.size, outcome, checked.detail))
    return checked


def _judge(entry: Entry, checked: Checked, observer: Observer) -> Checked:
    path = read_path(checked.source or "")
    try:
        stamp = SourceStamp.of(look(path, follow=True))
        if stamp.size != entry.size:
            return replace(checked, standing=Standing.CHANGED, detail="its size differs")
        digest = _digest(entry, Source(entry.path, path, stamp, follow=True), observer)
    except (FileNotFoundError, NotADirectoryError):
        return replace(checked, standing=Standing.ABSENT, detail="it is not here any more")
    except (OSError, SourceChanged) as error:
        return replace(checked, standing=Standing.UNREADABLE, detail=str(error))
    expected = entry.member.sha256 if entry.member else entry.archive.tree_hash
    if entry.size == 0 or digest == expected:
        return checked
    if stamp.modified_ns != entry.modified_ns:
        return replace(checked, standing=Standing.CHANGED, detail="it was changed since")
    return replace(checked, standing=Standing.DAMAGED, detail="its bytes differ, its modification time does not")


def _digest(entry: Entry, source: Source, observer: Observer) -> str:
    """SHA-256 of a member, the tree hash of a whole file."""
    linear, tree = sha256(), TreeHasher()
    buffer = bytearray(MIB)
    with opened(source) as descriptor:
        for start in range(0, source.stamp.size, MIB):
            view = memoryview(buffer)[: min(MIB, source.stamp.size - start)]
            read_at(source, descriptor, view, start)
            (linear if entry.member else tree).update(view)
            observer(Advanced(entry.path, len(view)))
    return linear.hexdigest() if entry.member else tree.hexdigest()


def _is_below(path: str, roots: Sequence[str]) -> bool:
    return not roots or any(path == root or path.startswith(root.rstrip(os.sep) + os.sep) for root in roots)


def _key(text: str) -> bytes:
    """16 bytes in place of a text, so that 100,000 of them take a few megabytes."""
    return blake2b(text.encode(), digest_size=16).digest()
