"""From a query to SQL: narrow with the trigram index where the text allows it, then decide exactly.

The index knows every run of three characters, whatever their case. Words and the literal runs of a pattern that are
at least that long narrow the search to a few rows; the exact rule then runs over those. Shorter texts are decided row
by row, which takes a tenth of a second over 100,000 paths.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from coldframe.catalog.rows import ARCHIVE_COLUMNS, ENTRY_COLUMNS
from coldframe.patterns import Patterns, is_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import apsw

    from coldframe.catalog.model import Query

_TRIGRAM = 3
_ASCII = 0x80
_LITERALS = re.compile(r"\[!?\]?[^\]]*\]|[*?]")
_TABLES = (  # CROSS keeps the order of the loops, so that entries come sorted from their index
    "entry CROSS JOIN archive ON archive.id = entry.archive"
    " CROSS JOIN vault ON vault.id = entry.vault CROSS JOIN store ON store.id = vault.store"
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


def select_sql(query: Query, *, vaults: Sequence[int] | None, members: bool) -> tuple[str, Bindings]:
    """The statement for a query's files and bundles, or for its members; rows are for `rows.read_entry`.

    `vaults` are the rows of the vaults it is about, None for all.
    """
    where, bindings = _where(query, vaults, members=members)
    return f"SELECT {ARCHIVE_COLUMNS}, {ENTRY_COLUMNS} FROM {_TABLES} WHERE {where}{_ORDER}", bindings


def count_sql(query: Query, *, vaults: Sequence[int] | None, members: bool) -> tuple[str, Bindings]:
    """The statement for how many entries and bytes that are."""
    where, bindings = _where(query, vaults, members=members)
    return f"SELECT count(*), coalesce(sum(max(entry.size, 0)), 0) FROM entry WHERE {where}", bindings


def vaults_sql(query: Query) -> tuple[str, Bindings]:
    """The statement for the rows of the vaults that a query is about."""
    sql = (
        "SELECT vault.id FROM vault JOIN store ON store.id = vault.store"
        " WHERE (:store IS NULL OR identity = :store) AND (:vault_name IS NULL OR name = :vault_name)"
    )
    return sql, {"store": query.store, "vault_name": query.vault_name}


def may_find_members(query: Query) -> bool:
    """Whether members can be found: asked for, or matched where their bundle is not."""
    return query.members or bool(clean_text(query.text))


def clean_text(text: str) -> str:
    """A query's text as paths are written: bytes that are not UTF-8 as `%XX`, as in the texts of `names`."""
    raw = text.strip().encode("utf-8", "surrogateescape" if os.name != "nt" else "surrogatepass")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte < _ASCII else f"%{byte:02X}" for byte in raw)


def _where(query: Query, vaults: Sequence[int] | None, *, members: bool) -> tuple[str, Bindings]:
    terms = ["entry.bundle IS NOT NULL" if members else "entry.bundle IS NULL"]
    bindings: Bindings = {}
    if not query.all_versions:
        terms.append("entry.is_newest")
    if query.archive_ids:
        terms.append(_ARCHIVES)
        bindings["archive_ids"] = _json(query.archive_ids)
    _add_text(query, terms, bindings, members=members)
    if vaults is not None:
        is_narrow = "archive_ids" in bindings or "narrow" in bindings
        terms.append(_in_vaults(vaults, is_narrow=is_narrow))
    return " AND ".join(terms), bindings


def _in_vaults(vaults: Sequence[int], *, is_narrow: bool) -> str:
    """A single vault is looked up in the index, unless something else narrows the search.

    Of several, the others' entries are passed over, which keeps the order.
    """
    if len(vaults) == 1 and not is_narrow:
        return f"entry.vault = {vaults[0]}"
    return f"+entry.vault IN ({', '.join(map(str, vaults))})"


_ARCHIVES = (
    "entry.archive IN (SELECT a.id FROM archive AS a WHERE a.archive_id IN (SELECT value FROM json_each(:archive_ids)))"
)
_BUNDLE_UNMATCHED = "NOT is_match(:text, (SELECT b.path FROM entry b WHERE b.id = entry.bundle))"


def _add_text(query: Query, terms: list[str], bindings: Bindings, *, members: bool) -> None:
    text = clean_text(query.text)
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
    runs = _LITERALS.split(_clean(text)) if is_pattern(text) else [word.strip("/") for word in _words(text)]
    return " AND ".join(_quote(run) for run in runs if len(run) >= _TRIGRAM and "\0" not in run)


def _words(text: str) -> list[str]:
    """The words that must occur in a path or in `/` and the path, so that `./Subs` and `/data/Subs` begin a name."""
    return [word.removeprefix(".") if word.startswith("./") else word for word in text.split()]


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
    words = [word.lower() for word in _words(text)]

    def has_words(path: str) -> bool:
        folded = f"/{path.lower()}"
        return all(word in folded for word in words)

    return has_words
