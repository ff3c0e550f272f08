"""The whole workflow on a server, with nothing changed but the store's URL (design 1.1)."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.conftest import same_tree
from coldframe.quantities import format_duration
from remote.conftest import use_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran
    from coldframe.wire.access import Key
    from remote.conftest import Served

_ZIPS = ("--zip", "Bias", "--zip", "Flat")


@pytest.fixture
def archived(cli: Callable[..., Ran], url: str, subs: Path) -> Path:
    """A night, archived in the vault `astro` of the server with its inventory in `inv.csv`."""
    assert cli("vault", "create", "astro").code == 0
    ran = cli("archive", "Subs", "--vault", "astro", *_ZIPS, "--inventory", "inv.csv", "--part-size", "1MiB")
    assert ran.code == 0, ran.err
    return subs


def test_night_goes_to_the_server_and_comes_back(cli: Callable[..., Ran], archived: Path, url: str) -> None:
    """Archive, keep a CSV, retrieve one filter by it, then all by a pattern: byte for byte, at once and free."""
    with open("inv.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["Store"] for row in rows} != {""}
    ran = cli("retrieve", "--inventory", "inv.csv", "--match", "*Blue*", "--into", "blue", "--wait", "--yes")
    assert ran.code == 0, ran.err
    assert "free" in ran.err
    assert same_tree(archived / "Light/Blue", Path("blue/Subs/Light/Blue"))
    ran = cli("retrieve", "*", "--members", "--into", "back", "--tier", "Bulk", "--yes", "-o", "json")
    assert ran.code == 0, ran.err
    for zipped in Path("back/Subs").glob("*.zip"):
        zipped.unlink()
    assert same_tree(archived, Path("back/Subs"))
    assert {row["store_url"] for row in cli("orders", "list", "-o", "json").rows} == {url}
    assert cli("watch").code == 0


def test_second_run_sends_nothing(cli: Callable[..., Ran], archived: Path, served: Served, key: Key) -> None:
    """What is archived already is skipped; what was moved is recorded."""
    sent = len(served.requests(key, "UploadArchive"))
    ran = cli("archive", "Subs", "-v", "astro", *_ZIPS, "-o", "json")
    assert {row["outcome"] for row in ran.rows} == {"unchanged"}
    archived.rename(archived.parent / "Moved")
    ran = cli("archive", "Moved/Light", "-v", "astro", "-o", "json")
    assert {row["outcome"] for row in ran.rows} == {"recorded"}
    assert len(served.requests(key, "UploadArchive")) == sent


def test_one_member_of_a_zip_comes_back_alone(cli: Callable[..., Ran], archived: Path) -> None:
    """A range of the bundle is all that is retrieved."""
    assert cli("retrieve", "b2.fit", "--into", "back", "--yes").code == 0
    (path,) = [path for path in Path("back").rglob("*") if path.is_file()]
    assert path.read_bytes() == (archived / "Bias/b2.fit").read_bytes()


def test_everything_comes_back_out_of_a_rebuilt_catalog(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """A lost catalog is rebuilt from the vault's inventory, and from the bundles themselves."""
    for path in home.glob("catalog.sqlite*"):
        path.unlink()
    assert cli("ls").code == 4
    assert "Would bring" in cli("inventory", "rebuild", "--vault", "astro", "--dry-run").err
    assert cli("inventory", "rebuild", "--vault", "astro", "--members").code == 2  # nobody is there to ask
    ran = cli("inventory", "rebuild", "--vault", "astro", "--members", "--yes")
    assert ran.code == 0, ran.err
    assert "3 members of 2 bundles" in ran.err
    assert cli("retrieve", "b1.fit", "--into", "back", "--yes").code == 0
    assert cli("inventory", "import", "inv.csv").code == 0


def test_verify_compares_files_and_vault(cli: Callable[..., Ran], archived: Path) -> None:
    """Local files against the catalog, and the catalog against the vault's own inventory."""
    assert cli("verify", "Subs", "-v", "astro").code == 0
    assert cli("verify", "-v", "astro").code == 0
    (archived / "Bias/b1.fit").write_bytes(b"changed")
    assert cli("verify", "Subs", "-v", "astro").code == 3


