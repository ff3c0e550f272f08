"""The catalog's file: durable, shared, never misread."""

from __future__ import annotations

import os
import random
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import apsw
import pytest

from coldframe.catalog import Query, database, open_catalog
from coldframe.catalog.database import SCHEMA, open_database
from coldframe.errors import Busy, CatalogUnavailable, ColdframeError, FormatError
from coldframe.files import DiskFiles
from coldframe.testing.catalogs import STORE, VAULT, a_bundle, a_file, an_archive, an_attempt
from coldframe.testing.faulty import Counting, Fault
from coldframe.testing.recording import TappedFiles, TappedVfs, Trace, Verb

if TYPE_CHECKING:
    from coldframe.catalog import Catalog, Entry
    from coldframe.catalog.database import Database
    from coldframe.testing.clock import FakeClock
    from coldframe.testing.recording import Operation


def _paths(catalog: Catalog) -> list[str]:
    return [entry.path for entry in catalog.select(Query())]


def _record(catalog: Catalog, number: int) -> None:
    archive = an_archive(number)
    catalog.record(archive, [a_file(f"{number}.fit", archive)])


def test_every_connection_is_durable(catalog: Catalog) -> None:
    """Writer and readers use WAL and synchronous=FULL."""
    writer = catalog.database.write(lambda c: (c.pragma("journal_mode"), c.pragma("synchronous")))
    with catalog.database.read() as connection:
        reader = (connection.pragma("journal_mode"), connection.pragma("synchronous"))
    assert writer == reader == ("wal", 2)


def test_record_is_synced_before_it_is_confirmed(catalog_path: str, clock: FakeClock) -> None:
    """Between the last write of a transaction and the return of `record` lies a sync of the log."""
    trace = Trace()
    vfs = TappedVfs("catalog-trace", trace)
    with open_catalog(catalog_path, clock=clock, vfs="catalog-trace") as catalog:
        _record(catalog, 1)
        trace.mark("begins")
        _record(catalog, 2)
        verbs = [o.verb for o in trace.operations]
    del vfs
    own = verbs[len(verbs) - verbs[::-1].index(Verb.MARK) :]
    assert Verb.WRITE in own
    assert own[-1] is Verb.SYNC


def test_new_catalog_has_a_durable_way_to_it(catalog_path: str, clock: FakeClock) -> None:
    """Whoever made its folder may have been cut off before its name was safe, so that is made sure of, once."""
    folder = os.path.dirname(catalog_path)
    os.mkdir(folder)
    for is_new in (True, False):
        trace = Trace()
        open_catalog(catalog_path, clock=clock, files=TappedFiles(DiskFiles(), trace)).close()
        synced = [operation.path for operation in trace.operations if operation.verb is Verb.SYNC_FOLDER]
        assert (os.path.dirname(folder) in synced) == is_new


def test_catalog_that_another_began_has_a_durable_way_to_it(catalog_path: str, clock: FakeClock) -> None:
    """A file without a page is no catalog yet: whoever made it has not come to the folders, perhaps."""
    folder = os.path.dirname(catalog_path)
    os.mkdir(folder)
    open(catalog_path, "wb").close()
    trace = Trace()
    open_catalog(catalog_path, clock=clock, files=TappedFiles(DiskFiles(), trace)).close()
    assert os.path.dirname(folder) in {o.path for o in trace.operations if o.verb is Verb.SYNC_FOLDER}


def test_reader_cannot_write(catalog: Catalog) -> None:
    """What is handed out for reading refuses to change anything."""
    with pytest.raises(CatalogUnavailable), catalog.database.read() as connection:
        connection.execute("DELETE FROM entry")


def test_readers_do_not_wait_for_a_writer(catalog: Catalog) -> None:
    """While a transaction is being written, a query answers what was there before it."""
    _record(catalog, 1)
    seen: list[list[str]] = []

    def act(connection: apsw.Connection) -> None:
        connection.execute("DELETE FROM archive")
        seen.append(_paths(catalog))

    catalog.database.write(act)
    assert seen == [["1.fit"]]
    assert _paths(catalog) == []


