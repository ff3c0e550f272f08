"""The command line on real folders: in this process, as a program, and on a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A coldframe home of this test's own, and a folder of its own to stand in."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("COLDFRAME_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLDFRAME_HOME", str(folder))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return folder


@pytest.fixture
def cli(home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run a command in this process, without a terminal."""

    def call(*arguments: str) -> Ran:
        capfd.readouterr()
        code = run(arguments)
        sys.stdout.flush()
        captured = capfd.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


@pytest.fixture
def program(home: Path) -> Callable[..., Ran]:
    """Run the real program in a process of its own; `stdin` is text, `env` comes on top."""

    def call(*arguments: str, stdin: str = "", env: dict[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "coldframe", *arguments],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, **(env or {})},
            timeout=120,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def subs(home: Path) -> Path:
    """A small night: blue and red lights, two calibration folders, an empty file, odd names, set times."""
    top = home.parent / "here" / "Subs"
    random = Random(7)
    names = [f"Light/Blue/M33_Light_Blue_180sec__1x1_frame{n}.fit" for n in range(1, 4)]
    names += [f"Light/Red/M33_Light_Red_180sec__1x1_frame{n}.fit" for n in range(1, 3)]
    names += ["Bias/b1.fit", "Bias/b2.fit", "Flat/f1.fit", "notes/empty.txt", "notes/né w\u202e\n☃.txt"]
    for number, name in enumerate(names):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if "empty" in name else random.randbytes(100_000 + 700_001 * (number % 3)))
        os.utime(path, ns=(1_700_000_000_123_456_789 + number, 1_700_000_000_123_456_789 + number))
    return top


@pytest.fixture
def archived(cli: Callable[..., Ran], subs: Path) -> Path:
    """The night, archived in the vault `astro` with its inventory in `inv.csv`."""
    assert cli("vault", "create", "astro").code == 0
    ran = cli("archive", "Subs", "--vault", "astro", "--zip", "Bias", "--zip", "Flat", "--inventory", "inv.csv")
    assert ran.code == 0, ran.err
    return subs


def same_tree(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files, bytes and modification times."""

    def look(top: Path) -> dict[str, tuple[bytes, int]]:
        files = [path for path in top.rglob("*") if path.is_file()]
        return {str(path.relative_to(top)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    return look(one) == look(other)
