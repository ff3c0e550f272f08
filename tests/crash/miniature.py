"""The smallest service that keeps the promise: a blob made durable, then a row, then the word that it is safe.

It is not the product. It shows, in a second, that the explorer sees what it should, whatever the product does.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import apsw

from coldframe.files import durable_write, ensure_folder, temporary_name
from crash.bench import CHECKPOINT_PAGES, Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coldframe.files import Files
    from coldframe.testing.recording import Operation
    from crash.bench import Bench
    from crash.expectations import Subject, Value

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
    typed: tuple[type[Exception], ...] = (OSError, apsw.Error)
    checkpoint_pages: int = CHECKPOINT_PAGES

    def prepare(self, bench: Bench) -> None:
        """Make the folder and the database."""
        ensure_folder(bench.files, bench.path("blobs"))
        self.open(bench).close()

    def stops_at(self, _failed: Operation, /) -> bool:
        """It goes on after any error."""
        return False

    def open(self, bench: Bench) -> MiniatureSession:
        """Open the database, which recovers it."""
        rows = apsw.Connection(bench.path("rows.sqlite"), vfs=bench.vfs or None)
        try:
            rows.pragma("journal_mode", "wal")
            rows.pragma("synchronous", self.synchronous)
            rows.execute("CREATE TABLE IF NOT EXISTS archive (name TEXT PRIMARY KEY, digest TEXT)")
        except BaseException:
            rows.close()
            raise
        return MiniatureSession(self, bench, rows)

    def finished(self) -> Mapping[Subject, Value]:
        """All but the deleted one, and the new note."""
        wanted: dict[Subject, Value] = {
            ("archive", name): sha256(data).hexdigest() for name, data in _ARCHIVES.items() if name != "a1"
        }
        return wanted | ({("note",): sha256(_NOTES[-1]).hexdigest()} if self.note_is_rewritten else {})


class MiniatureSession:
    """The miniature at work."""

    def __init__(self, plan: Miniature, bench: Bench, rows: apsw.Connection) -> None:
        self._plan = plan
        self._bench = bench
        self._rows = rows

    def run(self) -> None:
        """Write all, delete one."""
        for name, data in _ARCHIVES.items():
            self._keep(name, data)
        self._delete("a1")
        if self._plan.note_is_rewritten:
            self._write_note()

    def finish(self) -> None:
        """Do what is missing."""
        have = {name for (name,) in self._rows.execute("SELECT name FROM archive")}
        for name in sorted(_ARCHIVES.keys() - have - {"a1"}):
            with suppress(FileNotFoundError):
                self._bench.files.unlink(self._bench.path("blobs", name))
            self._keep(name, _ARCHIVES[name])
        self._delete("a1")
        if self._plan.note_is_rewritten:
            self._write_note()

    def observe(self) -> Observation:
        """Read all rows and what they name."""
        found = Observation()
        if self._rows.pragma("integrity_check") != "ok":
            found.faults.append("the database is damaged")
        for row in self._rows.execute("SELECT name, digest FROM archive").fetchall():
            name, digest = map(str, row)
            found.facts["archive", name] = digest
            if _digest_of(self._bench.path("blobs", name)) != digest:
                found.faults.append("a row without its blob")
        if os.path.exists(self._bench.path("note")):
            found.facts["note",] = _digest_of(self._bench.path("note"))
        return found

    def age(self) -> None:
        """Nothing ends here."""

    def leftovers(self) -> list[str]:
        """It does not look."""
        return []

    def close(self) -> None:
        """Close the database."""
        self._rows.close()

    def _keep(self, name: str, data: bytes) -> None:
        digest = sha256(data).hexdigest()
        self._bench.intend(("archive", name), digest)
        if self._plan.tells_early:
            self._bench.confirm(("archive", name), digest)
        if not self._plan.row_first:
            self._plan.write(self._bench.files, self._bench.path("blobs"), name, data)
        self._rows.execute("INSERT INTO archive VALUES (?, ?)", (name, digest))
        if self._plan.row_first:
            self._plan.write(self._bench.files, self._bench.path("blobs"), name, data)
        self._bench.confirm(("archive", name), digest)

    def _delete(self, name: str) -> None:
        self._bench.intend(("archive", name), None)
        path = self._bench.path("blobs", name)
        if self._plan.unlinks_early:
            self._bench.files.unlink(path)
        self._rows.execute("DELETE FROM archive WHERE name = ?", (name,))
        self._bench.confirm(("archive", name), None)
        if os.path.exists(path):
            self._bench.files.unlink(path)

    def _write_note(self) -> None:
        """A file that is replaced: whoever reads it finds the old or the new text."""
        for text in _NOTES:
            digest = sha256(text).hexdigest()
            self._bench.intend(("note",), digest)
            self._plan.write(self._bench.files, self._bench.root, "note", text)
            self._bench.confirm(("note",), digest)


def _digest_of(path: str) -> str | None:
    with suppress(FileNotFoundError), open(path, "rb") as file:
        return sha256(file.read()).hexdigest()
    return None
