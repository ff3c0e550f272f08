"""Folders that the user may not read or write: told before the work, in words that say what to do."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cli.conftest import Ran

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights in lists, which chmod does not change")

_CAPBSET_DROP = 24
_OVERRIDES = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, by which root reads and writes everything."""


def _become_powerless() -> None:
    if sys.platform == "linux" and os.geteuid() == 0:
        prctl = ctypes.CDLL(None).prctl
        for capability in _OVERRIDES:
            prctl(_CAPBSET_DROP, capability, 0, 0, 0)


def powerless(*arguments: str) -> Ran:
    """Run the real program as one to whom rights apply, root included."""
    done = subprocess.run(
        [sys.executable, "-m", "coldframe", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        preexec_fn=_become_powerless,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def closed(archived: Path) -> Iterator[Callable[..., str]]:
    """Take rights from folders, and give them back at the end."""
    taken: list[Path] = []

    def close(folder: Path, mode: int) -> str:
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
        taken.append(folder)
        return str(folder)

    yield close
    for folder in taken:
        folder.chmod(0o755)


def test_inventory_that_cannot_be_written_is_told_before_anything_is_sent(
    archived: Path, closed: Callable[..., str], cli: Callable[..., Ran]
) -> None:
    """Not after hours of work, and not by the name of a temporary file."""
    (archived / "new.fit").write_bytes(b"new")
    folder = closed(archived.parent / "papers", 0o555)
    for flags in (["--inventory", f"{folder}/inv.csv"], ["--inventory", "inv.csv", "--inventory-copy", folder]):
        ran = powerless("archive", "Subs", "-v", "astro", *flags)
        assert (ran.code, ran.out) == (2, ""), ran.err
        assert f"{folder} cannot be written to: this user may not, or its disk is read-only" in ran.err
    assert cli("ls", "new.fit").code == 4


def test_destination_that_cannot_be_filled_is_told_before_an_order_is_placed(
    archived: Path, closed: Callable[..., str], cli: Callable[..., Ran]
) -> None:
    """No question, no job, no order that nobody can carry on."""
    folder = closed(archived.parent / "back", 0o555)
    for into in (folder, f"{folder}/deeper/still"):
        ran = powerless("retrieve", "Blue", "-v", "astro", "--into", into, "--yes")
        assert (ran.code, ran.out) == (2, ""), ran.err
        assert f"{into} cannot be written to" in ran.err
    ran = powerless("retrieve", "Blue", "-v", "astro", "--into", closed(archived.parent / "shut", 0), "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert "cannot be read: this user may not. Name another folder with --into." in ran.err
    assert cli("orders").code == 4


def test_files_that_are_there_are_verified_where_nothing_can_be_written(
    archived: Path, closed: Callable[..., str], cli: Callable[..., Ran]
) -> None:
    """A disk that is mounted read-only may well hold them."""
    assert cli("retrieve", "Blue", "-v", "astro", "--into", "back", "--yes").code == 0
    ran = powerless("retrieve", "Blue", "-v", "astro", "--into", closed(archived.parent / "back", 0o555))
    assert ran.code == 0
    assert "3 files, " in ran.err


def test_store_that_may_not_be_looked_into_is_not_taken_for_none(
    archived: Path, closed: Callable[..., str], home: Path
) -> None:
    """Whoever reads that there is none yet makes another."""
    folder = closed(home / "store", 0)
    ran = powerless("vault", "list")
    assert ran.code == 6
    assert f"This user may not look into {folder}" in ran.err


def test_catalog_and_ledger_that_may_not_be_used_say_so(archived: Path, closed: Callable[..., str], home: Path) -> None:
    """SQLite's words alone tell nobody what to do."""
    closed(home / "store", 0o555)
    (home / "store/ledger.sqlite").chmod(0)
    assert "See whether this user may use the store's folder." in powerless("vault", "list").err
    (home / "catalog.sqlite").chmod(0)
    assert "see whether this user may use its folder." in powerless("ls").err
