"""From a URL to a store, from a coldframe to a run: the library without the command line."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import coldframe
from coldframe.archiver.request import ArchiveRequest
from coldframe.catalog import Query
from coldframe.clock import SystemClock
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.locks import run_lock
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.composition.spool import Spool
from coldframe.composition.stores import folder_url, open_store, store_folder
from coldframe.errors import BadUsage, Busy, FormatError, ResourceNotFound
from coldframe.files import DiskFiles
from coldframe.model import Tier
from coldframe.progress import Outcome
from coldframe.settings import Home, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://localhost:9999", "somewhere else"),
        ("https://vault.example.org", "somewhere else"),
        ("glacier:", "somewhere else"),
        ("glacier://us-west-2?profile=astro", "somewhere else"),
        ("s3://bucket/prefix?class=DEEP_ARCHIVE", "not yet in this version"),
        ("ftp://host/x", "no kind of store"),
        ("file://host/x", "three slashes"),
        ("file:relative", "three slashes"),
        ("", "empty"),
    ],
)
def test_store_url_of_another_kind_is_refused_in_words(url: str, told: str) -> None:
    """What is no folder of this machine is told, and what it is; what this version cannot open at all, too."""
    with pytest.raises(BadUsage, match=told):
        store_folder(url)


def test_store_url_that_holds_a_password_is_not_repeated() -> None:
    """Messages end in logs."""
    with pytest.raises(BadUsage) as caught:
        store_folder("https://user:secret@host/")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["plain", "with space", "né#%?w", "a:b", os.fsdecode(b"\xff\xfe")])
def test_folder_and_its_url_are_the_same_store(tmp_path: Path, name: str) -> None:
    """A folder's URL leads back to it, whatever its name."""
    folder = str(tmp_path / name)
    assert store_folder(folder_url(folder)) == folder
    assert store_folder(folder) == folder
    assert folder_url(folder).isascii()


def test_opening_a_store_that_must_be_there_makes_none(tmp_path: Path) -> None:
    """A slip in a path, or an unmounted disk, does not become a new empty store."""
    with pytest.raises(ResourceNotFound, match="vault create"):
        open_store(str(tmp_path / "store"), create=False)
    assert not list(tmp_path.iterdir())


def test_opening_a_file_as_a_store_is_refused(tmp_path: Path) -> None:
    """A store lies in a folder."""
    (tmp_path / "store").write_text("x")
    with pytest.raises(BadUsage, match="no folder"):
        open_store(str(tmp_path / "store"))


def test_store_whose_blobs_are_another_stores_is_refused(tmp_path: Path) -> None:
    """The wrong disk under the right ledger is noticed before anything is served (reliability S21)."""
    for name in ("one", "two"):
        open_store(str(tmp_path / name)).close()
    (tmp_path / "one/blobs").rename(tmp_path / "elsewhere")
    (tmp_path / "two/blobs").rename(tmp_path / "one/blobs")
    with pytest.raises(FormatError, match="belong to the store"):
        open_store(str(tmp_path / "one"))


def test_store_without_its_ledger_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """Blobs whose ledger is gone get no new, empty one: that would stand in the way of the old (reliability S21)."""
    folder = tmp_path / "store"
    identity = _identity(folder)
    for path in folder.glob("ledger.sqlite*"):
        path.unlink()
    before = sorted(folder.rglob("*"))
    for _ in range(2):
        with pytest.raises(FormatError, match=identity):
            open_store(str(folder))
    assert sorted(folder.rglob("*")) == before


def _identity(folder: Path) -> str:
    """Make a store and answer what it is called."""
    with closing(open_store(str(folder))) as store:
        return store.identity


def test_store_keeps_its_identity(tmp_path: Path) -> None:
    """It is told from every other, however it is opened."""
    first = open_store(str(tmp_path / "a"))
    again = open_store(folder_url(str(tmp_path / "a")))
    other = open_store(str(tmp_path / "b"))
    assert first.identity == again.identity != other.identity
    for store in (first, again, other):
        store.close()


def test_run_lock_names_its_holder_and_lets_go(tmp_path: Path) -> None:
    """The second is told who holds it; after the first has ended it may run."""
    folder = str(tmp_path / "locks")
    with (
        run_lock(folder, "archive", clock=SystemClock(), files=DiskFiles()),
        pytest.raises(Busy, match=f"process {os.getpid()} on "),
        run_lock(folder, "archive", clock=SystemClock(), files=DiskFiles()),
    ):
        pass
    with run_lock(folder, "archive", clock=SystemClock(), files=DiskFiles()):
        pass


