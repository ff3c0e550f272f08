"""A deletion that ends at any of its durable steps: the next run makes all well."""

from __future__ import annotations

import errno
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import Query
from coldframe.clock import SystemClock
from coldframe.composition import open_coldframe
from coldframe.composition.archives import find_archives
from coldframe.composition.deleting import delete_archives
from coldframe.composition.emptying import VaultEmptying
from coldframe.composition.fees import records_fee
from coldframe.composition.spending import this_month
from coldframe.errors import ColdframeError
from coldframe.files import DiskFiles
from coldframe.model import ArchiveRetrieval
from coldframe.testing.faulty import Fault
from coldframe.testing.recording import TappedFiles, TappedVfs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran
    from coldframe.composition import Coldframe
    from coldframe.testing.recording import Operation

_STRIDE = 13
"""Of the many steps of emptying a vault each so many."""

_MOST = 200
"""More steps than there are; the loop ends with the first run in which nothing fails."""


class Hurried(SystemClock):
    """A clock on which waiting takes no time."""

    def __init__(self) -> None:
        """Nothing has been skipped."""
        self._skipped = 0.0

    def monotonic(self) -> float:
        """Seconds, those included that nobody waited."""
        return super().monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        """Skip them."""
        self._skipped += max(0.0, seconds)


class Cut:
    """From its `nth` change on nothing can be changed any more, counted from the moment when it is armed."""

    def __init__(self, nth: int) -> None:
        """Let all pass for now."""
        self.is_armed = False
        self.fault = Fault(errno.EIO, nth, is_lasting=True, where=self._counts)

    def _counts(self, _operation: Operation) -> bool:
        return self.is_armed


def cut_off(nth: int, prepare: Callable[[Coldframe], Callable[[], object]]) -> bool:
    """Do something, cut off at a step after it was prepared; answers whether there was such a step."""
    cut = Cut(nth)
    vfs = TappedVfs(f"deleting-{nth}", cut.fault)
    try:
        coldframe = open_coldframe(clock=Hurried(), files=TappedFiles(DiskFiles(), cut.fault), vfs=vfs.vfs_name)
        assert len(coldframe.store.identity) > 0
        act = prepare(coldframe)
        cut.is_armed = True
        with suppress(ColdframeError, OSError):
            act()
        with suppress(ColdframeError, OSError):
            coldframe.close()
    finally:
        vfs.unregister()
    return bool(cut.fault.struck)


def test_a_deletion_may_end_at_any_step(
    cli: Callable[..., Ran], archived: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Afterwards the catalog lists every file, and every archive that it lists is in the store."""

    def prepare(coldframe: Coldframe) -> Callable[[], object]:
        archives = find_archives(coldframe, "astro", paths)
        return lambda: list(delete_archives(coldframe, archives))

    paths = [f"Subs/Light/Red/M33_Light_Red_180sec__1x1_frame{n}.fit" for n in (1, 2)]
    listed = {row["file_path"] for row in cli("ls", "-o", "json").rows}
    for nth in range(1, _MOST):
        trial = tmp_path / f"home{nth}"
        shutil.copytree(home, trial)
        monkeypatch.setenv("COLDFRAME_HOME", str(trial))
        was_cut = cut_off(nth, prepare)
        ran = cli("archive", "Subs", "--vault", "astro", "--zip", "Bias", "--zip", "Flat")
        assert ran.code == 0, f"at {nth}: {ran.err}"
        with open_coldframe() as coldframe:
            entries = list(coldframe.catalog.select(Query()))
            assert {entry.path for entry in entries} == listed, f"at {nth}"
            for entry in entries:
                coldframe.store.initiate_job("astro", ArchiveRetrieval(entry.archive.archive_id))
        shutil.rmtree(trial)
        if not was_cut:
            assert nth > 10
            return
    pytest.fail("there is no end to it")


@pytest.mark.usefixtures("subs")
def test_emptying_a_vault_may_end_at_any_step(
    cli: Callable[..., Ran], home: Path, tmp_path: Path, prices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same command then leaves neither vault nor entries, and no fee was paid that was not written down."""

    def prepare(coldframe: Coldframe) -> Callable[[], object]:
        def act() -> None:
            emptying = VaultEmptying(coldframe, "astro")
            emptying.survey()
            list(emptying.delete())
            emptying.finish()

        return act

    monkeypatch.setenv("COLDFRAME_PRICES", str(prices))
    monkeypatch.setenv("COLDFRAME_BUDGET", "100")
    assert cli("vault", "create", "astro").code == 0
    assert cli("archive", "Subs/Light/Red", "--vault", "astro", "--yes").code == 0
    for nth in range(1, 4 * _MOST, _STRIDE):
        trial = tmp_path / f"home{nth}"
        shutil.copytree(home, trial)
        monkeypatch.setenv("COLDFRAME_HOME", str(trial))
        with open_coldframe() as coldframe:
            before, charged = this_month(coldframe).committed, coldframe.terms.prices
            records = list(coldframe.catalog.archives(coldframe.store.identity, "astro"))
        was_cut = cut_off(nth, prepare)
        ran = cli("vault", "delete", "astro", "--empty", "--confirm", "astro")
        assert ran.code == 0 or "There is no vault astro" in ran.err, f"at {nth}: {ran.err}"
        with open_coldframe() as coldframe:
            assert coldframe.catalog.count(Query(all_versions=True)) == (0, 0), f"at {nth}"
            assert coldframe.store.list_vaults().items == []
            assert charged is not None
            fee = records_fee(charged, records, now=coldframe.clock.now()).price.limit or 0
            assert this_month(coldframe).committed - before >= fee, f"at {nth}"
        shutil.rmtree(trial)
        if not was_cut:
            assert nth > 20
            return
    pytest.fail("there is no end to it")
