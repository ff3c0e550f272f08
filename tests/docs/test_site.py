"""The site and the man pages are built from docs/ and from the program itself, without a warning."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from coldframe.cli.main import COMMANDS, program
from command_pages import keep_pages, man_pages, pages
from docs.desk import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def every_command(command: click.Command, context: click.Context) -> Iterator[click.Context]:
    """A command and all below it, each as the context that names it."""
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            verb = command.get_command(context, name)
            assert verb is not None
            yield from every_command(verb, click.Context(verb, info_name=name, parent=context))


COMMAND_PATHS = {
    context.command_path: context for context in every_command(program, click.Context(program, info_name="coldframe"))
}


def build(builder: str, folder: Path) -> None:
    """Run Sphinx as `make docs` does."""
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-q",
            "-W",
            "--keep-going",
            "-b",
            builder,
            "-d",
            folder / "trees",
            "docs",
            folder / builder,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, ""), run.stderr


def test_site_and_man_pages_are_built_without_a_warning(tmp_path: Path) -> None:
    """Every link leads somewhere; each command has its page on the site and its man page; formats are there too."""
    build("html", tmp_path)
    build("man", tmp_path)
    made = {path.name for path in (tmp_path / "man").iterdir()}
    assert {f"{name}.{section}" for _, name, _, _, section in man_pages()} <= made
    for name in COMMANDS:
        assert (tmp_path / "html" / "commands" / f"{name}.html").is_file()
        assert (tmp_path / "man" / f"coldframe-{name}.1").is_file()
    archive = (tmp_path / "man" / "coldframe-archive.1").read_text(encoding="utf-8")
    assert "make one zip archive" in archive.lower()
    tutorial = (tmp_path / "html" / "tutorial.html").read_text(encoding="utf-8")
    assert 'href="commands/archive.html"' in tutorial


@pytest.mark.parametrize("path", COMMAND_PATHS)
def test_page_of_a_command_tells_all_of_it(path: str) -> None:
    """Its heading, each of its options with its meaning, and each of its examples."""
    context = COMMAND_PATHS[path]
    text = pages()[[*path.split(), "coldframe"][1]]
    assert f"# {path}\n" in text
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        assert record is None or f"{{option}} {record[0]}\n" in text
    for line in getattr(context.command, "examples", ()):
        assert f"\n{line}\n" in text


def test_pages_of_commands_that_are_gone_go_too(tmp_path: Path) -> None:
    """The folder holds what is made and nothing else; what has not changed is not written again."""
    keep_pages(tmp_path, {"old": "1", "same": "2"})
    before = (tmp_path / "same.md").stat().st_mtime_ns
    keep_pages(tmp_path, {"same": "2", "new": "3"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"same.md": "2", "new.md": "3"}
    assert (tmp_path / "same.md").stat().st_mtime_ns == before
