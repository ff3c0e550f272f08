"""One row of the inventory CSV, as text and as values.

Columns: `FilePath,ArchiveId,Checksum`, as the PowerShell cmdlets write them (glacier-api 18.2), then ours. A file and a
bundle have one row each; a member has one of its own, with its own path and size, and the archive ID of its bundle.
`Store` is the store's identity, `Checksum` the tree hash of the archive.

A value that a spreadsheet would take for a formula can be written with a `'` before it; reading takes it away. So that
this is always reversible, a value that begins with `'` and then such a character gets another one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.catalog import Kind, MemberPlace
from coldframe.clock import EPOCH
from coldframe.inventory.moments import format_ns, from_ns, parse_ns, to_ns
from coldframe.model import MAX_ARCHIVE_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from coldframe.catalog import Entry

COLUMNS = (
    "FilePath",
    "ArchiveId",
    "Checksum",
    "Vault",
    "Store",
    "Size",
    "ModifiedAt",
    "ArchivedAt",
    "Kind",
    "Member",
    "MemberOffset",
    "MemberDataOffset",
    "MemberSize",
    "MemberMethod",
    "MemberSha256",
    "MemberCrc32",
)
REQUIRED = frozenset({"filepath", "archiveid", "checksum"})

_REWRITTEN = "; if a spreadsheet has rewritten it, empty the field"

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_QUOTED_FORMULA = re.compile(r"'+[=+\-@\t\r]")
_ARCHIVE_ID = re.compile(r"[\x21-\x7e]{1,1024}")
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_VAULT = re.compile(r"[A-Za-z0-9_.-]{1,255}", re.ASCII)
_DRIVE = re.compile(r"([A-Za-z]):(?=[\\/]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRow:
    """What one row says; None where it says nothing.

    `path` is a text of `names`; `place` is where a member lies in its bundle.
    """

    line: int
    path: str
    archive_id: str
    tree_hash: str
    kind: Kind
    vault_name: str | None = None
    store: str | None = None
    size: int | None = None
    modified_ns: int | None = None
    archived_at: datetime | None = None
    place: MemberPlace | None = None


class BadRow(ValueError):
    """A row that cannot be used; the text says why."""


def write_row(entry: Entry, *, is_safe: bool = False) -> dict[str, str]:
    """The row of an entry, by column."""
    archive = entry.archive
    values = {
        "FilePath": entry.path,
        "ArchiveId": archive.archive_id,
        "Checksum": archive.tree_hash,
        "Vault": archive.vault_name,
        "Store": archive.store,
        "Size": _number(entry.size),
        "ModifiedAt": "" if entry.modified_ns is None else format_ns(entry.modified_ns),
        "ArchivedAt": "" if archive.archived_at <= EPOCH else format_ns(to_ns(archive.archived_at)),
        "Kind": entry.kind.value,
        **(_write_place(entry.member) if entry.member else {}),
    }
    guard = _FORMULA if is_safe else _QUOTED_FORMULA
    return {column: f"'{value}" if guard.match(value) else value for column, value in values.items()}


def read_row(line: int, values: Mapping[str, str]) -> InventoryRow:
    """The row behind values by lower-case column name.

    Raises:
        BadRow: Something in it is missing or impossible.
    """
    clean = {column: _unquote(value) for column, value in values.items()}
    if not _is_text(clean.values()):
        raise BadRow("it holds bytes that are no text in the file's encoding")
    kind = _kind(clean)
    is_ours = bool(clean.get("kind"))
    return InventoryRow(
        line=line,
        path=_path(clean["filepath"], is_ours=is_ours),
        archive_id=_checked(_ARCHIVE_ID, clean["archiveid"], "ArchiveId"),
        tree_hash=_checked(_HASH, clean["checksum"], "Checksum").lower(),
        kind=kind,
        vault_name=_checked(_VAULT, clean["vault"], "Vault") if clean.get("vault") else None,
        store=clean.get("store") or None,
        size=_size(clean.get("size", "")),
        modified_ns=_moment(clean.get("modifiedat", ""), "ModifiedAt"),
        archived_at=_archived_at(clean.get("archivedat", "")),
        place=_read_place(clean) if kind is Kind.MEMBER else None,
    )


def row_key(values: Mapping[str, str]) -> tuple[str, str, str]:
    """What makes a row the same row: which archive, which path, which member."""
    path = _unquote(values.get("filepath", ""))
    path = path if values.get("kind") else foreign_path(path)
    return _unquote(values.get("archiveid", "")).strip(), path, _unquote(values.get("member", ""))


def foreign_path(text: str) -> str:
    r"""The path under which a path of another program, perhaps of Windows, is known here.

    As `names.archive_path` makes it of a local path: without root, `.` and `..`, a drive as a folder. A backslash
    divides where the text looks like Windows: with a drive or `\\server`, or when there is no `/` in it.
    """
    is_windows = bool(_DRIVE.match(text)) or text.startswith("\\\\") or "/" not in text
    plain = _DRIVE.sub(r"\1", text).replace("\\", "/") if is_windows else text
    return "/".join(part for part in plain.split("/") if part not in {"", ".", ".."})


def _write_place(place: MemberPlace) -> dict[str, str]:
    return {
        "Member": place.name,
        "MemberOffset": str(place.header_offset),
        "MemberDataOffset": str(place.data_offset),
        "MemberSize": str(place.compressed_size),
        "MemberMethod": place.method,
        "MemberSha256": place.sha256,
        "MemberCrc32": f"{place.crc32:08x}",
    }


def _read_place(clean: Mapping[str, str]) -> MemberPlace:
    method = clean.get("membermethod", "")
    if method not in {"stored", "deflated"}:
        raise BadRow(f"MemberMethod {_shown(method)} is neither stored nor deflated")
    sha256 = clean.get("membersha256", "")
    crc = clean.get("membercrc32", "")
    if not re.fullmatch(r"[0-9a-fA-F]{1,8}", crc):
        raise BadRow(f"MemberCrc32 {_shown(crc)} is not a CRC-32 in hex")
    return MemberPlace(
        name=clean["member"],
        header_offset=_needed(clean, "memberoffset"),
        data_offset=_needed(clean, "memberdataoffset"),
        compressed_size=_needed(clean, "membersize"),
        method=method,
        sha256=_checked(_HASH, sha256, "MemberSha256").lower() if sha256 else "",
        crc32=int(crc, 16),
    )


def _needed(clean: Mapping[str, str], column: str) -> int:
    number = _size(clean.get(column, ""))
    if number is None:
        raise BadRow(f"a member's row needs {column}")
    return number


def _kind(clean: Mapping[str, str]) -> Kind:
    if clean.get("member"):
        return Kind.MEMBER
    try:
        kind = Kind(clean.get("kind") or Kind.FILE)
    except ValueError:
        raise BadRow(f"Kind {_shown(clean['kind'])} is neither file, bundle nor member") from None
    if kind is Kind.MEMBER:
        raise BadRow("a member's row needs Member, the name inside the bundle")
    return kind


def _path(text: str, *, is_ours: bool) -> str:
    path = text if is_ours else foreign_path(text)
    if not path:
        raise BadRow("FilePath is empty")
    return path


def _checked(form: re.Pattern[str], text: str, column: str) -> str:
    if not form.fullmatch(text.strip()):
        raise BadRow(f"{column} is missing" if not text.strip() else f"{column} {_shown(text)} is not one")
    return text.strip()


def _size(text: str) -> int | None:
    plain = text.strip()
    if not plain:
        return None
    if not re.fullmatch(r"[0-9]{1,19}", plain) or int(plain) > MAX_ARCHIVE_SIZE:
        raise BadRow(f"{_shown(text)} is not a number of bytes that an archive can have{_REWRITTEN}")
    return int(plain)


def _moment(text: str, column: str) -> int | None:
    if not text.strip():
        return None
    ns = parse_ns(text.strip())
    if ns is None:
        raise BadRow(f"{column} {_shown(text)} is not a moment in ISO 8601{_REWRITTEN}")
    return ns


def _archived_at(text: str) -> datetime | None:
    ns = _moment(text, "ArchivedAt")
    return None if ns is None else from_ns(ns)


def _is_text(values: Iterable[str]) -> bool:
    try:
        "".join(values).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _number(size: int) -> str:
    return str(size) if size >= 0 else ""


def _unquote(value: str) -> str:
    return value[1:] if _QUOTED_FORMULA.match(value) else value


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 80 else text[:77] + "...")  # noqa: PLR2004 - a line of a terminal
