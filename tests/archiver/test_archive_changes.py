"""Files that change, vanish or cannot be read, and stores that fail: told, and the others go on."""

from __future__ import annotations

import errno
import os
import random
from dataclasses import replace
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from archiver.conftest import VAULT
from coldframe.archiver import bodies, content, opening
from coldframe.errors import (
    AccessDenied,
    InvalidParameterValue,
    ServiceUnavailable,
    SourceChanged,
    Throttled,
)
from coldframe.model import AMAZON_WAITS, MIB
from coldframe.progress import Noted, Outcome
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from archiver.conftest import World
    from coldframe.archiver.opening import Source
    from coldframe.errors import (
        StoreError,
    )
    from coldframe.model import Receipt
    from conftest import OpenService

BIG = random.Random(5).randbytes(4 * MIB + 1)


class Reading:
    """What happens while a file is read: `act` is called before each read of a source whose path ends in `path`."""

    def __init__(self, path: str, act: Callable[[Source, int], None]) -> None:
        """Nothing is read yet."""
        self._path = path
        self._act = act
        self._read = opening.read_at
        self.count = 0

    def __call__(self, source: Source, descriptor: int, view: memoryview, offset: int) -> None:
        """Act, then read."""
        if source.location.endswith(self._path):
            self.count += 1
            self._act(source, self.count)
        self._read(source, descriptor, view, offset)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[Source, int], None]], Reading]:
    """Plants something that happens while files are read."""

    def plant(path: str, act: Callable[[Source, int], None]) -> Reading:
        planted = Reading(path, act)
        for module in (bodies, content):
            monkeypatch.setattr(module, "read_at", planted)
        return planted

    return plant


def touch(location: str, data: bytes) -> None:
    """Append to a file."""
    with open(location, "ab") as file:
        file.write(data)


def check_clean(world: World) -> None:
    """No attempt and no upload is left over."""
    assert world.catalog.attempts(world.store.identity, VAULT) == []
    assert world.store.list_multipart_uploads(VAULT).items == []


@pytest.mark.parametrize("data", [b"small", BIG[: MIB + 1], BIG], ids=["one chunk", "two parts", "five parts"])
def test_a_file_that_changes_once_is_archived_as_it_became(world: World, reading: Any, data: bytes) -> None:
    """A change while the file is read makes it begin anew; what is archived is one state of it, whole."""
    location = world.write("a", data)
    world.write("other")
    reading("/a", lambda _source, count: touch(location, b"!") if count == 1 else None)
    results = world.run()
    assert {result.outcome for result in results.values()} == {Outcome.ARCHIVED}
    assert world.fetch(results["a"].archive_id) == data + b"!"
    assert world.count_archives() == 2
    check_clean(world)


@pytest.mark.parametrize("data", [b"small", BIG], ids=["one chunk", "five parts"])
def test_a_file_that_never_rests_has_failed_after_three_tries(world: World, reading: Any, data: bytes) -> None:
    """A file that changes on every try is told as failed, leaves nothing in the vault, and the others go on."""
    location = world.write("a", data)
    world.write("other")
    reading("/a", lambda _source, _count: touch(location, b"!"))
    results = world.run()
    assert results["a"].outcome is Outcome.FAILED
    assert "changed while it was being archived" in results["a"].detail
    assert results["other"].outcome is Outcome.ARCHIVED
    assert world.count_archives() == 1
    check_clean(world)