def test_error_of_one_caller_undoes_only_its_rows(catalog: Catalog) -> None:
    """Callers share a transaction, but not each other's failures."""
    barrier = threading.Barrier(8)
    outcomes: list[bool] = []

    def call(number: int) -> None:
        def act(connection: apsw.Connection) -> None:
            connection.execute("INSERT INTO note VALUES (?, '')", (f"note {number}",))
            if number % 2:
                raise RuntimeError("planted")

        barrier.wait()
        try:
            catalog.database.write(act)
        except RuntimeError:
            outcomes.append(False)
        else:
            outcomes.append(True)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [False] * 4 + [True] * 4
    assert [number for number in range(8) if catalog.note(f"note {number}") is not None] == [0, 2, 4, 6]


def test_waiting_threads_share_one_commit(catalog_path: str, clock: FakeClock) -> None:
    """While one commit is under way the others gather, and go together in the next."""
    trace = Trace()
    vfs = TappedVfs("catalog-commits", trace)
    with open_catalog(catalog_path, clock=clock, vfs="catalog-commits") as catalog:
        _record(catalog, 0)
        held, first_is_in = threading.Event(), threading.Event()

        def hold(_connection: apsw.Connection) -> None:
            first_is_in.set()
            assert held.wait(30)

        threads = [threading.Thread(target=catalog.database.write, args=(hold,))]
        threads[0].start()
        assert first_is_in.wait(30)
        threads += [threading.Thread(target=_record, args=(catalog, number)) for number in range(1, 21)]
        for thread in threads[1:]:
            thread.start()
        while len(catalog.database._combiner._queue) < 20:  # all of them have joined the queue
            pass
        trace.mark("gathered")
        held.set()
        for thread in threads:
            thread.join()
        verbs = [o.verb for o in trace.operations]
        assert len(_paths(catalog)) == 21
    del vfs
    own = verbs[len(verbs) - verbs[::-1].index(Verb.MARK) :]
    assert own.count(Verb.SYNC) == 1


def test_threads_may_do_everything_at_once(catalog: Catalog) -> None:
    """Eight threads record, query and look up without losing or mixing anything."""
    errors: list[Exception] = []

    def work(worker: int) -> None:
        try:
            for step in range(20):
                number = worker * 100 + step
                (row,) = catalog.begin([an_attempt(f"{number}.fit")])
                archive = an_archive(number)
                catalog.record(archive, [a_file(f"{number}.fit", archive)], attempt=row)
                assert catalog.find_sources(STORE, VAULT, [f"/home/me/{number}.fit"])
                assert f"{number}.fit" in _paths(catalog)
        except Exception as error:  # noqa: BLE001 - the thread's error is the test's
            errors.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert catalog.count(Query())[0] == 160
    assert not catalog.attempts(STORE, VAULT)
    assert not list(catalog.find_damage())


def test_closed_catalog_says_so(catalog: Catalog) -> None:
    """After `close` neither reading nor writing pretends to work."""
    catalog.close()
    with pytest.raises(ValueError, match="closed"):
        _paths(catalog)
    with pytest.raises(ValueError, match="closed"):
        _record(catalog, 1)


# --- other files and versions -----------------------------------------------------------------------------------------


def test_newer_catalog_is_refused(catalog_path: str, clock: FakeClock) -> None:
    """A catalog of a later version is left alone."""
    with open_catalog(catalog_path, clock=clock) as catalog:
        catalog.database.write(lambda connection: connection.execute("PRAGMA user_version = 9999"))
    with pytest.raises(FormatError, match="newer coldframe"):
        open_catalog(catalog_path, clock=clock)


