"""Memory that is used again is never two people's, and never a child's."""

from __future__ import annotations

import ctypes
import gc
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from coldframe import pages
from coldframe.model import MIB
from coldframe.pages import BLOCK, page_memory

_LINUX = hasattr(os, "O_DIRECT")


@pytest.fixture(autouse=True)
def _own_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool in which nothing is free, so that what other tests left has no part in it."""
    monkeypatch.setattr(pages, "_POOL", pages._Pool())


def _address(memory: memoryview) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


@pytest.mark.parametrize("size", [1, 4095, MIB, MIB + 1, BLOCK, BLOCK + 1, 32 * MIB])
def test_memory_is_as_long_as_asked_for_and_begins_on_a_page(size: int) -> None:
    """Every byte of it can be written and read, used again or not."""
    for _ in range(3):
        memory = page_memory(size)
        assert len(memory) == size
        assert _address(memory) % 4096 == 0
        data = random.Random(size).randbytes(size)
        memory[:] = data
        assert memory == data
        del memory


@pytest.mark.parametrize("size", [1, MIB, BLOCK])
def test_a_block_is_used_again_when_the_last_view_of_it_is_gone(size: int) -> None:
    """A slice, however small, keeps all of its block from being anybody else's."""
    memory = page_memory(size)
    first, slice_of_it = _address(memory), memory[:1]
    del memory
    gc.collect()
    other = page_memory(size)
    assert _address(other) != first
    del slice_of_it
    gc.collect()
    assert _address(page_memory(size)) == first


def test_threads_never_share_a_block() -> None:
    """What one thread wrote into its memory is there until it lets go of it, whatever others take and give."""

    def work(seed: int) -> bool:
        rng = random.Random(seed)
        held: list[tuple[memoryview, int]] = []
        for number in range(200):
            memory = page_memory(rng.choice([1000, MIB, MIB + 1, BLOCK]))
            mark = (seed * 1000 + number).to_bytes(8, "big")
            memory[:8] = memory[-8:] = mark
            held.append((memory[8:], number))
            del memory
            if len(held) > rng.randrange(4):
                kept, number_then = held.pop(rng.randrange(len(held)))
                if kept[-8:] != (seed * 1000 + number_then).to_bytes(8, "big"):
                    return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_no_more_is_kept_than_a_bound() -> None:
    """What was needed at once for a moment goes back to the system."""
    many = [page_memory(BLOCK) for _ in range(40)]
    del many
    gc.collect()
    kept = sum(size * len(blocks) for size, blocks in pages._POOL._shelf._free.items())
    assert 0 < kept <= pages._MOST_FREE


@pytest.mark.skipif(not _LINUX, reason="how Linux keeps memory")
@pytest.mark.parametrize("size", [1, MIB, BLOCK, 32 * MIB])
def test_memory_that_a_disk_fetches_from_is_not_given_to_children(size: int) -> None:
    """A fork in the middle of a direct write must not share its pages (open(2), notes on O_DIRECT)."""
    memory = page_memory(size)
    flags = _flags_of(_address(memory))
    assert "dc" in flags  # do not copy on fork
    if os.path.exists("/sys/kernel/mm/transparent_hugepage"):
        assert ("hg" in flags) == (size >= 2 * MIB)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_a_child_uses_memory_of_its_own() -> None:
    """Neither what was free when it was forked nor what was lent is there in the child, so it touches neither."""
    pool = pages._POOL
    free, lent = page_memory(BLOCK), page_memory(BLOCK)
    del free
    gc.collect()
    child = os.fork()
    if not child:
        try:
            pool.leave()  # what the pool of the module does by itself
            del lent
            gc.collect()
            for _ in range(4):
                page_memory(BLOCK)[:] = b"x" * BLOCK
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert len(lent) == BLOCK


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_the_pool_of_the_module_hears_of_forks() -> None:
    """A child of a program that moves bytes can move bytes itself."""
    script = (
        "import os\n"
        "from coldframe.pages import BLOCK, page_memory\n"
        "page_memory(BLOCK)[0] = 1\n"
        "child = os.fork()\n"
        "page_memory(BLOCK)[:] = b'x' * BLOCK\n"
        "if child:\n"
        "    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def _flags_of(address: int) -> list[str]:
    """What the kernel was told of the mapping that holds an address (proc(5), VmFlags)."""
    with open("/proc/self/smaps", encoding="ascii") as file:
        inside = False
        for line in file:
            head = line.split(maxsplit=1)[0]
            if "-" in head:
                start, end = (int(part, 16) for part in head.split("-"))
                inside = start <= address < end
            elif inside and head == "VmFlags:":
                return line.split()[1:]
    return []