def test_a_change_under_the_same_size_and_time_is_seen(world: World, reading: Any) -> None:
    """Bytes overwritten in place, with the modification time set back, still change the inode's own time."""
    location = world.write("a", BIG)

    def overwrite(source: Source, count: int) -> None:
        if count == 3:
            with open(location, "r+b") as file:
                file.write(b"other bytes")
            os.utime(location, ns=(0, source.stamp.modified_ns))

    reading("/a", overwrite)
    assert world.fetch(world.run()["a"].archive_id) == b"other bytes" + BIG[11:]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda location: os.rename(location, location + ".gone"), "No such file"),
        (lambda location: os.truncate(location, 5), "archived"),
    ],
    ids=["vanished", "truncated"],
)
def test_a_file_that_goes_while_it_is_read(world: World, reading: Any, change: Any, message: str) -> None:
    """A file that vanishes has failed and its upload is aborted; one that was cut is archived as it is then."""
    location = world.write("a", BIG)
    world.write("b/other")
    reading("/a", lambda _source, count: change(location) if count == 3 else None)
    results = world.run()
    if message == "archived":
        assert world.fetch(results["a"].archive_id) == BIG[:5]
    else:
        assert results["a"].outcome is Outcome.FAILED
        assert message in results["a"].detail
    assert results["b/other"].outcome is Outcome.ARCHIVED
    check_clean(world)


def break_disk(_source: Source, _count: int) -> None:
    """The disk cannot read here."""
    raise opening.SourceUnreadable("a cannot be read: Input/output error", _source.location)


def test_a_disk_that_cannot_read_fails_the_file_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """EIO in the middle of a file is told with its reason; zeros are never archived in its place; the rest goes on."""
    location = world.write("a", BIG)
    world.write("other")
    inode = os.stat(location).st_ino
    real = opening._read_once

    def read(descriptor: int, view: memoryview, offset: int) -> int:
        if os.fstat(descriptor).st_ino == inode and offset >= 2 * MIB:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(descriptor, view, offset)

    monkeypatch.setattr(opening, "_read_once", read)
    results = world.run()
    assert (results["a"].outcome, results["other"].outcome) == (Outcome.FAILED, Outcome.ARCHIVED)
    assert "Input/output error" in results["a"].detail
    assert world.count_archives() == 1
    monkeypatch.setattr(opening, "_read_once", real)
    again = world.run()["a"]
    assert world.fetch(again.archive_id) == BIG
    check_clean(world)


def test_a_bundle_goes_on_without_a_member_that_the_disk_cannot_read(world: World, reading: Any) -> None:
    """A member that cannot be read in the middle is told; the zip is made anew without it."""
    world.write("Bias/a", BIG)
    world.write("Bias/b", b"fine")
    reading("/a", lambda source, count: break_disk(source, count) if count > 1 else None)
    results = world.run(zip_patterns=("Bias",))
    assert results["Bias/a"].outcome is Outcome.FAILED
    assert results["Bias.zip"].outcome is Outcome.ARCHIVED
    assert BIG[:1000] not in world.fetch(results["Bias.zip"].archive_id)
    assert world.count_entries(members=True) == 2
    check_clean(world)


@pytest.mark.parametrize("always", [False, True])
def test_a_bundle_whose_member_changes_begins_anew(world: World, reading: Any, *, always: bool) -> None:
    """A member that changes once is zipped as it became; one that never rests fails the bundle."""
    location = world.write("Bias/a", BIG)
    reading("/a", lambda _source, count: touch(location, b"!") if always or count == 2 else None)
    result = world.run(zip_patterns=("Bias",))["Bias.zip"]
    assert result.outcome is (Outcome.FAILED if always else Outcome.ARCHIVED)
    assert world.count_archives() == (0 if always else 1)
    if not always:
        assert result.size == len(BIG) + 1
    check_clean(world)


def test_whatever_a_writer_does_each_archive_is_what_its_record_says(world: World) -> None:
    """While a thread rewrites files as fast as it can, every archive that is recorded has the bytes of its record."""
    locations = [world.write(f"{number}", b"%d" % number * 50_000) for number in range(12)]
    is_over = Event()

    def rewrite() -> None:
        made = random.Random(1)
        while not is_over.is_set():
            location = made.choice(locations)
            with open(location, "r+b") as file:
                file.write(made.randbytes(made.randrange(1, 60_000)))

    writer = Thread(target=rewrite)
    writer.start()
    try:
        results = world.run()
    finally:
        is_over.set()
        writer.join()
    assert {result.outcome for result in results.values()} <= {Outcome.ARCHIVED, Outcome.RECORDED, Outcome.FAILED}
    for result in results.values():
        if result.entry is not None:
            data = world.fetch(result.archive_id)
            assert (len(data), tree_hash(data)) == (result.entry.size, result.tree_hash)
    assert {result.outcome for result in world.run().values()} <= {*Outcome} - {Outcome.FAILED}


