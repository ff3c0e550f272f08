"""Bodies on their way to botocore: read once, hashed twice in that pass, and kept so that they can be sent."""

from __future__ import annotations

import io
from hashlib import sha256
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Self

from coldframe.errors import InvalidParameterValue, ServiceUnavailable
from coldframe.model import MIB
from coldframe.ports import HeldBack, SelfHashing
from coldframe.tree_hash import CHUNK, TreeHasher, count_chunks, root

if TYPE_CHECKING:
    from types import TracebackType

    from coldframe.model import Buffer
    from coldframe.ports import Body

MAX_IN_MEMORY = 64 * MIB
"""A longer body lies in a temporary file while it is sent."""
_STEP = MIB


class PreparedBody(io.RawIOBase):
    """A body with both of its hashes, as a file that botocore can send; close it, or use it in a `with`.

    A request names its body's hash before the body, so the bytes must be read before the first of them is sent. The
    tree hash of a body that hashes itself is taken from it, when a CRC-32 says that these are the same bytes; of a
    single chunk both hashes are one.

    Raises:
        InvalidParameterValue: The body holds more or fewer bytes than it says.
        ServiceUnavailable: Its bytes are not those that it hashed: memory that does not hold still.
    """

    def __init__(self, body: Body) -> None:
        """Read the body; if a throttle holds it back, that holds the sending back instead."""
        self.size = body.size
        self._throttle = body.throttle if isinstance(body, HeldBack) else None
        hashing = _Taken(body) if isinstance(body, SelfHashing) else _Own()
        linear = sha256()
        is_short = self.size <= CHUNK
        # As large as it will be from the start: one that grows leaves holes in memory that nothing else fits into.
        self._file = io.BytesIO(bytes(self.size)) if self.size <= MAX_IN_MEMORY else TemporaryFile()  # noqa: SIM115
        for buffer in body.content if isinstance(body, HeldBack) else body:
            if not is_short:
                linear.update(buffer)
            hashing.update(buffer)
            self._file.write(buffer)
            if hashing.size > self.size:
                break
        self._file.seek(0)
        if hashing.size != self.size:
            self.close()
            raise InvalidParameterValue(f"Invalid Content-Length: {self.size}, but the body holds {hashing.size} bytes")
        self.tree_hash = hashing.hexdigest()
        self.linear_hash = self.tree_hash if is_short else linear.hexdigest()

    def to_send(self) -> PreparedBody | bytes:
        """What to give to botocore's connections: the bytes, if they are few and not held back, to go with the head."""
        is_limited = self._throttle is not None and self._throttle.is_limiting
        if is_limited or self.size > CHUNK or not isinstance(self._file, io.BytesIO):
            return self
        if self._throttle is not None:
            self._throttle.wait(self.size)  # whether the run is to stop
        return self._file.getvalue()

    def __len__(self) -> int:
        """How many bytes there are; botocore makes Content-Length of it."""
        return self.size

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def seekable(self) -> bool:
        """It can be sent again."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes: a MiB at least, while there are any; if they are held back, as many as may go at a time.

        http.client asks for 16 KiB at a time and sends whatever it is given; a system call for each would cost more
        than all else that is done here.
        """
        if self._throttle is None:
            return self._file.read(size if size < 0 else max(size, _STEP))
        data = self._file.read(size if size < 0 else self._throttle.slice_size)
        self._throttle.wait(len(data))
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a position."""
        self._file.seek(offset, whence)
        return self._file.tell()

    def tell(self) -> int:
        """The position."""
        return self._file.tell()

    def close(self) -> None:
        """Let go of the bytes."""
        self._file.close()
        super().close()

    def __enter__(self) -> Self:
        """The body itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


class _Own:
    """The tree hash of a body, computed."""

    def __init__(self) -> None:
        self.size = 0
        self._hasher = TreeHasher()

    def update(self, data: Buffer) -> None:
        self._hasher.update(data)
        self.size += len(data)

    def hexdigest(self) -> str:
        return self._hasher.hexdigest()


class _Taken:
    """The tree hash of a body, asked of it."""

    def __init__(self, body: SelfHashing) -> None:
        from isal import isal_zlib  # noqa: PLC0415 - only those who send need it; start-up time

        self.size = 0
        self._body = body
        self._count = isal_zlib.crc32
        self._crc32 = 0

    def update(self, data: Buffer) -> None:
        self._crc32 = self._count(data, self._crc32)
        self.size += len(data)

    def hexdigest(self) -> str:
        told = self._body.hashes()
        if (told.size, told.crc32, len(told.leaves)) != (self.size, self._crc32, count_chunks(self.size)):
            raise ServiceUnavailable("The bytes changed on their way to the store. They are sent again.")
        return root(told.leaves).hex()


def require_tree_hash(body: PreparedBody, sent: str | None) -> None:
    """Refuse a body that is not what its owner says, before any of it is sent."""
    if sent is not None and sent.lower() != body.tree_hash:
        raise InvalidParameterValue(f"Checksum mismatch: expected {sent}, computed {body.tree_hash}")


def hand_over_hashes(client: Any) -> None:
    """Have botocore take the linear hash that a body knows, instead of reading the body for it twice."""
    for operation in ("UploadArchive", "UploadMultipartPart"):
        client.meta.events.register_first(f"before-call.glacier.{operation}", _hand_over)


def _hand_over(params: Any, **_: Any) -> None:
    body = params["body"]
    if isinstance(body, PreparedBody):
        params["headers"]["x-amz-content-sha256"] = body.linear_hash
