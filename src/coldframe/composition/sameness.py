"""Is what came back the same? By the catalog's hashes, and byte for byte by the local files that are unchanged."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, TYPE_CHECKING

from coldframe.archiver.opening import look
from coldframe.catalog import Kind, Query
from coldframe.model import MIB
from coldframe.names import read_path
from coldframe.tree_hash import TreeHasher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.catalog import ArchiveRecord, Entry
    from coldframe.composition.library import Coldframe


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Whether bytes are the same, and what they were compared with: inventory, catalog, members, local files."""

    is_same: bool
    is_there: bool = True
    with_: tuple[str, ...] = ()
    detail: str = ""


def compare_archive(coldframe: Coldframe, archive: ArchiveRecord, place: str) -> Compared:
    """Compare a file that came back with all that is known of its archive.

    Args:
        coldframe: Whose catalog and local files.
        archive: What the vault's inventory says of it.
        place: Where the file is.
    """
    query = Query(store=archive.store, vault_name=archive.vault_name, archive_ids=(archive.archive_id,), members=True)
    entries = list(coldframe.catalog.select(query))
    known = entries[0].archive if entries else archive
    with_ = ["catalog" if entries else "inventory"]
    is_empty = os.path.getsize(place) == 0 and known.size == 1
    if known.tree_hash != archive.tree_hash or not (is_empty or _tree_hash(place) == known.tree_hash):
        return Compared(is_same=False, with_=tuple(with_), detail="its tree hash is another than the catalog's")
    for entry in entries:
        if entry.kind is Kind.FILE and _is_unchanged(entry):
            with_.append("local file")
            if not _is_same_file(place, read_path(entry.source or "")):
                return _local(entry, with_)
    members = [entry for entry in entries if entry.member]
    trouble = _compare_members(members, place, with_) if members else None
    return trouble or Compared(is_same=True, with_=tuple(dict.fromkeys(with_)))


def _compare_members(members: list[Entry], place: str, with_: list[str]) -> Compared | None:
    """What is wrong with the members of a zip, None if all is well."""
    import zipfile  # noqa: PLC0415 - start-up time

    with_.append("members")
    try:
        with zipfile.ZipFile(place) as file:
            lying = {info.header_offset: info for info in file.infolist()}
            for entry in members:
                info = lying.get(entry.member.header_offset) if entry.member else None
                if info is None:
                    return Compared(is_same=False, with_=tuple(with_), detail=f"{entry.path} is not in the zip")
                if entry.member and entry.member.sha256 and _sha256(file.open(info)) != entry.member.sha256:
                    return Compared(is_same=False, with_=tuple(with_), detail=f"{entry.path} has another SHA-256")
                if _is_unchanged(entry):
                    with_.append("local file")
                    if not _is_same(file.open(info), open(read_path(entry.source or ""), "rb")):  # noqa: SIM115 - closed there
                        return _local(entry, with_)
    except (zipfile.BadZipFile, OSError) as error:
        return Compared(is_same=False, with_=tuple(with_), detail=f"the zip cannot be read: {error}")
    return None


def _local(entry: Entry, with_: list[str]) -> Compared:
    where = f"the local file {entry.source}, unchanged by its size and time, has other bytes"
    return Compared(is_same=False, with_=tuple(dict.fromkeys(with_)), detail=where)


def _is_unchanged(entry: Entry) -> bool:
    """Whether the local file is there, and looks as it did when it was archived."""
    if entry.source is None:
        return False
    try:
        status = look(read_path(entry.source))
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (entry.size, entry.modified_ns)


def _is_same_file(one: str, other: str) -> bool:
    return _is_same(open(one, "rb"), open(other, "rb"))


def _is_same(one: IO[bytes], other: IO[bytes]) -> bool:
    with ExitStack() as opened:
        for each in (one, other):
            opened.enter_context(each)
        while True:
            here, there = one.read(MIB), other.read(MIB)
            if here != there:
                return False
            if not here:
                return True


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(MIB):
            yield piece


def _tree_hash(path: str) -> str:
    hasher = TreeHasher()
    for piece in _pieces(open(path, "rb")):  # noqa: SIM115 - closed there
        hasher.update(piece)
    return hasher.hexdigest()


def _sha256(file: IO[bytes]) -> str:
    hasher = sha256()
    for piece in _pieces(file):
        hasher.update(piece)
    return hasher.hexdigest()
