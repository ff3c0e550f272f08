"""A log of what runs do, for whoever was not there: a file that rotates, shared by any number of processes.

Each line is written by itself, under a lock that lies beside the log, so that no process writes into a file that
another has put away. Nothing rests on a log: it is not synced, and trouble with it never stops a run.
"""

from __future__ import annotations

import json
import os
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING

from coldframe.clock import SystemClock, format_moment
from coldframe.errors import BadUsage
from coldframe.files import DiskFiles
from coldframe.model import MIB
from coldframe.names import printable
from coldframe.progress import Finished, Noted, Outcome, ignore
from coldframe.quantities import format_size

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from coldframe.clock import Clock
    from coldframe.files import Files
    from coldframe.progress import Event, Observer

_LOCK_SECONDS = 10.0
_FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlace:
    """Where a log lies, and how much of it is kept.

    Args:
        path: The file that is written now; `path.1` is the one before it, and so on.
        size: So many bytes are in one file at most, unless one line alone is longer.
        keep: So many older files are kept.
        form: `text`, or `json` for one JSON object a line.
    """

    path: str
    size: int = 10 * MIB
    keep: int = 5
    form: str = "text"


class RunLog:
    """The log of one run; use it in a `with`. It may be told of events from any thread.

    Args:
        place: Where it lies.
        command: What runs.
        clock: Dates the lines.
        files: Put full files away.
        observer: Is told, once, when the log cannot be written any more.
    """

    def __init__(
        self,
        place: LogPlace,
        *,
        command: str,
        clock: Clock | None = None,
        files: Files | None = None,
        observer: Observer = ignore,
    ) -> None:
        """Store the arguments; nothing is opened."""
        self._place = place
        self._path = os.path.abspath(place.path)
        self._command = command
        self._clock = clock or SystemClock()
        self._files = files or DiskFiles()
        self._observer = observer
        self._lock = RLock()
        self._waiting: deque[bytes] = deque()
        self._is_writing = False
        self._is_broken = False

    def begin(self) -> None:
        """Write the first line.

        Raises:
            BadUsage: The file cannot be written, or there is no folder for it.
        """
        folder = os.path.dirname(self._path)
        if not os.path.isdir(folder):
            raise BadUsage(f"There is no folder {printable(folder)} for the log: make it, or name another --log-file.")
        try:
            self._append(self._line("began", text="began"))
        except OSError as error:
            raise BadUsage(f"The log {printable(self._path)} cannot be written: {error.strerror or error}.") from error

    def end(self, code: int, why: str = "") -> None:
        """Write the last line.

        Args:
            code: The exit code of the run.
            why: The error that ended it.
        """
        text = f"ended with exit code {code}" + (f": {why}" if why else "")
        self._write(self._line("ended", text=text, exit_code=code, detail=why or None))

    def say(self, text: str) -> None:
        """Write what the user is told."""
        self._write(self._line("said", text=text))

    def observe(self, event: Event) -> None:
        """Write what became of a file, but not of those that were unchanged, and what is worth a line."""
        if isinstance(event, Noted):
            self._write(self._line("noted", text=event.text))
        elif isinstance(event, Finished) and event.outcome is not Outcome.UNCHANGED:
            text = f"{event.outcome}: {event.path}, {format_size(event.size)}"
            facts = {"outcome": event.outcome.value, "file_path": event.path, "size": event.size}
            detail = {"detail": event.detail} if event.detail else {}
            self._write(self._line("file", text=f"{text}: {event.detail}" if detail else text, **facts, **detail))

    # --- the parts ----------------------------------------------------------------------------------------------------

    def _line(self, event: str, *, text: str, **facts: object) -> bytes:
        at, pid = format_moment(self._clock.now()), os.getpid()
        if self._place.form == "json":
            told = facts if event == "file" else {"text": text, **facts}
            head = {"at": at, "pid": pid, "command": self._command, "event": event}
            return json.dumps({**head, **told}).encode("ascii") + b"\n"
        return f"{at} {pid} {self._command}: {printable(text)}\n".encode("utf-8", "backslashreplace")

    def _write(self, line: bytes) -> None:
        """Write a line, after those that a signal handler has come in between with."""
        with self._lock:
            self._waiting.append(line)
            if self._is_writing:
                return  # we are in a signal handler, and whoever it interrupted goes on with this line
            self._is_writing = True
            try:
                while self._waiting:
                    self._append(self._waiting.popleft())
                self._is_broken = False
            except OSError as error:
                self._tell(error)
            finally:
                self._is_writing = False

    def _tell(self, error: OSError) -> None:
        self._waiting.clear()
        if not self._is_broken:
            self._is_broken = True
            why = error.strerror or str(error)
            self._observer(Noted(f"The log {printable(self._path)} cannot be written: {why}. The run goes on."))

    def _append(self, line: bytes) -> None:
        with self._open_lock():
            with suppress(FileNotFoundError):
                size = os.stat(self._path).st_size
                if size and size + len(line) > self._place.size:
                    self._rotate()
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _FLAGS, 0o666)
            try:
                while line:
                    line = line[os.write(descriptor, line) :]
            finally:
                os.close(descriptor)

    def _open_lock(self) -> BaseFileLock:
        from filelock import FileLock  # noqa: PLC0415 - start-up time

        folder, name = os.path.split(self._path)
        return FileLock(os.path.join(folder, f".{name}.lock"), timeout=_LOCK_SECONDS, thread_local=False)

    def _rotate(self) -> None:
        names = [self._path, *(f"{self._path}.{number}" for number in range(1, self._place.keep + 1))]
        with suppress(OSError):  # none is there yet; or, on Windows, somebody reads it: rather too long than lost
            self._files.unlink(names[-1])
        for older, newer in zip(names[:0:-1], names[-2::-1], strict=True):
            with suppress(OSError):
                self._files.rename(newer, older)
