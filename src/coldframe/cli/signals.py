"""Ctrl-C once: finish what is under way and stop; twice: stop now. Either way the same command carries on."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from coldframe.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

_CODES = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}
if sys.platform == "win32":
    _CODES[signal.SIGBREAK] = Exit.TERMINATED  # Ctrl-Break, and what a service manager sends
_WORDS = "Finishing the current parts; press Ctrl-C again to stop now."


class Interrupts:
    """Watches for signals while a long job runs, and hands the first on to it.

    Args:
        stop: Asks the job to finish what it is at; called from the signal handler.
        say: Tells the user, above whatever is drawn.
        leave: Puts the terminal right before the process ends at once.
        words: What the user is told at the first.
    """

    def __init__(
        self,
        stop: Callable[[], None],
        *,
        say: Callable[[str], None],
        leave: Callable[[], None],
        words: str = _WORDS,
    ) -> None:
        """Nothing has happened."""
        self.exit: Exit | None = None
        self._stop = stop
        self._say = say
        self._leave = leave
        self._words = words
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        """Listen."""
        for number in _CODES:
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Listen no more."""
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]  # what signal() itself gave us

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.exit is not None:
            self._end_now(_CODES[signal.Signals(number)])
        self.exit = _CODES[signal.Signals(number)]
        self._say(self._words)
        self._stop()

    def _end_now(self, code: Exit) -> None:
        """End without waiting for threads: whatever is half done was written to be half done (design I6)."""
        with suppress(Exception):
            self._leave()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, RuntimeError):  # RuntimeError: the signal came in the middle of a line
                stream.flush()
        os._exit(code)
