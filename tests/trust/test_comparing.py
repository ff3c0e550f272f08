"""The catalog against the vault's own inventory, which may be a day old."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import pytest

from coldframe.catalog.sightings import Listed, Sightings
from coldframe.composition import open_coldframe
from coldframe.composition.comparing import Comparison
from coldframe.composition.standing import Standing
from coldframe.errors import FormatError, NotReady
from coldframe.inventory.rebuild import rebuild_catalog
from coldframe.model import AMAZON_WAITS, InventoryFormat, InventoryRetrieval
from coldframe.testing.bodies import BytesBody
from coldframe.testing.catalogs import a_file, an_archive, digest
from trust.world import VAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cli.conftest import Ran
    from coldframe.service import VaultService
    from trust.world import World


def _last(world: World) -> int | None:
    last = Sightings(world.coldframe.catalog.database, world.store.identity, VAULT).last()
    return None if last is None else last.archives


def test_what_is_younger_than_the_inventory_is_no_alarm(world: World) -> None:
    """Archived after it: too new to tell. Deleted after it: still named, as one would expect. A day later: settled."""
    world.archive(old=b"old", gone=b"gone")
    world.clock.advance(days=1)
    assert world.standings() == {"old": "verified", "gone": "verified"}
    world.clock.advance(hours=1)
    world.archive(new=b"new")
    world.delete("gone")
    (world.folder / "gone.fit").unlink()
    comparison, _ = world.compare()
    assert world.standings() == {"old": "verified", "new": "newer", "gone": "deleted"}
    assert comparison.wrong == 0
    world.clock.advance(days=1)
    assert world.standings() == {"old": "verified", "new": "verified"}


def test_vault_that_does_not_change_keeps_the_date_of_its_inventory(world: World) -> None:
    """What is not in an inventory that was asked for days later is missing, however old the inventory says it is."""
    world.archive(a=b"a")
    world.clock.advance(days=1)
    world.compare()
    world.clock.advance(hours=1)
    lost = replace(an_archive(1), store=world.store.identity, vault_name=VAULT, archived_at=world.clock.now())
    world.coldframe.catalog.record(lost, [a_file("lost.fit", lost)])
    assert world.standings() == {"a": "verified", "lost": "newer"}
    world.clock.advance(days=3)
    comparison, _ = world.compare()
    assert comparison.inventory_at is not None
    assert comparison.inventory_at < lost.archived_at
    assert world.standings() == {"a": "verified", "lost": "missing"}


def test_missing_unknown_and_different_are_told(world: World) -> None:
    """What somebody else deleted or uploaded, and a catalog that contradicts the vault."""
    world.archive(stays=b"stays here", gone=b"gone", other=b"other")
    world.store.delete_archive(VAULT, world.archive_id("gone"))
    world.store.upload_archive(VAULT, BytesBody(b"theirs"), description="theirs.fit")
    catalog = world.coldframe.catalog
    wrong = an_archive(1)
    (right,) = [each for each in catalog.archives(world.store.identity, VAULT) if each.size == len(b"other")]
    catalog.forget_archives(world.store.identity, VAULT, [right.archive_id])
    lie = type(wrong)(**{**_fields(right), "tree_hash": digest(1)})
    catalog.record(lie, [a_file(right_path := world.path("other"), lie)])
    assert right_path
    world.clock.advance(days=1)
    comparison, found = world.compare()
    assert {checked.path.rpartition("/")[2]: checked.standing.value for checked in found} == {
        "stays.fit": "verified",
        "gone.fit": "missing",
        "theirs.fit": "unknown",
        "other.fit": "different",
    }
    assert (comparison.wrong, comparison.archives) == (3, 3)
    assert _last(world) == 3


def _fields(archive: Any) -> dict[str, Any]:
    return {name: getattr(archive, name) for name in archive.__dataclass_fields__}


def test_archive_that_came_back_after_its_deletion_is_told(prompt: World) -> None:
    """An inventory that is younger than a deletion and names the archive all the same is a reason to look."""
    prompt.archive(gone=b"gone")
    archive_id = prompt.archive_id("gone")
    prompt.delete("gone")
    prompt.clock.advance(hours=1)
    lasting = _Answering(prompt.store, [_item(archive_id, b"gone")], at="2040-01-01T01:00:00Z")
    prompt.coldframe.__dict__["store"] = lasting
    _, (checked,) = prompt.compare()
    assert checked.standing is Standing.UNKNOWN
    assert "deleted from here on 2040-01-01" in checked.detail


def test_rebuild_leaves_deleted_what_an_old_inventory_names(world: World) -> None:
    """A late inventory brings no archive back that was deleted since; a catalog that lost its memory does."""
    world.archive(stays=b"stays", gone=b"gone")
    world.clock.advance(days=1)
    world.compare()
    world.clock.advance(hours=1)
    world.delete("gone")
    report = rebuild_catalog(world.store, world.coldframe.catalog, VAULT)
    assert (report.added, report.known, report.deleted) == (0, 1, 1)
    assert world.standings() == {"stays": "verified", "gone": "deleted"}


def test_running_or_finished_job_of_anybody_is_adopted(world: World, open_service: Callable[..., VaultService]) -> None:
    """The inventory is asked for once, whoever asked; one of a part of the vault or as CSV will not do."""
    world.archive(a=b"a")
    slow = open_service(waits=AMAZON_WAITS, cadence=86_400)
    world.coldframe.__dict__["store"] = slow
    running = slow.initiate_job(VAULT, InventoryRetrieval(description="of another program"))
    slow.initiate_job(VAULT, InventoryRetrieval(limit=1))
    slow.initiate_job(VAULT, InventoryRetrieval(format=InventoryFormat.CSV))
    for _ in range(2):
        with pytest.raises(NotReady, match=running):
            world.compare()
    world.clock.advance(hours=5)
    assert world.standings() == {"a": "verified"}
    assert len(slow.list_jobs(VAULT).items) == 3
    with pytest.raises(NotReady):  # it has done its duty: the next comparison wants a new one
        world.compare()
    assert len(slow.list_jobs(VAULT).items) == 4


def test_inventory_that_breaks_off_counts_for_nothing(prompt: World) -> None:
    """It is not the vault's last inventory. What was in the one before still counts as seen."""
    prompt.archive(a=b"a", b=b"b")
    prompt.compare()
    assert _last(prompt) == 2
    broken = _Answering(prompt.store, [_item(prompt.archive_id("a"), b"a")], cut=2)
    prompt.coldframe.__dict__["store"] = broken
    with pytest.raises(FormatError, match="inventory"):
        prompt.compare()
    assert _last(prompt) == 2
    sightings = Sightings(prompt.coldframe.catalog.database, prompt.store.identity, VAULT)
    last = sightings.last()
    rows = [archive.row for archive in prompt.coldframe.catalog.archives(prompt.store.identity, VAULT)]
    seen = [sightings.seen_in(row) for row in rows]
    assert last is not None
    assert [each is not None and each[0] >= last.row for each in seen] == [True, True]


