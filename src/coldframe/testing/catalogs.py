"""A short way to say what is in a catalog."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from coldframe.catalog import ArchiveRecord, Attempt, Entry, Kind, MemberPlace
from coldframe.testing.clock import START

STORE = "coldframe:0123456789abcdef"
VAULT = "astrodata"


def an_archive(number: int, *, size: int = 4096, days: float = 0, content: int | None = None) -> ArchiveRecord:
    """The archive of that number; what it holds differs with `content`, which is the number unless told."""
    return ArchiveRecord(
        store=STORE,
        vault_name=VAULT,
        archive_id=f"{number:0138d}",
        size=size,
        tree_hash=digest(number if content is None else content),
        description="",
        archived_at=START + timedelta(days=days),
    )


def a_file(path: str, archive: ArchiveRecord, *, source: str | None = "", modified_ns: int = 1) -> Entry:
    """A file that fills its archive; its source is below `/home/me` unless told."""
    where = f"/home/me/{path}" if source == "" else source
    head_hash = None if source is None else archive.tree_hash
    return Entry(
        path=path,
        kind=Kind.FILE,
        size=archive.size,
        modified_ns=modified_ns,
        archive=archive,
        source=where,
        head_hash=head_hash,
    )


def a_bundle(path: str, archive: ArchiveRecord, names: tuple[str, ...]) -> tuple[Entry, ...]:
    """A bundle and its members, which lie where the bundle's path is without `.zip`."""
    folder = path.removesuffix(".zip")
    own = Entry(
        path=path,
        kind=Kind.BUNDLE,
        size=archive.size,
        modified_ns=1,
        archive=archive,
        source=f"/home/me/{folder}",
        signature=digest(len(names)),
        head_hash=archive.tree_hash,
    )
    members = (
        Entry(
            path=f"{folder}/{name}",
            kind=Kind.MEMBER,
            size=100 + number,
            modified_ns=number,
            archive=archive,
            source=f"/home/me/{folder}/{name}",
            member=MemberPlace(
                name=f"{folder.rpartition('/')[2]}/{name}",
                header_offset=number * 1000,
                data_offset=number * 1000 + 50,
                compressed_size=90,
                method="deflated",
                sha256=digest(number),
                crc32=number,
            ),
        )
        for number, name in enumerate(names)
    )
    return (own, *members)


def an_attempt(path: str, *, size: int = 4096) -> Attempt:
    """An archive that is about to be sent."""
    return Attempt(
        store=STORE,
        vault_name=VAULT,
        path=path,
        source=f"/home/me/{path}",
        size=size,
        modified_ns=1,
        description=path,
        started_at=START,
    )


def digest(number: int) -> str:
    """A hash that stands for a content."""
    return sha256(b"%d" % number).hexdigest()
