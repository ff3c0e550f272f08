"""How far a long job is: bars on a terminal, a line now and then elsewhere.

:class:`Tally` adds up the events of the archiver and the retriever and knows nothing of terminals. Both displays draw
from it.
"""

from __future__ import annotations

import io
import os
import sys
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from threading import RLock
from typing import TYPE_CHECKING, Protocol, TextIO

from coldframe.cli.app import say
from coldframe.cli.output import display_width
from coldframe.names import printable
from coldframe.progress import Advanced, Finished, Noted, Outcome, Planned, Started
from coldframe.quantities import count, format_duration, format_size

if TYPE_CHECKING:
    from rich.table import Table

    from coldframe.clock import Clock
    from coldframe.progress import Event

LINE_EVERY_SECONDS = 30.0
_RATE_WINDOW_SECONDS = 15.0
REDRAWS_A_SECOND = 5
_BARS = 6
_NAME_CELLS = 32
_BAR_CELLS = 20
_LEAST_WIDTH_FOR_BARS = 100
_LEAST_SPAN_SECONDS = 0.5


@dataclass(slots=True)
class Tally:
    """The sum of all events so far. Bytes of files that needed no work count as done, but not into the rate."""

    clock: Clock
    files: int = 0
    size: int = 0
    files_done: int = 0
    size_done: int = 0
    moved: int = 0
    failed: int = 0
    under_way: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    _samples: deque[tuple[float, int]] = field(default_factory=deque)

    def add(self, event: Event) -> None:
        """Take one event into account."""
        if isinstance(event, Planned):
            self.files += event.files
            self.size += event.size
        elif isinstance(event, Started):
            self.under_way[event.path] = 0
            self.sizes[event.path] = event.size
        elif isinstance(event, Advanced):
            self.under_way[event.path] = self.under_way.get(event.path, 0) + event.size
            self.size_done += event.size
            self.moved += event.size
            self._sample()
        elif isinstance(event, Finished):
            self._finish(event)

    def rate(self) -> float:
        """Bytes a second over the last few seconds, 0 before there is any."""
        if len(self._samples) < 2:  # noqa: PLR2004 - a rate needs two moments
            return 0.0
        (begin, before), now = self._samples[0], self.clock.monotonic()
        return (self.moved - before) / max(now - begin, _LEAST_SPAN_SECONDS)

    def seconds_left(self) -> float | None:
        """How long the rest will take at this rate; None if nobody can tell."""
        rate = self.rate()
        return max(0, self.size - self.size_done) / rate if rate > 0 else None

    def line(self) -> str:
        """All of it in one line."""
        parts = [
            f"{self.files_done:,} of {count(self.files, 'file')}",
            f"{format_size(self.size_done)} of {format_size(self.size)}",
        ]
        left = self.seconds_left()
        if left is not None:
            parts += [f"{format_size(self.rate())}/s", f"{format_duration(left)} left"]
        return ", ".join(parts) + (f", {self.failed:,} failed" if self.failed else "")

    def _finish(self, event: Finished) -> None:
        advanced = self.under_way.pop(event.path, 0)
        self.sizes.pop(event.path, None)
        if event.outcome is Outcome.LEFT_OUT:
            return  # it was never planned
        self.size_done += event.size - advanced
        self.files_done += 1
        self.failed += event.outcome is Outcome.FAILED

    def _sample(self) -> None:
        now = self.clock.monotonic()
        if not self._samples or now - self._samples[-1][0] > _LEAST_SPAN_SECONDS:
            self._samples.append((now, self.moved))
        while now - self._samples[0][0] > _RATE_WINDOW_SECONDS and len(self._samples) > 1:
            self._samples.popleft()


class Display(Protocol):
    """Shows a job's progress. Events may come from any thread; talk may come from a signal handler."""

    def observe(self, event: Event) -> None:
        """Take an event; quick."""
        ...

    def say(self, line: str) -> None:
        """Talk, without disturbing what is drawn."""
        ...

    def output(self) -> TextIO:
        """Standard output, in a form that does not disturb what is drawn."""
        ...

    def close(self) -> None:
        """Draw no more and leave the terminal as it was."""
        ...


