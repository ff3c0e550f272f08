"""The SHA-256 tree hash (glacier-api 6), of whole archives, of parts and of ranges.

Data is cut into chunks of 1 MiB; each chunk's SHA-256 is a leaf; level by level each adjacent pair is replaced by the
SHA-256 of both digests, and an odd last node moves up unchanged, until one node is left. Zero bytes have the hash of
nothing.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.model import MIB

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coldframe.model import Buffer, ByteRange

CHUNK = MIB
DIGEST_SIZE = 32
_EMPTY = sha256(b"").digest()


class TreeHasher:
    """Builds a tree hash from bytes that come in buffers of any length.

    Args:
        keep_leaves: Keep every leaf, to hash ranges later: 32 bytes per MiB. Otherwise memory is logarithmic.
    """

    def __init__(self, *, keep_leaves: bool = False) -> None:
        """Start with no bytes."""
        self.size = 0
        self._leaves: list[bytes] | None = [] if keep_leaves else None
        self._stack: list[bytes] = []
        self._count = 0
        self._chunk = sha256()
        self._filled = 0

    def update(self, data: Buffer) -> None:
        """Take the next bytes. The GIL is released while long buffers are hashed.

        Raises:
            ValueError: The last chunk was taken by its digest and was no whole one.
        """
        if self.size % CHUNK != self._filled:
            msg = f"nothing can follow {self.size} bytes whose last chunk is known by its digest alone"
            raise ValueError(msg)
        view = memoryview(data)
        self.size += len(view)
        while view:
            take = min(CHUNK - self._filled, len(view))
            self._chunk.update(view[:take])
            self._filled += take
            view = view[take:]
            if self._filled == CHUNK:
                self._push(self._chunk.digest())
                self._chunk = sha256()
                self._filled = 0

    def take(self, leaves: Sequence[bytes], size: int) -> None:
        """Take the next `size` bytes by the digests of their chunks; more may follow only after a whole chunk.

        Raises:
            ValueError: Bytes that are no whole chunk came before, or `size` bytes have another number of chunks.
        """
        if self._filled or self.size % CHUNK or len(leaves) != count_chunks(size):
            msg = f"{size} bytes after {self.size} have no {len(leaves)} chunks of their own"
            raise ValueError(msg)
        self.size += size
        for leaf in leaves:
            self._push(leaf)

    @property
    def leaves(self) -> list[bytes]:
        """The digests of the chunks so far, a shorter last one included; needs `keep_leaves`."""
        if self._leaves is None:
            msg = "this TreeHasher was made without keep_leaves"
            raise ValueError(msg)
        return [*self._leaves, self._chunk.digest()] if self._filled else list(self._leaves)

    def digest(self) -> bytes:
        """The root over all bytes so far; more may follow."""
        nodes = [*self._stack, self._chunk.digest()] if self._filled else list(self._stack)
        if not nodes:
            return _EMPTY
        root = nodes.pop()
        while nodes:
            root = _join(nodes.pop(), root)
        return root

    def hexdigest(self) -> str:
        """The root as lower-case hex, the form that the protocol prints."""
        return self.digest().hex()

    def _push(self, leaf: bytes) -> None:
        """Add a full leaf, merging equal-sized neighbours: the stack holds one node per set bit of the count."""
        if self._leaves is not None:
            self._leaves.append(leaf)
        self._count += 1
        count = self._count
        while count % 2 == 0:
            leaf = _join(self._stack.pop(), leaf)
            count //= 2
        self._stack.append(leaf)


def root(nodes: Sequence[bytes]) -> bytes:
    """The root over `nodes` as leaves: chunks of data, or roots of equal parts of 2^k chunks (glacier-api 6.3)."""
    level = list(nodes)
    if not level:
        return _EMPTY
    while len(level) > 1:
        odd = [level[-1]] if len(level) % 2 else []
        level = [_join(left, right) for left, right in zip(level[::2], level[1::2], strict=False)] + odd
    return level[0]


def combine(part_hashes: Iterable[str]) -> str:
    """The tree hash of an archive from those of its parts in order, all but the last of one legal part size."""
    return root([bytes.fromhex(part_hash) for part_hash in part_hashes]).hex()


def tree_hash(data: Buffer) -> str:
    """The tree hash of bytes in memory."""
    hasher = TreeHasher()
    hasher.update(data)
    return hasher.hexdigest()


def count_chunks(size: int) -> int:
    """How many leaves `size` bytes have."""
    return -(-size // CHUNK)


def is_megabyte_aligned(byte_range: ByteRange, size: int) -> bool:
    """Whether a range of an archive of `size` bytes starts and ends on MiB borders or at the end (glacier-api 7)."""
    starts = byte_range.start % CHUNK == 0
    return starts and (byte_range.end % CHUNK == 0 or byte_range.end == size)


def is_tree_hash_aligned(byte_range: ByteRange, size: int) -> bool:
    """Whether the range is a node of the tree over `size` bytes, and so has a tree hash (glacier-api 7).

    With leaves s to e of N: some k has s divisible by 2^k and e = min(s + 2^k, N).
    """
    if not (0 <= byte_range.start < byte_range.end <= size and is_megabyte_aligned(byte_range, size)):
        return False
    first, last, count = byte_range.start // CHUNK, count_chunks(byte_range.end), count_chunks(size)
    width = 1
    while first % width == 0:
        if last == min(first + width, count):
            return True
        if width >= count:
            break
        width *= 2
    return False


def _join(left: bytes, right: bytes) -> bytes:
    return sha256(left + right).digest()
