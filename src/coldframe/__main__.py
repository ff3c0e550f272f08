"""`python -m coldframe`: the same program as `coldframe`."""

from __future__ import annotations

from coldframe.cli.main import main

if __name__ == "__main__":
    main()
