"""Figures that tests keep while they run, summed up at the end of the run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def write_figures(reporter: pytest.TerminalReporter, *, title: str, prefix: str) -> None:
    """Print the figures among the properties whose names begin with `prefix`, summed up by kind, with their seconds."""
    totals: dict[str, Counter[str]] = {}
    for reports in reporter.stats.values():
        for report in reports:
            for kind, figures in getattr(report, "user_properties", []):
                if kind.startswith(prefix) and report.when == "call":
                    totals.setdefault(kind.removeprefix(prefix), Counter()).update(figures, seconds=report.duration)
    if totals:
        reporter.section(title)
    for kind, total in sorted(totals.items()):
        seconds = total.pop("seconds")
        counts = ", ".join(f"{count:,} {name}" for name, count in total.items())
        reporter.write_line(f"{kind}: {counts} in {seconds:.0f} s")
