"""Lines of the documents that are not run, held against the command line."""

from __future__ import annotations

import click

from coldframe.cli.main import program


def read_line(words: list[str]) -> None:
    """Have the program, or the command below it that the words name, read the words to their end.

    Raises:
        click.UsageError: There is no such command or option.
    """
    group: click.Command = program
    context = click.Context(program)
    while isinstance(group, click.Group) and words:
        name, *words = words
        found = group.get_command(context, name)
        if found is None:
            raise click.UsageError(f"there is no command {name}")
        context = found.make_context(name, words, parent=context)
        words = [*context._protected_args, *context.args]
        group = found
    assert words == []
