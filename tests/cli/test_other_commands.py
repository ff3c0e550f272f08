"""vault, ls, orders, watch, verify, cleanup, inventory: success, refusal, forms, exit codes."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import coldframe
from cli.conftest import same_tree
from coldframe.catalog import ArchiveRecord, Entry, Kind
from coldframe.cli.entries import query_text
from coldframe.clock import SystemClock
from coldframe.model import MIB
from coldframe.testing.bodies import BytesBody
from coldframe.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran


# --- vault ------------------------------------------------------------------------------------------------------------


def test_vault_is_created_shown_listed_and_deleted(cli: Callable[..., Ran]) -> None:
    """The life of a vault, from a store that is not there to an empty one."""
    assert cli("vault", "list").code == 1
    assert cli("vault", "create", "b").code == 0
    assert cli("vault", "create", "a").code == 0
    assert [row["vault_name"] for row in cli("vault", "list", "-o", "json").rows] == ["a", "b"]
    assert cli("vault", "show", "a").out.splitlines()[1].startswith("a ")
    assert cli("vault", "delete", "a").code == 2  # there is nobody to ask
    assert cli("vault", "delete", "a", "--dry-run").code == 0
    assert cli("vault", "delete", "a", "--yes").code == 0
    assert [row["vault_name"] for row in csv.DictReader(cli("vault", "list", "-o", "csv").out.splitlines())] == ["b"]
    assert cli("vault", "delete", "b", "--yes").code == 0
    assert cli("vault", "list").code == 4
    assert cli("vault", "show", "b").code == 1


def test_vault_that_holds_archives_is_not_deleted(cli: Callable[..., Ran], archived: Path) -> None:
    """Only an empty vault goes."""
    ran = cli("vault", "delete", "astro", "--yes")
    assert ran.code == 1
    assert "only an empty vault" in ran.err


def test_vault_create_dry_run_makes_nothing(cli: Callable[..., Ran], home: Path) -> None:
    """Not even the store."""
    assert cli("vault", "create", "astro", "-n").code == 0
    assert not (home / "store").exists()


# --- ls ---------------------------------------------------------------------------------------------------------------


def test_ls_finds_by_words_and_by_pattern(cli: Callable[..., Ran], archived: Path) -> None:
    """Words must all occur, in any case; a pattern matches like a shell's."""
    assert len(cli("ls", "blue", "FRAME1", "-o", "json").rows) == 1
    assert len(cli("ls", "Light/*_Blue_*", "-o", "json").rows) == 3
    assert len(cli("ls", "-o", "json").rows) == 9
    assert len(cli("ls", "--members", "-o", "json").rows) == 12


def test_ls_that_finds_nothing_is_exit_four(cli: Callable[..., Ran], archived: Path) -> None:
    """Nothing matched; nothing on standard output."""
    ran = cli("ls", "M31")
    assert (ran.code, ran.out) == (4, "")
    assert cli("ls", "Blue", "--vault", "other").code == 4


def test_ls_takes_a_path_as_a_shell_completes_it(cli: Callable[..., Ran], archived: Path) -> None:
    """`./` and a slash at the end are no reason to find nothing."""
    assert len(cli("ls", "./Subs/Light/Blue/", "-o", "json").rows) == 3


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ([r".\Subs\Light"], "./Subs/Light"),
        ([r"D:\Astro", "Blue"], "D/Astro Blue"),
        ([r"Light\*_Blue_*"], "Light/*_Blue_*"),
    ],
)
def test_words_typed_on_windows_are_paths_as_the_catalog_writes_them(typed: list[str], text: str) -> None:
    """A backslash separates there; a drive is a folder."""
    assert query_text(typed, separator="\\") == text
    assert query_text([r"odd\name"], separator="/") == r"odd\name"


