"""A killed run is continued by the next: nothing is lost, nothing is sent twice, nothing is left over."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from archiver.conftest import VAULT
from archiver.dying import Death, Killed, Mortal
from coldframe.archiver import bodies
from coldframe.archiver.opening import read_at
from coldframe.catalog import Kind, Query
from coldframe.errors import ResourceNotFound
from coldframe.model import MIB
from coldframe.progress import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archiver.conftest import World
    from coldframe.archiver import FileResult
    from coldframe.archiver.opening import Source

FILES = {
    "empty": b"",
    "small": b"light",
    "twin 1": b"twin" * 100,
    "twin 2": b"twin" * 100,
    "parts": random.Random(1).randbytes(3 * MIB + 9),
    "Bias/small": b"bias" * 1000,
    "Dark/large": random.Random(2).randbytes(2 * MIB + 9),
    "Dark/other": b"dark" * 1000,
}
ARCHIVES = 6


def zip_run(world: World, *, jobs: int = 1) -> dict[str, FileResult]:
    """Archive all, with Bias and Dark as bundles."""
    archiver = world.archiver(jobs=jobs)
    return world.by_path(archiver.archive(world.request(zip_patterns=("Bias", "Dark"))))


def die(world: World, nth: int, *, jobs: int = 1) -> Death:
    """A run that dies at its nth call."""
    death = Death(nth)
    mortal = replace(world, store=Mortal(world.store, death), catalog=Mortal(world.catalog, death))
    with pytest.raises(Killed):
        zip_run(mortal, jobs=jobs)
    return death


def count_calls(world: World) -> int:
    """How many calls a whole run makes."""
    death = Death()
    zip_run(replace(world, store=Mortal(world.store, death), catalog=Mortal(world.catalog, death)))
    return len(death.done)


def watched(world: World) -> tuple[World, Death]:
    """The world with a run's calls noted."""
    death = Death()
    return replace(world, store=Mortal(world.store, death), catalog=Mortal(world.catalog, death)), death


def parts(calls: Iterable[tuple[str, tuple[Any, ...], dict[str, Any]]]) -> set[tuple[str, int]]:
    """The parts that the store has confirmed."""
    return {(args[1], kwargs["start"]) for name, args, kwargs in calls if name == "upload_multipart_part"}


def fill(world: World) -> None:
    """Write all files."""
    for path, data in FILES.items():
        world.write(path, data)


def check_all(world: World) -> None:
    """Each file is archived exactly once and comes back; nothing is left over."""
    assert world.count_archives() == ARCHIVES
    for path, data in FILES.items():
        entries = [e for e in world.catalog.select(Query(members=True)) if world.short(e.path) == path]
        assert len(entries) == 1, path
        (entry,) = entries
        if entry.kind is Kind.FILE:
            assert world.fetch(entry.archive.archive_id) == (data or b"\0")
        assert entry.size == len(data)
    assert world.catalog.attempts(world.store.identity, VAULT) == []
    assert world.store.list_multipart_uploads(VAULT).items == []


CALLS = 60


@pytest.mark.parametrize("nth", range(1, CALLS))
def test_a_run_that_died_at_any_call_is_completed_by_the_next(world: World, nth: int) -> None:
    """Killed between any two calls on store or catalog: the next run ends with each archive exactly once."""
    fill(world)
    try:
        first = die(world, nth)
    except pytest.fail.Exception:  # the run has fewer calls
        check_all(world)
        return
    again, second = watched(world)
    results = zip_run(again)
    assert not {result.outcome for result in results.values()} & {Outcome.FAILED, Outcome.LEFT_OUT}
    assert not parts(first.done) & parts(second.done), "a confirmed part was sent again"
    check_all(world)


def test_the_calls_above_are_all_calls(world: World) -> None:
    """The range of the test above covers a whole run."""
    fill(world)
    assert 30 < count_calls(world) < CALLS


@pytest.mark.parametrize("nth", [9, 13, 17, 21, 25, 29, 33, 37])
def test_a_run_of_many_threads_that_died_is_completed_by_the_next(world: World, nth: int) -> None:
    """The same with several threads under way."""
    fill(world)
    first = die(world, nth, jobs=4)
    again, second = watched(world)
    zip_run(again, jobs=4)
    assert not parts(first.done) & parts(second.done)
    check_all(world)


