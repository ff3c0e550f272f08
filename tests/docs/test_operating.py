"""What docs/operating.md tells is so: its commands do what it shows, its tables hold what the program has."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clients.installing import install_aws_cli
from coldframe.quantities import parse_duration, parse_size
from coldframe.server.limits import Limits
from coldframe.settings import find_home, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"```console\n\$ ((?:.*\\\n)*.+)\n((?:.*\n)*?)```")
_SHELL = re.compile(r"```sh\n((?:.*\n)*?)```")
_LISTENING = re.compile(r"^listening on ", re.MULTILINE)
_KEY = re.compile(r"(AKIA\w{16})\s+(\S{40})\s")
_PORTS = ("8377", "8378", "8379")
_START_SECONDS = 30.0
_FREE = {
    re.compile(r"AKIA\w{16}"): "ID",
    re.compile(r"(?<= )\S{40}(?= )"): "SECRET",
    re.compile(r" +"): " ",
}
"""What may differ from the document."""


@dataclass
class Desk:
    """The shell of an operator: commands run one after another, servers behind them until the end."""

    folder: Path
    environ: dict[str, str]
    replaced: dict[str, str]
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, command: str) -> str:
        """What a command prints, on both streams; for a server, until it listens."""
        if command.endswith(" &"):
            return self._serve(command.removesuffix(" &"))
        run = subprocess.run(
            ["sh", "-c", self.ours(command)],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, f"{command}: {run.stdout}{run.stderr}"
        return run.stdout + run.stderr

    def ours(self, text: str) -> str:
        """A text of the document with this test's folders and ports."""
        for theirs, ours in self.replaced.items():
            text = text.replace(theirs, ours)
        return text

    def _serve(self, command: str) -> str:
        log = self.folder / f"serve-{len(self.servers)}.log"
        with open(log, "wb") as file:
            words = ["sh", "-c", f"exec {self.ours(command)}"]
            process = subprocess.Popen(words, cwd=self.folder, env=self.environ, stdout=file, stderr=file)
        self.servers.append(process)
        end = time.perf_counter() + _START_SECONDS
        while process.poll() is None and time.perf_counter() < end:
            said = log.read_text(encoding="utf-8")
            if _LISTENING.search(said):
                return said
        raise AssertionError(f"{command}: {log.read_text(encoding='utf-8')}")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk in a folder of its own, with coldframe and the AWS CLI on its PATH."""
    programs = [os.path.dirname(sys.executable), str(install_aws_cli().parent), os.environ["PATH"]]
    environ = {**os.environ, "PATH": os.pathsep.join(programs), "COLDFRAME_HOME": str(tmp_path / "home")}
    environ |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull, "AWS_PAGER": ""}
    ports = _free_ports()
    environ |= {"COLDFRAME_LISTEN": f"127.0.0.1:{ports['8377']}"}  # in place of the default
    replaced = {place: f"{tmp_path}{place}" for place in ("/srv/", "/mnt/backup")}
    replaced |= {"deploy/backup.py": str(ROOT / "deploy" / "backup.py"), **ports}
    for place in ("srv", "mnt"):
        (tmp_path / place).mkdir()
    desk = Desk(tmp_path, environ, replaced)
    yield desk
    for server in desk.servers:
        server.terminate()
    for server in desk.servers:
        assert server.wait(60) == 0


def examples() -> list[tuple[str, list[str]]]:
    """The document's console blocks: commands, and the lines that they show."""
    return [(re.sub(r"\\\n\s*", "", command), shown.splitlines()) for command, shown in _BLOCK.findall(TEXT)]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh")
@pytest.mark.skipif(
    not shutil.which("openssl") or not shutil.which("curl"), reason="openssl and curl are not installed"
)
def test_commands_do_what_the_document_shows(desk: Desk) -> None:
    """A store is made, served, filled, backed up, restored and scrubbed, as told; every shown line is printed."""
    for command, shown in examples():
        printed = desk.run(command)
        found = _KEY.search(printed)
        if found and "AWS_ACCESS_KEY_ID" not in desk.environ:
            desk.environ |= {"AWS_ACCESS_KEY_ID": found[1], "AWS_SECRET_ACCESS_KEY": found[2]}
        lines = {_shape(line) for line in printed.splitlines()}
        assert {_shape(desk.ours(line)) for line in shown} - {"…"} <= lines, f"{command}: {printed}"
        if command.endswith("/metrics"):
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
    found = re.search(r"```toml\n((?:.*\n)*?)```", TEXT)
    assert found is not None
    (tmp_path / "config.toml").write_text(found[1], encoding="utf-8")
    settings = load_settings(find_home({"COLDFRAME_HOME": str(tmp_path)}), {})
    assert settings.limits.max_connections == 200
    assert list(settings.webhooks) == ["arn:aws:sns:us-east-1:000000000000:ready"]


def test_other_commands_have_the_options_that_they_show() -> None:
    """What cannot be run here, because it wants root or a container, names no option that is not there."""
    words = " ".join(_SHELL.findall(TEXT)).replace("\\\n", " ")
    for match in re.finditer(r"(?<=coldframe )(serve|key create)([^\n]*)", words):
        text = subprocess.run(
            [sys.executable, "-m", "coldframe", *match[1].split(), "--help"], capture_output=True, text=True, check=True
        ).stdout
        assert [option for option in re.findall(r"--[\w-]+", match[2]) if option not in text] == []


def _shape(line: str) -> str:
    """A line without what may differ."""
    for pattern, word in _FREE.items():
        line = pattern.sub(word, line)
    return line.strip()


def _free_ports() -> dict[str, str]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in _PORTS]
    found = {theirs: str(listener.getsockname()[1]) for theirs, listener in zip(_PORTS, listeners, strict=True)}
    for listener in listeners:
        listener.close()
    return found
