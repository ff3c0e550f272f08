"""The README's commands do what it shows, in its order, on a tree like the one it tells of."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from coldframe.testing.trees import FRAME_COUNT, build_subs
from docs.desk import PLACES, ROOT, blocks, examples, open_desk, page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docs.desk import Desk

README = page("README.md")
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
_MADE = {"commands", "library"}
"""Folders of docs/ that the site's build makes."""
_DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    if path.parent.name not in _MADE
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk beside a folder `Subs`."""
    build_subs(str(tmp_path / "Subs"), total_size=FRAME_COUNT * 20_000)
    with open_desk(tmp_path) as desk:
        yield desk


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh and diff")
def test_readme_commands_do_what_it_shows(desk: Desk) -> None:
    """Six commands in a row; each ends well and prints the lines shown."""
    for example in examples(README):
        desk.follow(example, PLACES, is_whole=True)


def test_readme_shows_six_commands() -> None:
    """The founding workflow is vault, archive, ls, retrieve, compare, verify."""
    assert [" ".join(example.command.split()[:2]) for example in examples(README)] == [
        "coldframe vault",
        "coldframe archive",
        "coldframe ls",
        "coldframe retrieve",
        "diff -r",
        "coldframe verify",
    ]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh")
def test_readme_commands_work_on_a_server(desk: Desk) -> None:
    """What it shows of `serve` is true: the key that was shown, the commands on the server, boto3 on the folder."""
    assert "$ coldframe serve --store ./served\n" in README
    desk.run("coldframe serve --store ./served &")
    (commands,), (program,) = blocks(README, "sh"), blocks(README, "python")
    desk.run(commands.text)
    assert desk.python(program.text).strip() == "57"


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_links_between_documents_lead_somewhere(document: str) -> None:
    """No relative link in the documents is dead."""
    targets = _LINK.findall((ROOT / document).read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (ROOT / document).parent.joinpath(target).exists()] == []
