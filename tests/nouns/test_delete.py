"""Archives deleted from the command line: named, asked about, and out of the catalog."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog.deleting import Deletions
from coldframe.cli.exits import Exit
from coldframe.composition import open_coldframe
from coldframe.composition.archives import find_archives
from coldframe.composition.deleting import delete_archives
from coldframe.errors import ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran

BLUE = "Subs/Light/Blue/M33_Light_Blue_180sec__1x1_frame2.fit"


def paths(nouns: Callable[..., Ran]) -> set[str]:
    """What the catalog lists."""
    return {row["file_path"] for row in nouns("ls", "--vault", "astro", "-o", "json").rows}


def test_archives_go_by_path_and_by_id(nouns: Callable[..., Ran], pipe: Callable[..., Ran], night: Path) -> None:
    """From the vault and from the catalog; archiving again brings them back."""
    before = paths(nouns)
    asked = nouns("delete", BLUE, "--vault", "astro")
    assert (asked.code, "for ever" in asked.err, paths(nouns)) == (Exit.USAGE, True, before)
    rehearsed = nouns("delete", BLUE, "Subs/Bias.zip", "--vault", "astro", "--dry-run", "-o", "json")
    assert [row["outcome"] for row in rehearsed.rows] == ["would delete"] * 2
    assert "2 files in zips" in rehearsed.err
    ran = nouns("delete", BLUE, "--vault", "astro", "--yes", "-o", "json")
    assert (ran.code, ran.rows[0]["file_path"]) == (Exit.DONE, BLUE), ran.err
    red = nouns("ls", "Red", "--vault", "astro", "-o", "json")
    assert pipe(red.out, "delete", "--vault", "astro", "--yes", "-").code == Exit.DONE
    gone = {BLUE, *(row["file_path"] for row in red.rows)}
    assert paths(nouns) == before - gone
    again = nouns("archive", "Subs", "--vault", "astro", "--zip", "Bias", "-o", "json")
    assert {row["file_path"] for row in again.rows if row["outcome"] == "archived"} == gone
    assert paths(nouns) == before


def test_an_archive_with_several_paths_is_told(nouns: Callable[..., Ran], night: Path) -> None:
    """A copy is not an archive of its own, and goes with it."""
    (night / "copy.fit").write_bytes((night.parent / BLUE).read_bytes())
    assert nouns("archive", "Subs", "--vault", "astro", "--zip", "Bias").code == Exit.DONE
    ran = nouns("delete", "Subs/copy.fit", "--vault", "astro", "--yes")
    assert (ran.code, BLUE in ran.err) == (Exit.DONE, True)
    assert paths(nouns).isdisjoint({BLUE, "Subs/copy.fit"})


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("no/such.fit",), Exit.NOTHING_MATCHED, "neither an archive ID nor"),
        (("Subs/Light/*",), Exit.NOTHING_MATCHED, "neither"),
        (("Subs/Bias/b1.fit",), Exit.USAGE, "inside a zip"),
        ((), Exit.USAGE, "ARCHIVE"),
    ],
)
def test_what_names_no_archive_deletes_nothing(
    nouns: Callable[..., Ran], night: Path, words: tuple[str, ...], code: Exit, told: str
) -> None:
    """Not even the others on the line."""
    before = paths(nouns)
    ran = nouns("delete", *([BLUE] if words else []), *words, "--vault", "astro", "--yes")
    assert (ran.code, told in ran.err) == (code, True), ran.err
    assert paths(nouns) == before


def test_what_a_lock_protects_stays_in_the_catalog(nouns: Callable[..., Ran], night: Path) -> None:
    """The store's word counts."""
    arn = nouns("vault", "show", "astro", "-o", "json").rows[0]["vault_arn"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": "glacier:DeleteArchive", "Resource": arn}
    Path("lock.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}), encoding="utf-8")
    assert nouns("vault", "lock", "initiate", "astro", "lock.json").code == Exit.DONE
    before = paths(nouns)
    ran = nouns("delete", BLUE, "--vault", "astro", "--yes", "-o", "json")
    assert (ran.code, ran.rows[0]["outcome"], "still there" in ran.err) == (Exit.FAILED, "failed", True)
    assert paths(nouns) == before


def test_a_deletion_that_was_cut_off_is_finished(cli: Callable[..., Ran], archived: Path) -> None:
    """A catalog never goes on listing what is gone: else an archive run would take the file for safe."""
    with open_coldframe() as coldframe:
        (archive,) = find_archives(coldframe, "astro", [BLUE])
        Deletions(coldframe.catalog.database, coldframe.store.identity).begin("astro", [archive.archive_id])
        coldframe.store.delete_archive("astro", archive.archive_id)  # and here the power went
    ran = cli("archive", "Subs", "--vault", "astro", "--zip", "Bias", "--zip", "Flat", "-o", "json")
    assert [row["file_path"] for row in ran.rows if row["outcome"] == "archived"] == [BLUE], ran.err


def test_when_the_store_breaks_off_the_rest_is_kept(
    cli: Callable[..., Ran], archived: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the archive that was asked for may be gone; what was not asked for is not deleted later."""
    with open_coldframe() as coldframe:
        red = "Subs/Light/Red/M33_Light_Red_180sec__1x1_frame1.fit"
        archives = find_archives(coldframe, "astro", [BLUE, red])

        def fail(_vault_name: str, _archive_id: str) -> None:
            raise ServiceUnavailable("away")

        monkeypatch.setattr(coldframe.store, "delete_archive", fail)
        with pytest.raises(ServiceUnavailable):
            list(delete_archives(coldframe, archives))
        pending = Deletions(coldframe.catalog.database, coldframe.store.identity).pending()
        assert pending == [("astro", archives[0].archive_id)]
