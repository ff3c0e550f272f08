"""What the machine can do at best with the same bytes: the limits that coldframe is held against.

Usage: python -m benchmarks.limits write|direct|hash SOURCE [TARGET]
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from coldframe.files import DiskFiles
from coldframe.model import MIB
from coldframe.pages import page_memory
from coldframe.tree_hash import TreeHasher

if TYPE_CHECKING:
    from collections.abc import Iterator


def write(source: str, target: str) -> None:
    """Read every file and write all bytes one after another into one file, as `dd` does; durable at the end."""
    files = DiskFiles()
    with open(target, "xb", buffering=0) as file:
        for path in list_files(source):
            file.writelines(read(path))
        files.sync(file.fileno())
    files.sync_folder(os.path.dirname(os.path.abspath(target)))


def write_direct(source: str, target: str) -> None:
    """The same past the page cache, where the system can do that (ADR 31)."""
    files = DiskFiles()
    descriptor = files.create(os.path.abspath(target))
    offset = 0
    for path in list_files(source):
        for piece in read(path):
            files.write(descriptor, piece, offset)
            offset += len(piece)
    files.sync(descriptor)
    files.close(descriptor)
    files.sync_folder(os.path.dirname(os.path.abspath(target)))


def hash_all(source: str) -> None:
    """Read every file and compute its tree hash, as many at once as there are cores; a large file in slices."""
    slices = [piece for path in list_files(source) for piece in _cut(path)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(_hash, slices):
            pass


def list_files(source: str) -> list[str]:
    """The files below a folder, or the file itself, in order."""
    if os.path.isfile(source):
        return [source]
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(source) for name in names)


def read(path: str, start: int = 0, end: int | None = None) -> Iterator[memoryview]:
    """The bytes of a file in buffers of 1 MiB, each valid until the next is asked for."""
    buffer = page_memory(MIB)
    with open(path, "rb", buffering=0) as file:
        file.seek(start)
        left = sys.maxsize if end is None else end - start
        while left > 0 and (count := file.readinto(buffer[: min(MIB, left)])):
            left -= count
            yield buffer[:count]


def _cut(path: str) -> list[tuple[str, int, int]]:
    size = os.path.getsize(path)
    return [(path, start, min(start + 64 * MIB, size)) for start in range(0, size, 64 * MIB)]


def _hash(piece: tuple[str, int, int]) -> str:
    hasher = TreeHasher()
    for data in read(*piece):
        hasher.update(data)
    return hasher.hexdigest()


if __name__ == "__main__":
    if sys.argv[1] == "hash":
        hash_all(sys.argv[2])
    else:
        (write_direct if sys.argv[1] == "direct" else write)(sys.argv[2], sys.argv[3])
