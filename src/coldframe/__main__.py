"""`python -m coldframe`: the same program as `coldframe`."""

from __future__ import annotations

import sys

from coldframe.cli.main import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
