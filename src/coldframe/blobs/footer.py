"""The footer of a blob file: what tells a reader, or a stranger in twenty years, what the bytes before it are.

A blob file is the data, then its leaf digests (32 bytes for each MiB begun), then a note (JSON, ASCII), then a trailer
of 80 bytes, big-endian:

    key 16 | data size 8 | tree hash 32 | leaf count 4 | note size 4 | version 2 | zero 2 | CRC-32 4 | magic 8

The CRC covers leaves, note and the trailer before it. Key, size and tree hash stand in the file, so that a file under a
wrong name is known as such.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.tree_hash import DIGEST_SIZE, count_chunks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAGIC = b"CFBLOB\r\n"
VERSION = 1
_FIELDS = struct.Struct(">16sQ32sIIHH")
_END = struct.Struct(">I8s")
TRAILER_SIZE = _FIELDS.size + _END.size


class BadFooter(ValueError):
    """The end of a file is not the footer of a whole blob; the message says why."""


@dataclass(frozen=True, slots=True)
class Trailer:
    """The last 80 bytes; `covered` are those of them that the CRC speaks of."""

    covered: bytes
    key: bytes
    data_size: int
    tree_hash: bytes
    leaf_count: int
    note_size: int
    crc: int

    @property
    def body_size(self) -> int:
        """The length of leaves and note together."""
        return self.leaf_count * DIGEST_SIZE + self.note_size

    @property
    def file_size(self) -> int:
        """How long a whole blob file is."""
        return self.data_size + self.body_size + TRAILER_SIZE


@dataclass(frozen=True, slots=True)
class Footer:
    """A footer that has been checked against itself."""

    trailer: Trailer
    leaves: Sequence[bytes]
    note: Mapping[str, object]


def encode_footer(
    key: bytes, *, size: int, tree_hash: bytes, leaves: Sequence[bytes], note: Mapping[str, object]
) -> bytes:
    """The bytes that follow the data."""
    text = json.dumps(note, separators=(",", ":")).encode("ascii")
    fields = _FIELDS.pack(key, size, tree_hash, len(leaves), len(text), VERSION, 0)
    covered = b"".join(leaves) + text + fields
    return covered + _END.pack(zlib.crc32(covered), MAGIC)


def decode_trailer(data: bytes, file_size: int) -> Trailer:
    """The trailer in the last bytes of a file of `file_size` bytes.

    Raises:
        BadFooter: They are not one, or the file is not as long as it says.
    """
    if len(data) != TRAILER_SIZE:
        msg = "the file is too short"
        raise BadFooter(msg)
    key, data_size, digest, leaf_count, note_size, version, _ = _FIELDS.unpack_from(data)
    crc, magic = _END.unpack_from(data, _FIELDS.size)
    if magic != MAGIC:
        msg = "the trailer is not there"
        raise BadFooter(msg)
    trailer = Trailer(data[: _FIELDS.size], key, data_size, digest, leaf_count, note_size, crc)
    if version != VERSION or leaf_count != count_chunks(data_size) or file_size != trailer.file_size:
        msg = f"the file of {file_size} bytes does not fit its trailer"
        raise BadFooter(msg)
    return trailer


def decode_footer(body: bytes, trailer: Trailer) -> Footer:
    """The footer from the bytes between data and trailer.

    Raises:
        BadFooter: They are not what was written.
    """
    if zlib.crc32(trailer.covered, zlib.crc32(body)) != trailer.crc:
        msg = "the footer is damaged"
        raise BadFooter(msg)
    split = trailer.leaf_count * DIGEST_SIZE
    leaves = [body[at : at + DIGEST_SIZE] for at in range(0, split, DIGEST_SIZE)]
    return Footer(trailer, leaves, json.loads(body[split:]))
