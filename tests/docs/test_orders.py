"""docs/orders.md shows commands that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from coldframe.cli.main import program

TEXT = (Path(__file__).parents[2] / "docs/orders.md").read_text(encoding="utf-8")
_COMMANDS = re.findall(r"^coldframe (.+)$", "".join(re.findall(r"```sh\n((?:.*\n)*?)```", TEXT)), re.MULTILINE)


@pytest.mark.parametrize("line", _COMMANDS)
def test_commands_have_the_options_that_they_show(line: str) -> None:
    """Each line is one that the command line can read."""
    words = shlex.split(line)
    with click.Context(program) as context:
        found: click.Command = program
        while isinstance(found, click.Group) and words and (inner := found.get_command(context, words[0])) is not None:
            found, words = inner, words[1:]
        found.make_context(str(found.name), words, parent=context)
