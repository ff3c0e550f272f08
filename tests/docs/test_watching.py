"""The commands of docs/watching.md are ones that the command line can read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from coldframe.settings import find_home, load_settings
from docs.lines import read_line

TEXT = (Path(__file__).parents[2] / "docs/watching.md").read_text(encoding="utf-8")
_BLOCKS = "".join(re.findall(r"```(?:sh|cron)\n((?:.*\n)*?)```", TEXT))
_COMMANDS = re.findall(r"^(?:[^#\n]*\s)?coldframe (.+)$", _BLOCKS, re.MULTILINE)


def test_hooks_of_the_example_are_understood(tmp_path: Path) -> None:
    """It can be put into the configuration as it is."""
    (example,) = re.findall(r"```toml\n((?:.*\n)*?)```", TEXT)
    (tmp_path / "config.toml").write_text(example, encoding="utf-8")
    hooks = load_settings(find_home({"COLDFRAME_HOME": str(tmp_path)}), {}).hooks
    assert (len(hooks.on_done), len(hooks.on_attention), len(hooks.notify)) == (3, 2, 2)


@pytest.mark.parametrize("line", _COMMANDS)
def test_commands_have_the_options_that_they_show(line: str) -> None:
    """Each line is read to its end, by the command or by the one below it."""
    read_line(shlex.split(line))
