"""`archive` and `watch` run alone on a catalog: the second is told who holds it, and a dead holder holds nobody up."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from coldframe.clock import SystemClock
from coldframe.composition.locks import run_lock
from coldframe.files import DiskFiles
from coldframe.retriever.hold import hold_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cli.conftest import Ran

_HOLD = """
import sys
from coldframe.clock import SystemClock
from coldframe.composition.locks import run_lock
from coldframe.files import DiskFiles
with run_lock(sys.argv[1], sys.argv[2], clock=SystemClock(), files=DiskFiles()):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def _holder(home: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a lock."""
    command = [sys.executable, "-c", _HOLD, str(home / "locks"), name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def _run(cli: Callable[..., Ran], name: str) -> Ran:
    return cli("archive", "Subs", "-v", "astro") if name == "archive" else cli("watch", "--once")


@pytest.fixture
def waiting(cli: Callable[..., Ran], archived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive, and an order whose jobs take hours."""
    monkeypatch.setenv("COLDFRAME_TIERS", "amazon")
    assert cli("retrieve", "Blue", "--into", "back", "--yes").code == 0


@pytest.mark.parametrize("name", ["archive", "watch"])
def test_second_run_is_told_who_holds_the_catalog(
    cli: Callable[..., Ran], home: Path, waiting: None, name: str
) -> None:
    """Exit 5, with process, host, command and since when; when the first has ended, the same command runs."""
    with _holder(home, name) as first:
        ran = _run(cli, name)
    assert ran.code == 5
    assert f"process {first.pid} on " in ran.err
    assert f"(coldframe {name}), since 20" in ran.err
    assert _run(cli, name).code in {0, 9}


@pytest.mark.parametrize("name", ["archive", "watch"])
def test_holder_that_was_killed_holds_nobody_up(cli: Callable[..., Ran], home: Path, waiting: None, name: str) -> None:
    """`kill -9` leaves the note of who it was, and that note means nothing any more."""
    with _holder(home, name):
        pass
    assert (home / "locks" / f"{name}.holder.json").exists()
    assert _run(cli, name).code in {0, 9}
    assert not (home / "locks" / f"{name}.holder.json").exists()


def test_archive_and_watch_do_not_wait_for_each_other(cli: Callable[..., Ran], home: Path, waiting: None) -> None:
    """An order may take days; nobody stops archiving for it."""
    with _holder(home, "watch"):
        assert _run(cli, "archive").code == 0
    with _holder(home, "archive"):
        assert _run(cli, "watch").code == 9


def test_note_that_cannot_be_read_is_no_trouble(home: Path, cli: Callable[..., Ran], waiting: None) -> None:
    """A holder that has only just begun is told of without its number."""
    with run_lock(str(home / "locks"), "watch", clock=SystemClock(), files=DiskFiles()):
        (home / "locks" / "watch.holder.json").write_bytes(os.urandom(20))
        ran = _run(cli, "watch")
    assert (ran.code, "Another run is using this catalog." in ran.err) == (5, True)


def test_retrieve_leaves_its_order_to_a_quicker_watch(cli: Callable[..., Ran], home: Path, waiting: None) -> None:
    """A watch may be there before whoever placed it; only who wants to wait is told to come again."""
    with hold_order(str(home / "catalog.sqlite"), 1, DiskFiles()):
        ran = cli("retrieve", "Blue", "--into", "back")
        assert (ran.code, "being carried on by process" in ran.err) == (0, True), ran.err
        assert cli("retrieve", "Blue", "--into", "back", "--wait", "0s").code == 5
