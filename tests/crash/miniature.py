"""The smallest service that keeps the promise: a blob made durable, then a row, then the word that it is safe.

It is not the product. It shows, in a second, that the explorer sees what it should, whatever the product does.
"""

from __future__ import annotations

import os
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import apsw

from coldframe.files import durable_write, ensure_folder, temporary_name
from crash.explorer import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coldframe.files import Files
    from crash.expectations import Subject, Value
    from crash.explorer import Bench

_ARCHIVES = {f"a{n}": bytes([n]) * (700 * n + 1) for n in range(1, 5)}
_NOTES = (b"old" * 400, b"new" * 400)


def durably(files: Files, folder: str, name: str, data: bytes) -> None:
    """The product's durable write."""
    durable_write(files, folder, name, [data])


def syncing_after_the_rename(files: Files, folder: str, name: str, data: bytes) -> None:
    """Wrong: the name may be safe before the bytes are, and replaces what it named before."""
    temporary = os.path.join(folder, temporary_name())
    descriptor = files.create(temporary)
    files.write(descriptor, data, 0)
    files.rename(temporary, os.path.join(folder, name))
    files.sync_folder(folder)
    files.sync(descriptor)
    files.close(descriptor)


def trying_the_sync_again(files: Files, folder: str, name: str, data: bytes) -> None:
    """Wrong: the second sync says yes to bytes that the first one lost."""
    descriptor = files.create(os.path.join(folder, name))
    files.write(descriptor, data, 0)
    try:
        files.sync(descriptor)
    except OSError:
        files.sync(descriptor)
    files.close(descriptor)
    files.sync_folder(folder)


def in_place(files: Files, folder: str, name: str, data: bytes) -> None:
    """Wrong: what is not whole has the final name."""
    path = os.path.join(folder, name)
    descriptor = files.reopen(path) if os.path.exists(path) else files.create(path)
    files.write(descriptor, data, 0)
    files.sync(descriptor)
    files.close(descriptor)
    files.sync_folder(folder)


@dataclass(frozen=True)
class Miniature:
    """Four archives written, one of them deleted, each told of when it is safe."""

    name: str = "miniature"
    write: Callable[[Files, str, str, bytes], None] = durably
    tells_early: bool = False
    unlinks_early: bool = False
    row_first: bool = False
    synchronous: str = "FULL"
    note_is_rewritten: bool = False

    def prepare(self, bench: Bench) -> None:
        """Make the folder and the database."""
        ensure_folder(bench.files, bench.path("blobs"))
        with closing(self._open(bench)):
            pass

    def run(self, bench: Bench) -> None:
        """Write all, delete one."""
        with closing(self._open(bench)) as rows:
            for name, data in _ARCHIVES.items():
                self._keep(bench, rows, name, data)
            self._delete(bench, rows, "a1")
            if self.note_is_rewritten:
                self._note(bench)

    def observe(self, bench: Bench) -> Observation:
        """Sweep, then read all rows and what they name."""
        found = Observation()
        with closing(self._open(bench)) as rows:
            if rows.pragma("integrity_check") != "ok":
                found.faults.append("the database is damaged")
            for row in rows.execute("SELECT name, digest FROM archive").fetchall():
                name, digest = map(str, row)
                found.facts["archive", name] = digest
                if _digest_of(bench.path("blobs", name)) != digest:
                    found.faults.append("a row without its blob")
        if os.path.exists(bench.path("note")):
            found.facts["note",] = _digest_of(bench.path("note"))
        return found

    def resume(self, bench: Bench) -> Observation:
        """Do what is missing."""
        with closing(self._open(bench)) as rows:
            have = {name for (name,) in rows.execute("SELECT name FROM archive")}
            for name in _ARCHIVES.keys() - have - {"a1"}:
                with suppress(FileNotFoundError):
                    bench.files.unlink(bench.path("blobs", name))
                self._keep(bench, rows, name, _ARCHIVES[name])
            self._delete(bench, rows, "a1")
        if self.note_is_rewritten:
            self._note(bench)
        return self.observe(bench)

    def finished(self) -> Mapping[Subject, Value]:
        """All but the deleted one, and the new note."""
        wanted: dict[Subject, Value] = {
            ("archive", name): sha256(data).hexdigest() for name, data in _ARCHIVES.items() if name != "a1"
        }
        return wanted | ({("note",): sha256(_NOTES[-1]).hexdigest()} if self.note_is_rewritten else {})

    def _open(self, bench: Bench) -> apsw.Connection:
        rows = apsw.Connection(bench.path("rows.sqlite"), vfs=bench.vfs or None)
        rows.pragma("journal_mode", "wal")
        rows.pragma("synchronous", self.synchronous)
        rows.execute("CREATE TABLE IF NOT EXISTS archive (name TEXT PRIMARY KEY, digest TEXT)")
        return rows

    def _keep(self, bench: Bench, rows: apsw.Connection, name: str, data: bytes) -> None:
        digest = sha256(data).hexdigest()
        bench.intend(("archive", name), digest)
        if self.tells_early:
            bench.confirm(("archive", name), digest)
        if not self.row_first:
            self.write(bench.files, bench.path("blobs"), name, data)
        rows.execute("INSERT INTO archive VALUES (?, ?)", (name, digest))
        if self.row_first:
            self.write(bench.files, bench.path("blobs"), name, data)
        bench.confirm(("archive", name), digest)

    def _delete(self, bench: Bench, rows: apsw.Connection, name: str) -> None:
        bench.intend(("archive", name), None)
        path = bench.path("blobs", name)
        if self.unlinks_early:
            bench.files.unlink(path)
        rows.execute("DELETE FROM archive WHERE name = ?", (name,))
        bench.confirm(("archive", name), None)
        if os.path.exists(path):
            bench.files.unlink(path)

    def _note(self, bench: Bench) -> None:
        """A file that is replaced: whoever reads it finds the old or the new text."""
        for text in _NOTES:
            digest = sha256(text).hexdigest()
            bench.intend(("note",), digest)
            self.write(bench.files, bench.root, "note", text)
            bench.confirm(("note",), digest)


def _digest_of(path: str) -> str | None:
    with suppress(FileNotFoundError), open(path, "rb") as file:
        return sha256(file.read()).hexdigest()
    return None
