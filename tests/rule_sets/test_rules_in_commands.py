"""Rule sets on the command line: chosen by name or in a profile, shown by a dry run, listed by `rules`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cli.conftest import cli, home, program  # noqa: F401 - fixtures
from rule_sets.trees import LEFT_OUT, TREES, ZIPPED, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran

CONFIG = """
[rule_set.mine]
title = "My observatory"
zip = ["Kalibrierung"]
leave_out = ["*.tmp", { pattern = "Vorschau/*.jpg", because = "previews" }]

[profile.m31]
vault = "astro"
rules = ["wbpp", "mine"]
"""


@pytest.fixture
def tree(cli: Callable[..., Ran], tmp_path: Path) -> Path:  # noqa: F811 - the fixture
    """WBPP's output, with a folder of the user's own, where the commands stand; and a vault."""
    write(tmp_path / "here", TREES["wbpp"])
    write(tmp_path / "here/WBPP", {"Kalibrierung/d1.fit": b"x", "x.tmp": b"x", "Vorschau/a.jpg": b"x"})
    assert cli("vault", "create", "astro").code == 0
    return tmp_path / "here"


def test_dry_run_shows_which_rule_matched_what(cli: Callable[..., Ran], tree: Path) -> None:  # noqa: F811 - as above
    """Each file that is left out, each zip, and each frame that is kept although a rule matches it."""
    rows = cli("archive", "WBPP", "-v", "astro", "--rules", "wbpp", "--dry-run", "-o", "json").rows
    assert {row["file_path"]: row["rule"] for row in rows if row["outcome"] == "left out"}.keys() == LEFT_OUT["wbpp"]
    assert {row["rule"] for row in rows if row["file_path"].endswith(".xdrz")} == {"rule set wbpp, '*.xdrz'"}
    ran = cli("archive", "WBPP", "-v", "astro", "--rules", "wbpp", "--dry-run")
    assert "_c_cc_r.xdrz: left out: rule set wbpp, '*.xdrz': data for drizzling" in ran.err
    assert "registered/M51_180s_r.xisf: kept: rule set wbpp, 'registered/*_r.xisf' matches" in ran.err
    assert "a frame that N.I.N.A. 3.1 wrote" in ran.err
    assert "would be left out by rule set wbpp, '*.xdrz'" in ran.err
    assert cli("ls").code == 4


def test_archive_leaves_out_what_the_rules_say(cli: Callable[..., Ran], tree: Path) -> None:  # noqa: F811 - as above
    """Only sums are said about it; verify then asks for no more than was archived."""
    ran = cli("archive", "WBPP", "-v", "astro", "--rules", "wbpp")
    assert (ran.code, ".xdrz:" in ran.err, "1 file, 7 B, left out by rule set wbpp, '*.xdrz'" in ran.err) == (
        0,
        False,
        True,
    )
    archived = {row["file_path"] for row in cli("ls", "-o", "json").rows}
    assert archived >= TREES["wbpp"].keys() - LEFT_OUT["wbpp"]
    assert not archived & LEFT_OUT["wbpp"]
    assert cli("verify", "WBPP", "-v", "astro").code == 3


def test_profile_and_own_rule_set(cli: Callable[..., Ran], home: Path, tree: Path) -> None:  # noqa: F811 - as above
    """A set of the configuration stands beside those that come with coldframe, also for verify and estimate."""
    (home / "config.toml").write_text(CONFIG, encoding="utf-8")
    rows = cli("archive", "WBPP", "--profile", "m31", "-o", "json").rows
    left = {row["file_path"] for row in rows if row["outcome"] == "left out"}
    assert left == LEFT_OUT["wbpp"] | {"WBPP/x.tmp", "WBPP/Vorschau/a.jpg"}
    assert {row["file_path"] for row in rows if row["kind"] == "bundle"} == {"WBPP/Kalibrierung.zip"}
    assert [row["rule"] for row in rows if row["kind"] == "bundle"] == ["rule set mine, 'Kalibrierung'"]
    assert cli("verify", "WBPP", "--profile", "m31").code == 0
    estimate = cli("estimate", "archive", "WBPP", "--profile", "m31", "-o", "json").rows
    assert [row["count"] for row in estimate] == [0]
    again = cli("archive", "WBPP", "--profile", "m31", "--rules", "none", "--dry-run", "-o", "json").rows
    assert {row["outcome"] for row in again} == {"archived", "unchanged"}


@pytest.mark.parametrize("name", list(ZIPPED))
def test_bundles_of_a_program(cli: Callable[..., Ran], tmp_path: Path, name: str) -> None:  # noqa: F811 - as above
    """Every set in a whole run: its zips are made, and everything else is archived under its own name."""
    write(tmp_path / "here", TREES[name])
    assert cli("vault", "create", "astro").code == 0
    tops = sorted({path.partition("/")[0] for path in TREES[name]})
    rows = cli("archive", *tops, "-v", "astro", "--rules", name, "-o", "json").rows
    assert {row["file_path"] for row in rows if row["kind"] == "bundle"} == ZIPPED[name]
    assert {row["file_path"] for row in rows if row["outcome"] == "left out"} == LEFT_OUT[name]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('\nrules = ["nena"]\n', "line 2: There is no rule set 'nena'; did you mean 'nina'?"),
        ('[profile.a]\nvault = "v"\nrules = ["x"]\n', "line 3: There is no rule set 'x'"),
        ("[rule_set.nina]\nzip = []\n", "line 1: 'nina' is a set that comes with coldframe"),
        ("[rule_set.a]\n[rule_set.b]\nzap = []\n", "line 2: 'zap' is not known of a rule set"),
    ],
)
def test_wrong_rules_are_told_with_their_line(cli: Callable[..., Ran], home: Path, text: str, told: str) -> None:  # noqa: F811 - as above
    """As every other error in the configuration."""
    (home / "config.toml").write_text(text, encoding="utf-8")
    ran = cli("ls")
    assert ran.code == 2
    assert f"config.toml, {told}" in ran.err


def test_unknown_rule_set_ends_with_usage(cli: Callable[..., Ran], tree: Path) -> None:  # noqa: F811 - as above
    """Nothing is archived by rules that nobody meant."""
    ran = cli("archive", "WBPP", "-v", "astro", "--rules", "nena")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'nina'?" in ran.err


def test_rules_are_listed(cli: Callable[..., Ran], home: Path) -> None:  # noqa: F811 - as above
    """All sets, or those that are named, the user's own too."""
    (home / "config.toml").write_text(CONFIG, encoding="utf-8")
    assert {row["rule_set"] for row in cli("rules", "-o", "json").rows} >= {"nina", "wbpp", "mine"}
    rows = cli("rules", "mine", "-o", "json").rows
    assert [(row["action"], row["pattern"], row["because"]) for row in rows] == [
        ("zip", "Kalibrierung", None),
        ("leave out", "*.tmp", None),
        ("leave out", "Vorschau/*.jpg", "previews"),
    ]
    assert cli("rules", "nobody").code == 2


def test_rule_sets_are_completed(program: Callable[..., Ran], home: Path) -> None:  # noqa: F811 - as above
    """A shell offers the names, those of the configuration too."""
    (home / "config.toml").write_text(CONFIG, encoding="utf-8")
    words = {"_COLDFRAME_COMPLETE": "bash_complete", "COMP_WORDS": "coldframe archive --rules m", "COMP_CWORD": "3"}
    assert program(env=words).out.split() == ["plain,mine"]
