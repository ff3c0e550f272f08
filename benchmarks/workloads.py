"""The workloads: the founding tree, many small files, one large file, start-up, clients and servers over loopback."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import contenders
from benchmarks.harness import Contender, Step, compete, table
from benchmarks.wire import wire_result
from coldframe.model import GIB

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.harness import Series
    from benchmarks.wire_tables import WireResult

START_UP = "start-up"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a benchmark is run; `scale` shrinks every workload, for trying it out."""

    workspace: str
    rounds: int
    scale: float = 1.0
    is_cold: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """One workload's figures."""

    title: str
    contenders: Sequence[Contender]
    series: Sequence[Series]
    size: int

    def markdown(self) -> str:
        """A table for each phase, and what each contender does."""
        parts = [f"## {self.title}"]
        for phase in dict.fromkeys(one.phase for one in self.series):
            rows = [one for one in self.series if one.phase == phase]
            parts += [f"### {phase}", table(rows, size=self.size, limits=contenders.LIMITS)]
        parts.append("\n".join(f"- {one.name}: {one.does}" for one in self.contenders if one.does))
        return "\n\n".join(parts)


def founding(settings: Settings) -> Result:
    """A founding tree of 2 GiB, its calibration folders zipped by coldframe; beside all peers."""
    size = int(2 * GIB * settings.scale)
    source = _build(settings, "Subs", f"build_subs({{path!r}}, total_size={size})")
    field = [*contenders.limits(source), contenders.coldframe(source, zipped=True), *contenders.peers(source)]
    return _run("Founding tree: 54 lights and 3 calibration folders", field, settings, size=_size_of(source))


def small_files(settings: Settings) -> Result:
    """100,000 files of 4 KiB; beside all peers."""
    count = int(100_000 * settings.scale)
    source = _build(settings, "small", f"build_small_files({{path!r}}, count={count})")
    field = [*contenders.limits(source), contenders.coldframe(source, zipped=False), *contenders.peers(source)]
    return _run(f"{count:,} files of 4 KiB", field, settings, size=_size_of(source))


def large_file(settings: Settings) -> Result:
    """One file of 20 GiB."""
    size = int(20 * GIB * settings.scale)
    source = _build(settings, "large.bin", f"build_large_file({{path!r}}, size={size})")
    field = [*contenders.limits(source), contenders.coldframe(source, zipped=False)]
    return _run(f"One file of {size / GIB:g} GiB", field, settings, size=size)


def start_up(settings: Settings) -> Result:
    """How long a command takes that does little: 20 runs of each for every round asked for, with a warm cache."""
    count = int(100_000 * settings.scale)
    home = _catalog_of(settings, count)
    program = contenders.coldframe_program()
    commands: dict[str, tuple[str, ...]] = {
        "python -c pass": (sys.executable, "-c", "pass"),
        "coldframe --help": (*program, "--help"),
        f"coldframe ls (one of {count:,} archives)": (*program, "ls", f"frame{count // 2:08}.fit", "--vault", "bench"),
        f"coldframe ls (glob, 100 of {count:,} archives)": (
            *program,
            "ls",
            f"*/night{count // 200:04}/*",
            "--vault",
            "bench",
        ),
        f"coldframe ls (all of {count:,} archives)": (*program, "ls", "--vault", "bench"),
    }
    field = [
        Contender(name, "", (Step(START_UP, command),), {"COLDFRAME_HOME": home}) for name, command in commands.items()
    ]
    field.append(_archive_one_file(program))
    aws = shutil.which("aws")
    field += [Contender("aws --version", "", (Step(START_UP, (aws, "--version")),))] if aws else []
    quick = Settings(settings.workspace, 20 * settings.rounds, settings.scale, is_cold=False)
    return _run("Start-up", field, quick, size=0)


def over_loopback(settings: Settings) -> WireResult:
    """A founding tree of 2 GiB, 10,000 files of 100 KiB, and 20,000 archives of 4 KiB from many connections."""
    size, count = int(2 * GIB * settings.scale), int(10_000 * settings.scale)
    trees = {
        f"Founding tree: {size / GIB:g} GiB": _build(settings, "Subs", f"build_subs({{path!r}}, total_size={size})"),
        f"{count:,} files of 100 KiB": _build(
            settings, "small", f"build_small_files({{path!r}}, count={count}, size={100 * 1024})"
        ),
    }
    return wire_result(
        trees,
        workspace=settings.workspace,
        rounds=settings.rounds,
        scale=settings.scale,
        is_cold=settings.is_cold,
    )


WORKLOADS: dict[str, Callable[[Settings], Result | WireResult]] = {
    "founding": founding,
    "small": small_files,
    "large": large_file,
    "startup": start_up,
    "wire": over_loopback,
}


def _run(title: str, field: Sequence[Contender], settings: Settings, *, size: int) -> Result:
    series = compete(field, rounds=settings.rounds, workspace=settings.workspace, is_cold=settings.is_cold)
    return Result(title, field, series, size)


def _archive_one_file(program: tuple[str, ...]) -> Contender:
    return Contender(
        "coldframe archive (one small file)",
        "",
        (
            Step(None, (*program, "vault", "create", "bench")),
            Step(None, ("cp", "/etc/hostname", "note.txt")),
            Step(START_UP, (*program, "archive", "note.txt", "--vault", "bench")),
        ),
        {"COLDFRAME_HOME": contenders.HOME},
    )


def _build(settings: Settings, name: str, call: str) -> str:
    """Build a tree in a process of its own: a large parent would count into the peak memory of those it starts."""
    path = os.path.join(settings.workspace, name)
    code = f"from coldframe.testing.trees import *; {call.format(path=path)}"
    subprocess.run([sys.executable, "-c", code], check=True)
    return path


def _size_of(source: str) -> int:
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(source) for name in names)


def _catalog_of(settings: Settings, count: int) -> str:
    """A coldframe home whose catalog knows `count` archives, by the command that imports an inventory."""
    home = os.path.join(settings.workspace, "home-of-many")
    inventory = os.path.join(settings.workspace, "many.csv")
    with open(inventory, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["FilePath", "ArchiveId", "Checksum", "Vault", "Size"])
        for number in range(count):
            path = f"Subs/night{number // 100:04}/frame{number:08}.fit"
            writer.writerow([path, f"{number:0138}", f"{number:064x}", "bench", 52_000_000])
    environ = {**os.environ, "COLDFRAME_HOME": home}
    program = contenders.coldframe_program()
    subprocess.run([*program, "vault", "create", "bench"], check=True, env=environ, stdout=subprocess.DEVNULL)
    subprocess.run([*program, "inventory", "import", inventory, "--vault", "bench"], check=True, env=environ)
    return home