def test_migrations_go_on_where_they_ended(
    catalog_path: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalog of the first version becomes one of the newest, and keeps its rows."""
    monkeypatch.setattr(database, "SCHEMA", replace(SCHEMA, scripts=SCHEMA.scripts[:1]))
    with open_catalog(catalog_path, clock=clock) as catalog:
        _record(catalog, 1)
        assert catalog.database.write(lambda connection: connection.pragma("user_version")) == 1
    monkeypatch.undo()
    with open_catalog(catalog_path, clock=clock) as catalog:
        assert catalog.database.write(lambda connection: connection.pragma("user_version")) == len(SCHEMA.scripts)
        assert _paths(catalog) == ["1.fit"]


@pytest.mark.parametrize("content", [b"FilePath,ArchiveId,Checksum\n" * 100, os.urandom(8192)])
def test_file_that_is_no_database_is_refused(catalog_path: str, clock: FakeClock, content: bytes) -> None:
    """A file of another kind is not overwritten."""
    os.makedirs(os.path.dirname(catalog_path))
    with open(catalog_path, "wb") as file:
        file.write(content)
    with pytest.raises(FormatError, match="inventory rebuild"):
        open_catalog(catalog_path, clock=clock)
    with open(catalog_path, "rb") as file:
        assert file.read() == content


def test_database_of_another_program_is_refused(catalog_path: str, clock: FakeClock) -> None:
    """An SQLite file that is no catalog gets no tables of ours."""
    os.makedirs(os.path.dirname(catalog_path))
    other = apsw.Connection(catalog_path)
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(FormatError, match="another program"):
        open_catalog(catalog_path, clock=clock)


def test_catalog_in_an_impossible_place_says_so(tmp_path: os.PathLike[str], clock: FakeClock) -> None:
    """A folder where the file should be is an error in plain words."""
    with pytest.raises(CatalogUnavailable, match="cannot be read or written"):
        open_catalog(os.fspath(tmp_path), clock=clock)


def test_busy_catalog_says_so(catalog_path: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits too long for another process learns that, and nothing is recorded."""
    monkeypatch.setattr("coldframe.sqlite.BUSY_SECONDS", 0.05)
    with open_catalog(catalog_path, clock=clock) as catalog:
        other = apsw.Connection(catalog_path)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy, match="another process"):
            _record(catalog, 1)
        other.execute("ROLLBACK")
        other.close()
        _record(catalog, 2)
        assert _paths(catalog) == ["2.fit"]


# --- damage -----------------------------------------------------------------------------------------------------------


def _fill(catalog: Catalog) -> None:
    for number in range(40):
        _record(catalog, number)
    entries = a_bundle("Bias.zip", an_archive(99), tuple(f"b{number}.fit" for number in range(20)))
    catalog.record(entries[0].archive, entries)


def test_truncated_catalog_is_noticed(catalog_path: str, clock: FakeClock) -> None:
    """A catalog that lost its end is an error that says how to rebuild it."""
    with open_catalog(catalog_path, clock=clock) as catalog:
        _fill(catalog)
    os.truncate(catalog_path, os.path.getsize(catalog_path) // 2 // 4096 * 4096)
    with pytest.raises(FormatError, match="inventory rebuild"), open_catalog(catalog_path, clock=clock) as catalog:
        _paths(catalog)


def test_flipped_bits_never_change_an_answer_unnoticed(catalog_path: str, clock: FakeClock) -> None:
    """After damage a query raises, or answers what it answered before, or the full check tells."""
    with open_catalog(catalog_path, clock=clock) as catalog:
        _fill(catalog)
        expected = list(catalog.select(Query(members=True)))
    with open(catalog_path, "rb") as file:
        sound = file.read()
    noticed = 0
    rng = random.Random(26)
    for _ in range(150):
        damaged = bytearray(sound)
        at = rng.randrange(100, len(sound))
        damaged[at] ^= 1 << rng.randrange(8)
        with open(catalog_path, "wb") as file:
            file.write(damaged)
        noticed += _is_noticed(catalog_path, clock, expected)
    print(f"\n{noticed} of 150 flipped bits noticed; the others changed no answer")
    assert noticed


def _is_noticed(path: str, clock: FakeClock, expected: list[Entry]) -> bool:
    try:
        with open_catalog(path, clock=clock) as catalog:
            found = list(catalog.select(Query(members=True)))
            if found == expected:
                return False
            assert list(catalog.find_damage()), "a wrong answer that no check sees"
    except ColdframeError as error:
        assert isinstance(error, FormatError), error  # noqa: PT017 - one of three good ends
    return True


def test_changed_row_fails_its_checksum(catalog: Catalog) -> None:
    """A row that SQLite thinks is sound, but that is not what was written, is not believed."""
    _record(catalog, 1)
    catalog.database.write(lambda c: c.execute("UPDATE archive SET tree_hash = replace(tree_hash, '6', '7')"))
    with pytest.raises(FormatError, match="fails its checksum"):
        _paths(catalog)
    assert any("checksum" in line for line in catalog.find_damage())


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("UPDATE entry SET size = 5", "checksum"),
        ("INSERT INTO entry_text (entry_text) VALUES ('delete-all')", "damaged"),
        ("UPDATE vault SET name = 'stolen'", "checksum"),
    ],
)
def test_full_check_tells(catalog: Catalog, sql: str, told: str) -> None:
    """Whatever part of the catalog differs from the others, the full check says so; a sound one has nothing to say."""
    _fill(catalog)
    assert list(catalog.find_damage()) == []
    catalog.database.write(lambda connection: connection.execute(sql))
    assert any(told in line for line in catalog.find_damage())


