"""Jobs from the command line: started, listed, and their outputs fetched."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from coldframe.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran

BLUE = "Subs/Light/Blue/M33_Light_Blue_180sec__1x1_frame2.fit"


def start(nouns: Callable[..., Ran], *words: str) -> str:
    """The ID of a job that was started."""
    ran = nouns("job", "start", "--vault", "astro", "-o", "json", *words)
    assert ran.code == Exit.DONE, ran.err
    return str(ran.rows[0]["job_id"])


def test_the_founding_pipeline_brings_each_file_once(
    nouns: Callable[..., Ran], pipe: Callable[..., Ran], night: Path
) -> None:
    """`job list … | job output …`: the description is the file name; what is there is not fetched again."""
    listed = nouns("ls", "Light", "--vault", "astro", "-o", "json")
    assert pipe(listed.out, "job", "start", "--vault", "astro", "--tier", "Bulk", "-").code == Exit.DONE
    rows = nouns("job", "list", "--vault", "astro", "--completed", "-o", "json")
    assert {row["tier"] for row in rows.rows} == {"Bulk"}
    fetched = pipe(rows.out, "job", "output", "--vault", "astro", "--into", "back", "-", "-o", "json")
    assert fetched.code == Exit.DONE, fetched.err
    assert {row["outcome"] for row in fetched.rows} == {"retrieved"}
    originals = {path.name: path.read_bytes() for path in (night / "Light").rglob("*.fit")}
    assert {path.name: path.read_bytes() for path in Path("back").iterdir()} == originals
    again = pipe(rows.out, "job", "output", "--vault", "astro", "--into", "back", "-", "-o", "json")
    assert ({row["outcome"] for row in again.rows}, "5 there already" in again.err) == ({"present"}, True)
    assert len(list(Path("back").iterdir())) == len(originals)


def test_rows_come_as_csv_and_as_powershell_makes_them(
    nouns: Callable[..., Ran], pipe: Callable[..., Ran], night: Path
) -> None:
    """And two jobs for the same bytes make one file."""
    ids = [start(nouns, BLUE), start(nouns, BLUE)]
    rows = nouns("job", "list", "--vault", "astro", "-o", "csv").out
    for number, text in enumerate([rows, json.dumps([{"JobId": each} for each in ids]), "\n".join(ids)]):
        ran = pipe(text, "job", "output", "--vault", "astro", "--into", f"back{number}", "-")
        assert ran.code == Exit.DONE, ran.err
        assert [path.name for path in Path(f"back{number}").iterdir()] == [Path(BLUE).name]


def test_a_name_never_leads_out_of_the_folder(nouns: Callable[..., Ran], night: Path) -> None:
    """A description is a stranger's word."""
    for name in ("../out.fit", "/no/out.fit", "a/../../out.fit", ".."):
        job = start(nouns, BLUE, "--description", name)
        ran = nouns("job", "output", "--vault", "astro", "--into", "back", "-o", "json", "--", job)
        assert (ran.code, ran.rows[0]["outcome"]) == (Exit.FAILED, "failed"), ran.err
    assert list(Path("back").iterdir()) == []
    assert not Path("out.fit").exists()
    job = start(nouns, BLUE, "--description", "deep/er/x.fit")
    assert nouns("job", "output", "--vault", "astro", "--into", "back", "--", job).code == Exit.DONE
    assert Path("back/deep/er/x.fit").read_bytes() == (night.parent / BLUE).read_bytes()


def test_a_different_file_in_the_way_is_kept(nouns: Callable[..., Ran], night: Path) -> None:
    """The new one gets another name; `--file` refuses; `--overwrite` replaces."""
    job = start(nouns, BLUE)
    there = Path("back") / Path(BLUE).name
    there.parent.mkdir()
    there.write_bytes(b"mine")
    ran = nouns("job", "output", "--vault", "astro", "--into", "back", "-o", "json", "--", job)
    assert ran.rows[0]["placed_as"].endswith("frame2 (2).fit")
    refused = nouns("job", "output", "--vault", "astro", "--file", str(there), "--", job)
    assert (refused.code, "--overwrite" in refused.err, there.read_bytes()) == (Exit.FAILED, True, b"mine")
    replaced = nouns("job", "output", "--vault", "astro", "--file", str(there), "--overwrite", "--", job)
    assert (replaced.code, there.read_bytes()) == (Exit.DONE, (night.parent / BLUE).read_bytes())


