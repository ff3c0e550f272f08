"""`coldframe archive`: its options, its forms, its refusals."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran


@pytest.fixture
def vault(cli: Callable[..., Ran]) -> str:
    """An empty vault."""
    assert cli("vault", "create", "astro").code == 0
    return "astro"


def test_archive_into_an_unknown_vault_names_the_nearest(cli: Callable[..., Ran], subs: Path, vault: str) -> None:
    """A slip in the vault's name is answered with the right one and with how to make a new one."""
    ran = cli("archive", "Subs", "--vault", "atsro")
    assert ran.code == 1
    assert "Did you mean astro?" in ran.err
    assert "coldframe vault create atsro" in ran.err


def test_archive_without_a_store_says_how_to_make_one(cli: Callable[..., Ran], subs: Path, home: Path) -> None:
    """Nothing is made by accident."""
    ran = cli("archive", "Subs", "--vault", "astro")
    assert ran.code == 1
    assert "coldframe vault create" in ran.err
    assert not (home / "store").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["archive"], "Missing argument"),
        (["archive", "Subs"], "Which vault?"),
        (["archive", "nowhere", "-v", "astro"], "no nowhere"),
        (["archive", "Subs", "-v", "astro", "--part-size", "3MiB"], "power of two"),
        (["archive", "Subs", "-v", "astro", "--jobs", "0"], "from 1"),
        (["archive", "Subs", "-v", "astro", "--limit-rate", "quick"], "not a rate"),
        (["archive", "Subs", "-v", "astro", "--inventory-copy", "x"], "--inventory"),
        (["archive", "Subs", "-v", "astro", "-i", "no/such/inv.csv"], "no folder"),
        (["archive", "Subs", "-v", "astro", "-i", "."], "such as ./inventory.csv"),
        (["archive", "Subs", "-v", "astro", "-i", "inv.csv", "--inventory-copy", "ftp://x"], "s3://"),
        (["archive", "Subs", "-v", "astro", "--store", "s3://b"], "not yet in this version"),
        (["archive", "Subs", "-v", "astro", "--store", "glacier:"], "Amazon charges"),
        (["archive", "Subs", "-v", "astro", "--delete-source"], "--yes"),
    ],
)
def test_archive_refuses_what_makes_no_sense(
    cli: Callable[..., Ran], subs: Path, vault: str, arguments: list[str], told: str
) -> None:
    """Wrong usage is exit 2, told before anything is sent."""
    ran = cli(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert cli("ls").code == 4


def test_archive_dry_run_changes_nothing(cli: Callable[..., Ran], subs: Path, vault: str) -> None:
    """It tells what would be sent, and sends, records and writes nothing."""
    ran = cli("archive", "Subs", "-v", vault, "-i", "inv.csv", "--dry-run", "-o", "json")
    assert ran.code == 0
    assert len(ran.rows) == 10
    assert cli("ls").code == 4
    assert not Path("inv.csv").exists()
    assert cli("vault", "show", vault, "-o", "json").rows[0]["number_of_archives"] == 0


def test_pattern_that_matches_nothing_is_told(
    cli: Callable[..., Ran], subs: Path, vault: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip in `--zip` would make an archive of each dark; the patterns of the configuration are for all folders."""
    ran = cli("archive", "Subs", "-v", "astro", "--zip", "Bais", "--zip", "Flat", "--dry-run")
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "No folder with files in it matches --zip Bais.")
    assert "Flat" not in ran.err
    ran = cli("archive", "Subs", "-v", "astro", "--include", "*.fts", "--include", "*.xisf")
    assert ran.err.splitlines()[-1] == "No file there matches --include *.fts or *.xisf."
    monkeypatch.setenv("COLDFRAME_ZIP", "Bais,Flat")
    for _ in range(2):  # what is unchanged has matched as well
        ran = cli("archive", "Subs", "-v", "astro", "--include", "*.fit")
        assert "matches" not in ran.err


def test_archive_json_has_the_protocols_words(cli: Callable[..., Ran], subs: Path, vault: str) -> None:
    """Stable snake_case keys, one object per line."""
    (row,) = cli("archive", "Subs/Bias/b1.fit", "-v", vault, "-o", "json").rows
    assert set(row) == {
        "archive_id", "detail", "file_path", "kind", "outcome", "rule", "size", "source", "tree_hash", "vault_name",
    }  # fmt: skip
    assert len(row["archive_id"]) == 138
    assert row["file_path"] == "Subs/Bias/b1.fit"


def test_archive_csv_and_table_tell_the_same(cli: Callable[..., Ran], subs: Path, vault: str) -> None:
    """The form changes the looks, not the facts."""
    rows = list(csv.DictReader(cli("archive", "Subs/Light", "-v", vault, "-o", "csv").out.splitlines()))
    assert {row["outcome"] for row in rows} == {"archived"}
    table = cli("archive", "Subs/Bias", "-v", vault).out.splitlines()
    assert table[0].split() == ["OUTCOME", "SIZE", "PATH"]
    assert len(table) == 3


def test_archive_takes_its_flags_from_environment_and_file(
    cli: Callable[..., Ran], subs: Path, vault: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is settled beforehand need not be typed."""
    (home / "config.toml").write_text('zip = ["Bias", "Flat"]\nexclude = ["notes"]\ninventory = "mine.csv"\n')
    monkeypatch.setenv("COLDFRAME_VAULT", vault)
    assert cli("archive", "Subs").code == 0
    paths = {row["file_path"] for row in cli("ls", "-o", "json").rows}
    assert {"Subs/Bias.zip", "Subs/Flat.zip"} < paths
    assert not any("notes" in path for path in paths)
    assert Path("mine.csv").exists()


def test_archive_reports_the_unreadable_and_goes_on(cli: Callable[..., Ran], subs: Path, vault: str) -> None:
    """One bad file is told and counted; exit 3; the others are archived."""
    if os.geteuid() == 0:
        os.mkfifo(subs / "pipe")  # root reads everything, so a folder that cannot be listed is made another way
        (subs / "loop").symlink_to("loop")
        ran = cli("archive", "Subs", "-v", vault)
        assert ran.code == 0
        assert "2 left out" in ran.err
        return
    (subs / "Bias/b1.fit").chmod(0)
    ran = cli("archive", "Subs", "-v", vault)
    assert ran.code == 3
    assert "1 failed" in ran.err


def test_archive_copies_its_inventory(cli: Callable[..., Ran], subs: Path, vault: str) -> None:
    """Each `--inventory-copy` gets the same bytes."""
    Path("copies").mkdir()
    assert cli("archive", "Subs", "-v", vault, "-i", "inv.csv", "--inventory-copy", "copies").code == 0
    assert Path("copies/inv.csv").read_bytes() == Path("inv.csv").read_bytes()


def test_archive_deletes_sources_when_all_is_safe(cli: Callable[..., Ran], subs: Path, vault: str) -> None:
    """Confirmed, recorded and copied: then, and with --yes, the local files go; empty folders stay."""
    ran = cli("archive", "Subs", "-v", vault, "--zip", "Bias", "-i", "inv.csv", "--delete-source", "--yes")
    assert ran.code == 0
    assert "10 files removed here" in ran.err
    assert not [path for path in subs.rglob("*") if path.is_file()]
    assert len(cli("ls", "--members", "-o", "json").rows) == 11


def test_archive_keeps_sources_when_a_copy_fails(cli: Callable[..., Ran], subs: Path, vault: str) -> None:
    """A copy that could not be written keeps every file here."""
    Path("copies").mkdir()
    Path("copies/inv.csv").write_text("this is no inventory\n")
    ran = cli(
        "archive", "Subs", "-v", vault, "-i", "inv.csv", "--inventory-copy", "copies", "--delete-source", "--yes"
    )  # fmt: skip
    assert ran.code == 1
    assert len([path for path in subs.rglob("*") if path.is_file()]) == 10


def test_archive_deletes_no_file_whose_bytes_changed_unseen(cli: Callable[..., Ran], subs: Path, vault: str) -> None:
    """A file of an earlier run with the same size and time but other bytes is archived anew before it goes."""
    assert cli("archive", "Subs/Bias", "-v", vault).code == 0
    path = subs / "Bias/b1.fit"
    status = path.stat()
    path.write_bytes(b"x" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    ran = cli("archive", "Subs/Bias", "-v", vault, "--delete-source", "--yes", "-o", "json")
    assert {row["file_path"]: row["outcome"] for row in ran.rows} == {
        "Subs/Bias/b1.fit": "archived",
        "Subs/Bias/b2.fit": "unchanged",
    }
    assert not path.exists()


def test_second_archive_run_is_told_who_is_busy(cli: Callable[..., Ran], subs: Path, vault: str, home: Path) -> None:
    """One run per catalog; the second names the first and ends with exit 5."""
    (home / "locks").mkdir()
    (home / "locks/archive.holder.json").write_text(
        json.dumps({"pid": 4711, "host": "observatory", "since": "2026-01-01T00:00:00.000Z"})
    )
    with FileLock(home / "locks/archive.lock"):
        ran = cli("archive", "Subs", "-v", vault)
    assert ran.code == 5
    assert "process 4711 on observatory, since 2026-01-01" in ran.err
    assert cli("archive", "Subs", "-v", vault).code == 0


def test_archive_carries_on_when_nobody_reads_its_rows(cli: Callable[..., Ran], subs: Path, vault: str) -> None:
    """`archive | head -1` archives everything all the same."""
    command = f"'{sys.executable}' -m coldframe archive Subs -v {vault} -o json | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert len(cli("ls", "-o", "json").rows) == 10


def test_names_that_would_steer_the_terminal_are_shown_as_escapes(
    cli: Callable[..., Ran], subs: Path, vault: str
) -> None:
    """No control or direction character reaches either stream of a table."""
    (subs / "link\x1b]0;pwned\x07").symlink_to("nowhere")
    ran = cli("archive", "Subs", "-v", vault)
    assert ran.code == 0
    assert not set(ran.out + ran.err) & set("\x1b\x07\u202e")