def test_two_deaths_in_a_row_are_no_worse(world: World) -> None:
    """A run that dies while it continues one that died is continued too."""
    fill(world)
    for nth in (22, 12, 9, 7):
        die(world, nth)
    zip_run(world)
    check_all(world)


def begin_parts(world: World, *, parts_done: int) -> bytes:
    """A file of five parts, and a run that died when so many of them were confirmed."""
    data = random.Random(7).randbytes(5 * MIB)
    world.write("big", data)
    death = Death()
    counted = Mortal(world.store, death)

    class Counting:
        def __getattr__(self, name: str) -> Any:
            if len(parts(death.done)) >= parts_done and name == "upload_multipart_part":
                death.is_dead = True
            return getattr(counted, name)

    mortal = replace(world, store=Counting())
    results = mortal.archiver(jobs=1).archive(mortal.request())
    with pytest.raises(Killed):
        list(results)
    return data


def test_only_unconfirmed_parts_are_sent(world: World) -> None:
    """Of five parts, three of them confirmed, the next run sends the other two, and the archive is the file."""
    data = begin_parts(world, parts_done=3)
    again, second = watched(world)
    (result,) = again.run().values()
    assert len(parts(second.done)) == 2
    assert world.fetch(result.archive_id) == data


def test_a_part_whose_bytes_changed_unseen_is_sent_again(world: World) -> None:
    """Confirmed parts are hashed again locally: one whose bytes changed under the same size and time is replaced."""
    data = begin_parts(world, parts_done=4)
    location = os.path.join(world.subs, "big")
    status = os.stat(location)
    changed = b"!" + data[1:]
    world.write("big", changed)
    os.utime(location, ns=(status.st_atime_ns, status.st_mtime_ns))
    (result,) = world.run().values()
    assert result.outcome is Outcome.ARCHIVED
    assert world.fetch(result.archive_id) == changed


def test_a_file_that_was_changed_begins_anew(world: World) -> None:
    """An upload of what a file was before is aborted, and the file is archived as it is."""
    begin_parts(world, parts_done=2)
    world.write("big", b"short now")
    (result,) = world.run().values()
    assert world.fetch(result.archive_id) == b"short now"
    assert world.store.list_multipart_uploads(VAULT).items == []
    assert world.catalog.attempts(world.store.identity, VAULT) == []


def test_what_a_vanished_file_left_is_cleaned(world: World) -> None:
    """The upload and the attempt of a file that is gone are dropped by the next run, whatever that archives."""
    begin_parts(world, parts_done=2)
    os.rename(os.path.join(world.subs, "big"), os.path.join(world.top, "away"))
    world.write("other")
    assert world.run()["other"].outcome is Outcome.ARCHIVED
    assert world.store.list_multipart_uploads(VAULT).items == []
    assert world.catalog.attempts(world.store.identity, VAULT) == []


def test_what_an_unplugged_disk_left_waits_for_it(world: World) -> None:
    """If the file's folder is gone as well, the upload is kept, and continued when the folder is back."""
    data = begin_parts(world, parts_done=2)
    os.rename(world.subs, world.subs + ".away")
    (missing,) = world.archiver().archive(world.request())
    assert missing.outcome is Outcome.FAILED
    assert len(world.store.list_multipart_uploads(VAULT).items) == 1
    os.rename(world.subs + ".away", world.subs)
    again, second = watched(world)
    (result,) = again.run().values()
    assert len(parts(second.done)) == 3
    assert world.fetch(result.archive_id) == data


def test_what_another_folders_file_left_is_kept(world: World) -> None:
    """An upload of a file that this run does not archive, and that is still there, waits for its own run."""
    data = begin_parts(world, parts_done=2)
    other = os.path.join(world.top, "elsewhere")
    os.makedirs(other)
    assert world.run(other) == {}
    assert len(world.store.list_multipart_uploads(VAULT).items) == 1
    (result,) = world.run().values()
    assert world.fetch(result.archive_id) == data


