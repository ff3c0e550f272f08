"""What a power cut may leave of a recorded run, if the file system keeps the promises of POSIX and no more.

* The bytes of a file are safe up to its last sync. Of what was written since, any sectors of 512 bytes may be there,
  each with its new or its old content; a file that had grown may have its new size and zeros, or its old size.
* The names in a folder are safe up to the folder's last sync. Of what changed since, a prefix is there (or, harder, any
  subset). Syncing a file does not save its name. A rename happens wholly or not at all.
* A sync that failed saves nothing, and a later one does not save the bytes that were written before the failed one:
  the kernel may have marked those pages clean (reliability 0.2). Names are saved by the folder's next sync: a file
  system whose journal failed takes no more changes at all.
"""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from itertools import count
from typing import TYPE_CHECKING

from coldframe.testing.recording import Verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.testing.recording import Operation

SECTOR = 512
_DROPPED = ("-shm",)  # SQLite's shared memory: rebuilt by whoever opens the database first


class Policy(StrEnum):
    """Which of the unsynced things survive."""

    ALL = "all"  # as after a kill: the page cache lives on
    NONE = "none"
    NAMES = "names"  # all names, no unsynced bytes: files are short or empty
    SIZES = "sizes"  # all names and sizes, but zeros where bytes were not synced
    BYTES = "bytes"  # all bytes, no unsynced names
    RANDOM = "random"  # any prefix of the names per folder, any writes per file, some of them torn
    SCATTERED = "scattered"  # likewise, but any subset of the names


@dataclass(slots=True)
class _Step:
    """A change that is safe, or may be lost, or (doomed) may be lost whatever is synced later."""

    number: int
    operation: Operation
    inode: int = 0
    is_safe: bool = False
    is_doomed: bool = False


