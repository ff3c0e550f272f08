"""What docs/operating.md tells is so: its commands do what it shows, its tables hold what the program has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from clients.installing import install_aws_cli
from coldframe.quantities import parse_duration, parse_size
from coldframe.server.limits import Limits
from coldframe.settings import find_home, load_settings
from docs.desk import ROOT, blocks, examples, open_desk, page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docs.desk import Desk, Free

TEXT = page("docs/operating.md")
_FREE: Free = {
    re.compile(r"AKIA\w{16}"): "ID",
    re.compile(r"(?<= )\S{40}(?= )"): "SECRET",
    re.compile(r" +"): " ",
}
"""What may differ from the document."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An operator's desk: folders of a server's own, and the AWS CLI."""
    replaced = {place: f"{tmp_path}{place}" for place in ("/srv/", "/mnt/backup")}
    replaced |= {"deploy/backup.py": str(ROOT / "deploy" / "backup.py")}
    for place in ("srv", "mnt"):
        (tmp_path / place).mkdir()
    with open_desk(tmp_path, programs=[str(install_aws_cli().parent)], replaced=replaced) as desk:
        yield desk


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh")
@pytest.mark.skipif(
    not shutil.which("openssl") or not shutil.which("curl"), reason="openssl and curl are not installed"
)
def test_commands_do_what_the_document_shows(desk: Desk) -> None:
    """A store is made, served, filled, backed up, restored and scrubbed, as told; every shown line is printed."""
    for example in examples(TEXT):
        printed = desk.follow(example, _FREE)
        if example.command.endswith("/metrics"):
            assert [name for name in re.findall(r"`(coldframe_\w+)`", TEXT) if name not in printed] == []


def test_limits_are_those_of_the_program() -> None:
    """Every limit is in the table, with the value that it has."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", TEXT, re.MULTILINE))
    limits = Limits()
    assert {
        name: parse_duration(value) if name.endswith("_seconds") else parse_size(value) for name, value in rows.items()
    } == {each.name: getattr(limits, each.name) for each in fields(limits)}


def test_configuration_is_understood(tmp_path: Path) -> None:
    """The example can be put into the file as it is."""
    (example,) = blocks(TEXT, "toml")
    (tmp_path / "config.toml").write_text(example.text, encoding="utf-8")
    settings = load_settings(find_home({"COLDFRAME_HOME": str(tmp_path)}), {})
    assert settings.limits.max_connections == 200
    assert list(settings.webhooks) == ["arn:aws:sns:us-east-1:000000000000:ready"]


def test_other_commands_have_the_options_that_they_show() -> None:
    """What cannot be run here, because it wants root or a container, names no option that is not there."""
    words = " ".join(block.text for block in blocks(TEXT, "sh")).replace("\\\n", " ")
    for match in re.finditer(r"(?<=coldframe )(serve|key create)([^\n]*)", words):
        text = subprocess.run(
            [sys.executable, "-m", "coldframe", *match[1].split(), "--help"], capture_output=True, text=True, check=True
        ).stdout
        assert [option for option in re.findall(r"--[\w-]+", match[2]) if option not in text] == []
