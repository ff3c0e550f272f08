"""A reader of stores, written from docs/formats.md alone, with the standard library alone: it imports no coldframe.

It stands for the stranger who finds a store in twenty years.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3  # noqa: TID251 - all that a stranger has
import struct
import urllib.parse
import zlib
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024 * 1024


@dataclass(frozen=True)
class StrangeBlob:
    """A blob file, checked in every way that the document tells."""

    key: bytes
    data: bytes
    tree_hash: bytes
    note: dict[str, object]


def read_blob(path: Path) -> StrangeBlob:
    """Read a blob from its end."""
    content = path.read_bytes()
    key, size, digest, leaf_count, note_size, version, zero = struct.unpack(">16sQ32sIIHH", content[-80:-12])
    crc, magic = struct.unpack(">I8s", content[-12:])
    assert magic == b"CFBLOB\r\n"
    assert (version, zero) == (1, 0)
    assert path.name == f"{key.hex()}.blob"
    assert path.parent.name == key.hex()[:7]
    assert leaf_count == -(-size // MIB)
    data, leaves = content[:size], content[size : size + 32 * leaf_count]
    note = content[size + 32 * leaf_count : -80]
    assert len(note) == note_size
    assert crc == zlib.crc32(content[size:-12])
    assert leaves == b"".join(hash_leaves(data))
    assert digest == join_hashes(hash_leaves(data))
    return StrangeBlob(key, data, digest, json.loads(note))


def hash_leaves(data: bytes) -> list[bytes]:
    """The leaves of a tree hash."""
    return [hashlib.sha256(data[at : at + MIB]).digest() for at in range(0, len(data), MIB)]


def join_hashes(level: list[bytes]) -> bytes:
    """The tree hash over leaves, or over the tree hashes of parts."""
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [hashlib.sha256(b"".join(pair)).digest() if len(pair) > 1 else pair[0] for pair in pairs]
    return level[0]


def archives_of_blobs(store: Path) -> dict[str, bytes]:
    """All archives of a store, by ID, from the blobs alone."""
    parts: dict[str, dict[int, StrangeBlob]] = defaultdict(dict)
    for path in sorted(store.glob("blobs/*/*.blob")):
        blob = read_blob(path)
        archive, start = blob.note.get("archive"), blob.note["start"]
        assert isinstance(start, int)
        if isinstance(archive, str):
            parts[archive][start] = blob  # names sort by time, so the youngest wins
    return {archive: b"".join(found[start].data for start in sorted(found)) for archive, found in parts.items()}


def archives_of_ledger(store: Path, vault_name: str) -> dict[str, bytes]:
    """The archives of a vault, by ID, from the ledger and the blobs."""
    found = {}
    with closing(sqlite3.connect(store / "ledger.sqlite")) as ledger:
        assert ledger.execute("PRAGMA user_version").fetchone() == (6,)
        rows = ledger.execute(
            "SELECT archive.key, archive.size, archive.tree_hash FROM archive JOIN vault ON vault.row = archive.vault"
            " WHERE vault.name = ? AND vault.deleted_ms IS NULL AND archive.deleted_ms IS NULL",
            (vault_name,),
        )
        for key, size, digest in rows.fetchall():
            parts = ledger.execute("SELECT blob FROM part WHERE owner = ? ORDER BY start", (key,)).fetchall()
            blobs = [read_blob(store / "blobs" / blob.hex()[:7] / f"{blob.hex()}.blob") for (blob,) in parts]
            data = b"".join(blob.data for blob in blobs)
            assert len(data) == size
            assert digest == join_hashes([blob.tree_hash for blob in blobs])
            found[archive_id(key)] = data
    return found


def archive_id(key: bytes) -> str:
    """The ID of an archive."""
    named = b"\x01\x01" + key
    raw = named + hashlib.shake_256(b"coldframe id\0" + named).digest(103 - len(named))
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_description(text: str) -> tuple[str, int, str]:
    """Kind, size and path that an archive's description tells."""
    head, _, rest = text.partition(" modified=")
    form, kind, size = head.split(" ")
    assert form == "coldframe/1"
    _, _, told = rest.partition(" ")
    how, _, value = told.partition("=")
    raw = urllib.parse.unquote_to_bytes(value) if how == "path" else zlib.decompress(base64.b85decode(value), -15)
    return kind, int(size.removeprefix("size=")), raw.decode("utf-8")
