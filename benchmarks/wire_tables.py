"""The figures of clients before servers, and their tables."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.model import MIB

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.harness import Run
    from benchmarks.served import Use

_HEAD = ("files", "wall s", "spread", "MB/s", "ms a file", "client CPU s", "client peak MiB")
_SERVER_HEAD = ("server CPU s/GB", "server peak MiB")
_CROWD_HEAD = ("archives", "archives/s", "p50 ms", "p99 ms", "worst ms", "server CPU ms an archive", "server peak MiB")


@dataclass(frozen=True, slots=True)
class Series:
    """All rounds of one client in one phase."""

    phase: str
    name: str
    files: int
    size: int
    runs: tuple[Run, ...]
    uses: tuple[Use, ...]

    def row(self) -> list[str]:
        """Its row of the table: medians, and the largest memory."""
        walls = [run.wall_seconds for run in self.runs]
        wall = statistics.median(walls)
        client_cpu = statistics.median(run.cpu_seconds for run in self.runs)
        server_cpu = statistics.median(use.cpu_seconds for use in self.uses)
        return [
            self.name,
            f"{self.files:,}",
            f"{wall:.2f}",
            f"{min(walls):.2f}-{max(walls):.2f}",
            f"{self.size / wall / 1e6:.3g}",
            f"{1000 * wall / self.files:.1f}",
            f"{client_cpu:.2f}",
            f"{max(run.peak_bytes for run in self.runs) / MIB:.0f}",
            f"{server_cpu / self.size * 1e9:.2f}",
            f"{max(use.peak_bytes for use in self.uses) / MIB:.0f}",
        ]


@dataclass(frozen=True, slots=True)
class Crowd:
    """One round of many connections at once: what the crowd saw, and what the server took."""

    name: str
    told: dict[str, float]
    use: Use


@dataclass(frozen=True, slots=True)
class WireResult:
    """The figures of the whole workload, and their tables."""

    series: Sequence[Series | Crowd]
    parts: Sequence[str]

    def markdown(self) -> str:
        """All tables."""
        return "\n\n".join(["## Over loopback", *self.parts])


def table_of(phase: str, series: Sequence[Series]) -> str:
    """All clients in one phase."""
    return _table([[phase, *_HEAD, *_SERVER_HEAD], *(one.row() for one in series if one.phase == phase)])


def crowd_table(crowds: Sequence[Crowd]) -> str:
    """All servers before a crowd: medians over the rounds, and the largest memory."""
    names = dict.fromkeys(crowd.name for crowd in crowds)
    return _table([["", *_CROWD_HEAD], *(_crowd_row([one for one in crowds if one.name == name]) for name in names)])


def _crowd_row(rounds: Sequence[Crowd]) -> list[str]:
    told = {key: statistics.median(one.told[key] for one in rounds) for key in rounds[0].told}
    cpu = statistics.median(1000 * one.use.cpu_seconds / one.told["archives"] for one in rounds)
    return [
        rounds[0].name,
        f"{told['archives']:,.0f}",
        f"{told['archives_per_second']:,.0f}",
        *(f"{told[key]:.1f}" for key in ("p50_ms", "p99_ms", "worst_ms")),
        f"{cpu:.2f}",
        f"{max(one.use.peak_bytes for one in rounds) / MIB:.0f}",
    ]


def _table(rows: list[list[str]]) -> str:
    lines = [rows[0], ["---", *["---:"] * (len(rows[0]) - 1)], *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
