"""Archiving files: what goes in comes back, and nothing goes in twice."""

from __future__ import annotations

import os
import random
import sys
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import Kind
from coldframe.errors import BadUsage, ResourceNotFound
from coldframe.inventory.description import decode_description
from coldframe.model import MIB
from coldframe.progress import Advanced, Finished, Outcome, Planned, Started
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from archiver.conftest import World
    from coldframe.archiver import FileResult

FILES = {
    "empty": b"",
    "one": b"x",
    "Light/a chunk": random.Random(1).randbytes(MIB),
    "Light/a chunk and a byte": random.Random(2).randbytes(MIB + 1),
    "Light/many parts": random.Random(3).randbytes(5 * MIB + 77),
    "Light/five full parts": random.Random(4).randbytes(5 * MIB),
    "zero byte": b"\0",
}


def outcomes(results: dict[str, FileResult]) -> dict[str, Outcome]:
    """The outcomes by path."""
    return {path: result.outcome for path, result in results.items()}


def test_archived_files_come_back_byte_for_byte(world: World) -> None:
    """Every file is one archive whose bytes, tree hash, size and description are the file's."""
    for path, data in FILES.items():
        world.write(path, data)
    results = world.run(dedupe=False)
    assert set(outcomes(results).values()) == {Outcome.ARCHIVED}
    assert set(results) == set(FILES)
    for path, data in FILES.items():
        result = results[path]
        content = data or b"\0"
        assert world.fetch(result.archive_id) == content
        assert result.tree_hash == tree_hash(content)
        assert result.entry is not None
        described = decode_description(result.entry.archive.description)
        assert described is not None
        assert (described.path, described.kind, described.size) == (result.path, Kind.FILE, len(data))
        assert described.modified_ns == result.entry.modified_ns == os.stat(os.path.join(world.subs, path)).st_mtime_ns
        assert (result.entry.size, result.entry.archive.size) == (len(data), len(content))
    assert world.count_archives() == len(FILES)
    assert world.catalog.attempts(world.store.identity, "astrodata") == []


def test_a_second_run_sends_nothing_and_opens_nothing(world: World) -> None:
    """Files whose size and time are known are unchanged, even if nobody may read them any more."""
    for path, data in FILES.items():
        world.write(path, data)
    world.run()
    count = world.count_archives()
    archived_by = {path: os.stat(os.path.join(world.subs, path)).st_atime_ns for path in FILES}
    results = world.run()
    assert set(outcomes(results).values()) == {Outcome.UNCHANGED}
    assert all(result.entry is not None and result.read for result in results.values())
    assert world.count_archives() == count
    assert archived_by == {path: os.stat(os.path.join(world.subs, path)).st_atime_ns for path in FILES}


def test_a_file_that_was_changed_is_archived_again(world: World) -> None:
    """New content under a known path is a new archive and a new version."""
    world.write("a", b"old")
    old = world.run()["a"]
    world.write("a", b"new and longer")
    new = world.run()["a"]
    assert new.outcome is Outcome.ARCHIVED
    assert new.archive_id != old.archive_id
    assert world.fetch(new.archive_id) == b"new and longer"
    assert world.run()["a"].archive_id == new.archive_id