def test_misspelled_vault_is_told_of(cli: Callable[..., Ran], archived: Path) -> None:
    """Finding nothing in a vault that nobody knows is another thing than finding nothing."""
    assert "knows no archive of a vault astor. Did you mean astro?" in cli("ls", "Blue", "-v", "astor").err
    assert "coldframe inventory rebuild --vault other" in cli("ls", "Blue", "-v", "other").err
    ran = cli("retrieve", "Blue", "-v", "astor", "--into", "back", "--yes")
    assert (ran.code, ran.out) == (4, "")
    assert "Did you mean astro?" in ran.err
    assert "Nothing that is archived matches." in cli("retrieve", "M31", "-v", "astro", "--into", "back", "--yes").err


def test_several_words_that_no_path_has_together_are_told(cli: Callable[..., Ran], archived: Path) -> None:
    """Whoever names two files gets neither."""
    assert "all of these words in its path" in cli("ls", "frame1", "frame2").err
    ran = cli("retrieve", "frame1", "frame2", "--into", "back", "--yes")
    assert (ran.code, ran.out) == (4, "")
    assert "all words must occur in one path." in ran.err


def test_ls_with_several_patterns_is_told_about_quotes(cli: Callable[..., Ran], archived: Path) -> None:
    """What a shell has expanded is not what was meant."""
    assert cli("ls", "a*", "b*").code == 2


def test_ls_long_shows_the_whole_archive_id(cli: Callable[..., Ran], archived: Path) -> None:
    """IDs and tree hashes stand whole on lines of their own."""
    (row,) = cli("ls", "Blue", "frame2", "-o", "json").rows
    out = cli("ls", "Blue", "frame2", "--long").out
    assert row["archive_id"] in out
    assert row["tree_hash"] in out


def test_ls_all_versions_shows_older_ones(cli: Callable[..., Ran], archived: Path) -> None:
    """The newest hides the others unless they are asked for."""
    (archived / "Bias/b1.fit").write_bytes(b"new")
    (archived / "Light/Red/M33_Light_Red_180sec__1x1_frame1.fit").write_bytes(b"new")
    assert cli("archive", "Subs/Light", "-v", "astro").code == 0
    assert len(cli("ls", "Red", "frame1", "-o", "json").rows) == 1
    assert len(cli("ls", "Red", "frame1", "-a", "-o", "json").rows) == 2


