"""Wrong, missing and late bytes; full and missing disks: nothing wrong ever gets its name, and all can go on."""

from __future__ import annotations

import errno
import os
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog.order_model import OrderState
from coldframe.errors import DamagedArchive, DestinationUnavailable, ServiceUnavailable, TreeHashMismatch
from coldframe.model import MIB
from coldframe.progress import Advanced, Outcome
from coldframe.retriever import Price
from coldframe.service.outputs import PartsOutput
from coldframe.tree_hash import TreeHasher
from retriever.taps import ChangedOutput, TappedFiles
from retriever.world import frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from coldframe.model import Buffer, ByteRange
    from coldframe.ports import JobOutput
    from coldframe.progress import Event
    from coldframe.retriever import RetrievedFile
    from retriever.world import World

    Change = Callable[[JobOutput], Iterator[Buffer]]


class ChangingStore:
    """A store whose n-th output (from 0) is changed by `changes[n]`, and all later ones by `always`."""

    def __init__(
        self, world: World, *changes: Change, always: Change | None = None, hides_hashes: bool = False
    ) -> None:
        self._store = world.store
        self._changes = list(changes)
        self._always = always or iter
        self._hides_hashes = hides_hashes
        self.asked: list[ByteRange | None] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def get_job_output(self, vault_name: str, job_id: str, *, byte_range: ByteRange | None = None) -> ChangedOutput:
        """An output, changed."""
        self.asked.append(byte_range)
        change = self._changes.pop(0) if self._changes else self._always
        output = ChangedOutput(self._store.get_job_output(vault_name, job_id, byte_range=byte_range), change)
        if self._hides_hashes:
            output.tree_hash = None  # type: ignore[attr-defined]  # hides the wrapped one
        return output


class HashedChange(PartsOutput):
    """The embedded store's own output, whose bytes change after it has hashed them."""

    def __init__(self, output: PartsOutput, change: Callable[[Iterator[Buffer]], Iterator[Buffer]]) -> None:
        vars(self).update(vars(output))
        self._change = change

    def __iter__(self) -> Iterator[Buffer]:
        return self._change(super().__iter__())


class HashedStore:
    """A store in this process, whose n-th output is changed by `changes[n]` after it was hashed."""

    def __init__(self, world: World, *changes: Callable[[Iterator[Buffer]], Iterator[Buffer]]) -> None:
        self._store = world.store
        self._changes = list(changes)
        self.asked: list[int] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def get_job_output(self, vault_name: str, job_id: str, *, byte_range: ByteRange) -> JobOutput:
        """An output, changed."""
        self.asked.append(byte_range.start)
        output = self._store.get_job_output(vault_name, job_id, byte_range=byte_range)
        assert isinstance(output, PartsOutput)
        return HashedChange(output, self._changes.pop(0)) if self._changes else output


