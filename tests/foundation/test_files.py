"""A durable write is there whole or not at all, in the order that survives a power cut."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from coldframe.files import TEMPORARY_PREFIX, DiskFiles, durable_write, ensure_folder, temporary_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.model import Buffer


class TracingFiles(DiskFiles):
    """The real files, with a list of what was done, and one operation that may fail."""

    def __init__(self, failing: str | None = None) -> None:
        """Fail in the operation named `failing`."""
        super().__init__()
        self.done: list[str] = []
        self._failing = failing

    def _note(self, operation: str) -> None:
        self.done.append(operation)
        if operation == self._failing:
            raise OSError(errno.EIO, "planted")

    def write(self, descriptor: int, data: Buffer, offset: int) -> None:
        """Note and write."""
        self._note("write")
        super().write(descriptor, data, offset)

    def sync(self, descriptor: int) -> None:
        """Note and sync."""
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            self._note("sync")
        super().sync(descriptor)

    def rename(self, source: str, target: str, *, folder: int | None = None) -> None:
        """Note and rename."""
        self._note("rename")
        super().rename(source, target, folder=folder)

    def sync_folder(self, path: str | int) -> None:
        """Note and sync."""
        self._note("sync folder")
        super().sync_folder(path)


def test_durable_write_syncs_before_and_after_the_rename(tmp_path: Path) -> None:
    """Bytes are synced before the name is given, and the name after."""
    files = TracingFiles()
    durable_write(files, str(tmp_path), "a.csv", [b"one", memoryview(b"two")])
    assert files.done == ["write", "write", "sync", "rename", "sync folder"]
    assert (tmp_path / "a.csv").read_bytes() == b"onetwo"
    assert os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("failing", ["write", "sync", "rename"])
def test_durable_write_that_fails_leaves_the_old_file(tmp_path: Path, failing: str) -> None:
    """After a failure the name means what it meant, nothing is left over, and no sync is tried twice."""
    (tmp_path / "a.csv").write_bytes(b"old")
    files = TracingFiles(failing)
    with pytest.raises(OSError, match="planted"):
        durable_write(files, str(tmp_path), "a.csv", [b"new"])
    assert (tmp_path / "a.csv").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.csv"]
    assert files.done.count("sync") <= 1


def test_durable_write_cleans_up_when_the_bytes_do_not_come(tmp_path: Path) -> None:
    """A source that breaks in the middle leaves nothing behind."""

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        durable_write(DiskFiles(), str(tmp_path), "a", broken())
    assert os.listdir(tmp_path) == []


def test_ensure_folder_makes_and_syncs_each_missing_parent(tmp_path: Path) -> None:
    """Each new folder's name is synced in its parent; an existing one costs nothing."""
    files = TracingFiles()
    ensure_folder(files, str(tmp_path / "a" / "b"))
    assert (tmp_path / "a" / "b").is_dir()
    assert files.done == ["sync folder", "sync folder"]
    ensure_folder(files, str(tmp_path / "a" / "b"))
    assert files.done == ["sync folder", "sync folder"]


def test_create_refuses_what_is_there(tmp_path: Path) -> None:
    """Creating never opens or follows something that exists, a dangling link included."""
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        DiskFiles().create(str(tmp_path / "link"))


def test_disk_files_work_inside_an_open_folder(tmp_path: Path) -> None:
    """With a folder's descriptor, names are looked up there, wherever the folder has gone."""
    (tmp_path / "a").mkdir()
    folder = os.open(tmp_path / "a", os.O_RDONLY)
    (tmp_path / "a").rename(tmp_path / "b")
    files = DiskFiles()
    descriptor = files.create("x", folder=folder)
    files.write(descriptor, b"abc", 0)
    files.truncate(descriptor, 2)
    files.sync(descriptor)
    files.close(descriptor)
    files.rename("x", "y", folder=folder)
    files.sync_folder(folder)
    assert (tmp_path / "b" / "y").read_bytes() == b"ab"
    files.unlink("y", folder=folder)
    files.make_folder("deep", folder=folder)
    os.close(folder)
    assert os.listdir(tmp_path / "b") == ["deep"]


def test_temporary_names_are_new_and_known() -> None:
    """Two writers never share a temporary name, and a sweep can tell one."""
    names = {temporary_name() for _ in range(100)}
    assert len(names) == 100
    assert all(name.startswith(TEMPORARY_PREFIX) for name in names)
