"""Reading blobs: every byte is checked before it is handed out."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Self

from coldframe.blobs.footer import TRAILER_SIZE, BadFooter, decode_footer, decode_trailer
from coldframe.errors import DamagedArchive, ServiceUnavailable
from coldframe.pages import page_memory
from coldframe.tree_hash import CHUNK, root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from coldframe.blobs.footer import Footer
    from coldframe.model import Buffer

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
MEDIUM_ERRORS = frozenset({errno.EIO, getattr(errno, "EUCLEAN", errno.EIO), errno.EBADMSG})
"""What a system says when the medium itself cannot give the bytes back."""


@contextmanager
def blob_errors(what: str) -> Iterator[None]:
    """The border: what the file system raises becomes the port's error, once.

    Raises:
        ServiceUnavailable: `what` could not be done.
    """
    try:
        yield
    except OSError as error:
        msg = f"{what}: {error.strerror or type(error).__name__}."
        raise ServiceUnavailable(msg) from error


class DiskBlob:
    """Implements `ports.OpenBlob` on an open file."""

    def __init__(self, descriptor: int, footer: Footer) -> None:
        """Read through `descriptor`, believing only the footer's leaves."""
        self._descriptor = descriptor
        self._footer = footer

    @property
    def leaves(self) -> Sequence[bytes]:
        """The SHA-256 of each MiB."""
        return self._footer.leaves

    def read(self, start: int, end: int) -> Iterator[Buffer]:
        """The bytes from `start` up to `end`, chunk by chunk."""
        size = self._footer.trailer.data_size
        chunk = page_memory(min(CHUNK, size))
        for number in range(start // CHUNK, -(-end // CHUNK)):
            first = number * CHUNK
            data = chunk[: min(CHUNK, size - first)]
            with blob_errors("A blob could not be read"):
                read_into(self._descriptor, data, first)
            if sha256(data).digest() != self.leaves[number]:
                msg = f"The stored bytes of blob {self._footer.trailer.key.hex()} are damaged at {first}."
                raise DamagedArchive(msg)
            yield data[max(start - first, 0) : end - first]

    def close(self) -> None:
        """Let go of the file; the leaves stay known."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> Self:
        """The blob itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


def open_file(path: str) -> int:
    """Open a blob file for reading; never follows a link."""
    return os.open(path, _FLAGS)


def read_footer(descriptor: int) -> Footer:
    """The footer of an open blob file.

    Raises:
        BadFooter: There is no whole one.
        OSError: It cannot be read.
    """
    file_size = os.fstat(descriptor).st_size
    trailer = decode_trailer(_read_at(descriptor, TRAILER_SIZE, max(file_size - TRAILER_SIZE, 0)), file_size)
    return decode_footer(_read_at(descriptor, trailer.body_size, trailer.data_size), trailer)


def require_identity(footer: Footer, *, key: bytes, size: int, tree_hash: str) -> None:
    """Check that a footer is that of the blob wanted, and its leaves those of the tree hash.

    Raises:
        BadFooter: It is another blob's.
    """
    trailer = footer.trailer
    if (trailer.key, trailer.data_size, trailer.tree_hash.hex()) != (key, size, tree_hash):
        msg = "the file holds another blob"
        raise BadFooter(msg)
    if root(footer.leaves) != trailer.tree_hash:
        msg = "the leaves do not hash to the tree hash"
        raise BadFooter(msg)


def read_into(descriptor: int, data: memoryview, offset: int) -> None:
    """Fill `data` from `offset`.

    Raises:
        OSError: The file ends before, or cannot be read.
    """
    while data:
        taken = _read_once(descriptor, data, offset)
        if not taken:
            raise OSError(errno.EIO, "the file is too short")
        data = data[taken:]
        offset += taken


def _read_at(descriptor: int, size: int, offset: int) -> bytes:
    data = bytearray(min(size, os.fstat(descriptor).st_size))
    read_into(descriptor, memoryview(data), offset)
    return bytes(data)


def _read_once(descriptor: int, data: memoryview, offset: int) -> int:
    if hasattr(os, "preadv"):
        return os.preadv(descriptor, [data], offset)
    os.lseek(descriptor, offset, os.SEEK_SET)  # Windows: each descriptor has one reader
    return os.readv(descriptor, [data]) if hasattr(os, "readv") else _copy(os.read(descriptor, len(data)), data)


def _copy(found: bytes, data: memoryview) -> int:
    data[: len(found)] = found
    return len(found)