def test_checksum_finds_a_change_that_size_and_time_hide(world: World) -> None:
    """Other bytes of the same size under the same time are unchanged without `checksum`, and archived with it."""
    location = world.write("a", b"one")
    world.write("b", b"same")
    world.run()
    status = os.stat(location)
    world.write("a", b"two")
    os.utime(location, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert world.run()["a"].outcome is Outcome.UNCHANGED
    results = world.run(checksum=True)
    assert outcomes(results) == {"a": Outcome.ARCHIVED, "b": Outcome.UNCHANGED}
    assert world.fetch(results["a"].archive_id) == b"two"


@pytest.mark.parametrize("size", [10, 3 * MIB + 1])
def test_known_content_is_recorded_under_its_new_path(world: World, size: int) -> None:
    """A moved or copied file is recorded, not sent; without dedupe it is sent."""
    data = random.Random(size).randbytes(size)
    world.write("a", data)
    first = world.run()["a"]
    world.write("b", data)
    os.rename(os.path.join(world.subs, "a"), os.path.join(world.subs, "moved"))
    results = world.run()
    assert outcomes(results) == {"b": Outcome.RECORDED, "moved": Outcome.RECORDED}
    assert {result.archive_id for result in results.values()} == {first.archive_id}
    assert world.count_archives() == 1
    world.write("c", data)
    assert world.run(dedupe=False)["c"].outcome is Outcome.ARCHIVED
    assert world.count_archives() == 2
    assert world.catalog.attempts(world.store.identity, "astrodata") == []


def test_content_that_only_begins_alike_is_archived(world: World) -> None:
    """Same size and same first MiB are not enough: the tree hash decides."""
    data = random.Random(1).randbytes(2 * MIB)
    world.write("a", data)
    world.run()
    world.write("b", data[:-1] + b"!")
    assert world.run()["b"].outcome is Outcome.ARCHIVED


@pytest.mark.parametrize("size", [0, 10, 3 * MIB + 1])
def test_twins_in_one_run_are_sent_once(world: World, size: int) -> None:
    """Of many identical files in one run one is archived and the others are recorded, whatever the threads do."""
    data = random.Random(size).randbytes(size)
    for number in range(20):
        world.write(f"twin {number}", data)
    results = world.by_path(world.archiver(jobs=8).archive(world.request()))
    found = sorted(outcomes(results).values())
    assert found == [Outcome.ARCHIVED] + [Outcome.RECORDED] * 19
    assert world.count_archives() == 1
    assert world.count_entries() == 20


def test_content_that_comes_back_is_the_newest_version(world: World) -> None:
    """A file that returns to older content has that content as its newest version afterwards."""
    for data in (b"first", b"other", b"first"):
        world.write("a", data)
        result = world.run()["a"]
        world.clock.sleep(60)
    (entry,) = world.catalog.find_sources(world.store.identity, "astrodata", [result.source]).values()
    assert world.fetch(entry.archive.archive_id) == b"first"
    assert world.run()["a"].outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("options", [{}, {"checksum": True}], ids=["by size and time", "by tree hash"])
def test_a_file_that_was_only_touched_is_recorded_with_its_new_time(world: World, options: dict[str, bool]) -> None:
    """A new time with the same bytes sends nothing, and is remembered, so that the next run opens nothing."""
    location = world.write("a", b"same")
    first = world.run()["a"]
    os.utime(location, ns=(0, 10**18))
    touched = world.run(**options)["a"]
    assert (touched.outcome, touched.archive_id) == (Outcome.RECORDED, first.archive_id)
    assert world.count_entries() == world.count_archives() == 1
    assert world.run()["a"].outcome is Outcome.UNCHANGED


def test_a_dry_run_changes_nothing(world: World) -> None:
    """A dry run says what would be done; vault and catalog stay as they are."""
    world.write("known")
    world.run()
    world.write("new")
    world.write("Bias/a")
    results = world.run(dry_run=True, zip_patterns=("Bias",))
    assert outcomes(results) == {"known": Outcome.UNCHANGED, "new": Outcome.ARCHIVED, "Bias.zip": Outcome.ARCHIVED}
    assert results["new"].archive_id is None
    assert "dry run" in results["new"].detail
    assert world.count_archives() == world.count_entries() == 1
    assert world.catalog.attempts(world.store.identity, "astrodata") == []


def test_what_cannot_be_archived_is_answered_and_the_rest_goes_on(world: World) -> None:
    """Links are left out and missing arguments have failed, each with its reason."""
    world.write("a")
    os.symlink("a", os.path.join(world.subs, "link"))
    results = world.run(world.subs, os.path.join(world.subs, "missing"))
    assert outcomes(results) == {"a": Outcome.ARCHIVED, "link": Outcome.LEFT_OUT, "missing": Outcome.FAILED}
    assert results["link"].detail == "a symbolic link"
    assert "No such file" in results["missing"].detail


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="their file systems take only Unicode")
def test_names_of_every_kind_come_back(world: World) -> None:
    """Files with strange names and long paths are archived under distinct paths and come back."""
    every = ["a\nb", "🌌", "שלום\u202e", "\udcff\udcfe.fit", "é", "e\u0301", "n" * 255, "bytes:x"]
    every += ["/".join(["d" * 200] * depth) + "/deep" for depth in (6, 15)]
    for name in every:
        world.write(name, os.fsencode(name))
    results = list(world.archiver().archive(world.request()))
    assert {result.outcome for result in results} == {Outcome.ARCHIVED}
    assert {world.fetch(result.archive_id) for result in results} == {os.fsencode(name) for name in every}
    assert len({result.path for result in results}) == len(every)
    assert {result.outcome for result in world.run().values()} == {Outcome.UNCHANGED}


def test_progress_tells_all_files_and_bytes(world: World) -> None:
    """Planned files and bytes, each file's start and end, and every byte of it that became safe."""
    for path, data in FILES.items():
        world.write(path, data)
    world.run(dedupe=False)
    planned = [event for event in world.events if isinstance(event, Planned)]
    total = sum(len(data) for data in FILES.values())
    assert (sum(event.files for event in planned), sum(event.size for event in planned)) == (len(FILES), total)
    assert sum(event.size for event in world.events if isinstance(event, Advanced)) == total
    for kind in (Started, Finished):
        told = [event for event in world.events if isinstance(event, kind)]
        assert {world.short(event.path): event.size for event in told} == {p: len(d) for p, d in FILES.items()}
        assert len(told) == len(FILES)


def test_results_come_while_work_goes_on(world: World) -> None:
    """The first results are there before the last file was looked at."""
    for number in range(600):
        world.write(f"{number:03}", b"%d" % number)
    results = world.archiver().archive(world.request())
    first = next(results)
    assert first.outcome is Outcome.ARCHIVED
    assert world.count_entries() < 300
    assert len(list(results)) == 599


def test_a_rate_limit_is_kept_on_the_average(world: World) -> None:
    """3 MiB at 100,000 bytes per second take 31 seconds of the clock, whatever the number of threads."""
    for number in range(3):
        world.write(str(number), random.Random(number).randbytes(MIB))
    before = world.clock.monotonic()
    results = world.by_path(world.archiver(limit_rate=100_000).archive(world.request()))
    assert set(outcomes(results).values()) == {Outcome.ARCHIVED}
    assert 30 < world.clock.monotonic() - before < 40


def test_an_unknown_vault_is_an_error_before_anything_is_looked_at(world: World) -> None:
    """Without the vault the run ends at once."""
    world.write("a")
    world.store.delete_vault("astrodata")
    with pytest.raises(ResourceNotFound):
        world.run()
    assert world.events == []


@pytest.mark.parametrize("options", [{"jobs": 0}, {"limit_rate": 0.0}, {"part_size": 5 * 1024 * MIB}])
def test_settings_that_make_no_sense_are_refused(world: World, options: dict[str, int]) -> None:
    """No threads, no rate or parts larger than any store takes are usage errors."""
    with pytest.raises(BadUsage):
        world.archiver(**options)
