"""What every command is handed: the settings, the coldframe, the printer and a voice, each made when first wanted."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from coldframe.errors import BadUsage
from coldframe.names import printable
from coldframe.progress import Noted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coldframe.cli.output import Column, Printer
    from coldframe.composition import Coldframe
    from coldframe.composition.run_log import RunLog
    from coldframe.progress import Event
    from coldframe.settings import Settings


class App:
    """One run of the program."""

    def __init__(self) -> None:
        """Nothing is read or opened yet."""
        self.is_debugging = False
        self._profile: str | None = None
        self.log: RunLog | None = None
        self._coldframe: Coldframe | None = None

    @cached_property
    def settings(self) -> Settings:
        """File, profile and environment; flags come on top in each command."""
        from coldframe.settings import find_home, load_settings  # noqa: PLC0415 - start-up time

        return load_settings(find_home(), profile=self._profile)

    def choose_profile(self, name: str) -> None:
        """Use a profile of the configuration; said before the settings are asked for the first time."""
        self._profile = name

    def settle(self, **flags: object) -> Settings:
        """The settings with those flags on top that were given."""
        from coldframe.settings import with_flags  # noqa: PLC0415 - start-up time

        self.settings = with_flags(self.settings, **flags)
        return self.settings

    def coldframe(self, *, store: str | None = None) -> Coldframe:
        """Everything the library can do, on the store that a flag or the settings name."""
        from coldframe.composition import open_coldframe  # noqa: PLC0415 - start-up time

        if self._coldframe is None:
            self._coldframe = open_coldframe(settings=self.settle(store=store))
        return self._coldframe

    def vault(self, flag: str | None) -> str:
        """The vault that a flag or the settings name.

        Raises:
            BadUsage: Neither does.
        """
        name = flag or self.settings.vault
        if not name:
            raise BadUsage("Which vault? Add --vault NAME, or set COLDFRAME_VAULT or `vault` in the configuration.")
        return name

    def only_vault(self, flag: str | None) -> str | None:
        """The vault that a command which can do without is narrowed to: that of the flag, or of a chosen profile."""
        return flag or (self.settings.vault if self.settings.profile else None)

    def only_store(self, flag: str | None) -> bool:
        """Whether such a command is narrowed to one store: a flag or a chosen profile names it."""
        return bool(flag or (self.settings.profile and self.settings.store))

    def form(self, flag: str | None) -> str:
        """The form in which data is printed."""
        return flag or self.settings.output or "table"

    def close(self) -> None:
        """Let go of what was opened."""
        if self._coldframe is not None:
            self._coldframe.close()

    # --- speaking -----------------------------------------------------------------------------------------------------

    def say(self, *lines: str) -> None:
        """Talk, on standard error; what names hold cannot steer the terminal."""
        for line in lines:
            say(line)
            if self.log is not None:
                self.log.say(line)

    def observe(self, event: Event) -> None:
        """Say what is worth a line; where nothing is drawn there is no more to show."""
        if isinstance(event, Noted):
            say(event.text)

    @property
    def has_terminal(self) -> bool:
        """Whether somebody is there to be asked."""
        return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()

    def confirm(self, question: str, *, yes: bool) -> bool:
        """Whether to go ahead: `yes`, or the answer of whoever sits at the terminal.

        Raises:
            BadUsage: There is nobody to ask.
        """
        if yes:
            return True
        if not self.has_terminal:
            raise BadUsage(f"{question} There is no terminal to ask at: add --yes to say so beforehand.")
        import click  # noqa: PLC0415 - this module must load without it in tests of the library

        return click.confirm(printable(question), err=True)

    @contextmanager
    def printer(
        self,
        columns: Sequence[Column],
        *,
        form: str | None,
        stream: TextIO | None = None,
        is_live: bool = False,
        is_long: bool = False,
    ) -> Iterator[Printer]:
        """A printer on standard output, in the form that a flag or the settings name."""
        from coldframe.cli.output import open_printer  # noqa: PLC0415 - start-up time

        stream = stream or sys.stdout
        printer = open_printer(
            self.form(form), columns, stream=stream, width=terminal_width(stream), is_live=is_live, is_long=is_long
        )
        yield printer
        printer.end()
        if not is_live:
            stream.flush()


def say(line: str) -> None:
    """One line of talk, on standard error; a reader that went away is no reason to fail."""
    try:
        sys.stderr.write(printable(line) + "\n")
        sys.stderr.flush()
    except (OSError, RuntimeError):
        pass  # RuntimeError: a signal came in the middle of another line


def forget_output() -> None:
    """Let nobody's reading of standard output be nobody's trouble, Python's own flush at the end included."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def terminal_width(stream: TextIO) -> int | None:
    """The cells of a line of the terminal, None where there is none."""
    return max(20, shutil.get_terminal_size().columns) if stream.isatty() else None
