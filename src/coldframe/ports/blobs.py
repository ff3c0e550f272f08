"""The port between the embedded service and its bytes.

A blob is written once, under a key that the service made, and never changed. It carries its own leaf digests, key and
size, so that a blob that was swapped, cut, extended or damaged is known as such on every read.

A key is 16 bytes, the first six of them the moment it was made (milliseconds since 1970, big-endian). For all
operations, trouble with the medium raises `ServiceUnavailable`, and then nothing half-done is visible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from coldframe.model import Buffer

Check = Callable[[int, str], None]
"""Takes the size and the tree hash of all the bytes of a put; what it raises undoes the put."""


@dataclass(frozen=True, slots=True)
class Hashes:
    """What was found out about bytes in the pass in which they were read.

    Args:
        size: How many there were.
        leaves: The SHA-256 of each MiB: the leaves of their tree hash.
        crc32: Their CRC-32, by which whoever gets them knows that they are the bytes that were hashed.
    """

    size: int
    leaves: Sequence[bytes]
    crc32: int


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that are durable under `key`."""

    key: bytes
    size: int
    tree_hash: str


@dataclass(frozen=True, slots=True)
class Put:
    """A blob to be; what each field means, `Blobs.put` says."""

    key: bytes
    buffers: Iterable[Buffer]
    note: Mapping[str, object]
    check: Check | None = None
    hashes: Callable[[], Hashes] | None = None


class BlobState(StrEnum):
    """What a scrub finds of a blob: `whole`, `damaged` (other bytes than were promised) or `missing`."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a blob, and in words what is wrong with it."""

    state: BlobState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A temporary file of a put that never ended; `touched_ms` is the youngest sign of life."""

    path: str
    touched_ms: int


class OpenBlob(Protocol):
    """A blob whose footer has been checked; close it, or use it in a `with`."""

    @property
    def leaves(self) -> Sequence[bytes]:
        """The SHA-256 of each MiB."""
        ...

    def read(self, start: int, end: int) -> Iterator[Buffer]:
        """The bytes from `start` up to `end`, each chunk checked before any of it is handed out.

        Buffers are valid until the next is asked for. Damage raises `DamagedArchive`.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...

    def __enter__(self) -> Self:
        """The blob itself."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        ...


class Blobs(Protocol):
    """A place that keeps blobs. Any operation may be called from any thread and from several processes at once."""

    def put(
        self,
        key: bytes,
        buffers: Iterable[Buffer],
        *,
        note: Mapping[str, object],
        check: Check | None = None,
        hashes: Callable[[], Hashes] | None = None,
    ) -> Blob:
        """Keep the bytes durably under a new key, with a note that tells a stranger what they are.

        The bytes are read once, hashed on the way, and never held. What `buffers` or `check` raises goes on to the
        caller as it is, and nothing is kept. `hashes`, asked after the last buffer, tells what they were hashed to
        when they were read: then only their CRC-32 is computed here and must be the same.
        """
        ...

    def put_all(self, puts: Sequence[Put]) -> Sequence[Blob]:
        """Keep several blobs, each as by `put`, all of them or none; what can be shared is done once for all."""
        ...

    def exists(self, key: bytes) -> bool:
        """Whether a blob has that key; nothing is read."""
        ...

    def open(self, key: bytes, *, size: int, tree_hash: str) -> OpenBlob:
        """Open a blob that must hold `size` bytes with that tree hash; `DamagedArchive` if it does not, or is gone."""
        ...

    def check(self, key: bytes, *, size: int, tree_hash: str, pace: Callable[[int], None]) -> Verdict:
        """Hash a whole blob again, from the medium where the system allows it; `pace` is told of each read's length."""
        ...

    def keys(self, *, before_ms: int) -> Iterator[Sequence[bytes]]:
        """The keys made before a moment, in ascending order, a few thousand at a time."""
        ...

    def touched_ms(self, key: bytes) -> int:
        """The youngest sign of life of a blob: when its key was made or its file last written. 0 if it is gone."""
        ...

    def size(self, key: bytes) -> int:
        """How many bytes a blob takes on the medium; 0 if it is gone."""
        ...

    def unlink(self, key: bytes) -> int:
        """Remove a blob that nothing refers to and answer its size in bytes on the medium; 0 if it is gone."""
        ...

    def leftovers(self) -> Iterator[Leftover]:
        """The temporary files of puts that are not done."""
        ...

    def unlink_leftover(self, leftover: Leftover) -> None:
        """Remove one of them; one that is gone is no error."""
        ...
