"""Flag, environment, file, default; and errors that name file, line and key."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import BadSettings
from coldframe.model import AMAZON_WAITS, MIB, Tier, TierWaits
from coldframe.settings import KEYS, Home, Settings, find_home, load_settings, with_flags

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran


def write(folder: Path, text: str) -> Home:
    """A home whose configuration says `text`."""
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return Home(str(folder), str(folder))


def test_settings_without_a_file_are_the_defaults(tmp_path: Path) -> None:
    """Nobody needs a configuration."""
    assert load_settings(Home(str(tmp_path), str(tmp_path)), {}) == Settings()


def test_settings_come_from_flag_then_environment_then_file_then_default(tmp_path: Path) -> None:
    """Each place hides those after it."""
    home = write(tmp_path, 'vault = "file"\nstore = "file"\njobs = 2\n')
    settings = with_flags(
        load_settings(home, {"COLDFRAME_VAULT": "environ", "COLDFRAME_STORE": "environ"}), vault="flag"
    )
    assert (settings.vault, settings.store, settings.jobs, settings.part_size) == ("flag", "environ", 2, 64 * MIB)


def test_flags_that_were_not_given_hide_nothing() -> None:
    """None and an empty list are flags nobody typed."""
    settings = Settings(exclude=("*.tmp",), jobs=7)
    assert with_flags(settings, exclude=(), jobs=None, no_such_key=1) == settings


def test_settings_read_every_documented_key(tmp_path: Path) -> None:
    """The example of each key is a value that the key takes."""
    examples = "".join(f"{name} = {key.example}\n" for name, key in KEYS.items())
    settings = load_settings(write(tmp_path, examples), {})
    assert settings.zip == ("Bias", "Dark", "Flat")
    assert settings.limit_rate == 20 * MIB
    assert settings.tier is Tier.STANDARD
    assert settings.tiers == AMAZON_WAITS
    assert settings.into == os.path.expanduser("~/retrieved")


def test_tiers_may_be_a_table(tmp_path: Path) -> None:
    """Waits are set one by one; the others are none."""
    settings = load_settings(write(tmp_path, '[tiers]\nstandard = "4h"\nbulk = 30\n'), {})
    assert settings.tiers == TierWaits(standard_seconds=14_400, bulk_seconds=30)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('store = "x"\n\n# why\nvualt = "y"\n', "line 4: there is no key 'vualt'; did you mean 'vault'"),
        ('exclude = [\n  "a",\n]\njobs = "many"\n', "line 4: jobs: it wants a whole number"),
        ("jobs = 0\n", "line 1: jobs: it wants a number from 1"),
        ("\njobs = true\n", "line 2: jobs: it wants a whole number"),
        ('part_size = "3MiB"\n', "line 1: part_size: it wants a power of two"),
        ('limit_rate = "quick"\n', "line 1: limit_rate: 'quick' is not a rate"),
        ("zip = 5\n", "line 1: zip: it wants a list"),
        ("follow_symlinks = 1\n", "line 1: follow_symlinks: it wants true or false"),
        ('tier = "fast"\n', "line 1: tier: it wants one of Expedited, Standard, Bulk"),
        ('output = "xml"\n', "line 1: output: it wants one of table, csv, json"),
        ('vault = "a"\n[tiers]\nslow = "1h"\n', "line 2: tiers: 'slow' is no tier"),
        ('[tiers]\nbulk = "soon"\n', "line 1: tiers: 'soon' is not a duration"),
        ("store = \n", "is not TOML"),
        ('store = "C:\\Users\\ana"\n', r"A path with backslashes wants single quotes: 'C:\Astro\m33.csv'."),
        ("vault = astrodata\n", 'A text wants quotes: vault = "astrodata".'),
        ('multi = """\nvault = 3\n"""\nvault = 3\n', "line 1: there is no key 'multi'"),
    ],
)
def test_wrong_settings_are_told_with_file_line_and_key(tmp_path: Path, text: str, told: str) -> None:
    """Whoever wrote the file finds the place at once."""
    home = write(tmp_path, text)
    with pytest.raises(BadSettings) as caught:
        load_settings(home, {})
    assert home.config in str(caught.value)
    assert told in str(caught.value)


def test_wrong_variable_is_named() -> None:
    """The environment has no lines; its variables have names."""
    with pytest.raises(BadSettings, match="COLDFRAME_JOBS"):
        load_settings(Home("/nowhere", "/nowhere"), {"COLDFRAME_JOBS": "0"})


def test_settings_that_are_not_utf8_are_told(tmp_path: Path) -> None:
    """A file in another encoding is refused, not guessed at."""
    (tmp_path / "config.toml").write_bytes(b'vault = "\xe9"\n')
    with pytest.raises(BadSettings, match="UTF-8"):
        load_settings(Home(str(tmp_path), str(tmp_path)), {})


def test_home_is_one_folder_if_coldframe_home_says_so(tmp_path: Path) -> None:
    """COLDFRAME_HOME moves everything local."""
    home = find_home({"COLDFRAME_HOME": str(tmp_path)})
    places = (home.config, home.catalog, home.store, home.locks)
    assert all(os.path.dirname(place) == str(tmp_path) for place in places)


def test_home_is_the_platforms_place_otherwise() -> None:
    """Without COLDFRAME_HOME it is a folder named after us, somewhere in the user's own."""
    home = find_home({})
    assert os.path.isabs(home.config)
    assert "coldframe" in home.catalog


def test_command_with_wrong_configuration_ends_with_usage(cli: Callable[..., Ran], home: Path) -> None:
    """A wrong configuration stops a command before it does anything."""
    write(home, 'vault = "a"\nvauld = "b"\n')
    ran = cli("ls")
    assert (ran.code, ran.out) == (2, "")
    assert "config.toml, line 2" in ran.err
