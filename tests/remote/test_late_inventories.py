"""`verify` where the vault's inventory takes hours, as Amazon's does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coldframe.archiver.request import ArchiveRequest
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.library import Coldframe
from coldframe.composition.standing import Standing
from coldframe.composition.verifying import verify_vault
from coldframe.errors import NotReady
from coldframe.model import AMAZON_WAITS
from coldframe.settings import Home, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from coldframe.testing.clock import FakeClock


def test_verify_carries_on_with_the_job_that_it_began(tmp_path: Path, clock: FakeClock) -> None:
    """Begun once, looked for until it is done, and used once; the next verification begins another."""
    home = Home(str(tmp_path / "home"), str(tmp_path / "home"))
    with Coldframe(home, Settings(tiers=AMAZON_WAITS), clock=clock) as coldframe:
        coldframe.create_store().create_vault("v")
        (tmp_path / "a.fit").write_bytes(b"light")
        with coldframe.archive(
            ArchiveJob(request=ArchiveRequest(paths=(str(tmp_path / "a.fit"),), vault_name="v"))
        ) as run:
            list(run.results())
        for jobs in (1, 2):
            clock.advance(seconds=1)
            for _ in range(2):
                with pytest.raises(NotReady, match="run"):
                    list(verify_vault(coldframe, "v"))
            clock.advance(hours=5)
            assert [checked.standing for checked in verify_vault(coldframe, "v")] == [Standing.VERIFIED]
            assert len(coldframe.store.list_jobs("v").items) == jobs