class LineDisplay:
    """For logs and pipes: a line every half minute."""

    def __init__(self, clock: Clock) -> None:
        """The first line comes after the first half minute."""
        self._lock = RLock()
        self._clock = clock
        self._tally = Tally(clock)
        self._next = clock.monotonic() + LINE_EVERY_SECONDS

    def observe(self, event: Event) -> None:
        """Count, and say a line when it is time."""
        if isinstance(event, Noted):
            self.say(event.text)
            return
        with self._lock:
            self._tally.add(event)
            if self._clock.monotonic() < self._next:
                return
            self._next = self._clock.monotonic() + LINE_EVERY_SECONDS
        self.say(self._tally.line())

    def say(self, line: str) -> None:
        """Talk."""
        say(line)

    def output(self) -> TextIO:
        """Nothing is drawn: standard output itself."""
        return sys.stdout

    def close(self) -> None:
        """Nothing is drawn."""


class BarDisplay:
    """For a terminal: a line for all, and one for each of a few files under way.

    The picture is made from the tally a few times a second, by rich's own thread; an event costs next to nothing.
    """

    def __init__(self, clock: Clock) -> None:
        """Draw the first picture."""
        from rich.console import Console  # noqa: PLC0415 - only on a terminal; start-up time
        from rich.live import Live  # noqa: PLC0415 - as above

        self._lock = RLock()
        self._clock = clock
        self._tally = Tally(clock)
        self._lines: list[str] = []
        self._flush_at = 0.0
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(
            console=self._console,
            get_renderable=self._picture,
            refresh_per_second=REDRAWS_A_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def observe(self, event: Event) -> None:
        """Count."""
        if isinstance(event, Noted):
            self.say(event.text)
            return
        with self._lock:
            self._tally.add(event)
            if self._lines:
                self._flush_in_time()

    def say(self, line: str) -> None:
        """Talk above the bars, at once."""
        with self._lock:
            self._lines.append(printable(line))
            self._flush()

    def write(self, line: str) -> None:
        """Put a line above the bars, together with others that come at nearly the same time."""
        with self._lock:
            self._lines.append(line)
            self._flush_in_time()

    def output(self) -> TextIO:
        """Standard output above the bars, if it is the same terminal."""
        return _LinesAbove(self) if sys.stdout.isatty() else sys.stdout

    def close(self) -> None:
        """Take the bars away."""
        with self._lock:
            self._flush()
        self._live.stop()

    def _flush_in_time(self) -> None:
        if self._clock.monotonic() >= self._flush_at:
            self._flush()

    def _flush(self) -> None:
        from rich.text import Text  # noqa: PLC0415 - loaded by now

        self._flush_at = self._clock.monotonic() + 1 / REDRAWS_A_SECOND
        lines, self._lines = self._lines, []
        if lines:
            self._console.print(Text("\n".join(lines)), soft_wrap=True)

    def _picture(self) -> Table:
        from rich.progress_bar import ProgressBar  # noqa: PLC0415 - only on a terminal; start-up time
        from rich.table import Table  # noqa: PLC0415 - as above
        from rich.text import Text  # noqa: PLC0415 - as above

        with self._lock:
            rows = self._rows()
        has_bars = self._console.width >= _LEAST_WIDTH_FOR_BARS
        grid = Table.grid(padding=(0, 1))
        for name, done, size, figures in rows:
            bar = [ProgressBar(total=max(1, size), completed=done, width=_BAR_CELLS)] if has_bars else []
            texts = [Text(text, no_wrap=True, overflow="ellipsis") for text in (name, figures)]
            grid.add_row(texts[0], *bar, texts[1])
        return grid

    def _rows(self) -> list[tuple[str, int, int, str]]:
        """Name, bytes done, bytes in all and figures of each line of the picture."""
        tally = self._tally
        under_way = list(islice(tally.under_way.items(), _BARS))
        rows = [
            (shorten(path, _NAME_CELLS), done, tally.sizes.get(path, 0), format_size(done)) for path, done in under_way
        ]
        return [*rows, ("All", tally.size_done, tally.size, tally.line())]


class _LinesAbove(io.StringIO):
    """A stream whose lines go above the bars."""

    def __init__(self, display: BarDisplay) -> None:
        super().__init__()
        self._display = display
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._display.write(line)
        return len(text)

    def isatty(self) -> bool:
        return True


def open_display(clock: Clock) -> Display:
    """Bars where standard error is a terminal that can draw them, lines elsewhere."""
    has_terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return BarDisplay(clock) if has_terminal else LineDisplay(clock)


def shorten(path: str, cells: int) -> str:
    """The end of a path, which tells files apart, within so many cells."""
    text = printable(path)
    while display_width(text) > cells:
        text = "…" + text[2:]
    return text
