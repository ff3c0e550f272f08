"""What archive and retrieve have in common on the screen: progress, rows, signals, the last lines."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Self

from coldframe.cli.app import forget_output
from coldframe.cli.progress import open_display
from coldframe.cli.signals import Interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType
    from typing import TextIO

    from coldframe.cli.app import App
    from coldframe.cli.exits import Exit
    from coldframe.cli.output import Printer
    from coldframe.cli.progress import Display
    from coldframe.clock import Clock
    from coldframe.progress import Event


class JobView:
    """Shows a long job, from its first event to its end; use it in a `with`."""

    def __init__(self, app: App, clock: Clock) -> None:
        """Draw nothing yet."""
        self.exit: Exit | None = None
        self._app = app
        self._clock = clock
        self._display: Display | None = None
        self._is_muted = False

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._display = open_display(self._clock)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        self.close()

    def close(self) -> None:
        """Draw no more."""
        display, self._display = self._display, None
        if display is not None:
            display.close()

    def observe(self, event: Event) -> None:
        """Take an event, from any thread."""
        display, log = self._display, self._app.log
        if log is not None:
            log.observe(event)
        (display or self._app).observe(event)

    def say(self, line: str) -> None:
        """Talk, above what is drawn."""
        display = self._display
        if display is not None:
            display.say(line)
        else:
            self._app.say(line)

    @cached_property
    def output(self) -> TextIO:
        """Where rows go: standard output, or above what is drawn on the same terminal."""
        return self._display.output() if self._display is not None else sys.stdout

    def row(self, printer: Printer, row: Mapping[str, object]) -> None:
        """Print a row at once. When nobody reads them any more, the job goes on without: it is what matters."""
        if self._is_muted:
            return
        try:
            printer.row(row)
            self.output.flush()
        except BrokenPipeError:
            forget_output()
            self._is_muted = True

    @contextmanager
    def heeding(self, stop: Callable[[], None]) -> Iterator[None]:
        """Let Ctrl-C and SIGTERM stop the job gently; `exit` tells afterwards whether one did."""
        with Interrupts(stop, say=self.say, leave=self.close) as interrupts:
            try:
                yield
            finally:
                self.exit = interrupts.exit