def test_a_file_that_became_a_fifo_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the scan and the opening a file is replaced by a FIFO: it has failed, and nothing hangs."""
    location = world.write("a")
    real = opening.open_path

    def replace_first(path: str, flags: int) -> int:
        if path == location:
            os.rename(location, location + ".was")
            os.mkfifo(location)
        return real(path, flags)

    monkeypatch.setattr(opening, "open_path", replace_first)
    result = world.run()["a"]
    assert result.outcome is Outcome.FAILED
    assert "no ordinary file" in result.detail


# --- stores that fail -------------------------------------------------------------------------------------------------


class FailingStore:
    """A store whose operation `name` fails `times` times with `error`, then works."""

    def __init__(self, inner: Any, name: str, error: StoreError, times: int) -> None:
        """Fail none yet."""
        self._inner, self._name, self._error = inner, name, error
        self.times = times

    def __getattr__(self, name: str) -> Any:
        """The inner one's attribute, or the failing one."""
        if name == self._name and self.times > 0:
            self.times -= 1
            return self._fail
        return getattr(self._inner, name)

    def _fail(self, *_args: object, **_kwargs: object) -> None:
        raise self._error


@pytest.mark.parametrize("name", ["upload_archive", "initiate_multipart_upload", "upload_multipart_part"])
@pytest.mark.parametrize("error", [Throttled("slow down"), ServiceUnavailable("later")], ids=["throttled", "503"])
def test_a_store_that_is_busy_is_asked_again(world: World, name: str, error: StoreError) -> None:
    """What passes is tried again after waits on the clock, and told; the file arrives once."""
    world.write("small")
    world.write("big", BIG)
    busy = replace(world, store=FailingStore(world.store, name, error, 5))
    results = busy.run()
    assert {result.outcome for result in results.values()} == {Outcome.ARCHIVED}
    assert world.clock.monotonic() > 0
    assert sum(isinstance(event, Noted) for event in world.events) == 5
    assert world.count_archives() == 2


@pytest.mark.parametrize("error", [ServiceUnavailable("disk full"), AccessDenied("no")], ids=["503", "403"])
def test_a_store_that_stays_broken_ends_the_run_and_the_next_goes_on(world: World, error: StoreError) -> None:
    """An error that no file is to blame for is raised, after bounded waits; the next run completes the work."""
    for number in range(40):
        world.write(f"{number}", b"%d" % number)
    broken = replace(world, store=FailingStore(world.store, "upload_archive", error, 10_000))
    with pytest.raises(type(error)):
        broken.run()
    assert world.clock.monotonic() < 600
    assert {result.outcome for result in world.run().values()} == {Outcome.ARCHIVED}
    assert world.count_archives() == 40
    check_clean(world)


def test_a_store_that_refuses_one_file_fails_that_file_alone(world: World) -> None:
    """An answer that blames the request fails the file; it is not tried again."""
    world.write("a")
    world.write("b")
    error = InvalidParameterValue("no such description")
    picky = replace(world, store=FailingStore(world.store, "upload_archive", error, 1))
    results = picky.run()
    assert sorted(result.outcome for result in results.values()) == [Outcome.ARCHIVED, Outcome.FAILED]
    check_clean(world)


class LyingStore:
    """A store that answers another tree hash than it computed, the first `times` times."""

    def __init__(self, inner: Any, times: int) -> None:
        """Lie none yet."""
        self._inner = inner
        self._times = times

    def __getattr__(self, name: str) -> Any:
        """The inner one's attribute."""
        return getattr(self._inner, name)

    def upload_archive(self, *args: Any, **kwargs: Any) -> Receipt:
        """Upload, and lie."""
        receipt: Receipt = self._inner.upload_archive(*args, **kwargs)
        return replace(receipt, tree_hash=self._lie(receipt.tree_hash))

    def upload_multipart_part(self, *args: Any, **kwargs: Any) -> str:
        """Upload, and lie."""
        return self._lie(self._inner.upload_multipart_part(*args, **kwargs))

    def _lie(self, truth: str) -> str:
        self._times -= 1
        return truth if self._times < 0 else "0" * 64


