"""The README's commands do what it shows, in its order, on a tree like the one it tells of."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from coldframe.testing.trees import FRAME_COUNT, build_subs

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"```console\n\$ (.+)\n((?:.*\n)*?)```")
_EXPORT = re.compile(r"export (\w+)=(\S+)")
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
_DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_FREE = {
    re.compile(r"file://\S+"): "URL",
    re.compile(r"(?<= )/\S+"): "FOLDER",
    re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"): "MOMENT",
    re.compile(r"[\d.]+ (B|KiB|MiB|GiB)\b"): "SIZE",
    re.compile(r" +"): " ",
}
"""What may differ from the README: places, moments, sizes, widths. Counts and names may not."""


@dataclass(frozen=True)
class Example:
    """A command of the README and the lines that it shows; `…` stands for any others."""

    command: str
    lines: list[str]


def examples() -> list[Example]:
    """The README's console blocks, in order."""
    found = _BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    return [Example(command, shown.splitlines()) for command, shown in found]


def shape(line: str) -> str:
    """A line without what may differ."""
    for pattern, word in _FREE.items():
        line = pattern.sub(word, line)
    return line.strip()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh and diff")
def test_readme_commands_do_what_it_shows(tmp_path: Path) -> None:
    """Six commands in a row; each ends well and prints the lines shown."""
    build_subs(str(tmp_path / "Subs"), total_size=FRAME_COUNT * 20_000)
    programs = os.path.dirname(sys.executable)
    environ = {**os.environ, "COLDFRAME_HOME": str(tmp_path / "home"), "PATH": f"{programs}:{os.environ['PATH']}"}
    for example in examples():
        run = subprocess.run(
            ["sh", "-c", example.command], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, f"{example.command}: {run.stderr}"
        printed = {shape(line) for line in (run.stdout + run.stderr).splitlines()}
        assert {shape(line) for line in example.lines} - {"…"} <= printed, example.command
        if "…" not in example.lines:
            assert len(printed) == len(example.lines), example.command


def test_readme_shows_six_commands() -> None:
    """The founding workflow is vault, archive, ls, retrieve, compare, verify."""
    assert [" ".join(example.command.split()[:2]) for example in examples()] == [
        "coldframe vault",
        "coldframe archive",
        "coldframe ls",
        "coldframe retrieve",
        "diff -r",
        "coldframe verify",
    ]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh")
def test_readme_commands_work_on_a_server(tmp_path: Path) -> None:
    """What it shows of `serve` is true: the key that was shown, the commands on the server, boto3 on the folder."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    build_subs(str(tmp_path / "Subs"), total_size=FRAME_COUNT * 20_000)
    programs = os.path.dirname(sys.executable)
    environ = {**os.environ, "COLDFRAME_HOME": str(tmp_path / "home"), "PATH": f"{programs}:{os.environ['PATH']}"}
    command = ["coldframe", "serve", "--store", "./served", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        address = server.stdout.readline().split()[-1]
        told = itertools.takewhile(lambda line: "aws glacier" not in line, server.stderr)
        environ |= dict(_EXPORT.findall("".join(told)))
        for language, program in (("sh", ["sh", "-ec"]), ("python", [sys.executable, "-c"])):
            (block,) = re.findall(rf"```{language}\n(.*?)```", readme, re.DOTALL)
            code = block.replace("http://127.0.0.1:8377", address)
            run = subprocess.run(
                [*program, code], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
            )
            assert run.returncode == 0, run.stderr
        server.terminate()
    assert run.stdout.strip() == "57"


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_links_between_documents_lead_somewhere(document: str) -> None:
    """No relative link in the documents is dead."""
    targets = _LINK.findall((ROOT / document).read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (ROOT / document).parent.joinpath(target).exists()] == []
