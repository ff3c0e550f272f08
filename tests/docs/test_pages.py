"""What the pages of the site tell is so: each is followed from its first line to its last."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from coldframe.cli.main import program
from coldframe.settings import find_home, load_settings
from coldframe.testing.trees import FRAME_COUNT, build_subs
from docs.desk import PLACES, ROOT, blocks, commands, open_desk, page
from docs.lines import read_line
from notify.conftest import endpoint  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docs.desk import Block, Desk, Free

PAGES = ["docs/tutorial.md", "docs/library.md", "docs/howto"]
NAMES = [
    path.relative_to(ROOT).as_posix()
    for name in PAGES
    for path in (sorted((ROOT / name).glob("*.md")) if (ROOT / name).is_dir() else [ROOT / name])
]
FREE: Free = {**PLACES, re.compile(r"<? ?\$[\d.]+"): "PRICE"}
_FRESH = {"docs/tutorial.md", "docs/library.md"}
"""Pages that begin with nothing but the folder."""
_ARCHIVE = "coldframe archive ./Subs --vault astrodata --zip Bias --zip Dark --zip Flat -i m33.archive_inventory.csv"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk beside a folder `Subs`."""
    build_subs(str(tmp_path / "Subs"), total_size=FRAME_COUNT * 20_000)
    with open_desk(tmp_path) as desk:
        yield desk


def prepare_amazon(desk: Desk) -> None:
    """A night in Amazon's vault, whose place a server takes, and a catalog that knows nothing of it."""
    desk.run("coldframe serve --store ./amazon --region us-west-2 &")
    desk.environ |= {"AWS_ENDPOINT_URL": f"http://{desk.environ['COLDFRAME_LISTEN']}", "AMAZON": "glacier://us-west-2"}
    store = '--store "$AMAZON"'
    desk.run(f"coldframe vault create astrodata {store} && {_ARCHIVE} {store} --yes")
    shutil.rmtree(desk.environ["COLDFRAME_HOME"])


def prepare_tutorial(desk: Desk) -> None:
    """What the tutorial leaves behind."""
    desk.run(f"coldframe vault create astrodata && {_ARCHIVE}")


def prepare_queue(desk: Desk) -> None:
    """A server's jobs take a moment, so that there is something to listen for."""
    config = Path(desk.environ["COLDFRAME_HOME"], "config.toml")
    config.parent.mkdir()
    config.write_text('tiers = { expedited = "1s", standard = "2s", bulk = "3s" }\n', encoding="utf-8")


PREPARE: dict[str, Callable[[Desk], None]] = {
    "docs/howto/leave-amazon.md": prepare_amazon,
    "docs/howto/queue.md": prepare_queue,
}


def follow(desk: Desk, block: Block) -> None:
    """Do what a block says: run it, or put it where it belongs."""
    if block.language == "console":
        for example in commands(block):
            desk.follow(example, FREE)
    elif block.language == "sh":
        desk.run(block.text)
    elif block.language == "python":
        desk.python(block.text)
    elif block.language == "toml":
        home = desk.environ["COLDFRAME_HOME"]
        Path(home, "config.toml").write_text(block.text, encoding="utf-8")
        load_settings(find_home({"COLDFRAME_HOME": home}), {})


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh and diff")
@pytest.mark.parametrize("name", NAMES)
def test_page_can_be_followed(name: str, desk: Desk, request: pytest.FixtureRequest) -> None:
    """Every command ends well and prints what the page shows; where it wants SNS and SQS, moto takes their place."""
    if "$SNS" in page(name):
        desk.environ["SNS"] = request.getfixturevalue("endpoint")
    if name not in _FRESH:
        PREPARE.get(name, prepare_tutorial)(desk)
    for block in blocks(page(name)):
        follow(desk, block)


@pytest.mark.parametrize("name", NAMES)
def test_page_names_only_what_there_is(name: str) -> None:
    """Commands and options that stand in the text, or in a shell that is not here, are those of the program."""
    text = page(name)
    shell = [line for block in blocks(text, "powershell") for line in block.text.splitlines()]
    for line in (part.strip() for whole in shell for part in whole.split(" | ")):
        if line.startswith("coldframe "):
            read_line(shlex.split(line)[1:])
    for named in re.findall(r"`coldframe ([^`\n]+)`", text):
        command, options = find_command(named.split())
        assert options <= {option for parameter in command.params for option in parameter.opts}, named


def find_command(words: list[str]) -> tuple[click.Command, set[str]]:
    """The command that words name, and the options among them; arguments may be missing."""
    command: click.Command = program
    while isinstance(command, click.Group) and words and words[0][0].isalpha() and words[0].islower():
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None, words
        command = found
    return command, {word for word in words if word.startswith("-") and word != "-"} - {"--help", "-h"}