def test_sighting_that_was_tampered_with_counts_for_nothing(prompt: World) -> None:
    """A number in the catalog that is not what was written is no proof of anything."""
    prompt.archive(a=b"a")
    prompt.compare()
    database = prompt.coldframe.catalog.database
    sightings = Sightings(database, prompt.store.identity, VAULT)
    (archive,) = prompt.coldframe.catalog.archives(prompt.store.identity, VAULT)
    assert sightings.seen_in(archive.row) is not None
    database.write(lambda connection: connection.execute("UPDATE sighting SET inventory = inventory + 1"))
    assert sightings.seen_in(archive.row) is None


def test_dishonest_inventory_is_told_item_by_item(prompt: World) -> None:
    """What cannot be read and what is named twice is one finding each; the rest is compared."""
    prompt.archive(a=b"a")
    item = _item(prompt.archive_id("a"), b"a")
    prompt.coldframe.__dict__["store"] = _Answering(prompt.store, [item, None, item])
    comparison, found = prompt.compare()
    assert [checked.standing.value for checked in found] == ["verified", "unreadable", "unreadable"]
    assert comparison.wrong == 2


def test_memory_stays_flat_over_many_archives(prompt: World) -> None:
    """10,000 archives on both sides, 4 MB of inventory, are compared in a fraction of that."""
    catalog, store = prompt.coldframe.catalog, prompt.store.identity
    number = 10_000
    for start in range(0, number, 2000):
        batch = [
            _fields(an_archive(each)) | {"store": store, "vault_name": VAULT} for each in range(start, start + 2000)
        ]
        archives = [type(an_archive(1))(**values) for values in batch]
        catalog.record_many([(archive, [a_file(f"{archive.archive_id}.fit", archive)]) for archive in archives])
    listing = _Answering(prompt.store, (_known(each) for each in range(1, number)))
    prompt.coldframe.__dict__["store"] = listing
    tracemalloc.start()
    comparison = Comparison(prompt.coldframe, VAULT)
    for _ in comparison.run():
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert comparison.counts == {Standing.VERIFIED: number - 1, Standing.MISSING: 1}
    assert peak < 3_500_000


def test_look_up_of_a_vault_that_nobody_knows_is_all_strangers(prompt: World) -> None:
    """Nothing is made by asking."""
    sightings = Sightings(prompt.coldframe.catalog.database, prompt.store.identity, "nowhere")
    assert sightings.look_up([Listed("a", 1, digest(1))])[0].row is None
    assert sightings.last() is None


