"""The commands of docs/trust.md, in its order, on a store without waits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.conftest import cli, home, subs  # noqa: F401 - fixtures
from coldframe.composition.comparing import Comparison
from coldframe.composition.library import open_coldframe

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran

TEXT = (Path(__file__).parents[2] / "docs/trust.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
_SPENDS = ("--delete-source", "--max-cost")


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_commands_do_what_the_document_says(cli: Callable[..., Ran], subs: Path) -> None:  # noqa: F811 - the fixture
    """Each ends with 0 on a vault in which all is well."""
    assert cli("vault", "create", "astrodata").code == 0
    ran = cli("archive", "Subs", "-v", "astrodata", "--zip", "Bias", "--inventory", "m33.archive_inventory.csv")
    assert ran.code == 0, ran.err
    with open_coldframe() as coldframe:
        assert Comparison(coldframe, "astrodata").wrong == 0
    assert len(COMMANDS) == 7
    for command in COMMANDS:
        words = [*command.split()[1:], *(["--yes"] if any(flag in command for flag in _SPENDS) else [])]
        ran = cli(*words)
        assert ran.code == 0, f"{command}: {ran.err}"