def test_an_upload_that_the_store_has_dropped_begins_anew(world: World) -> None:
    """If the upload ID has expired or was aborted by somebody, the file is sent whole."""
    data = begin_parts(world, parts_done=2)
    (upload,) = world.store.list_multipart_uploads(VAULT).items
    world.store.abort_multipart_upload(VAULT, upload.upload_id)
    with pytest.raises(ResourceNotFound):
        world.store.list_parts(VAULT, upload.upload_id)
    (result,) = world.run().values()
    assert world.fetch(result.archive_id) == data


def test_a_resumed_upload_keeps_its_part_size(world: World) -> None:
    """Another configured part size does not disturb an upload that was begun."""
    data = begin_parts(world, parts_done=2)
    again, second = watched(world)
    (result,) = again.by_path(again.archiver(part_size=4 * MIB).archive(again.request())).values()
    assert len(parts(second.done)) == 3
    assert world.fetch(result.archive_id) == data


def test_stop_ends_what_is_under_way_and_the_next_run_goes_on(world: World) -> None:
    """After stop() no new part begins; the parts that were confirmed are not sent again."""
    data = random.Random(7).randbytes(20 * MIB)
    world.write("big", data)
    world.write("first", b"first")
    first, heard = watched(world)
    archiver = first.archiver(jobs=2)
    results = archiver.archive(first.request())
    assert next(results).path.endswith("first")
    archiver.stop()
    assert list(results) == []
    assert archiver.is_stopped
    begun = parts(heard.done)
    assert len(begun) < 20
    again, second = watched(world)
    found = again.run()
    assert found["first"].outcome is Outcome.UNCHANGED
    assert len(parts(second.done)) == 20 - len(begun)
    assert world.fetch(found["big"].archive_id) == data


def test_stop_twice_leaves_at_once_what_is_under_way(world: World) -> None:
    """A second stop() breaks off even inside one request, and the next run archives the file."""
    data = random.Random(7).randbytes(3 * MIB)
    world.write("slow", data)
    archiver = world.archiver(limit_rate=1000, part_size=8 * MIB)
    real_sleep = world.clock.sleep

    def sleep(seconds: float) -> None:
        real_sleep(seconds)
        if world.clock.monotonic() > 60:
            archiver.stop()
            archiver.stop()

    world.clock.sleep = sleep  # type: ignore[method-assign]
    assert list(archiver.archive(world.request())) == []
    world.clock.sleep = real_sleep  # type: ignore[method-assign]
    assert world.clock.monotonic() < 120
    assert world.count_archives() == 0
    assert world.fetch(world.run()["slow"].archive_id) == data


def test_a_run_that_nobody_reads_to_its_end_is_continued(world: World) -> None:
    """Closing the iterator early stops the threads; the next run completes the work."""
    fill(world)
    results = world.archiver().archive(world.request(zip_patterns=("Bias", "Dark")))
    next(results)
    results.close()  # type: ignore[attr-defined]
    zip_run(world)
    check_all(world)


def test_an_archiver_can_be_used_again_after_its_results_were_closed(world: World) -> None:
    """Only stop() lasts: a run that was closed early leaves the archiver as it was."""
    fill(world)
    archiver = world.archiver()
    results = archiver.archive(world.request(zip_patterns=("Bias", "Dark")))
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert not archiver.is_stopped
    list(archiver.archive(world.request(zip_patterns=("Bias", "Dark"))))
    check_all(world)


def test_stop_leaves_hashing_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is only compared is not read to its end after a stop(), since nothing would be lost."""
    world.write("big", random.Random(7).randbytes(8 * MIB))
    world.run()
    archiver = world.archiver()
    offsets: list[int] = []

    def read(source: Source, descriptor: int, view: memoryview, offset: int) -> None:
        offsets.append(offset)
        archiver.stop()
        read_at(source, descriptor, view, offset)

    monkeypatch.setattr(bodies, "read_at", read)
    assert list(archiver.archive(world.request(checksum=True))) == []
    assert len(offsets) == 1


def test_what_was_sent_is_recorded_when_nobody_listens_any_more(world: World) -> None:
    """Whoever stops iterating leaves no archive behind that the catalog does not know."""
    for number in range(400):
        world.write(f"{number:03}.fit", b"%d" % number)
    results = world.archiver().archive(world.request())
    next(results)
    results.close()  # type: ignore[attr-defined]  # a generator
    assert 0 < world.count_entries() == world.count_archives() < 400
    assert len(world.run()) == 400
    assert world.count_archives() == 400