def test_what_the_keeper_alone_can_do_is_refused(cli: Callable[..., Ran], archived: Path, url: str) -> None:
    """Hashing a server's blobs is the server's work: a usage error, in words."""
    ran = cli("verify", "--deep")
    assert ran.code == 2
    assert url in ran.err
    assert "folder of the store" in ran.err


def test_cleanup_aborts_what_others_left(cli: Callable[..., Ran], archived: Path) -> None:
    """Uploads that no catalog would resume are listed and aborted; the server sweeps for itself."""
    opened = cli("api", "InitiateMultipartUpload", "--vault-name", "astro", "--part-size", "1048576", "-o", "json")
    assert opened.code == 0
    ran = cli("cleanup", "--dry-run", "-o", "json")
    assert [row["upload_id"] for row in ran.rows] == [opened.rows[0]["uploadId"]]
    assert "Would remove" not in ran.err
    assert "1 upload" in cli("cleanup", "--yes").err
    assert cli("cleanup", "-o", "json").rows == []


def test_vaults_are_made_listed_shown_and_deleted(cli: Callable[..., Ran], url: str) -> None:
    """The containers of archives; a name that is nearly right gets a hint."""
    assert "Would create" in cli("vault", "create", "astro", "--dry-run").err
    assert cli("vault", "list").code == 4
    assert url in cli("vault", "create", "astro").err
    assert [row["vault_name"] for row in cli("vault", "list", "-o", "json").rows] == ["astro"]
    assert cli("vault", "show", "astro").code == 0
    assert "mean astro" in cli("archive", ".", "-v", "astra").err
    assert cli("vault", "delete", "astro", "--yes").code == 0
    assert cli("vault", "list").code == 4


def test_catalog_is_read_without_the_server(
    cli: Callable[..., Ran], archived: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ls` and `inventory export` of a store that cannot be reached work from what is known of it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody's")
    assert len(cli("ls", "--store", url, "-o", "json").rows) == 9
    assert cli("inventory", "export", "all.csv", "--store", url).code == 0
    assert cli("vault", "list").code == 6


@pytest.mark.usefixtures("url")
def test_archive_of_a_server_is_known_on_its_folder(
    cli: Callable[..., Ran],
    served: Served,
    make_key: Callable[..., Key],
    subs: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A store is one store, through whichever door: what went in by the server comes out of the folder (ADR 29)."""
    use_key(monkeypatch, make_key(account_id="000000000000"))
    assert cli("vault", "create", "both").code == 0
    assert cli("archive", "Subs/Light", "-v", "both").code == 0
    monkeypatch.setenv("COLDFRAME_STORE", str(served.folder))
    ran = cli("archive", "Subs/Light", "-v", "both", "-o", "json")
    assert {row["outcome"] for row in ran.rows} == {"unchanged"}
    assert cli("retrieve", "Blue", "-v", "both", "--into", "back", "--yes").code == 0
    assert same_tree(subs / "Light/Blue", Path("back/Subs/Light/Blue"))


def test_store_that_tells_no_waits_tells_no_moment(
    cli: Callable[..., Ran], archived: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody here knows when a server's jobs are ready; how long the download takes is known with the line's rate."""
    for command in (("estimate", "retrieve", "Blue"), ("retrieve", "Blue", "--into", "back", "--dry-run")):
        assert all(row["ready_at"] is row["here_at"] is None for row in cli(*command, "-o", "json").rows)
        table = cli(*command).out.splitlines()
        assert "READY BY" in table[0]
        assert "HERE BY" in table[0]
        assert all(line.count("unknown") == 2 for line in table[1:])
    assert "what your line brings was not measured yet" in cli("estimate", "retrieve", "Blue").err
    monkeypatch.setenv("COLDFRAME_DOWNLOAD_RATE", "1KiB/s")
    ran = cli("estimate", "retrieve", "Blue", "-o", "json")
    size = ran.rows[0]["job_size"]
    assert f"The download at 1.0 KiB/s takes {format_duration(size / 1024)}, if it begins now." in ran.err
