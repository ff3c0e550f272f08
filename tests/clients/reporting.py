"""A pytest plugin that ends a run with the versions of the clients that were tried in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

CLIENT = "client"
"""The property under which a test records what a client calls itself; it comes home from other processes, too."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print each version once."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    told = [text for report in reports for name, text in getattr(report, "user_properties", ()) if name == CLIENT]
    if told:
        terminalreporter.section("clients of others")
        for text in sorted(set(told)):
            terminalreporter.line(text)
