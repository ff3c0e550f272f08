"""The shell of somebody who follows a page: its blocks taken from the Markdown, and a desk on which they are run."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"\$ ((?:.*\\\n)*.+)\n((?:(?!\$ ).*\n)*)")
_LISTENING = re.compile(r"^listening on ", re.MULTILINE)
_KEY = re.compile(r"(AKIA\w{16})\s+(\S{40})\s|export AWS_ACCESS_KEY_ID=(\S+)\s+export AWS_SECRET_ACCESS_KEY=(\S+)")
_PORTS = ("8377", "8378", "8379")
_START_SECONDS = 30.0

Free = dict[re.Pattern[str], str]
"""What may differ from a page, and the word that stands for it."""

PLACES: Free = {
    re.compile(r"file://\S+"): "URL",
    re.compile(r"(?<= )/\S+"): "FOLDER",
    re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?"): "MOMENT",
    re.compile(r"[\d.]+ (B|KiB|MiB|GiB)\b"): "SIZE",
    re.compile(r" +"): " ",
}
"""Places, moments, sizes, widths. Counts and names may not differ."""


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    text: str


@dataclass(frozen=True)
class Example:
    """A command of a page and the lines that it shows; `…` stands for any others."""

    command: str
    lines: list[str]


def page(name: str) -> str:
    """The text of a page, by its path from the top of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, *languages: str) -> list[Block]:
    """The fenced blocks of a page in these languages, or in any, in order."""
    found = [Block(*match) for match in _BLOCK.findall(text)]
    return [block for block in found if block.language in languages or not languages]


def examples(text: str) -> list[Example]:
    """The commands of a page's console blocks, in order."""
    return [example for block in blocks(text, "console") for example in commands(block)]


def commands(block: Block) -> list[Example]:
    """The commands of one console block."""
    return [
        Example(re.sub(r"\\\n\s*", "", command), shown.splitlines()) for command, shown in _COMMAND.findall(block.text)
    ]


def shape(line: str, free: Free) -> str:
    """A line without what may differ."""
    for pattern, word in free.items():
        line = pattern.sub(word, line)
    return line.strip()


@dataclass
class Desk:
    """Commands run one after another, servers behind them until the end."""

    folder: Path
    environ: dict[str, str]
    replaced: dict[str, str] = field(default_factory=dict)
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, command: str) -> str:
        """What a command prints, on both streams; for a server, until it listens. A key that is shown is used."""
        printed = self._serve(command.removesuffix(" &")) if command.endswith(" &") else self._finish(command)
        found = _KEY.search(printed)
        if found and "AWS_ACCESS_KEY_ID" not in self.environ:
            names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
            self.environ |= dict(zip(names, filter(None, found.groups()), strict=True))
        return printed

    def ours(self, text: str) -> str:
        """A text of the page with this test's folders and ports."""
        for theirs, ours in self.replaced.items():
            text = text.replace(theirs, ours)
        return text

    def follow(self, example: Example, free: Free, *, is_whole: bool = False) -> str:
        """Run a command as the page tells, and find every line that it shows; answers what it printed.

        With `is_whole`, an example without `…` shows all lines.
        """
        printed = self.run(example.command)
        lines = {shape(line, free) for line in printed.splitlines()}
        shown = {shape(self.ours(line), free) for line in example.lines}
        assert shown - {"…"} <= lines, f"{example.command}: not printed: {shown - lines}\n{printed}"
        if is_whole and "…" not in shown:
            assert len(lines) == len(example.lines), f"{example.command}: not shown: {lines - shown}"
        return printed

    def python(self, program: str) -> str:
        """What a Python program prints; it must end well."""
        return self._finish("exec python - <<'END_OF_PROGRAM'\n" + program + "END_OF_PROGRAM\n")

    def _finish(self, command: str) -> str:
        run = subprocess.run(
            ["sh", "-ec", self.ours(command)],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, f"{command}: {run.stdout}{run.stderr}"
        return run.stdout + run.stderr

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


@contextmanager
def open_desk(
    folder: Path, *, programs: Sequence[str] = (), replaced: Mapping[str, str] | None = None
) -> Iterator[Desk]:
    """A desk in a folder, with coldframe and other programs on its PATH and no settings but its own."""
    path = [os.path.dirname(sys.executable), *programs, os.environ["PATH"]]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COLDFRAME_"))}
    environ |= {"PATH": os.pathsep.join(path), "COLDFRAME_HOME": str(folder / "home"), "PYTHONUTF8": "1"}
    environ |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull, "AWS_PAGER": ""}
    environ |= {"AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
    ports = free_ports()
    environ |= {"COLDFRAME_LISTEN": f"127.0.0.1:{ports['8377']}"}  # in place of the default
    desk = Desk(folder, environ, {**(replaced or {}), **ports})
    yield desk
    for server in desk.servers:
        server.terminate()
    for server in desk.servers:
        assert server.wait(60) == 0


def free_ports() -> dict[str, str]:
    """A free port for each that the pages name."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in _PORTS]
    found = {theirs: str(listener.getsockname()[1]) for theirs, listener in zip(_PORTS, listeners, strict=True)}
    for listener in listeners:
        listener.close()
    return found
