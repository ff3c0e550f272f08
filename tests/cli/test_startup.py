"""Starting up: quick, because nothing is loaded that is not wanted."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import coldframe
from coldframe.cli.main import COMMANDS
from coldframe.cli.main import program as group

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran

HEAVY = {
    "apsw",
    "asyncio",
    "boto3",
    "botocore",
    "coldframe.archiver",
    "coldframe.composition",
    "coldframe.retriever",
    "coldframe.service",
    "concurrent.futures",
    "filelock",
    "hashlib",
    "importlib.metadata",
    "isal",
    "platformdirs",
    "rich",
    "tomllib",
    "zipfile",
}


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a run of the program loads, in a fresh interpreter."""
    code = (
        "import json, sys\nfrom coldframe.cli.main import run\n"
        f"run({list(arguments)!r})\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_loads_nothing_heavy() -> None:
    """`coldframe --help` is ready before a finger has left the key (design 4)."""
    assert not loaded_by("--help") & HEAVY


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_loads_nothing_heavy(command: str) -> None:
    """Help on one command loads that command alone; the operations of `api` are in botocore's model."""
    heavy = {"boto3", "botocore", "rich", "isal", "filelock", "zipfile", "asyncio"}
    assert not loaded_by(command, "--help") & (heavy - {"botocore", "zipfile"} if command == "api" else heavy)


def test_ls_loads_the_catalog_and_no_store(home: object) -> None:
    """`ls` reads a database and prints; it needs no service, no terminal library, no cloud."""
    loaded = loaded_by("ls")
    assert "coldframe.catalog" in loaded
    assert not loaded & {"boto3", "botocore", "rich", "isal", "coldframe.service", "coldframe.blobs", "filelock"}


def test_importing_the_package_loads_nothing_of_it() -> None:
    """A library's import is free; its names are looked up when used."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys, coldframe; print([m for m in sys.modules if m.startswith('coldframe.')])"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"


def test_package_gives_its_names_when_asked() -> None:
    """`coldframe.open_store` and the rest are there, others are not."""
    assert all(getattr(coldframe, name) for name in coldframe.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = coldframe.no_such_name


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(cli: Callable[..., Ran], command: str) -> None:
    """Help says what, how, and shows it."""
    ran = cli(command, "--help")
    assert ran.code == 0
    assert "Examples:" in ran.out
    assert f"coldframe {command}" in ran.out.split("Examples:")[1]


def test_help_lists_every_command(cli: Callable[..., Ran]) -> None:
    """The first page shows all there is, with examples."""
    ran = cli("--help")
    assert ran.code == 0
    assert all(f"\n  {name} " in ran.out for name in COMMANDS)
    assert "Examples:" in ran.out


def test_every_nested_command_has_help_with_examples(cli: Callable[..., Ran]) -> None:
    """The verbs of a noun are documented like the workflow commands."""
    context = group.make_context("coldframe", ["vault"])
    for noun in ("vault", "inventory", "orders"):
        nested = group.get_command(context, noun)
        assert nested is not None
        for verb in nested.list_commands(context):  # type: ignore[attr-defined]  # both are groups
            ran = cli(noun, verb, "--help")
            assert f"coldframe {noun} {verb}" in ran.out.split("Examples:")[1]


def test_version_is_told(cli: Callable[..., Ran]) -> None:
    """`--version` is the installed one."""
    assert cli("--version").out == f"coldframe {coldframe.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["retreive"], "'retrieve'"),
        (["ls", "--vualt", "x"], "--vault"),
        (["vault", "creat", "x"], "Did you mean 'create'?"),
        (["completion", "tcsh"], "'bash', 'zsh', 'fish', 'powershell'"),
        (["vault", "create", "no spaces"], "cannot name a vault"),
    ],
)
def test_wrong_words_are_told_with_what_was_meant(cli: Callable[..., Ran], arguments: list[str], told: str) -> None:
    """A slip of the finger is answered with the right word, and exit 2."""
    ran = cli(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_prints_a_script_that_names_us(cli: Callable[..., Ran], shell: str) -> None:
    """Each of the four shells gets its script."""
    ran = cli("completion", shell)
    assert ran.code == 0
    assert "_COLDFRAME_COMPLETE" in ran.out


def test_completion_completes(program: Callable[..., Ran]) -> None:
    """What the script asks for is answered."""
    ran = program(env={"_COLDFRAME_COMPLETE": "bash_complete", "COMP_WORDS": "coldframe ve", "COMP_CWORD": "1"})
    assert ran.out.split() == ["plain,verify"]