@pytest.mark.parametrize("data", [b"small", BIG], ids=["single", "parts"])
def test_a_tree_hash_that_is_not_ours_is_never_taken(world: World, data: bytes) -> None:
    """A receipt with another tree hash: sent again twice, then failed; nothing is recorded or left in the vault."""
    world.write("a", data)
    lying = replace(world, store=LyingStore(world.store, 10_000))
    result = lying.run()["a"]
    assert result.outcome is Outcome.FAILED
    assert "is not that of the bytes that were read" in result.detail
    assert world.count_entries() == world.count_archives() == 0
    check_clean_or_resumable(world, data)


def check_clean_or_resumable(world: World, data: bytes) -> None:
    """The next run, with an honest store, archives the file once."""
    assert world.fetch(world.run()["a"].archive_id) == data
    assert world.count_archives() == 1
    check_clean(world)


@pytest.mark.parametrize("data", [b"small", BIG], ids=["single", "parts"])
def test_a_tree_hash_that_was_wrong_twice_is_sent_a_third_time(world: World, data: bytes) -> None:
    """Bytes that were damaged on the way are read and sent again."""
    world.write("a", data)
    lying = replace(world, store=LyingStore(world.store, 2))
    result = lying.by_path(lying.archiver(jobs=1).archive(lying.request()))["a"]
    assert result.outcome is Outcome.ARCHIVED
    assert world.fetch(result.archive_id) == data
    assert world.count_archives() == 1


class HidingStore:
    """A store that keeps the first archive and says that it could not."""

    def __init__(self, inner: Any) -> None:
        """Hide none yet."""
        self._inner = inner
        self._is_first = True

    def __getattr__(self, name: str) -> Any:
        """The inner one's attribute."""
        return getattr(self._inner, name)

    def upload_archive(self, *args: Any, **kwargs: Any) -> Receipt:
        """Upload, and hide it once."""
        receipt: Receipt = self._inner.upload_archive(*args, **kwargs)
        if self._is_first:
            self._is_first = False
            raise ServiceUnavailable("the answer is lost")
        return receipt


def test_an_archive_behind_a_broken_answer_is_found_and_not_sent_again(world: World) -> None:
    """If the store kept the bytes and failed to say so, the next try finds them: there is one archive."""
    world.write("a")
    hiding = replace(world, store=HidingStore(world.store))
    result = hiding.run()["a"]
    assert result.outcome is Outcome.ARCHIVED
    assert world.count_archives() == 1
    assert world.fetch(result.archive_id) == b"light"


def test_a_store_whose_inventory_is_late_is_asked_for_it_once(world: World, open_service: OpenService) -> None:
    """Where an inventory takes hours it cannot tell what arrived, and each request for one would begin a job."""
    for number in range(4):
        world.write(f"{number}", b"%d" % number)
    late = open_service(waits=AMAZON_WAITS)
    failing = FailingStore(late, "upload_archive", ServiceUnavailable("later"), 5)
    slow = replace(world, store=failing).archiver(jobs=1)
    assert {result.outcome for result in slow.archive(world.request())} == {Outcome.ARCHIVED}
    assert len(late.list_jobs(VAULT).items) == 1


def test_errors_of_a_source_pass_through_the_store(world: World) -> None:
    """A body that breaks off with the archiver's own error reaches the archiver as that error, and nothing is kept."""

    class Broken:
        size = 5

        def __iter__(self) -> Any:
            yield b"abc"
            raise SourceChanged("it changed")

    with pytest.raises(SourceChanged):
        world.store.upload_archive(VAULT, Broken())
    assert world.count_archives() == 0
