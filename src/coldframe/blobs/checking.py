"""Scrubbing one blob: its bytes are hashed again, by code that shares nothing with the way in (reliability 4.1)."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.blobs.footer import BadFooter
from coldframe.blobs.reading import MEDIUM_ERRORS, blob_errors, open_file, read_footer, read_into, require_identity
from coldframe.ports import BlobState, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LEAF = 1 << 20


def check_blob(path: str, *, key: bytes, size: int, tree_hash: str, pace: Callable[[int], None]) -> Verdict:
    """Read a whole blob file from the medium and compare it with what the ledger promises.

    Raises:
        ServiceUnavailable: It could not be looked at, for a reason that says nothing about the blob.
    """
    with blob_errors("A blob could not be checked"):
        try:
            descriptor = open_file(path)
            try:
                return _judge(descriptor, key=key, size=size, tree_hash=tree_hash, pace=pace)
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            return Verdict(BlobState.MISSING, "the blob is not there")
        except OSError as error:
            if error.errno in MEDIUM_ERRORS:
                return Verdict(BlobState.DAMAGED, f"the blob cannot be read: {error.strerror}")
            raise


def _judge(descriptor: int, *, key: bytes, size: int, tree_hash: str, pace: Callable[[int], None]) -> Verdict:
    _drop_from_cache(descriptor)
    try:
        footer = read_footer(descriptor)
        require_identity(footer, key=key, size=size, tree_hash=tree_hash)
    except BadFooter as error:
        return Verdict(BlobState.DAMAGED, str(error))
    leaves = _hash_leaves(descriptor, size, pace)
    if _fold(leaves).hex() == tree_hash:
        return Verdict(BlobState.WHOLE)
    damaged = [number for number, leaf in enumerate(leaves) if leaf != footer.leaves[number]]
    return Verdict(BlobState.DAMAGED, f"{len(damaged)} of {len(leaves)} MiB are damaged, the first is {damaged[0]}")


def _hash_leaves(descriptor: int, size: int, pace: Callable[[int], None]) -> list[bytes]:
    leaves = []
    chunk = memoryview(bytearray(min(_LEAF, size)))
    for offset in range(0, size, _LEAF):
        data = chunk[: min(_LEAF, size - offset)]
        read_into(descriptor, data, offset)
        leaves.append(sha256(data).digest())
        pace(len(data))
    _drop_from_cache(descriptor)
    return leaves


def _fold(leaves: Sequence[bytes]) -> bytes:
    """The tree hash from the top down: the left half is the largest power of two below the count."""
    if len(leaves) == 1:
        return leaves[0]
    left = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(_fold(leaves[:left]) + _fold(leaves[left:])).digest()


def _drop_from_cache(descriptor: int) -> None:
    """Let the next read come from the medium, where the system can be asked to."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
