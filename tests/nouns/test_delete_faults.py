"""A deletion that ends at any of its durable steps: the next archive run makes all well."""

from __future__ import annotations

import errno
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import Query
from coldframe.composition import open_coldframe
from coldframe.composition.archives import find_archives
from coldframe.composition.deleting import delete_archives
from coldframe.errors import ColdframeError
from coldframe.files import DiskFiles
from coldframe.model import ArchiveRetrieval
from coldframe.testing.faulty import Fault
from coldframe.testing.recording import TappedFiles, TappedVfs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran
    from coldframe.testing.recording import Operation

_MOST = 200
"""More steps than there are; the loop ends with the first run in which nothing fails."""


class Cut:
    """From its `nth` change on nothing can be changed any more, counted from the moment when it is armed."""

    def __init__(self, nth: int) -> None:
        """Let all pass for now."""
        self.is_armed = False
        self.fault = Fault(errno.EIO, nth, is_lasting=True, where=self._counts)

    def _counts(self, _operation: Operation) -> bool:
        return self.is_armed


def delete_until(nth: int, paths: list[str]) -> bool:
    """Delete archives, cut off at a step; answers whether there was such a step."""
    cut = Cut(nth)
    vfs = TappedVfs(f"deleting-{nth}", cut.fault)
    try:
        coldframe = open_coldframe(files=TappedFiles(DiskFiles(), cut.fault), vfs=vfs.vfs_name)
        archives = find_archives(coldframe, "astro", paths)
        assert len(coldframe.store.identity) > 0
        cut.is_armed = True
        with suppress(ColdframeError, OSError):
            list(delete_archives(coldframe, archives))
        with suppress(ColdframeError, OSError):
            coldframe.close()
    finally:
        vfs.unregister()
    return bool(cut.fault.struck)


def test_a_deletion_may_end_at_any_step(
    cli: Callable[..., Ran], archived: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Afterwards the catalog lists every file, and every archive that it lists is in the store."""
    paths = [f"Subs/Light/Red/M33_Light_Red_180sec__1x1_frame{n}.fit" for n in (1, 2)]
    listed = {row["file_path"] for row in cli("ls", "-o", "json").rows}
    for nth in range(1, _MOST):
        trial = tmp_path / f"home{nth}"
        shutil.copytree(home, trial)
        monkeypatch.setenv("COLDFRAME_HOME", str(trial))
        was_cut = delete_until(nth, paths)
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