@dataclass(slots=True)
class _Inode:
    """A file's safe bytes and the writes since, or a folder's safe names and the changes since."""

    number: int
    is_folder: bool
    safe: bytearray = field(default_factory=bytearray)
    version: int = 0
    names: dict[str, int] = field(default_factory=dict)
    steps: list[_Step] = field(default_factory=list)
    modified_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of one surviving file; `modified_ns` is None where the run made the file."""

    data: bytes
    digest: bytes
    modified_ns: int | None


@dataclass(frozen=True, slots=True)
class Image:
    """One state of the disk: folders and files by their path under the root."""

    folders: tuple[str, ...]
    files: dict[str, Content]

    @property
    def digest(self) -> bytes:
        """What tells this state from others."""
        whole = blake2b(digest_size=16)
        for folder in self.folders:
            whole.update(f"{folder}/\0".encode(errors="surrogateescape"))
        for path, content in sorted(self.files.items()):
            whole.update(f"{path}\0".encode(errors="surrogateescape") + content.digest)
        return whole.digest()

    def write(self, root: str) -> None:
        """Make `root` hold this state and nothing else."""
        empty_folder(root)
        for folder in self.folders:
            os.mkdir(os.path.join(root, folder))
        for path, content in self.files.items():
            whole = os.path.join(root, path)
            with open(whole, "wb") as file:
                file.write(content.data)
            if content.modified_ns is not None:
                os.utime(whole, ns=(content.modified_ns, content.modified_ns))


class Disk:
    """Plays a trace, operation by operation; at any point it can be asked what a power cut would leave.

    Args:
        root: The folder that the run worked in. It holds the state before the run, which counts as safe.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._numbers = count(1)
        self._inodes: dict[int, _Inode] = {}
        self._names: dict[str, int] = {}  # as the running program sees them
        self._handles: dict[int, int] = {}
        self._built: dict[tuple[object, ...], Content] = {}
        self._top = self._load(self.root).number
        self._steps = 0

    def apply(self, operation: Operation) -> None:
        """Let one operation of the trace happen."""
        self._steps += 1
        if operation.failed and operation.verb not in {Verb.SYNC, Verb.SYNC_FOLDER}:
            return
        match operation.verb:
            case Verb.CREATE | Verb.MAKE_FOLDER:
                self._make(operation)
            case Verb.OPEN:
                self._handles[operation.handle] = self._names[operation.path]
            case Verb.WRITE | Verb.TRUNCATE:
                self._file_of(operation).steps.append(_Step(self._steps, operation))
                self._built.clear()
            case Verb.SYNC:
                _settle(self._file_of(operation), is_failed=operation.failed)
            case Verb.SYNC_FOLDER:
                self._sync_folder(operation)
            case Verb.RENAME | Verb.UNLINK:
                self._change_name(operation)
            case _:
                pass

    def image(self, policy: Policy, rng: random.Random | None = None) -> Image:
        """One state that a power cut now may leave; `rng` decides where the policy leaves a choice."""
        folders: list[str] = []
        files: dict[str, Content] = {}
        self._walk(self._top, "", _Choice(policy, rng or random.Random(0)), (folders, files))
        return Image(tuple(folders), files)

    def unsafe(self) -> int:
        """How many changes a power cut now may lose."""
        return sum(not step.is_safe for inode in self._inodes.values() for step in inode.steps)

    def _walk(self, number: int, path: str, choice: _Choice, found: tuple[list[str], dict[str, Content]]) -> None:
        folders, files = found
        for name, inner in sorted(_surviving_names(self._inodes[number], choice).items()):
            inode = self._inodes[inner]
            whole = os.path.join(path, name)
            if inode.is_folder:
                folders.append(whole)
                self._walk(inner, whole, choice, found)
            elif not name.endswith(_DROPPED):
                files[whole] = self._content(inode, choice)

    def _content(self, inode: _Inode, choice: _Choice) -> Content:
        kept = tuple((step.number, choice.sectors(step)) for step in inode.steps if choice.keeps(step))
        key = (inode.number, inode.version, kept)
        content = self._built.get(key)
        if content is None:
            data = _written(inode, dict(kept))
            content = Content(data, blake2b(data, digest_size=16).digest(), inode.modified_ns)
            if all(torn is None for _, torn in kept):  # a torn one never comes again
                self._built[key] = content
        return content

    # --- playing --------------------------------------------------------------------------------------------------

    def _load(self, path: str) -> _Inode:
        inode = self._new(path, is_folder=os.path.isdir(path))
        if inode.is_folder:
            for name in os.listdir(path):
                inode.names[name] = self._load(os.path.join(path, name)).number
        else:
            with open(path, "rb") as file:
                inode.safe += file.read()
            inode.modified_ns = os.stat(path).st_mtime_ns
        return inode

    def _new(self, path: str, *, is_folder: bool) -> _Inode:
        inode = _Inode(next(self._numbers), is_folder)
        self._inodes[inode.number] = inode
        self._names[path] = inode.number
        return inode

    def _make(self, operation: Operation) -> None:
        inode = self._new(operation.path, is_folder=operation.verb is Verb.MAKE_FOLDER)
        self._handles[operation.handle] = inode.number
        self._add_name_step(operation, inode.number)

    def _change_name(self, operation: Operation) -> None:
        if operation.verb is Verb.UNLINK and operation.path not in self._names:
            return  # a note that nothing depends on, written past the port: who holds a lock
        number = self._names.pop(operation.path)
        if operation.verb is Verb.RENAME:
            if os.path.dirname(operation.path) != os.path.dirname(operation.target):
                msg = f"a rename from one folder to another is not modelled: {operation}"
                raise AssertionError(msg)
            self._names[operation.target] = number
        self._add_name_step(operation, number)

    def _add_name_step(self, operation: Operation, inode: int) -> None:
        folder = self._inodes[self._names[os.path.dirname(operation.path)]]
        folder.steps.append(_Step(self._steps, operation, inode))

    def _sync_folder(self, operation: Operation) -> None:
        number = self._names.get(operation.path)
        if number is not None:  # a folder above the root is none of ours
            _settle(self._inodes[number], is_failed=operation.failed)

    def _file_of(self, operation: Operation) -> _Inode:
        return self._inodes[self._handles[operation.handle]]


