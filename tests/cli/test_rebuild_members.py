"""A lost catalog: the members of bundles come back out of the bundles themselves."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import Kind, Query
from coldframe.clock import SystemClock
from coldframe.composition import open_coldframe
from coldframe.composition.bundles import MemberRebuild
from coldframe.errors import NotReady
from coldframe.inventory.description import Described, encode_description
from coldframe.inventory.rebuild import rebuild_catalog
from coldframe.model import MIB
from coldframe.testing.bodies import BytesBody

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cli.conftest import Ran


class _LateClock(SystemClock):
    """The real clock, so many hours later."""

    def __init__(self) -> None:
        """Stand at the present."""
        self.hours = 0

    def now(self) -> datetime:
        """The moment that the store believes in."""
        return super().now() + timedelta(hours=self.hours)


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> _LateClock:
    """The clock of all commands."""
    clock = _LateClock()
    monkeypatch.setattr("coldframe.composition.library.SystemClock", lambda: clock)
    return clock


def _lose_catalog(home: Path) -> None:
    for path in home.glob("catalog.sqlite*"):
        path.unlink()


def _members(cli: Callable[..., Ran]) -> list[str]:
    rows = cli("ls", "--members", "-o", "json").rows
    return sorted(row["file_path"] for row in rows if row["kind"] == "member")


def _retrieved_sizes() -> list[tuple[int, int]]:
    """Of each archive job the archive's size, and of how many bytes it is."""
    with open_coldframe() as coldframe:
        jobs = coldframe.store.list_jobs("astro").items
    return [(job.archive_size or 0, job.range.size if job.range else 0) for job in jobs if job.archive_id]


@pytest.fixture
def large(home: Path, cli: Callable[..., Ran]) -> Path:
    """A folder of five members of a megabyte and more, archived as one bundle in the vault `astro`."""
    folder = Path("Night/Dark")
    folder.mkdir(parents=True)
    random = Random(3)
    for number in range(5):
        (folder / f"d{number}.fit").write_bytes(random.randbytes(MIB + number))
    assert cli("vault", "create", "astro").code == 0
    assert cli("archive", "Night", "--vault", "astro", "--zip", "Dark").code == 0
    return folder


