"""Memory from which a disk can fetch, and into which it can put, without a copy.

It begins on a page, which direct reads and writes demand. Blocks are used again: a system clears every page before it
first hands it out, which takes as long as a third of hashing what is put there, and longer on a virtual machine whose
host has to find the page as well.
"""

from __future__ import annotations

import mmap
import os
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK = 4 * 1024 * 1024
"""The largest piece that is used again. So much is read, checked and written at once, since threads wait for each other
between calls: few and long ones."""

_SIZES = (1024 * 1024, BLOCK)
"""Blocks come in these sizes; a piece is cut from the smallest that holds it."""

_MOST_FREE = 64 * 1024 * 1024
"""What is free beyond so many bytes goes back to the system."""

_HUGE_PAGE = 2 * 1024 * 1024


def page_memory(size: int) -> memoryview:
    """`size` bytes, 1 or more, that begin on a page; what they hold at first means nothing.

    They are free again when nothing refers to them any more, and are then used again or go back to the system whole.
    On Linux they are no other process's: they lie on huge pages where they are large enough, which fill for the first
    time in a tenth of the time that shared pages take, and a child that is forked in the middle of a write does not get
    them, as open(2) demands of private memory. Elsewhere they are shared memory.
    """
    for block_size in _SIZES:
        if size <= block_size:
            return _POOL.lend(block_size)[:size]
    return memoryview(_map(size))


class _Shelf:
    """Free blocks. For any thread: a list's `append` and `pop` need no lock, and a block too many does no harm."""

    def __init__(self) -> None:
        self._most = _MOST_FREE
        self._free: dict[int, list[mmap.mmap]] = {size: [] for size in _SIZES}

    def take(self, size: int) -> mmap.mmap:
        """A block of one of the sizes."""
        try:
            return self._free[size].pop()
        except IndexError:
            return _map(size)

    def give(self, block: mmap.mmap) -> None:
        """Keep a block for the next who wants one, unless enough are kept."""
        if sum(size * len(kept) for size, kept in self._free.items()) < self._most:
            self._free[len(block)].append(block)


class _Pool:
    """Lends blocks of a shelf, which come back by themselves."""

    def __init__(self) -> None:
        self._shelf = _Shelf()
        self._left: list[_Shelf] = []

    def lend(self, size: int) -> memoryview:
        """A view of a block of one of the sizes; it is free again when no view of its bytes is left."""
        shelf = self._shelf
        block = shelf.take(size)
        lent = _lent_type(size).from_buffer(block)
        lent.block, lent.give = block, shelf.give
        return memoryview(lent).cast("B")

    def leave(self) -> None:
        """In a forked child, which has none of this memory: use none of it, and unmap nothing in its place."""
        self._left.append(self._shelf)
        self._shelf = _Shelf()


@cache
def _lent_type(size: int) -> Any:
    """What every view of a lent block keeps alive, slices included: its end is the end of the last of them."""
    import ctypes  # noqa: PLC0415 - only what moves many bytes needs it; start-up time

    class Lent(ctypes.c_ubyte * size):  # type: ignore[misc]  # a base that is made here
        block: mmap.mmap
        give: Callable[[mmap.mmap], None]

        def __del__(self) -> None:
            self.give(self.block)

    return Lent


def _map(size: int) -> mmap.mmap:
    """Fresh memory of the system's; it takes room only as it is filled."""
    if not hasattr(mmap, "MADV_DONTFORK"):
        return mmap.mmap(-1, size)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_DONTFORK)
    if size >= _HUGE_PAGE:
        with suppress(OSError):  # a kernel built without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


_POOL = _Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_POOL.leave)
