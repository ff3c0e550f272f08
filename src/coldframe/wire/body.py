"""Bodies on their way in: streamed, hashed as they pass, and drained when nobody wants them."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

from isal import isal_zlib

from coldframe.errors import InvalidParameterValue
from coldframe.model import MIB
from coldframe.ports import Hashes
from coldframe.tree_hash import CHUNK
from coldframe.wire.authentication import require_payload_hash
from coldframe.wire.decode import missing
from coldframe.wire.faults import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.model import Buffer
    from coldframe.wire.http import Request

MAX_CONTENT = MIB
"""How long the JSON body of any operation may be."""
MAX_DRAINED = 8 * MIB
_STEP = MIB
_LENGTH = re.compile(rb"[0-9]{1,18}")


class Incoming:
    """The body of one request: knows how much of it is still to come."""

    def __init__(self, request: Request, size: int | None) -> None:
        """Start with nothing read; `size` is what Content-Length says, None without it."""
        self.size = size
        self._reader = request.body
        self._hasten = request.hasten
        self._left = size or 0

    @property
    def left(self) -> int:
        """How many bytes were not read yet."""
        return self._left

    def read(self, size: int = _STEP) -> Buffer:
        """At least one and at most `size` bytes; none at the end.

        Raises:
            BadRequest: The connection ended before the body did.
        """
        if not self._left:
            return b""
        try:
            data = self._reader.read(min(size, self._left))
        except OSError as error:
            raise self._broken_off() from error
        if not data:
            raise self._broken_off()
        self._left -= len(data)
        return data

    def read_content(self) -> bytes:
        """All of it, which must be little and come soon: nobody may be known yet who sends it.

        Raises:
            BadRequest: It is more than any JSON body may be.
            RequestTimeout: It came too slowly.
        """
        self._hasten()
        if self._left > MAX_CONTENT:
            raise BadRequest(f"The body may hold {MAX_CONTENT} bytes at most.")
        pieces = []
        while self._left:
            pieces.append(bytes(self.read()))
        return b"".join(pieces)

    def drain(self) -> None:
        """Read and forget up to 8 MiB, so that a client in the middle of sending reads the answer."""
        self._hasten()
        end = max(0, self._left - MAX_DRAINED)
        while self._left > end:
            self.read()

    def _broken_off(self) -> BadRequest:
        return BadRequest(f"The body ended {self._left} bytes before its Content-Length: {self.size}")


class HashedBody:
    """Implements `ports.Body` over what is coming in.

    The last buffer is handed out only after the linear hash of all is known to be the one that was signed: a store
    cannot have accepted a wrong body (reliability A4).
    """

    def __init__(self, incoming: Incoming, payload_hash: str) -> None:
        """`payload_hash` is what the request was signed with."""
        self._incoming = incoming
        self._payload_hash = payload_hash

    @property
    def size(self) -> int:
        """How many bytes the body holds."""
        return self._incoming.size or 0

    def __iter__(self) -> Iterator[Buffer]:
        """The bytes in order; raises `InvalidSignature` before the last ones if they are not what was signed."""
        hasher = sha256()
        while self._incoming.left:
            data = self._incoming.read()
            hasher.update(data)
            if not self._incoming.left:
                require_payload_hash(self._payload_hash, hasher.hexdigest())
            yield data


class ChunkBody(HashedBody):
    """Implements `ports.SelfHashing` over a body of one chunk at most: its linear hash is its only leaf.

    A store need not hash it again, and makes sure by the CRC-32 that it keeps the same bytes.
    """

    def __init__(self, incoming: Incoming, payload_hash: str) -> None:
        """Nothing is read yet."""
        super().__init__(incoming, payload_hash)
        self._size = 0
        self._crc32 = 0

    def __iter__(self) -> Iterator[Buffer]:
        """As every body's."""
        for data in super().__iter__():
            self._size += len(data)
            self._crc32 = isal_zlib.crc32(data, self._crc32)
            yield data

    def hashes(self) -> Hashes:
        """The linear hash, which is known to be the one that was signed when the last bytes were handed out."""
        return Hashes(self._size, [bytes.fromhex(self._payload_hash)], self._crc32)


def body_of(incoming: Incoming, payload_hash: str) -> HashedBody:
    """What is coming in, as a store takes it; `payload_hash` is what the request was signed with."""
    is_short = 0 < (incoming.size or 0) <= CHUNK
    return ChunkBody(incoming, payload_hash) if is_short else HashedBody(incoming, payload_hash)


def content_length(request: Request) -> int | None:
    """What Content-Length says; None without one.

    Raises:
        MissingParameterValue: The body is sent in another way, which this protocol does not know (glacier-api 1.1).
        InvalidParameterValue: It is not one number.
    """
    if request.all(b"transfer-encoding"):
        raise missing("Content-Length")
    values = request.all(b"content-length")
    if not values or values == [b""]:
        return None
    if len(values) > 1 or not _LENGTH.fullmatch(values[0]):
        raise InvalidParameterValue(f"Invalid Content-Length: {values[0].decode('ascii', 'backslashreplace')}")
    return int(values[0])