def test_members_come_back_from_ones_own_disk(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """Without an inventory CSV, and without a question: every member is known as before, by its SHA-256 too."""
    before, hashes = _members(cli), _hashes()
    assert before
    _lose_catalog(home)
    assert cli("inventory", "rebuild", "-v", "astro").code == 0
    assert _members(cli) == []
    ran = cli("inventory", "rebuild", "-v", "astro", "--members")
    assert ran.code == 0, ran.err
    assert f"{len(before)} members of 2 bundles brought back" in ran.err
    assert (_members(cli), _hashes()) == (before, hashes)
    assert cli("retrieve", "b1.fit", "--into", "back", "--yes").code == 0
    assert Path("back/Subs/Bias/b1.fit").read_bytes() == (archived / "Bias/b1.fit").read_bytes()
    sent = len(_retrieved_sizes())
    assert "0 members of 0 bundles" in cli("inventory", "rebuild", "-v", "astro", "--members").err
    assert len(_retrieved_sizes()) == sent


def test_only_the_end_of_a_bundle_is_retrieved_where_one_waits(
    cli: Callable[..., Ran], large: Path, home: Path, late: _LateClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command asks, starts one job for the last megabyte, and carries on with it until the members are back."""
    _lose_catalog(home)
    monkeypatch.setenv("COLDFRAME_TIERS", "amazon")
    command = ("inventory", "rebuild", "-v", "astro", "--members")
    ran = cli(*command)
    assert ran.code == 2
    assert "Retrieve the end of every bundle" in ran.err
    assert cli(*command, "--yes").code == 9  # the inventory is being prepared
    late.hours = 5
    for _ in range(2):
        ran = cli(*command, "--yes")
        assert (ran.code, _members(cli)) == (9, [])
        assert "still preparing 1 bundle" in ran.err
    ((archive_size, retrieved),) = _retrieved_sizes()
    assert retrieved < 2 * MIB < archive_size
    late.hours = 10
    ran = cli(*command)
    assert ran.code == 0, ran.err
    assert "5 members of 1 bundle brought back" in ran.err
    assert _members(cli) == [f"Night/Dark/d{number}.fit" for number in range(5)]
    assert len(_retrieved_sizes()) == 1


def test_member_without_a_hash_is_retrieved_alone(
    cli: Callable[..., Ran], large: Path, home: Path, late: _LateClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the directory alone tells is enough to retrieve a range of the bundle and check the member in it."""
    _lose_catalog(home)
    assert cli("inventory", "rebuild", "-v", "astro").code == 0
    monkeypatch.setenv("COLDFRAME_TIERS", "amazon")
    with open_coldframe() as coldframe:
        assert [read.is_waiting for read in MemberRebuild(coldframe, "astro").run()] == [True]
    late.hours = 5
    with open_coldframe() as coldframe:
        assert [read.members for read in MemberRebuild(coldframe, "astro").run()] == [5]
    monkeypatch.delenv("COLDFRAME_TIERS")
    ran = cli("retrieve", "d2.fit", "--into", "back", "--yes")
    assert ran.code == 0, ran.err
    assert Path("back/Night/Dark/d2.fit").read_bytes() == (large / "d2.fit").read_bytes()
    assert max(retrieved for _, retrieved in _retrieved_sizes()) < 4 * MIB


def test_long_directory_takes_a_second_job(
    cli: Callable[..., Ran], home: Path, late: _LateClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A central directory that begins before the last megabyte is retrieved up to there, and no byte twice."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for number in range(15_000):
            file.writestr(f"Dark/{number:05d}-{'x' * 120}.fit", b"")
    monkeypatch.setenv("COLDFRAME_TIERS", "amazon")
    assert cli("vault", "create", "astro").code == 0
    described = Described(path="Dark.zip", kind=Kind.BUNDLE, size=len(data.getvalue()), modified_ns=None)
    with open_coldframe() as coldframe:
        body = BytesBody(data.getvalue())
        coldframe.store.upload_archive("astro", body, description=encode_description(described))
        with pytest.raises(NotReady):
            rebuild_catalog(coldframe.store, coldframe.catalog, "astro")
    for hours, members in ((5, 0), (10, 0), (15, 15_000)):
        late.hours = hours
        with open_coldframe() as coldframe:
            if hours == 5:
                rebuild_catalog(coldframe.store, coldframe.catalog, "astro")
            assert [read.members for read in MemberRebuild(coldframe, "astro").run()] == [members]
    jobs = _retrieved_sizes()
    assert len(jobs) == 2
    assert sum(retrieved for _, retrieved in jobs) < len(data.getvalue())


def test_bundle_that_is_no_zip_is_named(cli: Callable[..., Ran], home: Path) -> None:
    """One bundle that cannot be read is told of and does not keep the others from being read."""
    assert cli("vault", "create", "astro").code == 0
    with open_coldframe() as coldframe:
        for name, data in (("Bad.zip", b"no zip" * 10), ("Good.zip", _small_zip())):
            described = Described(path=name, kind=Kind.BUNDLE, size=len(data), modified_ns=None)
            coldframe.store.upload_archive("astro", BytesBody(data), description=encode_description(described))
    ran = cli("inventory", "rebuild", "-v", "astro", "--members")
    assert ran.code == 3
    assert "Bad.zip: the bundle cannot be read as a zip file" in ran.err
    assert _members(cli) == ["a.fit"]


def _small_zip() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("a.fit", b"light")
    return data.getvalue()


def _hashes() -> set[str]:
    with open_coldframe() as coldframe:
        return {entry.member.sha256 for entry in coldframe.catalog.select(Query(members=True)) if entry.member}