def flip(output: Iterable[Buffer]) -> Iterator[Buffer]:
    """One bit of the first piece is wrong."""
    for number, piece in enumerate(output):
        wrong = bytearray(piece)
        wrong[len(wrong) // 2] ^= 0x10 if number == 0 else 0
        yield wrong


def cut_off(output: JobOutput) -> Iterator[Buffer]:
    """It ends after 1,000 bytes, without an error."""
    yield bytes(next(iter(output)))[:1000]


def break_off(output: JobOutput) -> Iterator[Buffer]:
    """It breaks after 1,000 bytes, with one."""
    yield bytes(next(iter(output)))[:1000]
    raise ConnectionResetError(errno.ECONNRESET, "reset")


def add_bytes(output: JobOutput) -> Iterator[Buffer]:
    """It holds more than it should."""
    yield from output
    yield b"more"


def failing(error: Exception) -> Iterator[Buffer]:
    """No byte comes, but an error."""
    yield from ()
    raise error


def damaged(_output: JobOutput) -> Iterator[Buffer]:
    """The store finds its own bytes damaged."""
    return failing(DamagedArchive("blob 7 is damaged"))


def broken(_output: JobOutput) -> Iterator[Buffer]:
    """The store is in trouble."""
    return failing(ServiceUnavailable("try later"))


def only_large(change: Change) -> Change:
    """The change, for outputs of more than a MiB."""
    return lambda output: change(output) if output.total_size > MIB else iter(output)


def carry_on(world: World, store: ChangingStore, **settings: object) -> list[RetrievedFile]:
    """Order everything and carry it on to the end, from a store that changes outputs."""
    return list(world.retriever(store=store, **settings).carry_on(world.order()))


@pytest.mark.parametrize("hides_hashes", [False, True])
def test_flipped_bit_is_fetched_again(world: World, hides_hashes: bool) -> None:  # noqa: FBT001 - pytest passes it
    """A wrong bit never gets a name: the bytes are fetched again, whether the output promised hashes or not."""
    data = frame(1, 9 * MIB)
    world.add("a.fit", data)
    store = ChangingStore(world, flip, flip, hides_hashes=hides_hashes)
    events: list[Event] = []

    (result,) = carry_on(world, store, observer=events.append, jobs=1)

    assert world.files() == {"a.fit": data}
    assert result.outcome is Outcome.RETRIEVED
    assert sum(event.size for event in events if isinstance(event, Advanced)) == len(data)


def test_bit_that_flips_after_it_was_hashed_is_fetched_again(world: World) -> None:
    """Bytes that the store in this process has hashed are not hashed again, but a change on the way is found."""
    data = frame(1, 9 * MIB + 5)
    world.add("a.fit", data)

    (result,) = world.retriever(store=HashedStore(world, flip, flip), jobs=1).carry_on(world.order())

    assert world.files() == {"a.fit": data}
    assert result.outcome is Outcome.RETRIEVED


def test_hashed_output_that_breaks_off_goes_on_where_it_broke(world: World) -> None:
    """What a store in this process has hashed so far counts."""

    def fall(output: Iterator[Buffer]) -> Iterator[Buffer]:
        yield next(output)
        yield next(output)
        raise ServiceUnavailable("the disk stumbled")

    data = frame(1, 5 * MIB + 7)
    world.add("a.fit", data)
    store = HashedStore(world, fall)

    list(world.retriever(store=store, jobs=1).carry_on(world.order()))

    assert world.files() == {"a.fit": data}
    assert store.asked == [0, 2 * MIB, 4 * MIB]  # the last is the next segment


def test_bytes_are_hashed_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver takes the leaves that the store in this process has found."""
    data = frame(1, 9 * MIB)
    world.add("a.fit", data)
    monkeypatch.setattr(TreeHasher, "update", None)  # whoever hashes fails

    (result,) = world.retriever(jobs=1).carry_on(world.order())

    assert result.outcome is Outcome.RETRIEVED
    assert world.files() == {"a.fit": data}


@pytest.mark.parametrize("hides_hashes", [False, True])
def test_bits_that_stay_wrong_are_a_mismatch(world: World, hides_hashes: bool) -> None:  # noqa: FBT001 - pytest passes it
    """Bytes that are wrong each time fail the file with a tree hash mismatch, and nothing of it stays."""
    world.add("a.fit", frame(1, 5 * MIB))
    world.add("b.fit", frame(2))
    store = ChangingStore(world, always=only_large(flip), hides_hashes=hides_hashes)

    results = {r.path: r for r in world.retriever(store=store, jobs=1).carry_on(world.order())}

    assert results["a.fit"].outcome is Outcome.FAILED
    assert isinstance(results["a.fit"].error, TreeHashMismatch)
    assert world.files() == {"b.fit": frame(2)}


def test_archive_that_is_not_the_recorded_one_is_refused(world: World) -> None:
    """If the store holds other bytes than the catalog's tree hash promises, they do not get the file's name."""
    world.add("a.fit", frame(1), promised="ab" * 32)

    (result,) = world.retrieve()

    assert result.outcome is Outcome.FAILED
    assert world.files() == {}


@pytest.mark.parametrize("change", [cut_off, break_off])
def test_output_that_breaks_off_goes_on_where_it_broke(world: World, change: Change) -> None:
    """What arrived before a broken connection is not asked for again."""
    data = frame(1, 2 * MIB)
    world.add("a.fit", data)
    store = ChangingStore(world, change, change)

    carry_on(world, store)

    assert world.files() == {"a.fit": data}
    assert [asked and asked.start for asked in store.asked] == [0, 1000, 2000]


def test_output_with_too_many_bytes_is_refused(world: World) -> None:
    """Bytes beyond the end are never written."""
    world.add("a.fit", frame(1))

    (result,) = carry_on(world, ChangingStore(world, always=add_bytes))

    assert result.outcome is Outcome.FAILED
    assert world.files() == {}


def test_damaged_archive_fails_alone(world: World) -> None:
    """An archive that the store itself finds damaged fails with that reason; the others come."""
    world.add("a.fit", frame(1, 2 * MIB))
    world.add("b.fit", frame(2))

    results = {r.path: r for r in carry_on(world, ChangingStore(world, always=only_large(damaged)))}

    assert {path: r.outcome for path, r in results.items()} == {"a.fit": Outcome.FAILED, "b.fit": Outcome.RETRIEVED}
    assert "damaged" in results["a.fit"].detail


def test_store_in_trouble_while_fetching_is_tried_later(world: World) -> None:
    """Trouble that may pass leaves the file open; a later round brings it."""
    world.add("a.fit", frame(1))

    (result,) = carry_on(world, ChangingStore(world, *[broken] * 7))

    assert result.outcome is Outcome.RETRIEVED


def test_job_that_expires_while_it_is_fetched_goes_on_in_the_same_file(world: World) -> None:
    """Segments that are durable are kept when the job expires; only the missing ones are fetched by the next job."""
    data = frame(1, 16 * MIB)
    world.add("a.fit", data)

    def expire(_output: JobOutput) -> Iterator[Buffer]:
        world.clock.advance(hours=25)
        return failing(ConnectionResetError(errno.ECONNRESET, "reset"))

    store = ChangingStore(world, iter, iter, expire)
    carry_on(world, store, jobs=1)

    assert world.files() == {"a.fit": data}
    assert len(world.jobs()) == 1  # the other one has expired
    assert sum(asked.size for asked in store.asked[3:] if asked) <= len(data) + MIB


def test_segments_that_changed_on_the_disk_are_fetched_again(world: World) -> None:
    """A marked segment is believed only if the unfinished file still holds it."""
    data = frame(1, 12 * MIB)
    world.add("a.fit", data)
    number = world.order()
    store = ChangingStore(world, iter, iter, *[broken] * 5)
    list(world.retriever(store=store, jobs=1).carry_on(number, wait=False))
    (part,) = [name for name in os.listdir(world.into) if name.endswith(".part")]
    with open(os.path.join(world.into, part), "r+b") as file:
        file.seek(100)
        file.write(b"wrong")
    store = ChangingStore(world)

    list(world.retriever(store=store, jobs=1).carry_on(number))

    assert world.files() == {"a.fit": data}
    assert [asked and asked.start // MIB for asked in store.asked] == [0, 8]


@pytest.mark.parametrize("verb", ["create", "write", "truncate", "sync", "rename", "make_folder", "sync_folder"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_disk_that_fails_leaves_the_order_to_be_carried_on(world: World, verb: str, number: int) -> None:
    """A full or failing disk stops the order with a clear message, and it goes on when that is mended."""
    files = {f"deep/{name}.fit": frame(ord(name), 6 * MIB) for name in "ab"}
    for path, data in files.items():
        world.add(path, data)
    order = world.order()

    def fail(done: str, _path: str) -> None:
        if done == verb:
            raise OSError(number, os.strerror(number))

    with pytest.raises(DestinationUnavailable, match="carry the order on"):
        list(world.retriever(files=TappedFiles(fail)).carry_on(order))
    assert world.orders.order(order).state is OrderState.OPEN

    list(world.retriever().carry_on(order))
    assert world.files() == files
    assert len(world.jobs()) == 2


def test_destination_that_vanished_is_told(world: World) -> None:
    """A destination that is not there is not made again silently: its disk may not be mounted."""
    world.add("a.fit", frame(1))
    order = world.order()
    os.rename(world.into, world.into + "-away")

    with pytest.raises(DestinationUnavailable, match="cannot be opened"):
        list(world.retriever().carry_on(order))
    os.rename(world.into + "-away", world.into)
    (result,) = world.retriever().carry_on(order)

    assert result.outcome is Outcome.RETRIEVED


def test_disk_that_is_not_mounted_is_told(world: World) -> None:
    """An empty mount point has the name of the destination's disk, but files must not go into it."""
    world.add("a.fit", frame(1))
    order = world.order()
    elsewhere = "UPDATE orders SET mount_point = '/media/astro'"
    world.catalog.database.write(lambda connection: connection.execute(elsewhere))

    with pytest.raises(DestinationUnavailable, match="not mounted"):
        list(world.retriever().carry_on(order))

    assert world.files() == {}
    assert world.orders.order(order).state is OrderState.OPEN


@pytest.mark.parametrize("is_paused", [False, True])
def test_nothing_unfinished_stays_of_what_is_given_up(world: World, *, is_paused: bool) -> None:
    """What has arrived stays while an order is paused; when it is cancelled, its unfinished file goes away."""
    world.add("a.fit", frame(1, 12 * MIB))
    number = world.order()
    store = ChangingStore(world, iter, *[broken] * 5)
    list(world.retriever(store=store, jobs=1).carry_on(number, wait=False))
    assert [name for name in world.files() if name.endswith(".part")]

    if is_paused:
        world.clock.advance(days=2)
        assert list(world.retriever(pricing=lambda work: Price(Decimal(work.jobs))).carry_on(number)) == []
        assert world.orders.order(number).state is OrderState.PAUSED
        assert [name for name in world.files() if name.endswith(".part")]
    world.retriever().cancel(number)

    assert world.files() == {}
    assert world.orders.order(number).state is not OrderState.OPEN


def test_zeros_come_back_as_a_hole(world: World) -> None:
    """A sparse file does not take the room of its zeros."""
    data = frame(1, MIB) + bytes(30 * MIB) + frame(2, MIB)
    world.add("sparse.bin", data)

    world.retrieve()

    assert world.files() == {"sparse.bin": data}
    assert os.stat(os.path.join(world.into, "sparse.bin")).st_blocks * 512 < 8 * MIB


def test_stopping_twice_leaves_at_once_and_resumes(world: World) -> None:
    """A second request to stop ends a segment in its middle; the next run fetches it anew and finishes."""
    data = frame(1, 12 * MIB)
    world.add("a.fit", data)
    order = world.order()
    arrived = 0

    def stop_soon(event: Event) -> None:
        nonlocal arrived
        if isinstance(event, Advanced):
            arrived += event.size
            if arrived >= 6 * MIB:
                retriever.stop()
                retriever.stop()

    retriever = world.retriever(jobs=1, observer=stop_soon)
    assert list(retriever.carry_on(order)) == []
    assert arrived < 8 * MIB

    store = ChangingStore(world)
    list(world.retriever(store=store, jobs=1).carry_on(order))
    assert world.files() == {"a.fit": data}
    assert [asked and asked.start // MIB for asked in store.asked] == [4, 8]
