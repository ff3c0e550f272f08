"""docs/configuration.md knows every key, and its examples are what they seem."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from coldframe.settings import KEYS, find_home, load_settings
from docs.lines import read_line

TEXT = (Path(__file__).parents[2] / "docs/configuration.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `(\w+)` \| (.*) \| `(.*)` \|$", re.MULTILINE)
_COMMANDS = re.findall(r"^coldframe (.+)$", "".join(re.findall(r"```sh\n((?:.*\n)*?)```", TEXT)), re.MULTILINE)


def test_every_key_has_its_row() -> None:
    """The table says what the program says of itself; a new key needs a row there."""
    assert _ROW.findall(TEXT) == [(name, key.meaning, key.example) for name, key in KEYS.items()]


@pytest.mark.parametrize("example", re.findall(r"```toml\n((?:.*\n)*?)```", TEXT))
def test_examples_are_understood(tmp_path: Path, example: str) -> None:
    """Each can be put into the file as it is."""
    (tmp_path / "config.toml").write_text(example, encoding="utf-8")
    load_settings(find_home({"COLDFRAME_HOME": str(tmp_path)}), {})


@pytest.mark.parametrize("line", _COMMANDS)
def test_commands_have_the_options_that_they_show(line: str) -> None:
    """Each line is one that the command line can read."""
    read_line(shlex.split(line))
