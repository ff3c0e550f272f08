"""From a query to SQL: narrow with the trigram index where the text allows it, then decide exactly.

The index knows every run of three characters, whatever their case. Words and the literal runs of a pattern that are
at least that long narrow the search to a few rows; the exact rule then runs over those. Shorter texts are decided row
by row, which takes a tenth of a second over 100,000 paths.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from coldframe.catalog.rows import ARCHIVE_COLUMNS, ENTRY_COLUMNS
from coldframe.patterns import Patterns, is_pattern

if TYPE_CHECKING:
    from collections.abc import Callable

    import apsw

    from coldframe.catalog.model import Query

_TRIGRAM = 3
_LITERALS = re.compile(r"\[!?\]?[^\]]*\]|[*?]")
_TABLES = (
    "entry JOIN archive ON archive.id = entry.archive"
    " JOIN vault ON vault.id = entry.vault JOIN store ON store.id = vault.store"
)
_ORDER = " ORDER BY entry.vault, entry.path, archive.archived_at DESC, entry.id DESC"

Bindings = dict[str, str | int | None]


def install(connection: apsw.Connection) -> None:
    """Teach a connection the exact rule; once per connection."""
    connection.create_scalar_function("is_match", is_match, 2, deterministic=True)


def is_match(*values: Any) -> bool:
    """Whether the second value, a path, is what the first, a query's text, asks for."""
    text, path = values
    return _matcher(text)(path)


def select_sql(query: Query, *, members: bool) -> tuple[str, Bindings]:
    """The statement for a query's files and bundles, or for its members; rows are for `rows.read_entry`."""
    where, bindings = _where(query, members=members)
    return f"SELECT {ARCHIVE_COLUMNS}, {ENTRY_COLUMNS} FROM {_TABLES} WHERE {where}{_ORDER}", bindings


def count_sql(query: Query, *, members: bool) -> tuple[str, Bindings]:
    """The statement for how many entries and bytes that are."""
    where, bindings = _where(query, members=members)
    return f"SELECT count(*), coalesce(sum(max(entry.size, 0)), 0) FROM {_TABLES} WHERE {where}", bindings


def may_find_members(query: Query) -> bool:
    """Whether members can be found: asked for, or matched where their bundle is not."""
    return query.members or bool(query.text.strip())


def _where(query: Query, *, members: bool) -> tuple[str, Bindings]:
    terms = ["entry.bundle IS NOT NULL" if members else "entry.bundle IS NULL"]
    bindings: Bindings = {}
    if not query.all_versions:
        terms.append("entry.is_newest")
    if query.store is not None or query.vault_name is not None:
        terms.append(_VAULTS)
        bindings |= {"store": query.store, "vault_name": query.vault_name}
    if query.archive_ids:
        terms.append("archive.archive_id IN (SELECT value FROM json_each(:archive_ids))")
        bindings["archive_ids"] = _json(query.archive_ids)
    _add_text(query, terms, bindings, members=members)
    return " AND ".join(terms), bindings


_VAULTS = (
    "entry.vault IN (SELECT v.id FROM vault v JOIN store s ON s.id = v.store"
    " WHERE (:store IS NULL OR s.identity = :store) AND (:vault_name IS NULL OR v.name = :vault_name))"
)
_BUNDLE_UNMATCHED = "NOT is_match(:text, (SELECT b.path FROM entry b WHERE b.id = entry.bundle))"


def _add_text(query: Query, terms: list[str], bindings: Bindings, *, members: bool) -> None:
    text = query.text.strip()
    if not text:
        return
    bindings["text"] = text
    narrow = _narrow(text)
    if narrow:
        terms.append("entry.id IN (SELECT rowid FROM entry_text WHERE entry_text MATCH :narrow)")
        bindings["narrow"] = narrow
    terms.append("is_match(:text, entry.path)")
    if members and not query.members:
        terms.append(_BUNDLE_UNMATCHED)


def _narrow(text: str) -> str:
    """The trigram query that every match satisfies; empty when the text is too short for one."""
    runs = _LITERALS.split(_clean(text)) if is_pattern(text) else text.split()
    return " AND ".join(_quote(run) for run in runs if len(run) >= _TRIGRAM)


def _clean(pattern: str) -> str:
    return pattern.replace("\\", "/").strip("/")


def _quote(run: str) -> str:
    return '"' + run.replace('"', '""') + '"'


def _json(values: tuple[str, ...]) -> str:
    import json  # noqa: PLC0415 - only queries by archive ID need it

    return json.dumps(values)


@lru_cache(maxsize=64)
def _matcher(text: str) -> Callable[[str], bool]:
    if is_pattern(text):
        return Patterns([text], ignore_case=True).match
    words = [word.lower() for word in text.split()]

    def has_words(path: str) -> bool:
        folded = path.lower()
        return all(word in folded for word in words)

    return has_words
