"""What a pattern names."""

from __future__ import annotations

import pytest

from coldframe.patterns import Patterns, is_pattern

BLUE = "Subs/Light/Blue/M33_Light_Blue_180sec__1x1_frame1.fit"


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("Light/*_Blue_*", BLUE, True),
        ("*_Blue_*", BLUE, True),
        ("*.fit", BLUE, True),
        ("Subs", BLUE, False),
        ("Subs/*", BLUE, True),
        ("Bias", "Subs/Bias", True),
        ("Bias", "Subs/MasterBias", False),
        ("Bias/", "Subs/Bias", True),
        ("Bias", "Subs/Bias/bias1.fit", False),
        ("/Subs/Bias", "Subs/Bias", True),
        ("/Bias", "Subs/Bias", False),
        ("frame?.fit", "a/frame1.fit", True),
        ("frame?.fit", "a/frame12.fit", False),
        ("[LR]*", "x/Red", True),
        ("Subs\\Bias", "D/Subs/Bias", True),
        ("*", "a\nb", True),
        ("bias", "Subs/Bias", False),
    ],
)
def test_pattern_matches_whole_path_or_what_follows_a_slash(pattern: str, path: str, *, matches: bool) -> None:
    """A pattern speaks of a whole path or of its end from any folder on; `*` crosses folders."""
    assert Patterns([pattern]).match(path) is matches


def test_patterns_match_if_any_does_and_none_matches_nothing() -> None:
    """A set of patterns is their union; the empty set names nothing."""
    assert Patterns(["Bias", "Dark"]).match("Subs/Dark")
    assert not Patterns([]).match("")
    assert not Patterns([])


def test_patterns_can_ignore_case() -> None:
    """Case is ignored only on request."""
    assert Patterns(["*blue*"], ignore_case=True).match(BLUE)


def test_pattern_with_many_stars_is_quick() -> None:
    """A pattern made to be slow is not: matching cannot explode."""
    assert not Patterns(["*a" * 25 + "b"]).match("a" * 300)


def test_is_pattern_knows_wildcards() -> None:
    """Only `*`, `?` and `[` make a pattern of a text."""
    assert [is_pattern(text) for text in ("a*", "a?", "[a]", "a.fit")] == [True, True, True, False]
