"""Messages reach the user in one voice: whole sentences, behind the program's name."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import coldframe
from coldframe import errors
from coldframe.errors import OPENING_WORDS, ColdframeError, in_words, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.conftest import Ran

_SOURCE = Path(coldframe.__file__).parent
_NAMES = {"launchctl"}
"""Programs and the like, which keep their small letter."""


def _beginnings() -> Iterator[tuple[str, str]]:
    """The first word of each message that an error of ours is raised with, and where; none where a value stands."""
    known = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, ColdframeError)}
    for path in _SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known and node.args:
                first = node.args[0]
                first = first.values[0] if isinstance(first, ast.JoinedStr) else first
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value.partition(" ")[0], f"{path.name}:{node.lineno}"


def test_every_small_beginning_is_a_known_word() -> None:
    """A message that begins small with a word of its own is made a sentence; otherwise it begins with a name."""
    found = list(_beginnings())
    assert len(found) > 150
    strange = [
        (word, where)
        for word, where in found
        if word.isalpha() and word.islower() and word not in OPENING_WORDS | _NAMES
    ]
    assert not strange


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("there is no order 9", "There is no order 9."),
        ("a member's row needs Size", "A member's row needs Size."),
        ("its size is not known; look", "Its size is not known; look."),
        ("nofile: cannot be read.", "nofile: cannot be read."),
        ("a.fit: no room", "a.fit: no room."),
        ("Whole already.", "Whole already."),
        ("Which vault?", "Which vault?"),
    ],
)
def test_message_is_a_sentence(text: str, told: str) -> None:
    """It begins with a capital unless it begins with a name, and has an end."""
    assert sentence(text) == told


def test_notes_follow_the_message() -> None:
    """What only this machine may know is one more sentence."""
    error = ColdframeError("the clock is wrong")
    error.add_note("Set it.")
    assert in_words(error) == "The clock is wrong. Set it."


@pytest.mark.parametrize("arguments", [("nope",), ("ls", "-o", "xml"), ("orders", "show", "7"), ("vault", "show")])
def test_trouble_is_told_behind_the_programs_name(cli: Callable[..., Ran], arguments: tuple[str, ...]) -> None:
    """Whoever found it: the arguments' reader or the product."""
    ran = cli(*arguments)
    last = ran.err.splitlines()[-1]
    assert last.startswith("coldframe: ")
    assert last[len("coldframe: ")].isupper()
    assert last.endswith((".", "?"))
