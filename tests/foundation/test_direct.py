"""Writing past the page cache changes nothing but the cost: the same bytes, the same errors, nothing left open."""

from __future__ import annotations

import errno
import itertools
import os
import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from coldframe.direct import DirectWrites
from coldframe.files import DiskFiles
from coldframe.model import MIB
from coldframe.pages import page_memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LINUX = hasattr(os, "O_DIRECT")


def _pages(size: int, seed: int = 0) -> memoryview:
    """Random bytes that begin on a page of their own."""
    memory = page_memory(size)
    memory[:] = random.Random(seed).randbytes(size)
    return memory


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0


@pytest.mark.parametrize("shift", [0, 1, 512, 4096])
@pytest.mark.parametrize("offset", [0, 1, 4096, 300_000])
@pytest.mark.parametrize("size", [1, 4096, 262_143, 262_144, 262_145, MIB, MIB + 4095])
def test_bytes_are_the_same_wherever_they_come_from(tmp_path: Path, size: int, offset: int, shift: int) -> None:
    """Any length, at any offset, from any place in memory: the file holds exactly what was written."""
    data = _pages(size + shift)[shift:]
    files, path = DiskFiles(), str(tmp_path / "file")
    before = _open_files()
    descriptor = files.create(path)
    files.write(descriptor, b"x" * offset, 0)
    files.write(descriptor, data, offset)
    files.write(descriptor, b"the end", offset + size)
    files.sync(descriptor)
    files.close(descriptor)
    with open(path, "rb") as file:
        assert file.read() == b"x" * offset + bytes(data) + b"the end"
    assert _open_files() == before


def test_many_writers_share_a_file(tmp_path: Path) -> None:
    """Threads that write direct and buffered pieces of one file at once do not disturb each other."""
    data = _pages(8 * MIB)
    cuts = [0]
    while cuts[-1] < len(data):
        cuts.append(min(len(data), cuts[-1] + random.Random(cuts[-1]).choice([1, 4095, 4096, 300_000, 512 * 1024])))
    files, path = DiskFiles(), str(tmp_path / "file")
    descriptor = files.create(path)
    with ThreadPoolExecutor(8) as pool:
        for done in [
            pool.submit(files.write, descriptor, data[start:end], start) for start, end in itertools.pairwise(cuts)
        ]:
            done.result()
    files.close(descriptor)
    with open(path, "rb") as file:
        assert file.read() == bytes(data)


@pytest.mark.skipif(not _LINUX, reason="there are no direct writes here")
def test_whole_pages_go_past_the_cache(tmp_path: Path) -> None:
    """On a file system that knows direct writes, aligned blocks take that way, whole."""
    direct_writes = DirectWrites()
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    try:
        os.close(os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_DIRECT))
        assert direct_writes.write(descriptor, _pages(MIB + 5), 0) == MIB
        assert direct_writes.write(descriptor, _pages(MIB), MIB + 1) == 0
        assert direct_writes.write(descriptor, _pages(4096), MIB) == 0
    finally:
        direct_writes.forget(descriptor)
        os.close(descriptor)


@pytest.mark.skipif(not _LINUX, reason="there are no direct writes here")
@pytest.mark.parametrize("name", ["open", "pwrite"])
def test_file_systems_without_direct_writes_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Where the system says no, at opening or at writing, the bytes are written as usual."""
    really: Callable[..., int] = getattr(os, name)
    refused: list[object] = []

    def refuse(*args: object, **options: object) -> int:
        is_direct = name == "pwrite" and args[0] != descriptor
        if is_direct or (name == "open" and isinstance(args[1], int) and args[1] & os.O_DIRECT):
            refused.append(args)
            raise OSError(errno.EINVAL, "Invalid argument")
        return really(*args, **options)

    data, files, path = _pages(2 * MIB), DiskFiles(), str(tmp_path / "file")
    descriptor = files.create(path)
    monkeypatch.setattr(os, name, refuse)
    files.write(descriptor, data[:MIB], 0)
    files.write(descriptor, data[MIB:], MIB)
    monkeypatch.undo()
    files.close(descriptor)
    assert len(refused) == 1  # it is not asked again
    with open(path, "rb") as file:
        assert file.read() == bytes(data)


@pytest.mark.skipif(not _LINUX, reason="there are no direct writes here")
def test_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no refusal is an error: it is not tried again another way."""

    def fail(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    files = DiskFiles()
    descriptor = files.create(str(tmp_path / "file"))
    monkeypatch.setattr(os, "pwrite", fail)
    with pytest.raises(OSError, match="No space"):
        files.write(descriptor, _pages(MIB), 0)
    monkeypatch.undo()
    files.close(descriptor)
