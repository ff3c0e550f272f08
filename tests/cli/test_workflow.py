"""The founding workflow: a night goes in, the blue lights come back, byte for byte."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from cli.conftest import same_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran


def test_founding_workflow_brings_back_the_blue_lights(cli: Callable[..., Ran], archived: Path) -> None:
    """Archive a tree with zipped calibration folders, keep a CSV, retrieve one filter by it (design 1.2)."""
    with open("inv.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:3] == ["FilePath", "ArchiveId", "Checksum"]
    assert len({row["ArchiveId"] for row in rows}) == 9

    ran = cli("retrieve", "--inventory", "inv.csv", "--match", "*Blue*", "--into", "back", "--wait", "--yes")
    assert ran.code == 0, ran.err
    assert "3 files retrieved" in ran.err
    assert same_tree(archived / "Light/Blue", Path("back/Subs/Light/Blue"))
    assert not Path("back/Subs/Light/Red").exists()


def test_everything_comes_back_out_of_a_rebuilt_catalog(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """A lost catalog is rebuilt from the vault and the inventory CSV; then every file returns (design I9)."""
    for path in home.glob("catalog.sqlite*"):
        path.unlink()
    assert cli("ls").code == 4
    assert cli("inventory", "rebuild", "--vault", "astro").code == 0
    assert cli("inventory", "import", "inv.csv").code == 0
    ran = cli("retrieve", "*", "--members", "--into", "back", "--yes")
    assert ran.code == 0, ran.err
    for zipped in Path("back/Subs").glob("*.zip"):
        zipped.unlink()
    assert same_tree(archived, Path("back/Subs"))


def test_second_archive_run_sends_nothing(cli: Callable[..., Ran], archived: Path) -> None:
    """What is archived already is skipped, and the inventory gets no second row."""
    before = Path("inv.csv").read_bytes()
    ran = cli("archive", "Subs", "-v", "astro", "--zip", "Bias", "--zip", "Flat", "-i", "inv.csv", "-o", "json")
    assert ran.code == 0
    assert {row["outcome"] for row in ran.rows} == {"unchanged"}
    assert Path("inv.csv").read_bytes() == before


def test_retrieving_again_verifies_and_starts_nothing(cli: Callable[..., Ran], archived: Path) -> None:
    """A file that is there and right is not retrieved a second time; nobody is asked."""
    assert cli("retrieve", "Blue", "--into", "back", "--yes").code == 0
    ran = cli("retrieve", "Blue", "--into", "back", "-o", "json")
    assert ran.code == 0
    assert {row["outcome"] for row in ran.rows} == {"present"}
    assert len(cli("orders", "list", "-o", "json").rows) == 1


def test_one_member_of_a_zip_comes_back_alone(cli: Callable[..., Ran], archived: Path) -> None:
    """A bias frame inside Bias.zip needs only its own bytes."""
    ran = cli("retrieve", "b2.fit", "--into", "back", "--yes", "-o", "json")
    assert ran.code == 0
    (path,) = [path for path in Path("back").rglob("*") if path.is_file()]
    assert path.read_bytes() == (archived / "Bias/b2.fit").read_bytes()


def test_ids_flow_from_ls_to_retrieve(cli: Callable[..., Ran], program: Callable[..., Ran], archived: Path) -> None:
    """`ls -o json | retrieve -` works, and so does CSV (design 1.3)."""
    for form in ("json", "csv"):
        listed = cli("ls", "Red", "-o", form).out
        ran = program("retrieve", "-", "--into", form, "--yes", stdin=listed)
        assert ran.code == 0, ran.err
        assert same_tree(archived / "Light/Red", Path(form) / "Subs/Light/Red")


def test_mover_of_a_folder_pays_nothing_twice(cli: Callable[..., Ran], archived: Path) -> None:
    """Moved files are recorded under their new path without being sent."""
    archived.rename(archived.parent / "Moved")
    ran = cli("archive", "Moved", "--vault", "astro", "--exclude", "Bias", "--exclude", "Flat", "-o", "json")
    assert ran.code == 0
    assert {row["outcome"] for row in ran.rows} == {"recorded"}
