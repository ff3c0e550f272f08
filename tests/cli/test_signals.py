"""The second signal ends the program whatever the first one is still doing."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from coldframe.composition.retrieving import RetrieveRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from cli.conftest import Ran
    from coldframe.retriever.results import RetrievedFile

_PROGRAM = """
import signal, sys
from coldframe.cli.signals import Interrupts

class Busy:
    def write(self, text): pass
    def flush(self): raise RuntimeError("reentrant call inside <_io.BufferedWriter name='<stderr>'>")

def say(words):
    signal.raise_signal(signal.SIGINT)  # the second comes while the first is being answered

sys.stderr = Busy()
with Interrupts(lambda: None, say=say, leave=lambda: None):
    signal.raise_signal(signal.SIGINT)
sys.exit(0)
"""


def test_second_signal_in_the_middle_of_a_line_ends_it() -> None:
    """A stream that is in use cannot be flushed; that is no reason to go on."""
    assert subprocess.run([sys.executable, "-c", _PROGRAM], check=False).returncode == 130


def test_ctrl_c_when_all_is_retrieved_stops_nothing(
    cli: Callable[..., Ran], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was under way was all there was: the order is done, and nobody is told to carry it on."""
    (home / "a.fit").write_bytes(b"a light")
    cli("vault", "create", "v")
    assert cli("archive", str(home / "a.fit"), "--vault", "v").code == 0
    carry_on = RetrieveRun.carry_on

    def interrupted(run: RetrieveRun, *arguments: Any, **how: Any) -> Iterator[RetrievedFile]:
        yield from carry_on(run, *arguments, **how)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(RetrieveRun, "carry_on", interrupted)
    ran = cli("retrieve", "a.fit", "--into", str(home / "back"), "--yes")
    assert "1 file retrieved" in ran.err
    assert (ran.code, "Stopped" in ran.err) == (0, False)
