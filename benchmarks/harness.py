"""Measures whole commands: wall time, processor time, peak memory; several rounds, medians, ratios.

In each round every contender runs once, so that a busy minute of the machine hits all alike. Before every measured
step, written pages are synced and, where the user may, the page cache is dropped, so that all start from a cold disk.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import coldframe
from coldframe.model import MIB

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from _typeshed import DataclassInstance

_DROP_CACHES = "/proc/sys/vm/drop_caches"


class StepFailed(Exception):
    """A command under measurement ended badly, so its figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one command took. Memory is the largest process of those it started."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a contender; one without a phase prepares and is not measured."""

    phase: str | None
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contender:
    """Something to measure: its steps run in order, in a folder of its own that is empty at first."""

    name: str
    does: str
    steps: tuple[Step, ...]
    environ: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Series:
    """All rounds of one contender in one phase."""

    phase: str
    name: str
    runs: tuple[Run, ...]

    @property
    def wall_seconds(self) -> float:
        """The median."""
        return statistics.median(run.wall_seconds for run in self.runs)

    @property
    def spread(self) -> str:
        """The quickest and the slowest round."""
        walls = [run.wall_seconds for run in self.runs]
        return f"{min(walls):.2f}-{max(walls):.2f}"

    @property
    def cpu_seconds(self) -> float:
        """The median."""
        return statistics.median(run.cpu_seconds for run in self.runs)

    @property
    def peak_bytes(self) -> int:
        """The largest of all rounds."""
        return max(run.peak_bytes for run in self.runs)


def measure(command: Sequence[str], *, folder: str, environ: dict[str, str]) -> Run:
    """Run a command to its end and answer what it took.

    Raises:
        StepFailed: It ended with another exit code than 0.
    """
    with tempfile.TemporaryFile() as talk:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environ}, stdin=subprocess.DEVNULL, stdout=talk, stderr=talk
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            talk.seek(0)
            said = talk.read().decode(errors="replace")[-2000:]
            raise StepFailed(f"{' '.join(command)} ended with {process.returncode}: {said}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(wall_seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def compete(contenders: Sequence[Contender], *, rounds: int, workspace: str, is_cold: bool = True) -> list[Series]:
    """Run every contender `rounds` times and answer their series, in the order of phases and contenders."""
    runs: dict[tuple[str, str], list[Run]] = {}
    for number in range(rounds):
        turn = number % len(contenders)
        for contender in [*contenders[turn:], *contenders[:turn]]:
            for phase, run in _compete_once(contender, workspace, is_cold=is_cold):
                runs.setdefault((phase, contender.name), []).append(run)
                _tell(f"round {number + 1} of {rounds}: {contender.name}, {phase}: {run.wall_seconds:.2f} s")
    phases = list(dict.fromkeys(step.phase for one in contenders for step in one.steps if step.phase))
    keys = [(phase, one.name) for phase in phases for one in contenders if (phase, one.name) in runs]
    return [Series(phase, name, tuple(runs[phase, name])) for phase, name in keys]


def _compete_once(contender: Contender, workspace: str, *, is_cold: bool) -> Iterable[tuple[str, Run]]:
    folder = os.path.join(workspace, "contender")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    try:
        for step in contender.steps:
            if step.phase is not None:
                settle(is_cold=is_cold)
            run = measure(step.command, folder=folder, environ=contender.environ)
            if step.phase is not None:
                yield step.phase, run
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def settle(*, is_cold: bool) -> None:
    """Write out what is pending and, where allowed, forget what was read."""
    os.sync()
    if is_cold:
        with suppress(OSError), open(_DROP_CACHES, "w", encoding="ascii") as file:
            file.write("3")


def compile_modules() -> None:
    """Let every Python program start from compiled modules, as an installer or a first run leaves them."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    folders = (os.path.dirname(coldframe.__file__), sysconfig.get_path("purelib"))
    subprocess.run([sys.executable, "-m", "compileall", "-qq", "-j0", *folders], check=False)


def may_drop_caches() -> bool:
    """Whether runs can start with a cold page cache here."""
    return os.access(_DROP_CACHES, os.W_OK)


def table(series: Sequence[Series], *, size: int, limits: Sequence[str] = ()) -> str:
    """A Markdown table of one phase.

    Args:
        series: All series of a phase.
        size: The bytes that each handled, for the rate; 0 leaves it out.
        limits: Names of the series that are limits; the slower of them is 100 %.
    """
    limit = max((one.wall_seconds for one in series if one.name in limits), default=0.0)
    head = ["", "wall s", "spread", "CPU s", "peak MiB"]
    head += ["MB/s"] if size else []
    head += ["of the limit"] if limit else []
    rows = [head, ["---", *["---:"] * (len(head) - 1)]]
    for one in series:
        row = [one.name, f"{one.wall_seconds:.2f}", one.spread, f"{one.cpu_seconds:.2f}", f"{one.peak_bytes / MIB:.0f}"]
        row += [f"{size / one.wall_seconds / 1e6:.0f}"] if size else []
        row += [f"{limit / one.wall_seconds:.0%}"] if limit else []
        rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def describe_machine(folder: str) -> dict[str, str]:
    """What a reader must know of the machine."""
    cpu = platform.processor() or platform.machine()
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        cpu = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), cpu)
    return {
        "cpu": f"{os.cpu_count()} x {cpu}",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "disk": _file_system(folder),
        "page cache": "dropped before each step" if may_drop_caches() else "warm (may not drop it)",
    }


def write_json(path: str, results: object) -> None:
    """Keep the figures for programs."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)


def as_json(series: Iterable[DataclassInstance]) -> list[dict[str, object]]:
    """Series as plain values."""
    return [asdict(one) for one in series]


def _file_system(folder: str) -> str:
    answer = subprocess.run(
        ["stat", "-f", "-c", "%T", folder],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    return answer.stdout.strip() or "unknown"


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