class _Choice:
    """Decides for each unsafe change whether it survives."""

    def __init__(self, policy: Policy, rng: random.Random) -> None:
        self._policy = policy
        self._rng = rng
        self._is_random = policy in {Policy.RANDOM, Policy.SCATTERED}
        self._share = rng.choice((0.1, 0.5, 0.9))

    def names(self, steps: list[_Step]) -> list[_Step]:
        """The unsafe changes of a folder that survive."""
        if self._policy is Policy.RANDOM:
            return steps[: self._rng.randint(0, len(steps))]
        if self._policy is Policy.SCATTERED:
            return [step for step in steps if self._rng.random() < self._share]
        return [] if self._policy in {Policy.NONE, Policy.BYTES} else steps

    def keeps(self, step: _Step) -> bool:
        """Whether anything of a write survives."""
        if step.is_safe:
            return True
        if self._is_random:
            return self._rng.random() < self._share
        return self._policy in {Policy.ALL, Policy.BYTES, Policy.SIZES}

    def sectors(self, step: _Step) -> int | None:
        """Which sectors of a write survive: a seed for a torn one, 0 for none but the size, None for all."""
        if step.is_safe or self._policy in {Policy.ALL, Policy.BYTES}:
            return None
        if self._policy is Policy.SIZES:
            return 0
        return self._rng.choice((None, None, 0, self._rng.randint(1, 1 << 30)))


def _settle(inode: _Inode, *, is_failed: bool) -> None:
    """Sync: all steps become safe, or, where it failed, lost for good unless the disk happened to write them."""
    if is_failed and inode.is_folder:
        return
    for step in inode.steps:
        if is_failed and not step.is_safe:
            step.is_doomed = True
        elif not step.is_doomed:
            step.is_safe = True
    while inode.steps and inode.steps[0].is_safe:
        step = inode.steps.pop(0)
        inode.version = step.number
        if inode.is_folder:
            _rename(inode.names, step)
        else:
            _write(inode.safe, step.operation)


def _surviving_names(folder: _Inode, choice: _Choice) -> dict[str, int]:
    unsafe = [step for step in folder.steps if not step.is_safe]
    kept = {step.number for step in choice.names(unsafe)}
    names = dict(folder.names)
    for step in folder.steps:
        if step.is_safe or step.number in kept:
            _rename(names, step)
    return names


def _rename(names: dict[str, int], step: _Step) -> None:
    name = os.path.basename(step.operation.path)
    match step.operation.verb:
        case Verb.UNLINK:
            if names.get(name) == step.inode:
                del names[name]
        case Verb.RENAME:
            if names.get(name) == step.inode:
                del names[name]
            names[os.path.basename(step.operation.target)] = step.inode
        case _:
            names[name] = step.inode


def _written(inode: _Inode, kept: dict[int, int | None]) -> bytes:
    data = bytearray(inode.safe)
    for step in inode.steps:
        if step.number in kept:
            _write(data, step.operation, kept[step.number])
    return bytes(data)


def _write(data: bytearray, operation: Operation, torn: int | None = None) -> None:
    if operation.verb is Verb.TRUNCATE:
        del data[operation.offset :]
        data.extend(bytes(operation.offset - len(data)))
        return
    end = operation.offset + len(operation.data)
    data.extend(bytes(max(0, end - len(data))))
    for start, stop in _pieces(operation.offset, end, torn):
        data[start:stop] = operation.data[start - operation.offset : stop - operation.offset]


def _pieces(start: int, end: int, torn: int | None) -> Iterator[tuple[int, int]]:
    """The stretches of a write that reached the disk: all of it, none, or the sectors that a seed picks."""
    if torn is None:
        yield start, end
    elif torn:
        rng = random.Random(torn)
        while start < end:
            stop = min(end, (start // SECTOR + 1) * SECTOR)
            if rng.random() < 0.5:
                yield start, stop
            start = stop


def empty_folder(path: str) -> None:
    """Remove what a folder holds."""
    for entry in list(os.scandir(path)):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)  # noqa: TID251 - the test's own RAM disk
