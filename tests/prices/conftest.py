"""The command line, and a night of frames to estimate."""

from cli.conftest import cli, home, subs

__all__ = ["cli", "home", "subs"]