# --- failing disks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [28, 5], ids=["ENOSPC", "EIO"])
def test_failing_disk_never_confirms_what_is_lost(catalog_path: str, clock: FakeClock, number: int) -> None:
    """Whichever operation fails, what was confirmed is there afterwards and what was refused is not half there."""
    counting = Counting()
    _work_on(catalog_path, clock, TappedVfs(f"catalog-count-{number}", counting), f"catalog-count-{number}")
    operations = counting.struck_by(number)
    assert operations > 3
    for nth in range(1, operations + 1):
        path = f"{catalog_path}-{nth}"
        name = f"catalog-fault-{number}-{nth}"
        confirmed = _work_on(path, clock, TappedVfs(name, Fault(number, nth)), name)
        with open_catalog(path, clock=clock) as catalog:
            there = set(_paths(catalog))
            assert confirmed <= there
            assert there <= {f"{n}.fit" for n in range(4)}
            assert not list(catalog.find_damage())


def _work_on(path: str, clock: FakeClock, _vfs: TappedVfs, name: str) -> set[str]:
    """Record four archives through a failing disk; answers which were confirmed."""
    confirmed: set[str] = set()
    try:
        with open_catalog(path, clock=clock, vfs=name) as catalog:
            for number in range(4):
                try:
                    _record(catalog, number)
                    confirmed.add(f"{number}.fit")
                except CatalogUnavailable:
                    continue
    except CatalogUnavailable:
        pass
    return confirmed


def test_failed_sync_ends_all_writing(catalog_path: str, clock: FakeClock) -> None:
    """After a failed fsync this process writes nothing more to the catalog: what the disk holds is unknown."""
    faults: list[Fault] = []

    def strikes(operation: Operation) -> bool:
        return bool(faults) and operation.verb is Verb.SYNC

    fault = Fault(5, 1, where=strikes)
    vfs = TappedVfs("catalog-sync", fault)
    with open_catalog(catalog_path, clock=clock, vfs="catalog-sync") as catalog:
        _record(catalog, 1)
        faults.append(fault)
        for number in (2, 3):
            with pytest.raises(CatalogUnavailable):
                _record(catalog, number)
        assert len(fault.struck) == 1
        assert _paths(catalog) == ["1.fit"]
    del vfs


def test_database_serves_other_tables(catalog_path: str, clock: FakeClock) -> None:
    """`read` and `write` are all that another part of the catalog needs."""
    database: Database = open_database(catalog_path, clock=clock)
    row = database.write(lambda c: c.execute("INSERT INTO note VALUES ('a', 'b') RETURNING rowid").fetchall())
    with database.read() as connection:
        assert connection.execute("SELECT rowid FROM note").fetchall() == row
    database.close()
