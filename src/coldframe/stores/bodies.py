"""Bodies on their way to botocore: read once, hashed twice in that pass, and kept so that they can be sent."""

from __future__ import annotations

import io
from hashlib import sha256
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Self

from coldframe.errors import InvalidParameterValue
from coldframe.model import MIB
from coldframe.ports import HeldBack
from coldframe.tree_hash import TreeHasher

if TYPE_CHECKING:
    from types import TracebackType

    from coldframe.ports import Body

MAX_IN_MEMORY = 64 * MIB
"""A longer body lies in a temporary file while it is sent."""
_STEP = MIB


class PreparedBody(io.RawIOBase):
    """A body with both of its hashes, as a file that botocore can send; close it, or use it in a `with`.

    A request names its body's hash before the body, so the bytes must be read before the first of them is sent.

    Raises:
        InvalidParameterValue: The body holds more or fewer bytes than it says.
    """

    def __init__(self, body: Body) -> None:
        """Read the body; if a throttle holds it back, that holds the sending back instead."""
        self.size = body.size
        self._throttle = body.throttle if isinstance(body, HeldBack) else None
        linear, tree = sha256(), TreeHasher()
        # As large as it will be from the start: one that grows leaves holes in memory that nothing else fits into.
        self._file = io.BytesIO(bytes(self.size)) if self.size <= MAX_IN_MEMORY else TemporaryFile()  # noqa: SIM115
        for buffer in body.content if isinstance(body, HeldBack) else body:
            linear.update(buffer)
            tree.update(buffer)
            self._file.write(buffer)
            if tree.size > self.size:
                break
        self._file.seek(0)
        self.linear_hash = linear.hexdigest()
        self.tree_hash = tree.hexdigest()
        if tree.size != self.size:
            self.close()
            raise InvalidParameterValue(f"Invalid Content-Length: {self.size}, but the body holds {tree.size} bytes")

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
