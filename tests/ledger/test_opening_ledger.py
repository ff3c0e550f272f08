"""Opening a ledger: made once, recognised, refused when it cannot be trusted."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import apsw
import pytest

from coldframe.errors import FormatError, ServiceUnavailable
from coldframe.ledger import migrations, open_ledger
from coldframe.ledger.connection import connect_writer, require_durable, require_safe_sqlite
from coldframe.testing.recording import TappedVfs, Trace, Verb

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coldframe.ledger import SqliteLedger

    OpenOne = Callable[..., SqliteLedger]


def test_ledger_has_one_identity(open_one: OpenOne) -> None:
    """The identity is made with the ledger, stays, and is a uuid after the product's name."""
    identity = open_one().identity
    assert re.fullmatch(r"coldframe:[0-9a-f]{32}", identity)
    assert open_one().identity == identity


def test_ledgers_differ(tmp_path: Path) -> None:
    """Two ledgers are two stores."""
    ledgers = [open_ledger(str(tmp_path / name)) for name in ("first", "second")]
    assert ledgers[0].identity != ledgers[1].identity
    for ledger in ledgers:
        ledger.close()


def test_openers_of_a_new_ledger_agree(ledger_path: str) -> None:
    """Many who open a ledger that is not there yet at the same time get the same one."""
    with ThreadPoolExecutor(8) as pool:
        ledgers = list(pool.map(lambda _: open_ledger(ledger_path), range(16)))
    assert len({ledger.identity for ledger in ledgers}) == 1
    for ledger in ledgers:
        ledger.close()


def test_commits_wait_for_the_disk(ledger: SqliteLedger) -> None:
    """WAL with synchronous FULL: one fsync of the log for each commit at least."""
    assert ledger._writer.pragma("journal_mode") == "wal"
    assert ledger._writer.pragma("synchronous") == 2
    assert ledger._writer.pragma("foreign_keys") == 1


def test_commit_is_synced(open_one: OpenOne) -> None:
    """A write transaction syncs the write-ahead log after its last write to it."""
    trace = Trace()
    vfs = TappedVfs("commit-is-synced", trace)
    ledger = open_one(vfs="commit-is-synced")
    begun = len(trace.operations)
    ledger.write(lambda changes: changes.add_vault("v", 5))
    verbs = [operation.verb for operation in trace.operations[begun:] if operation.path.endswith("-wal")]
    assert Verb.WRITE in verbs
    assert verbs[-1] in {Verb.SYNC, Verb.SYNC_FOLDER}
    ledger.close()
    del vfs


@pytest.mark.parametrize("level", ["OFF", "NORMAL"])
def test_weaker_level_is_refused(ledger_path: str, ledger: SqliteLedger, level: str) -> None:
    """A connection whose commits may be lost by a power cut is not used."""
    connection = connect_writer(ledger_path, vfs="", create=False)
    require_durable(connection)
    connection.execute(f"PRAGMA synchronous = {level}")
    with pytest.raises(ServiceUnavailable, match="durably"):
        require_durable(connection)
    connection.close()


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.7.0"])
def test_unsafe_sqlite_is_refused(version: str) -> None:
    """A SQLite with the WAL-reset bug is refused (reliability S18)."""
    with pytest.raises(ServiceUnavailable, match=re.escape(version)):
        require_safe_sqlite(version)


def test_safe_sqlite_is_taken() -> None:
    """The release with the fix, later ones, and the one that apsw carries."""
    for version in ("3.51.3", "3.52.0", "4.0.0"):
        require_safe_sqlite(version)
    require_safe_sqlite()


def test_newer_ledger_is_refused(ledger_path: str, ledger: SqliteLedger) -> None:
    """A ledger that a newer coldframe made is left alone."""
    ledger.close()
    connection = apsw.Connection(ledger_path)
    connection.execute(f"PRAGMA user_version = {len(migrations.MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(FormatError, match="newer coldframe"):
        open_ledger(ledger_path)


@pytest.mark.parametrize("sql", ["CREATE TABLE mine (x)", "PRAGMA user_version = 1", "PRAGMA application_id = 7"])
def test_database_of_another_program_is_refused(ledger_path: str, sql: str) -> None:
    """A SQLite file that is no ledger is left as it is."""
    connection = apsw.Connection(ledger_path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(sql)
    connection.close()
    if sql.endswith("= 7"):
        connection = apsw.Connection(ledger_path)
        connection.execute("CREATE TABLE mine (x)")
        connection.close()
    with pytest.raises(FormatError, match="another program"):
        open_ledger(ledger_path)


def test_file_that_is_no_database_is_refused(ledger_path: str) -> None:
    """Any other file in the ledger's place is named as that, and is not overwritten."""
    content = b"this is not a database at all. " * 100
    with open(ledger_path, "wb") as file:
        file.write(content)
    with pytest.raises(FormatError, match="not a SQLite database"):
        open_ledger(ledger_path)
    with open(ledger_path, "rb") as file:
        assert file.read() == content


def test_missing_folder_is_unavailable(tmp_path: Path) -> None:
    """A ledger in a folder that is not there cannot be opened; the message names no path."""
    with pytest.raises(ServiceUnavailable) as caught:
        open_ledger(str(tmp_path / "nowhere" / "ledger.sqlite"))
    assert str(tmp_path) not in str(caught.value)


def test_migration_that_fails_leaves_nothing(ledger_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration happens as a whole: one that is cut off is begun again from where the ledger was (S19)."""
    monkeypatch.setattr(migrations, "APPLICATION_ID", "no number")  # the statement after the tables fails
    with pytest.raises(ServiceUnavailable):
        open_ledger(ledger_path)
    connection = apsw.Connection(ledger_path)
    assert connection.execute("SELECT count(*) FROM sqlite_schema").get == 0
    assert connection.pragma("user_version") == 0
    connection.close()
    monkeypatch.undo()
    ledger = open_ledger(ledger_path)
    assert ledger.read(lambda facts: facts.count_vaults()) == 0
    ledger.close()


def test_closed_ledger_is_unavailable(ledger: SqliteLedger) -> None:
    """After closing, reading and writing say so; closing again is no error."""
    ledger.close()
    ledger.close()
    with pytest.raises(ServiceUnavailable):
        ledger.read(lambda facts: facts.count_vaults())
    with pytest.raises(ServiceUnavailable):
        ledger.write(lambda changes: changes.add_vault("v", 5))


def test_last_to_close_empties_the_log(ledger_path: str, open_one: OpenOne) -> None:
    """After an orderly end, the one file is the whole ledger."""
    first, second = open_one(), open_one()
    first.write(lambda changes: changes.add_vault("v", 5))
    first.close()
    assert os.path.exists(f"{ledger_path}-wal")
    second.close()
    assert not os.path.exists(f"{ledger_path}-wal")