def test_ranges_of_archives_and_of_outputs(nouns: Callable[..., Ran], night: Path) -> None:
    """Both ends are included, as in the protocol."""
    whole = (night / "Light/Blue/M33_Light_Blue_180sec__1x1_frame3.fit").read_bytes()
    assert len(whole) > 1024 * 1024
    path = BLUE.replace("frame2", "frame3")
    job = start(nouns, path, "--range", "0-1048575", "--description", "piece.fit")
    assert nouns("job", "show", "--vault", "astro", "-o", "json", "--", job).rows[0]["size"] == 1024 * 1024
    assert nouns("job", "output", "--vault", "astro", "--into", "back", "--", job).code == Exit.DONE
    assert Path("back/piece.fit").read_bytes() == whole[: 1024 * 1024]
    job = start(nouns, path)
    ran = nouns("job", "output", "--vault", "astro", "--file", "some", "--range", "1000-1009", "-o", "json", "--", job)
    assert (Path("some").read_bytes(), "no tree hash" in ran.rows[0]["detail"]) == (whole[1000:1010], True)
    beyond = nouns("job", "output", "--vault", "astro", "--file", "x", "--range", "9000000-9000001", "--", job)
    assert (beyond.code, "none of them" in beyond.err) == (Exit.USAGE, True)


def test_inventories_come_in_both_forms(nouns: Callable[..., Ran], night: Path) -> None:
    """With a limit too, and to standard output."""
    job = start(nouns, "--inventory", "--format", "csv", "--limit", "2", "--description", "astro.csv")
    assert nouns("job", "output", "--vault", "astro", "--into", "back", "--", job).code == Exit.DONE
    with Path("back/astro.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) <= 2
    job = start(nouns, "--inventory", "--start-date", "2001-01-01", "--end-date", "2002-01-01T00:00:00Z")
    poured = nouns("job", "output", "--vault", "astro", "--file", "-", "--", job)
    assert json.load(io.StringIO(poured.out))["ArchiveList"] == []
    for _ in range(2):
        assert nouns("job", "output", "--vault", "astro", "--into", "other", "--", job).code == Exit.DONE
    assert [path.suffix for path in Path("other").iterdir()] == [".json"]
    asked = nouns("job", "show", "--vault", "astro", "-o", "json", "--", job).rows[0]
    assert asked["inventory_retrieval_parameters"]["start_date"] == "2001-01-01T00:00:00.000Z"


def test_a_rehearsal_starts_nothing(nouns: Callable[..., Ran], night: Path) -> None:
    """And a job that is not there is told."""
    assert "Would start 1 job" in nouns("job", "start", "--vault", "astro", BLUE, "--dry-run").err
    assert nouns("job", "list", "--vault", "astro").code == Exit.NOTHING_MATCHED
    ran = nouns("job", "output", "--vault", "astro", "--into", "back", "no-such-job")
    assert (ran.code, "no job no-such-job" in ran.err) == (Exit.FAILED, True)
    assert nouns("job", "show", "--vault", "astro", "no-such-job").code == Exit.NOTHING_MATCHED


def test_what_is_not_ready_is_told(cli: Callable[..., Ran], archived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 9, as with `retrieve --wait`; what is ready comes all the same."""
    ready = start(cli, BLUE)
    monkeypatch.setenv("COLDFRAME_TIERS", "amazon")
    waiting = start(cli, BLUE, "--tier", "bulk")
    status = cli("job", "list", "--vault", "astro", "--status", "inprogress", "-o", "json").rows
    assert [(row["job_id"], row["tier"]) for row in status] == [(waiting, "Bulk")]
    assert cli("job", "list", "--vault", "astro", "--not-completed", "--limit", "1", "-o", "json").rows == status
    ran = cli("job", "output", "--vault", "astro", "--into", "back", "--", waiting, ready)
    assert (ran.code, "not ready yet" in ran.err) == (Exit.NOT_READY, True)
    assert (Path("back") / Path(BLUE).name).is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("start", "--vault", "astro"), "Give at least one archive ID"),
        (("start", "--vault", "astro", "--format", "CSV", "x"), "add --inventory"),
        (("start", "--vault", "astro", "--inventory", "--tier", "Bulk"), "belongs to archives"),
        (("start", "--vault", "astro", "--inventory", "x"), "not both"),
        (("start", "--vault", "astro", "--range", "5-1", "x"), "both included"),
        (("start", "--vault", "astro", "--inventory", "--end-date", "soon"), "is no date"),
        (("start", "--vault", "astro", "no/such/path"), "neither an archive ID nor"),
        (("output", "--vault", "astro", "x"), "--into FOLDER or --file FILE"),
        (("output", "--vault", "astro", "--file", "f", "x", "y"), "one job"),
        (("output", "--vault", "astro", "--into", "f", "--range", "0-1", "x"), "add --file"),
        (("list", "--vault", "astor"), "Did you mean astro?"),
        (("list",), "Which vault?"),
        (("list", "--vault", "astro", "--statsu", "Failed"), "--status"),
    ],
)
def test_wrong_words_are_told(nouns: Callable[..., Ran], words: tuple[str, ...], told: str) -> None:
    """What, and what to write instead."""
    ran = nouns("job", *words)
    assert ran.code in {Exit.USAGE, Exit.FAILED, Exit.NOTHING_MATCHED}
    assert told in ran.err
