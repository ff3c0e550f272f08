"""The systemd unit and the container file start the server with options that it has, and as few rights as possible."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "coldframe.service"
CONTAINER = DEPLOY / "Containerfile"
_PROGRAM = "/usr/local/bin/coldframe"
_HIGHEST_EXPOSURE = 1.5
_needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def _unit_command() -> list[str]:
    found = re.search(r"^ExecStart=(.+)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return shlex.split(found[1])


def _container_command() -> list[str]:
    found = re.search(r"^CMD (\[.+\])$", CONTAINER.read_text(encoding="utf-8").replace("\\\n", ""), re.MULTILINE)
    assert found is not None
    return ["coldframe", *json.loads(found[1])]


@pytest.mark.parametrize("command", [_unit_command(), _container_command()], ids=["unit", "container"])
def test_command_has_only_options_that_there_are(command: list[str]) -> None:
    """Whoever renames an option of `serve` hears of it here."""
    program, name, *words = command
    assert Path(program).name == "coldframe"
    shown = [sys.executable, "-m", "coldframe", name, "--help"]
    text = subprocess.run(shown, capture_output=True, text=True, check=True).stdout
    assert [word for word in words if word.startswith("--") and f"{word} " not in text] == []


def test_container_copies_files_that_there_are() -> None:
    """No COPY of the container file fails for a name that has changed."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", CONTAINER.read_text(encoding="utf-8"), re.MULTILINE)
    sources = [source for line in lines for source in line.split()[:-1]]
    assert [source for source in sources if not (DEPLOY.parent / source).exists()] == []
    assert sources


@_needs_systemd
def test_unit_is_understood(tmp_path: Path) -> None:
    """Systemd finds nothing wrong with the unit, once the program is where it should be."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text(encoding="utf-8").replace(_PROGRAM, "/bin/true"), encoding="utf-8")
    run = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    told = [line for line in (run.stdout + run.stderr).splitlines() if UNIT.name in line]
    assert (run.returncode, told) == (0, [])


@_needs_systemd
def test_unit_leaves_the_service_few_rights() -> None:
    """By systemd's own measure, 0 to 10."""
    command = ["systemd-analyze", "security", "--offline=yes", str(UNIT)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", run.stdout)
    assert found is not None, run.stderr
    assert float(found[1]) <= _HIGHEST_EXPOSURE


def test_stop_is_given_time_enough() -> None:
    """The unit waits longer than the server takes at most: the grace for requests, and again for notifications."""
    words = _unit_command()
    grace = int(words[words.index("--grace") + 1].removesuffix("s"))
    found = re.search(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    assert int(found[1]) > 2 * grace
