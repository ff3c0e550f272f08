"""Taking one member out of a bundle's bytes, never more of it than the catalog says (reliability X4)."""

from __future__ import annotations

import itertools
import struct
import zlib
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.errors import TreeHashMismatch
from coldframe.model import MIB
from coldframe.quantities import count
from coldframe.retriever.ranges import LOCAL_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.catalog.model import Cut
    from coldframe.model import Buffer

    ReadAt = Callable[[int, int], bytes]
    """Up to so many bytes from an offset in the archive; fewer only at the end of what is at hand."""

_SIGNATURE = b"PK\x03\x04"
_PIECE = MIB


def extract(read_at: ReadAt, cut: Cut, size: int) -> Iterator[Buffer]:
    """The bytes of a member, checked: exactly `size` bytes, whose SHA-256 and CRC-32 are the catalog's.

    A catalog that was brought back from a foreign inventory may know the CRC-32 alone.

    The last piece is handed out before the check is complete; who takes the bytes must not believe them until the
    iterator has ended.

    Raises:
        TreeHashMismatch: The bytes are not that member.
    """
    digest, crc, produced = sha256(), 0, 0
    for piece in _inflate(read_at, cut, size):
        produced += len(piece)
        if produced > size:
            raise TreeHashMismatch(f"the member holds more than the {count(size, 'byte')} that the catalog knows")
        digest.update(piece)
        crc = zlib.crc32(piece, crc)
        yield piece
    if produced != size or crc != cut.crc32 or cut.sha256 not in {"", digest.hexdigest()}:
        raise TreeHashMismatch("the member's bytes are not those that the catalog knows")


def find_data(read_at: ReadAt, cut: Cut) -> int:
    """Where a member's data begins, from its local header.

    Raises:
        TreeHashMismatch: There is no such header.
    """
    header = read_at(cut.header_offset, LOCAL_HEADER)
    if len(header) < LOCAL_HEADER or not header.startswith(_SIGNATURE):
        raise TreeHashMismatch("there is no zip member where the catalog knows one")
    name_size, extra_size = struct.unpack_from("<HH", header, 26)
    return int(cut.header_offset + LOCAL_HEADER + name_size + extra_size)


def _inflate(read_at: ReadAt, cut: Cut, size: int) -> Iterator[Buffer]:
    pieces = _compressed(read_at, cut)
    if cut.method == "stored":
        yield from pieces
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    budget = size + 1  # one byte more than promised is enough to see that more would come
    try:
        for piece in itertools.chain(pieces, [b""]):
            data: bytes | None = piece
            while data is not None and budget > 0:
                out = inflater.decompress(data, min(_PIECE, budget))
                budget -= len(out)
                yield out
                data = inflater.unconsumed_tail or (b"" if out else None)  # a full `out` may have left more inside
    except zlib.error as error:
        raise TreeHashMismatch(f"the member's compressed bytes are damaged ({error})") from error


def _compressed(read_at: ReadAt, cut: Cut) -> Iterator[bytes]:
    position = cut.data_offset or find_data(read_at, cut)
    end = position + cut.compressed_size
    while position < end:
        piece = read_at(position, min(_PIECE, end - position))
        if not piece:
            raise TreeHashMismatch("the member reaches beyond the bytes at hand")
        yield piece
        position += len(piece)