def test_spool_gives_back_in_order_what_it_was_given() -> None:
    """However many, twice, beyond what it keeps in memory."""
    values = [os.urandom(1000) for _ in range(6000)]
    with Spool[bytes]() as spool:
        for value in values:
            spool.add(value)
        assert len(spool) == 6000
        assert list(spool) == values
        assert list(spool) == values


@pytest.fixture
def frame(tmp_path: Path) -> Iterator[coldframe.Coldframe]:
    """A coldframe of one's own, without any environment."""
    home = Home(str(tmp_path / "home"), str(tmp_path / "home"))
    with coldframe.open_coldframe(home=home, settings=Settings()) as opened:
        opened.create_store().create_vault("astro")
        yield opened


def test_library_archives_and_retrieves_without_printing(
    frame: coldframe.Coldframe, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The whole job from Python: typed results, nothing on either stream (design 1.3)."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.fit").write_bytes(b"light")
    request = ArchiveRequest(paths=(str(tmp_path / "in"),), vault_name="astro")
    with frame.archive(ArchiveJob(request=request, inventory=str(tmp_path / "inv.csv"))) as run:
        results = list(run.results())
        summary = run.finish()
    assert [result.outcome for result in results] == [Outcome.ARCHIVED]
    assert (summary.files[Outcome.ARCHIVED], summary.inventory_rows) == (1, 1)

    retrieval = RetrieveRun(frame, RetrieveJob(into=str(tmp_path / "out"), query=Query(text="a.fit")))
    number = retrieval.order(retrieval.plan(), tier=Tier.STANDARD)
    (result,) = retrieval.carry_on(number)
    assert result.outcome is Outcome.RETRIEVED
    (found,) = (path for path in (tmp_path / "out").rglob("*.fit"))
    assert found.read_bytes() == b"light"
    assert capfd.readouterr() == ("", "")


def test_archive_run_that_is_stopped_leaves_deletion_to_the_next(frame: coldframe.Coldframe, tmp_path: Path) -> None:
    """After a stop the inventory is written, and nothing is deleted."""
    (tmp_path / "in").mkdir()
    for number in range(2000):
        (tmp_path / f"in/{number}.fit").write_bytes(os.urandom(100))
    request = ArchiveRequest(paths=(str(tmp_path / "in"),), vault_name="astro")
    job = ArchiveJob(request=request, inventory=str(tmp_path / "inv.csv"), delete_source=True)
    with frame.archive(job) as run:
        for _ in run.results():
            run.stop()
        summary = run.finish()
    assert summary.is_stopped
    assert summary.deleted == 0
    assert 0 < summary.inventory_rows < 2000
    assert len(list((tmp_path / "in").iterdir())) == 2000
    with frame.archive(job) as run:
        results = list(run.results())
        summary = run.finish()
    assert len(results) == 2000
    assert summary.deleted == 2000


def test_archive_run_that_fails_to_begin_holds_no_lock(frame: coldframe.Coldframe, tmp_path: Path) -> None:
    """An error before the first file lets others run."""
    request = ArchiveRequest(paths=(str(tmp_path / "nowhere"),), vault_name="astro")
    with pytest.raises(BadUsage, match="nowhere"), frame.archive(ArchiveJob(request=request)):
        pass
    with run_lock(frame.home.locks, "archive", clock=SystemClock(), files=DiskFiles()):
        pass


def test_inventory_of_an_older_run_is_completed_by_the_next(frame: coldframe.Coldframe, tmp_path: Path) -> None:
    """A run whose inventory was never written is made good by the run that finds its files unchanged."""
    Path(tmp_path / "a.fit").write_bytes(b"light")
    request = ArchiveRequest(paths=(str(tmp_path / "a.fit"),), vault_name="astro")
    with frame.archive(ArchiveJob(request=request)) as run:
        list(run.results())  # and the process dies here
    with frame.archive(ArchiveJob(request=request, inventory=str(tmp_path / "inv.csv"))) as run:
        assert [result.outcome for result in run.results()] == [Outcome.UNCHANGED]
        assert run.finish().inventory_rows == 1
