"""Profiles: what is always the same of one kind of work stands in the configuration, and the daily command is short."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from coldframe.composition import open_coldframe
from coldframe.errors import BadSettings
from coldframe.settings import KEYS, Home, load_settings, profile_names, with_flags

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran

CONFIG = """
vault = "file"
jobs = 2

[profile.m33]
vault = "m33"
zip = ["Bias", "Flat"]
exclude = ["notes"]
inventory = "m33.csv"
inventory_copy = ["copies"]
into = "back"

[profile.m31]
store = "other"
"""


def write(folder: Path, text: str = CONFIG) -> Home:
    """A home whose configuration says `text`."""
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return Home(str(folder), str(folder))


def test_settings_come_from_flag_then_environment_then_profile_then_file(tmp_path: Path) -> None:
    """The profile hides the rest of the file, and is hidden by what is nearer to the command."""
    home = write(
        tmp_path, 'vault = "f"\nstore = "f"\njobs = 2\ninto = "f"\n[profile.p]\nvault = "p"\nstore = "p"\njobs = 3\n'
    )
    settings = load_settings(home, {"COLDFRAME_VAULT": "e", "COLDFRAME_STORE": "e"}, profile="p")
    settings = with_flags(settings, vault="flag")
    assert (settings.vault, settings.store, settings.jobs, settings.into) == ("flag", "e", 3, "f")


def test_profile_takes_every_key(tmp_path: Path) -> None:
    """Whatever the file can say of all work, a profile can say of one kind."""
    examples = "".join(f"{name} = {key.example}\n" for name, key in KEYS.items())
    named = load_settings(write(tmp_path, "[profile.p]\n" + examples), {}, profile="p")
    assert with_flags(load_settings(write(tmp_path, examples), {}), profile="p") == named


def test_profile_is_chosen_by_flag_or_variable(tmp_path: Path) -> None:
    """The flag outranks COLDFRAME_PROFILE; without either the profiles mean nothing."""
    home = write(tmp_path)
    assert load_settings(home, {}).vault == "file"
    assert load_settings(home, {"COLDFRAME_PROFILE": "m33"}).vault == "m33"
    assert load_settings(home, {"COLDFRAME_PROFILE": "m33"}, profile="m31").store == "other"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[profile.a]\nvault = "a"\n\n[profile.b]\nvault = "b"\nzap = []\n',
            "line 6: there is no key 'zap'; did you mean 'zip'",
        ),
        ("[profile.a]\njobs = 1\n[profile.b]\njobs = 0\n", "line 4: jobs: it wants a number from 1"),
        ('[profile.a]\n[profile.a.tiers]\nslow = "1h"\n', "line 2: tiers: 'slow' is no tier"),
        ("[profile]\nm33 = 5\n", "line 2: 'm33' is no table"),
        ('profile = "m33"\n', "line 1: profile has tables alone: write [profile.NAME]"),
        ("[profiles.m33]\n", "line 1: there is no key 'profiles'; did you mean 'profile'"),
    ],
)
def test_wrong_profiles_are_told_with_file_and_line(tmp_path: Path, text: str, told: str) -> None:
    """Also those of a profile that nobody asked for: a typing error is found before it matters."""
    home = write(tmp_path, text)
    with pytest.raises(BadSettings) as caught:
        load_settings(home, {})
    assert home.config in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (CONFIG, "There is no profile 'm34' in .*; did you mean 'm33'"),
        ("[profile.a]\n[profile.b]\n", "There is no profile 'm34' in .*; there are a, b"),
        ("", r"has none. Write \[profile.m34\] there"),
    ],
)
def test_unknown_profile_names_those_there_are(tmp_path: Path, text: str, told: str) -> None:
    """Whoever mistypes a name sees the right one."""
    with pytest.raises(BadSettings, match=told):
        load_settings(write(tmp_path, text), {}, profile="m34")


def test_library_takes_a_profile(tmp_path: Path) -> None:
    """Programs name it as the command line does."""
    with open_coldframe(home=write(tmp_path), profile="m33") as coldframe:
        assert (coldframe.settings.profile, coldframe.settings.vault) == ("m33", "m33")


def test_daily_command_is_short(cli: Callable[..., Ran], home: Path, subs: Path) -> None:
    """Archive, list, verify and retrieve with a profile alone: it knows all the rest."""
    write(home)
    (subs.parent / "copies").mkdir()
    for vault in ("m33", "file"):
        assert cli("vault", "create", vault).code == 0
    ran = cli("archive", "--profile", "m33", "./Subs")
    assert ran.code == 0, ran.err
    rows = cli("ls", "--profile", "m33", "-o", "json").rows
    assert {row["vault_name"] for row in rows} == {"m33"}
    assert {row["file_path"] for row in rows if row["file_path"].endswith(".zip")} == {"Subs/Bias.zip", "Subs/Flat.zip"}
    assert not [row for row in rows if "notes" in row["file_path"]]
    assert (subs.parent / "copies/m33.csv").read_bytes() == (subs.parent / "m33.csv").read_bytes()
    shutil.rmtree(subs / "notes")
    assert cli("verify", "--profile", "m33", "Subs").code == 0
    assert cli("retrieve", "--profile", "m33", "Blue", "--yes").code == 0
    assert len(list((subs.parent / "back").rglob("*.fit"))) == 3


def test_profile_narrows_commands_that_can_do_without_a_vault(cli: Callable[..., Ran], home: Path, subs: Path) -> None:
    """`ls` and `inventory export` show what the profile works on; a flag of theirs still counts more."""
    write(home)
    for vault, folder in (("m33", "Subs/Light/Blue"), ("file", "Subs/Light/Red")):
        assert cli("vault", "create", vault).code == 0
        assert cli("archive", folder, "--vault", vault).code == 0
    assert len(cli("ls", "-o", "json").rows) == 5
    assert len(cli("ls", "--profile", "m33", "-o", "json").rows) == 3
    assert len(cli("ls", "--profile", "m33", "--vault", "file", "-o", "json").rows) == 2
    assert cli("inventory", "export", "-", "--profile", "m33").out.count("\n") == 4


def test_profile_names_the_store_of_every_command(cli: Callable[..., Ran], home: Path, tmp_path: Path) -> None:
    """Nouns too; and a flag outranks it."""
    write(home)
    assert cli("vault", "create", "there", "--profile", "m31").code == 0
    assert (tmp_path / "here/other/ledger.sqlite").exists()
    assert cli("vault", "list", "--profile", "m31", "-o", "json").rows[0]["vault_name"] == "there"
    assert cli("vault", "list", "--profile", "m31", "--store", str(home / "store")).code != 0


def test_unknown_profile_ends_with_usage(cli: Callable[..., Ran], home: Path) -> None:
    """Exit 2, before anything is done."""
    write(home)
    ran = cli("archive", ".", "--profile", "m3")
    assert (ran.code, ran.out) == (2, "")
    assert "there is no profile 'm3'" in ran.err.lower()


def test_profile_names_are_completed(program: Callable[..., Ran], home: Path) -> None:
    """A shell offers the profiles there are; a configuration that is wrong offers none, and does no harm."""
    write(home)
    words = {"_COLDFRAME_COMPLETE": "bash_complete", "COMP_WORDS": "coldframe archive --profile m", "COMP_CWORD": "3"}
    assert program(env=words).out.split() == ["plain,m33", "plain,m31"]
    write(home, "[[[")
    assert profile_names(Home(str(home), str(home))) == []
