"""Opening an SQLite file: made once, recognised, refused when it cannot be trusted; and writing to it."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import apsw
import pytest

from coldframe.errors import CatalogUnavailable, FormatError
from coldframe.sqlite import Schema, open_reader, open_writer, require_durable, require_safe_sqlite
from coldframe.testing.faulty import Fault
from coldframe.testing.recording import TappedVfs, Verb

if TYPE_CHECKING:
    from pathlib import Path

    from coldframe.sqlite import Writer
    from coldframe.testing.clock import FakeClock


class _World:
    """A file of a made-up kind, and its SQL texts."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        """Write the first text."""
        self._clock = clock
        self.folder = str(folder)
        self.path = str(folder / "things.sqlite")
        self.add_script("1.sql", "CREATE TABLE thing (name TEXT PRIMARY KEY) STRICT;")
        self.schema = Schema(
            what="the list of things",
            application_id=7,
            folder=self.folder,
            scripts=("1.sql",),
            unavailable=CatalogUnavailable,
            found=lambda connection: _add(connection, "first"),
        )

    def add_script(self, name: str, sql: str) -> None:
        """Put a text where the schema looks for it."""
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(sql)

    def open(self, schema: Schema | None = None, *, vfs: str = "") -> Writer:
        """Open the file."""
        return open_writer(self.path, schema or self.schema, clock=self._clock, vfs=vfs)


def _add(connection: apsw.Connection, name: str) -> str:
    connection.execute("INSERT INTO thing VALUES (?)", (name,))
    return name


def _names(world: _World) -> list[str]:
    reader = open_reader(world.path)
    names = [str(name) for (name,) in reader.execute("SELECT name FROM thing ORDER BY name")]
    reader.close()
    return names


@pytest.fixture
def world(tmp_path: Path, clock: FakeClock) -> _World:
    """A file that is not there yet."""
    return _World(tmp_path, clock)


def test_new_file_is_made_once(world: _World) -> None:
    """It gets its tables, its number, its owner and its first row, and these only once."""
    for _ in range(2):
        writer = world.open()
        assert (writer.connection.pragma("user_version"), writer.connection.pragma("application_id")) == (1, 7)
        writer.close()
    assert _names(world) == ["first"]


def test_commits_wait_for_the_disk(world: _World) -> None:
    """WAL with synchronous FULL, for writers and readers."""
    writer, reader = world.open(), open_reader(world.path)
    for connection in (writer.connection, reader):
        assert (connection.pragma("journal_mode"), connection.pragma("synchronous")) == ("wal", 2)
        assert connection.pragma("foreign_keys") == 1
    reader.close()
    writer.close()


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("PRAGMA synchronous = OFF", "durably"),
        ("PRAGMA synchronous = NORMAL", "durably"),
        ("PRAGMA journal_mode = DELETE", "shared safely"),
    ],
)
def test_weaker_settings_are_refused(world: _World, sql: str, told: str) -> None:
    """A connection whose commits may be lost by a power cut is not used."""
    writer = world.open()
    require_durable(writer.connection, world.schema)
    writer.connection.execute(sql)
    with pytest.raises(CatalogUnavailable, match=f"the list of things .*{told}"):
        require_durable(writer.connection, world.schema)
    writer.close()


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.7.0"])
def test_unsafe_sqlite_is_refused(world: _World, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """An SQLite with the WAL-reset bug opens nothing (reliability S18)."""
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: version)
    with pytest.raises(CatalogUnavailable, match=rf"{re.escape(version)}.*3\.51\.3 or newer"):
        world.open()
    assert not os.path.exists(world.path)


@pytest.mark.parametrize("version", ["3.51.3", "3.52.0", "4.0.0", apsw.sqlite_lib_version()])
def test_safe_sqlite_is_taken(world: _World, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """The release with the fix, later ones, and the one that apsw carries."""
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: version)
    require_safe_sqlite(world.schema)


def test_newer_file_is_refused(world: _World) -> None:
    """A file of a later version is left alone."""
    world.add_script("2.sql", "CREATE TABLE later (x);")
    world.open(replace(world.schema, scripts=("1.sql", "2.sql"))).close()
    with pytest.raises(FormatError, match=r"newer coldframe \(version 2\)"):
        world.open()


@pytest.mark.parametrize("sql", ["CREATE TABLE mine (x)", "PRAGMA user_version = 1"])
def test_file_of_another_program_is_refused(world: _World, sql: str) -> None:
    """A database of some other program gets no tables of ours."""
    connection = apsw.Connection(world.path)
    connection.execute(sql)
    before = connection.execute("SELECT * FROM sqlite_schema").fetchall()
    connection.close()
    with pytest.raises(FormatError, match="another program"):
        world.open()
    connection = apsw.Connection(world.path)
    assert connection.execute("SELECT * FROM sqlite_schema").fetchall() == before
    connection.close()


def test_migrations_go_on_where_they_ended(world: _World) -> None:
    """A file of the first version becomes one of the newest, keeps its rows, and is not founded again."""
    world.open().close()
    world.add_script("2.sql", "ALTER TABLE thing ADD COLUMN size INTEGER;")
    writer = world.open(replace(world.schema, scripts=("1.sql", "2.sql")))
    assert writer.connection.execute("SELECT * FROM thing").fetchall() == [("first", None)]
    writer.close()


def test_failed_migration_changes_nothing(world: _World) -> None:
    """One that breaks half-way leaves the version before it, whole, and is begun again (S19)."""
    world.open().close()
    world.add_script("2.sql", "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);")
    newer = replace(world.schema, scripts=("1.sql", "2.sql"))
    with pytest.raises(apsw.SQLError, match="nowhere"):
        world.open(newer)
    writer = world.open()
    assert not writer.connection.execute("SELECT name FROM sqlite_schema WHERE name = 'half'").fetchall()
    writer.close()
    world.add_script("2.sql", "CREATE TABLE half (x);")
    world.open(newer).close()


def test_act_that_fails_undoes_only_itself(world: _World) -> None:
    """Of acts in one transaction each has its own outcome."""
    writer = world.open()

    def fail(connection: apsw.Connection) -> None:
        _add(connection, "never")
        raise RuntimeError("planted")

    outcomes = writer.transact(
        [lambda c: _add(c, "a"), fail, lambda c: _add(c, "first"), lambda c: _add(c, "b")],
    )
    assert [outcome.value for outcome in outcomes] == ["a", None, None, "b"]
    assert isinstance(outcomes[1].error, RuntimeError)
    assert isinstance(outcomes[2].error, apsw.ConstraintError)
    assert _names(world) == ["a", "b", "first"]
    writer.close()


def test_error_of_the_file_fails_all(world: _World) -> None:
    """An act that meets an error of SQLite itself takes the whole transaction with it."""
    writer = world.open()
    with pytest.raises(apsw.SQLError):
        writer.transact([lambda c: _add(c, "a"), lambda c: c.execute("INSERT INTO nowhere VALUES (1)")])
    assert _names(world) == ["first"]
    writer.transact([lambda c: _add(c, "b")])
    assert _names(world) == ["b", "first"]
    writer.close()


def test_reader_cannot_write(world: _World) -> None:
    """What is opened for reading refuses to change anything, and makes no file."""
    with pytest.raises(apsw.CantOpenError):
        open_reader(world.path)
    world.open().close()
    reader = open_reader(world.path)
    with pytest.raises(apsw.ReadOnlyError):
        _add(reader, "a")
    reader.close()


@pytest.mark.parametrize(("number", "verb"), [(5, Verb.SYNC), (28, Verb.WRITE)])
def test_only_a_failed_sync_ends_all_writing(world: _World, number: int, verb: Verb) -> None:
    """After a failed sync nothing that this process writes is trusted; a full disk may have room again."""
    faults: list[Fault] = []
    fault = Fault(number, 1, where=lambda operation: bool(faults) and operation.verb is verb)
    name = f"foundation-{number}"
    vfs = TappedVfs(name, fault)
    writer = world.open(vfs=name)
    faults.append(fault)
    with pytest.raises(apsw.Error):
        writer.transact([lambda c: _add(c, "a")])
    if verb is Verb.SYNC:
        with pytest.raises(CatalogUnavailable, match="started again"):
            writer.transact([lambda c: _add(c, "b")])
    else:
        writer.transact([lambda c: _add(c, "b")])
    assert len(fault.struck) == 1
    writer.close()
    del vfs
    again = world.open()
    again.transact([lambda c: _add(c, "c")])
    assert "c" in _names(world)
    again.close()