def test_ls_of_one_store_needs_that_store(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """--store narrows the list to one store; one that is not there is an error."""
    assert len(cli("ls", "--store", str(home / "store"), "-o", "json").rows) == 9
    assert cli("ls", "--store", str(home / "other")).code == 1
    assert cli("ls", "--store", "s3://bucket").code == 2


def test_store_that_has_gone_is_not_taken_for_one_that_never_was(
    cli: Callable[..., Ran], archived: Path, home: Path
) -> None:
    """A disk that is not mounted: whoever is told to make a vault makes an empty store in its place."""
    (home / "store").rename(home / "moved")
    for command in (
        ["vault", "list"],
        ["archive", "Subs", "-v", "astro"],
        ["retrieve", "Blue", "--into", "b", "--yes"],
    ):
        ran = cli(*command)
        assert (ran.code, ran.out) == (1, "")
        assert f"not in {home / 'store'} any more" in ran.err
        assert "vault create" not in ran.err
    assert len(cli("ls", "Blue", "-o", "json").rows) == 3
    assert cli("retrieve", "Blue", "--into", "b", "--yes", "--store", str(home / "moved")).code == 0


def test_empty_catalog_says_how_a_lost_one_comes_back(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """Nothing is archived, or everything is and nobody remembers."""
    (home / "catalog.sqlite").unlink()
    ran = cli("ls")
    assert ran.code == 4
    assert "coldframe inventory rebuild --vault NAME" in ran.err


# --- orders and watch -------------------------------------------------------------------------------------------------


def test_orders_without_a_verb_take_a_form(cli: Callable[..., Ran], archived: Path) -> None:
    """As `orders list` does; with another verb the form is that verb's own."""
    assert cli("retrieve", "Blue", "--into", "b", "--yes").code == 0
    assert [row["state"] for row in cli("orders", "-o", "json").rows] == ["done"]
    assert cli("orders", "-o", "csv").out == cli("orders", "list", "-o", "csv").out
    ran = cli("orders", "-o", "json", "show", "1")
    assert (ran.code, ran.out) == (2, "")
    assert "Write --output behind `show`." in ran.err


@pytest.mark.parametrize("number", ["x", "0", "-1", "1.5", "9" * 40])
def test_order_that_is_no_number_is_told_what_to_write(cli: Callable[..., Ran], number: str) -> None:
    """In our words, not in those of a parser."""
    for verb in ("show", "cancel", "resume"):
        ran = cli("orders", verb, "--", number)
        assert ran.code == 2
        assert f"'{number}' is no order: write its number; `coldframe orders` lists them." in ran.err


def test_orders_are_listed_shown_and_given_up(
    cli: Callable[..., Ran], archived: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that must wait is open until it is done or given up."""
    assert cli("orders").code == 4
    monkeypatch.setenv("COLDFRAME_TIERS", "amazon")
    ran = cli("retrieve", "Blue", "--into", "back", "--yes")
    assert ran.code == 0
    assert "coldframe watch" in ran.err
    (order,) = cli("orders", "list", "--open", "-o", "json").rows
    assert (order["order_number"], order["state"], order["files"], order["jobs_in_progress"]) == (1, "open", 3, 3)
    assert len(cli("orders", "show", "1", "-o", "json").rows) == 3
    assert cli("orders", "show", "2").code == 4
    assert cli("orders", "cancel", "1").code == 2
    assert cli("orders", "cancel", "1", "--dry-run").code == 0
    assert cli("orders", "cancel", "1", "--yes").code == 0
    assert cli("orders", "list", "--open").code == 4
    assert cli("orders").code == 0


def test_same_command_carries_an_open_order_on(
    cli: Callable[..., Ran], archived: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking again for the same starts no second order and no second job."""
    monkeypatch.setenv("COLDFRAME_TIERS", "amazon")
    assert cli("retrieve", "Blue", "--into", "back", "--yes").code == 0
    ran = cli("retrieve", "Blue", "--into", "back")
    assert ran.code == 0
    assert "Order 1 is open for this already" in ran.err
    assert len(cli("orders", "list", "-o", "json").rows) == 1
    assert cli("retrieve", "Blue", "--into", "back", "--wait", "0s").code == 9


def test_watch_once_fetches_what_is_ready(
    cli: Callable[..., Ran], archived: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round before the time is exit 9; a round after it ends the order."""
    assert cli("watch").code == 0
    monkeypatch.setenv("COLDFRAME_TIERS", "amazon")
    assert cli("retrieve", "Blue", "--into", "back", "--tier", "Expedited", "--yes").code == 0
    assert cli("watch", "--once").code == 9
    later = LateClock()
    monkeypatch.setattr("coldframe.composition.library.SystemClock", lambda: later)
    ran = cli("watch", "-o", "json")
    assert ran.code == 0, ran.err
    assert {row["outcome"] for row in ran.rows} == {"retrieved"}
    assert same_tree(archived / "Light/Blue", Path("back/Subs/Light/Blue"))
    assert cli("orders", "list", "--open").code == 4


def test_watch_keeps_to_a_rate(cli: Callable[..., Ran], archived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of its flag, always or by the time of the day; the flag outranks the configuration."""
    for into, flag, rate in (("a", "64K", 64), ("b", "08:00-23:00=32K,*=32K", 32), ("c", "full", None)):
        monkeypatch.setenv("COLDFRAME_TIERS", "amazon")
        monkeypatch.setenv("COLDFRAME_LIMIT_RATE", "1K")
        assert cli("retrieve", "Blue", "--into", into, "--tier", "Expedited", "--yes").code == 0
        size = cli("orders", "list", "--open", "-o", "json").rows[0]["size"]
        clock = FakeClock(SystemClock().now() + timedelta(hours=1))
        with monkeypatch.context() as later:
            later.setattr("coldframe.composition.library.SystemClock", lambda clock=clock: clock)
            began = clock.monotonic()
            ran = cli("watch", "--limit-rate", flag)
            assert ran.code == 0, ran.err
            expected = 0 if rate is None else size / (rate * 1024)
            assert clock.monotonic() - began == pytest.approx(expected, abs=max(3, expected / 3))
    assert cli("watch", "--limit-rate", "08:00-23:00").code == 2


def test_watch_serves_the_orders_of_every_store(
    cli: Callable[..., Ran], archived: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An order knows its store; one watch carries all of them on, whichever store the settings name."""
    other = str(tmp_path / "other-disk")
    assert cli("vault", "create", "spare", "--store", other).code == 0
    assert cli("archive", "Subs/Light/Red", "-v", "spare", "--store", other).code == 0
    monkeypatch.setenv("COLDFRAME_TIERS", "amazon")
    for store, words in ((other, "Red"), (None, "Blue")):
        flags = ["--store", store] if store else []
        assert cli("retrieve", words, "--into", words, "--tier", "Expedited", "--yes", *flags).code == 0
    assert len(cli("orders", "list", "--open", "-o", "json").rows) == 2
    late = LateClock()
    monkeypatch.setattr("coldframe.composition.library.SystemClock", lambda: late)
    assert cli("watch").code == 0
    assert same_tree(archived / "Light/Red", Path("Red/Subs/Light/Red"))
    assert same_tree(archived / "Light/Blue", Path("Blue/Subs/Light/Blue"))


class LateClock(SystemClock):
    """The machine's clock, ten minutes later."""

    def now(self) -> datetime:
        """Ten minutes from now."""
        return super().now() + timedelta(minutes=10)


# --- retrieve ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["retrieve", "Blue"], 2, "--into"),
        (["retrieve", "--into", "back"], 2, "QUERY"),
        (["retrieve", "Blue", "--into", "back"], 2, "--yes"),
        (["retrieve", "M31", "--into", "back", "--yes"], 4, "matches"),
        (["retrieve", "Blue", "--match", "x", "--into", "back"], 2, "--inventory"),
        (["retrieve", "Blue", "--inventory", "inv.csv", "--into", "back"], 2, "not several"),
        (["retrieve", "Blue", "--tier", "fast", "--into", "back"], 2, "Expedited, Standard, Bulk"),
        (["retrieve", "Blue", "--max-cost", "much", "--into", "back"], 2, "US dollars"),
        (["retrieve", "--archive-id", "nonsense", "--into", "back", "--yes"], 4, "knows no archive nonsense"),
    ],
)
def test_retrieve_refuses_what_makes_no_sense(
    cli: Callable[..., Ran], archived: Path, arguments: list[str], code: int, told: str
) -> None:
    """Each refusal says why, and nothing is ordered."""
    ran = cli(*arguments)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err
    assert cli("orders").code == 4


def test_retrieve_dry_run_prints_the_offers(cli: Callable[..., Ran], archived: Path) -> None:
    """Price and time per tier, as data; nothing is ordered."""
    rows = cli("retrieve", "Blue", "--into", "back", "--dry-run", "-o", "json").rows
    assert [row["tier"] for row in rows] == ["Expedited", "Standard", "Bulk"]
    assert rows[0]["files"] == 3
    assert cli("orders").code == 4
    assert not Path("back").exists()


def test_retrieve_leaves_a_different_file_alone(cli: Callable[..., Ran], archived: Path) -> None:
    """What is in the way is kept unless --overwrite says otherwise."""
    path = Path("back/Subs/notes/empty.txt")
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    cli("retrieve", "empty", "--into", "back", "--yes")
    assert path.read_text() == "mine"
    assert cli("retrieve", "empty", "--into", "back", "--yes", "--overwrite").code == 0
    assert path.read_text() == ""


def test_wait_alone_does_not_swallow_the_query(cli: Callable[..., Ran], archived: Path) -> None:
    """`--wait 'pattern'` waits for ever for the pattern; `--wait 5m` waits five minutes."""
    assert cli("retrieve", "--wait", "*Blue*", "--into", "back", "--yes").code == 0
    assert cli("retrieve", "--wait", "5m", "*Red*", "--into", "back", "--yes").code == 0


# --- verify -----------------------------------------------------------------------------------------------------------


def test_verify_tells_what_is_safe_changed_and_new(cli: Callable[..., Ran], archived: Path) -> None:
    """After a look at every byte one knows what may be deleted."""
    assert cli("verify", "Subs", "-v", "astro").code == 0
    (archived / "Bias/b1.fit").write_bytes(b"changed")
    (archived / "new.fit").write_bytes(b"new")
    ran = cli("verify", "Subs", "-v", "astro", "-o", "json", "--all")
    standings = {row["file_path"]: row["standing"] for row in ran.rows}
    assert ran.code == 3
    assert standings["Subs/Bias/b1.fit"] == "changed"
    assert standings["Subs/new.fit"] == "not archived"
    assert standings["Subs/Bias/b2.fit"] == "verified"


def test_verify_notices_bytes_that_rotted_here(cli: Callable[..., Ran], archived: Path) -> None:
    """Same size, same time, other bytes: exit 7."""
    path = archived / "Light/Red/M33_Light_Red_180sec__1x1_frame1.fit"
    status = path.stat()
    path.write_bytes(b"x" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    ran = cli("verify", "Subs", "-v", "astro")
    assert ran.code == 7
    assert "1 damaged" in ran.err


def test_verify_compares_the_catalog_with_the_vault(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """An archive that is gone from the vault, and one that somebody else added, are told."""
    assert cli("verify", "-v", "astro").code == 0
    with coldframe.open_coldframe() as frame:
        ghost = ArchiveRecord(
            store=frame.store.identity,
            vault_name="astro",
            archive_id="A" * 138,
            size=5,
            tree_hash="0" * 64,
            description="ghost.fit",
            archived_at=datetime(2020, 1, 1, tzinfo=UTC),
        )
        frame.catalog.record(ghost, [Entry(path="ghost.fit", kind=Kind.FILE, size=5, modified_ns=0, archive=ghost)])
        frame.store.upload_archive("astro", BytesBody(b"stranger"), description="stranger.fit")
    ran = cli("verify", "-v", "astro", "-o", "json")
    amiss = {row["standing"]: row["file_path"] for row in ran.rows if row["standing"] != "verified"}
    assert ran.code == 7
    assert amiss == {"unknown": "stranger.fit", "missing": "ghost.fit"}


def test_verify_deep_names_the_damaged_files(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """A flipped bit in the store is found, told by the file's path, and never served."""
    assert cli("verify", "--deep").code == 0
    blob = max((home / "store/blobs").rglob("*.blob"), key=lambda path: path.stat().st_size)
    data = bytearray(blob.read_bytes())
    data[1000] ^= 1
    blob.write_bytes(data)
    ran = cli("verify", "--deep", "--restart", "-o", "json")
    assert ran.code == 7
    (row,) = ran.rows
    assert row["finding"] == "damaged"
    listed = {entry["archive_id"]: entry["file_path"] for entry in cli("ls", "-o", "json").rows}
    assert listed[row["archive_id"]] == row["file_path"]
    assert cli("retrieve", "*", "--into", "back", "--yes").code == 7


def test_verify_deep_takes_no_paths(cli: Callable[..., Ran], archived: Path) -> None:
    """It looks at the whole store."""
    assert cli("verify", "--deep", "Subs").code == 2


# --- cleanup ----------------------------------------------------------------------------------------------------------


def test_cleanup_aborts_what_nobody_would_resume(cli: Callable[..., Ran], archived: Path) -> None:
    """An upload of somebody else's is listed with its size, and goes after a yes."""
    with coldframe.open_coldframe() as frame:
        upload = frame.store.initiate_multipart_upload("astro", part_size=MIB, description="left behind")
        frame.store.upload_multipart_part("astro", upload, BytesBody(bytes(MIB)), start=0)
    (row,) = cli("cleanup", "--dry-run", "-o", "json").rows
    assert (row["upload_id"], row["size"], row["resumable"], row["file_path"]) == (upload, MIB, False, "left behind")
    assert "Would remove 0 blobs that nothing refers to, 0 B, and 0 temporary files." in cli("cleanup", "-n").err
    assert cli("cleanup").code == 2
    assert cli("cleanup", "--yes").code == 0
    assert cli("cleanup", "-o", "json").rows == []


# --- inventory --------------------------------------------------------------------------------------------------------


def test_inventory_goes_out_and_comes_in(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """An export holds every file, zip and member; an import into an empty catalog brings them back."""
    assert cli("inventory", "export", "out.csv").code == 0
    streamed = cli("inventory", "export", "-").out
    rows = list(csv.DictReader(Path("out.csv").read_text(encoding="utf-8").splitlines(keepends=True)))
    assert len(rows) == 12
    assert [row["ArchiveId"] for row in csv.DictReader(streamed.splitlines(keepends=True))] == [
        row["ArchiveId"] for row in rows
    ]
    for path in home.glob("catalog.sqlite*"):
        path.unlink()
    ran = cli("inventory", "import", "out.csv", "--dry-run")
    assert "would import 12 rows" in ran.err
    assert cli("ls").code == 4
    assert cli("inventory", "import", "out.csv").code == 0
    assert len(cli("ls", "--members", "-o", "json").rows) == 12


def test_inventory_export_of_nothing_writes_nothing(cli: Callable[..., Ran], archived: Path) -> None:
    """No file that says nothing."""
    assert cli("inventory", "export", "out.csv", "--match", "M31").code == 4
    assert not Path("out.csv").exists()


def test_inventory_import_takes_a_powershell_file(cli: Callable[..., Ran], archived: Path) -> None:
    """Export-Csv's form: a #TYPE line, quotes, backslashes; the vault comes from a flag."""
    Path("ps.csv").write_text(
        '#TYPE System.Management.Automation.PSCustomObject\r\n"FilePath","ArchiveId","Checksum"\r\n'
        f'"C:\\astro\\M31_1.fit","{"A" * 138}","{"0" * 64}"\r\n',
        encoding="utf-8",
    )
    assert cli("inventory", "import", "ps.csv", "--vault", "old").code == 0
    (row,) = cli("ls", "M31", "-o", "json").rows
    assert (row["vault_name"], row["size"]) == ("old", None)


def test_inventory_import_of_something_else_is_refused(cli: Callable[..., Ran], archived: Path) -> None:
    """A file that is no inventory changes nothing; a row that cannot be used is exit 3."""
    Path("no.csv").write_text("a,b\n1,2\n")
    assert cli("inventory", "import", "no.csv").code == 1
    Path("half.csv").write_text("FilePath,ArchiveId,Checksum\nx.fit,,\n")
    assert cli("inventory", "import", "half.csv", "--vault", "v").code == 3


def test_inventory_rebuild_dry_run_only_counts(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """It says how much would come back."""
    for path in home.glob("catalog.sqlite*"):
        path.unlink()
    ran = cli("inventory", "rebuild", "-v", "astro", "-n")
    assert "Would bring 9 archives" in ran.err
    assert cli("ls").code == 4
    assert cli("inventory", "rebuild", "-v", "nope").code == 1


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--restart", "Subs"), "belong to --deep"),
        (("--limit-rate", "1MiB/s"), "belong to --deep"),
        (("--deep", "Subs"), "leave the paths out"),
        (("--deep", "--max-cost", "1"), "--max-cost limits"),
        (("--delete-source", "Subs"), "belong to --safe-to-delete"),
        (("--safe-to-delete",), "name the PATHs"),
    ],
)
def test_verify_leaves_no_option_out_without_a_word(
    cli: Callable[..., Ran], archived: Path, options: tuple[str, ...], why: str
) -> None:
    """What means nothing beside the rest is refused."""
    ran = cli("verify", "-v", "astro", *options)
    assert ran.code == 2
    assert why in ran.err
