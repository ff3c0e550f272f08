"""The second signal ends the program whatever the first one is still doing."""

from __future__ import annotations

import subprocess
import sys

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
