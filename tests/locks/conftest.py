"""The command line's fixtures."""

from cli.conftest import cli, home, program, subs  # noqa: F401 - fixtures
