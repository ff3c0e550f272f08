"""How our commands look and load: examples in every help, and no command's module before it is wanted."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from coldframe.cli.app import App

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from click.shell_completion import CompletionItem

SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Command(click.Command):
    """A command with examples in its help, and `--debug`.

    Args:
        examples: Lines of a shell, shown as they are.
    """

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        """Add what every command has."""
        kwargs.setdefault("context_settings", SETTINGS)
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.params.append(debug_option())

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples below the options."""
        super().format_epilog(ctx, formatter)
        write_examples(formatter, self.examples)


class OutputClosed(Exception):
    """Whoever read our standard output has gone: no error of ours."""


class Lazy(NamedTuple):
    """A command that is not loaded: its line in the help, and the section it stands in."""

    section: str
    summary: str


@contextmanager
def _no_litter() -> Iterator[None]:
    """Import without the collector of garbage: it finds none among modules, and looks for it a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class LazyGroup(click.Group):
    """A group whose commands are imported one by one, when they are run.

    Args:
        commands_in: The package in which command `x` is the attribute `command` of module `x`.
        lazy: The commands, in the order of the help.
    """

    def __init__(
        self, *args: Any, commands_in: str, lazy: Mapping[str, Lazy], examples: Sequence[str], **kwargs: Any
    ) -> None:
        """Remember what there is; load nothing."""
        kwargs.setdefault("context_settings", SETTINGS)
        super().__init__(*args, **kwargs)
        self._package = commands_in
        self._lazy = lazy
        self.examples = tuple(examples)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of the help."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Load one command."""
        if cmd_name not in self._lazy:
            return None
        with _no_litter():
            command = import_module(f"{self._package}.{cmd_name.replace('-', '_')}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is no command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or tell which one was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=self._lazy, ctx=ctx) from None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Complete a command's name, from the lines of the help alone."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only when a shell asks

        found = [CompletionItem(n, help=lazy.summary) for n, lazy in self._lazy.items() if n.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click itself would take a closed pipe for a failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise OutputClosed from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        """Write the commands by section, from their lines alone."""
        for section in dict.fromkeys(lazy.section for lazy in self._lazy.values()):
            with formatter.section(section):
                formatter.write_dl([(n, lazy.summary) for n, lazy in self._lazy.items() if lazy.section == section])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples below the commands."""
        super().format_epilog(ctx, formatter)
        write_examples(formatter, self.examples)


class Group(click.Group):
    """A noun with its verbs, all in one module."""

    command_class = Command

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        """Remember the examples."""
        kwargs.setdefault("context_settings", SETTINGS)
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples below the commands."""
        super().format_epilog(ctx, formatter)
        write_examples(formatter, self.examples)


def write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    """The examples, line for line, unfolded so that they can be copied."""
    if examples:
        with formatter.section("Examples"):
            for line in examples:
                formatter.write(f"  {line}\n")


def debug_option() -> click.Option:
    """`--debug`, known before anything can fail."""

    def remember(context: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's way
        if value:
            context.ensure_object(App).is_debugging = True

    return click.Option(
        ["--debug"], is_flag=True, is_eager=True, expose_value=False, callback=remember, help="Show where errors arise."
    )
