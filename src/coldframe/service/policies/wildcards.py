"""Wildcards in policies: `*` stands for any characters, `?` for exactly one; every other character for itself.

A pattern of m characters is decided in at most m steps, whatever it holds: a step advances, in one integer of a bit for
each character of the text, all places that could have been reached. No pattern can be made to go back and try again
(reliability A13), as those of `re` can.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_TEXT = 1024
"""Characters of the longest text that is compared with a pattern; what is longer counts as unknown (see `keys`)."""


def has_wildcard(pattern: str) -> bool:
    """Whether the pattern stands for more than itself."""
    return "*" in pattern or "?" in pattern


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern matches all of the text, upper and lower case being different."""
    if not has_wildcard(pattern):
        return pattern == text
    reached = 1
    for reached in steps(pattern, text):  # noqa: B007 - the last one is the answer
        pass
    return reached >> len(text) & 1 == 1


def steps(pattern: str, text: str) -> Iterator[int]:
    """After each character of the pattern: the places in the text that it can have come to, bit 0 the very start.

    Ends early when there is none left.
    """
    places = _places(text)
    everywhere = (1 << len(text) + 1) - 1
    reached = 1
    for character in pattern:
        if character == "*":
            reached = everywhere & -(reached & -reached)
        elif character == "?":
            reached = reached << 1 & everywhere
        else:
            reached = (reached & places.get(character, 0)) << 1
        yield reached
        if not reached:
            return


@lru_cache(maxsize=256)
def _places(text: str) -> Mapping[str, int]:
    """For each character, a bit at every place where the text has it."""
    places: dict[str, int] = {}
    for place, character in enumerate(text):
        places[character] = places.get(character, 0) | 1 << place
    return places