# --- the command ------------------------------------------------------------------------------------------------------


def test_refresh_reports_and_says_by_its_code(cli: Callable[..., Ran], archived: Path) -> None:
    """0 and no row while all is well; 3 and a row for each thing that is wrong, in every form."""
    ran = cli("inventory", "refresh", "--vault", "astro")
    assert (ran.code, ran.out) == (0, ""), ran.err
    assert "The catalog and the vault agree." in ran.err
    everything = cli("inventory", "refresh", "--vault", "astro", "--all", "-o", "json")
    assert {row["standing"] for row in everything.rows} == {"verified"}
    with open_coldframe() as coldframe:
        coldframe.store.upload_archive("astro", BytesBody(b"theirs"), description="theirs.fit")
    for form in ("table", "csv", "json"):
        ran = cli("inventory", "refresh", "--vault", "astro", "-o", form)
        assert (ran.code, "theirs.fit" in ran.out) == (3, True), ran.err
    assert "1 unknown to the catalog" in ran.err
    assert [row["standing"] for row in ran.rows] == ["unknown"]
    assert cli("inventory", "rebuild", "--vault", "astro").code == 0
    assert cli("inventory", "refresh", "--vault", "astro").code == 0


def test_rebuild_takes_files_that_were_kept(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """An inventory CSV brings paths and members; what an inventory job brought stands for the vault, in both forms."""
    before = _listed(cli, "--members")
    for form in ("JSON", "CSV"):
        started = cli("job", "start", "--inventory", "--format", form, "--vault", "astro", "-o", "json")
        job = started.rows[0]["job_id"]
        assert cli("job", "output", job, "--vault", "astro", "--file", f"kept.{form}").code == 0
    for names in (["inv.csv"], ["inv.csv", "kept.JSON"], ["kept.CSV", "inv.csv"], ["kept.JSON"]):
        for path in home.glob("catalog.sqlite*"):
            path.unlink()
        jobs = len(cli("job", "list", "--vault", "astro", "-o", "json").rows)
        ran = cli("inventory", "rebuild", *names, "--vault", "astro")
        assert ran.code == 0, ran.err
        members = "--members" if "inv.csv" in names else ""
        assert _listed(cli, *filter(None, [members])) == [row for row in before if members or row[1] != "member"]
        asked = len(cli("job", "list", "--vault", "astro", "-o", "json").rows) - jobs
        assert asked == (0 if any("kept" in name for name in names) else 1)


def _listed(cli: Callable[..., Ran], *flags: str) -> list[tuple[object, ...]]:
    rows = cli("ls", *flags, "-o", "json").rows
    return sorted((row["file_path"], row["kind"], row["size"], row["archive_id"]) for row in rows)


def test_refresh_of_a_vault_that_is_not_there(cli: Callable[..., Ran], archived: Path) -> None:
    """A mistyped vault is named with its neighbour."""
    ran = cli("inventory", "refresh", "--vault", "astr")
    assert ran.code == 1
    assert "Did you mean astro?" in ran.err


# --- stores that answer what the test says ----------------------------------------------------------------------------


def _item(archive_id: str, data: bytes) -> dict[str, Any]:
    from coldframe.tree_hash import tree_hash  # noqa: PLC0415 - only here

    return {
        "ArchiveId": archive_id,
        "ArchiveDescription": "",
        "CreationDate": "2040-01-01T00:00:00Z",
        "Size": len(data),
        "SHA256TreeHash": tree_hash(data),
    }


def _known(number: int) -> dict[str, Any]:
    archive = an_archive(number)
    return {
        "ArchiveId": archive.archive_id,
        "ArchiveDescription": "x" * 100,
        "CreationDate": "2040-01-01T00:00:00Z",
        "Size": archive.size,
        "SHA256TreeHash": archive.tree_hash,
    }


class _Answering:
    """A store whose inventory names what the test says, and breaks off `cut` characters before its end."""

    def __init__(self, store: VaultService, items: Any, *, at: str = "2041-01-01T00:00:00Z", cut: int = 0) -> None:
        self._store, self._items, self._at, self._cut = store, items, at, cut

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def get_job_output(self, _vault_name: str, _job_id: str) -> Any:
        return _Output(self._items, self._at, self._cut)


class _Output:
    def __init__(self, items: Any, at: str, cut: int) -> None:
        self._items, self._at, self._cut = items, at, cut

    def __iter__(self) -> Iterator[bytes]:
        yield f'{{"InventoryDate":"{self._at}","ArchiveList":['.encode()
        for number, item in enumerate(self._items):
            yield (("," if number else "") + json.dumps(item)).encode()
        yield b"]}"[: 2 - self._cut]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return
