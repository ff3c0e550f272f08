"""A Sphinx extension: one page for each command, made of the very objects that answer `--help`, when the site is built.

The pages go to `docs/commands/`, which git ignores: a command that is added is in the site and has its man page without
anybody's doing. The same run makes the page of the exit codes.
"""

from __future__ import annotations

import re
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coldframe.cli.exits import MEANINGS
from coldframe.cli.main import COMMANDS, program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sphinx.application import Sphinx

FOLDER = "commands"
ALL = "index"
PROGRAM = "coldframe"
EXIT_CODES = "exit-codes"
_CODE = re.compile(r"(`[^`]*`)")
_SPECIAL = re.compile(r"([\\*_<>\[\]|#~$])")

_ALSO_MAN = {
    "configuration": ("settings, and profiles of settings", 5),
    "formats": ("what lies on disk, and how to read it without coldframe", 5),
    "watching": ("orders that last for days", 7),
    "operating": ("how to run a vault service", 7),
    "from-powershell": ("the Glacier cmdlets, and what to type in their place", 7),
}
"""Pages by hand that are man pages too."""

ManPage = tuple[str, str, str, str, int]


def setup(app: Sphinx) -> dict[str, Any]:
    """Have Sphinx make the pages before it looks for its sources."""
    app.connect("builder-inited", lambda app: keep_pages(Path(app.srcdir) / FOLDER, pages()))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def keep_pages(folder: Path, pages: Mapping[str, str]) -> None:
    """Make a folder hold these pages and nothing else; what has not changed is not touched, so Sphinx skips it."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {f"{name}.md": text for name, text in pages.items()}
    for path in folder.iterdir():
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def man_pages() -> list[ManPage]:
    """What Sphinx's `man_pages` wants: document, name, summary, authors, section."""
    commands = [
        (f"{FOLDER}/{name}", f"{PROGRAM}-{name}", _unmarked(lazy.summary), "", 1) for name, lazy in COMMANDS.items()
    ]
    return [
        (f"{FOLDER}/{PROGRAM}", PROGRAM, "archive folders into cold storage, and get them back", "", 1),
        *commands,
        *((name, f"{PROGRAM}-{name}", summary, "", section) for name, (summary, section) in _ALSO_MAN.items()),
    ]


def pages() -> Mapping[str, str]:
    """All pages as Markdown, by name."""
    context = click.Context(program, info_name=PROGRAM)
    found = {ALL: _all_page(), PROGRAM: _program_page(context)}
    for name in COMMANDS:
        command = program.get_command(context, name)
        if command is None:
            raise LookupError(f"there is no command {name}")
        found[name] = "\n".join(_command(command, _below(context, command, name), depth=1)) + "\n"
    return {**found, EXIT_CODES: _exit_codes_page()}


def _below(context: click.Context, command: click.Command, name: str) -> click.Context:
    return click.Context(command, info_name=name, parent=context)


def _all_page() -> str:
    lines = ["# Commands", "", "Made of the program itself; `coldframe COMMAND --help` says the same.", ""]
    for section, names in _sections().items():
        lines += [f"## {section}", "", "| command | does |", "|---|---|"]
        lines += [f"| [`{PROGRAM} {name}`]({name}.md) | {_text(COMMANDS[name].summary)} |" for name in names]
        lines += [""]
    names = [PROGRAM, *COMMANDS, EXIT_CODES]
    return "\n".join([*lines, "```{toctree}", ":hidden:", "", *names, "```", ""])


def _program_page(context: click.Context) -> str:
    lines = _command(program, context, depth=1, has_verbs=False)
    for section, names in _sections().items():
        lines += [f"## {section}", ""]
        lines += [f"[`{PROGRAM} {name}`]({name}.md)\n: {_text(COMMANDS[name].summary)}\n" for name in names]
    lines += ["## Exit codes", "", *_exit_codes(), "", "## Environment", ""]
    lines += [
        "`COLDFRAME_HOME`",
        ": The folder that holds everything local: configuration, catalog, embedded store.",
        "",
    ]
    lines += ["`COLDFRAME_…`\n: Any key of the [configuration](../configuration.md), such as `COLDFRAME_STORE`.", ""]
    return "\n".join(lines)


def _sections() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, lazy in COMMANDS.items():
        found.setdefault(lazy.section, []).append(name)
    return found


def _command(command: click.Command, context: click.Context, *, depth: int, has_verbs: bool = True) -> list[str]:
    """The lines of a command: how it is called, what it does, its options and examples, then its verbs."""
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = [f"{'#' * depth} {context.command_path}", "", "```{program} " + context.command_path, "```", ""]
    lines += ["```text", usage, "```", "", _text(cleandoc((command.help or "").partition("\f")[0])), ""]
    options = [line for parameter in command.get_params(context) for line in _option(parameter, context)]
    examples = getattr(command, "examples", ())
    lines += _part("Options", options, depth)
    lines += _part("Examples", ["```sh", *examples, "```", ""] if examples else [], depth)
    if has_verbs and isinstance(command, click.Group):
        for name in command.list_commands(context):
            verb = command.get_command(context, name)
            if verb is not None:
                lines += _command(verb, _below(context, verb, name), depth=depth + 1)
    return lines


def _part(title: str, lines: list[str], depth: int) -> list[str]:
    """Lines under a title: one that counts for a page, one that only looks so for each of its verbs."""
    if not lines:
        return []
    return [f"## {title}", "", *lines] if depth == 1 else [":::{rubric} " + title, ":::", "", *lines]


def _option(parameter: click.Parameter, context: click.Context) -> list[str]:
    record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
    if record is None:
        return []
    names, meaning = record
    return ["````{option} " + names, "", _text(meaning), "````", ""]


def _exit_codes_page() -> str:
    return "\n".join(["# Exit codes", "", "The same for every command, never renumbered.", "", *_exit_codes(), ""])


def _exit_codes() -> list[str]:
    return ["| code | means |", "|---:|---|", *(f"| {code.value} | {_text(text)} |" for code, text in MEANINGS.items())]


def _text(text: str) -> str:
    """A text of `--help` as Markdown: code stays code, and nothing else means anything."""
    pieces = _CODE.split(text)
    return "".join(piece if piece.startswith("`") else _SPECIAL.sub(r"\\\1", piece) for piece in pieces)


def _unmarked(text: str) -> str:
    return text.replace("`", "").rstrip(".")
