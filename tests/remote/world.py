"""A user and a real server that share a clock, so that days pass in no time and everything still goes over HTTP."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from coldframe.archiver.request import ArchiveRequest
from coldframe.clock import SystemClock
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.library import Coldframe
from coldframe.composition.serving import ServeRequest, Serving
from coldframe.model import TierWaits
from coldframe.server.address import parse_address
from coldframe.settings import Home, Settings
from coldframe.testing.clock import FakeClock
from remote.conftest import REGION, use_key

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from coldframe.archiver import FileResult

VAULT = "astrodata"
AMAZON_LIKE = TierWaits(expedited_seconds=300, standard_seconds=4 * 3600, bulk_seconds=12 * 3600)


class ServedWorld:
    """A server on a clock that is told to pass, and what its user has at home.

    Args:
        top: Where all lies.
        monkeypatch: Sets the server's key, and the time by which botocore signs.
        waits: How long the server's jobs take.
        free_daily_bytes: What the server's strategy FreeTier allows in a day; None for what is usual.
        settings: What else the user has settled.
    """

    def __init__(
        self,
        top: Path,
        monkeypatch: pytest.MonkeyPatch,
        *,
        waits: TierWaits = AMAZON_LIKE,
        free_daily_bytes: int | None = None,
        **settings: Any,
    ) -> None:
        """Start the server, and make the vault."""
        self._open = ExitStack()
        self.top = top
        self.into = top / "back"
        self.clock = FakeClock(SystemClock().now())
        self.lines: list[str] = []
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: self.clock.now().replace(tzinfo=None))
        monkeypatch.setattr("coldframe.stores.quick.SystemClock", lambda: self.clock)  # by which we sign ourselves
        address = parse_address("127.0.0.1:0")
        served = Settings(listen=address, region=REGION, tiers=waits, free_daily_bytes=free_daily_bytes)
        request = ServeRequest(folder=str(top / "served"), settings=served, access_log=self.lines.append)
        self.server = Serving(request, clock=self.clock)
        self._open.callback(self._stop)
        self.server.start()
        assert self.server.new_key is not None
        use_key(monkeypatch, self.server.new_key)
        self._home = Home(str(top / "home"), str(top / "home"))
        self._settings = Settings(store=self.server.url, **settings)
        self.coldframe = self.new_process()
        self.coldframe.store.create_vault(VAULT)

    def new_process(self, **settings: Any) -> Coldframe:
        """The user's coldframe, opened afresh; what was open stays so until the end."""
        mine = replace(self._settings, **settings)
        return self._open.enter_context(Coldframe(self._home, mine, clock=self.clock))

    def write(self, path: str, data: bytes) -> None:
        """A file of the user's, below `Subs`."""
        place = self.top / "Subs" / path
        os.makedirs(place.parent, exist_ok=True)
        place.write_bytes(data)

    def archive(self, *, zipped: tuple[str, ...] = ()) -> list[FileResult]:
        """Archive `Subs`."""
        request = ArchiveRequest(paths=(str(self.top / "Subs"),), vault_name=VAULT, zip_patterns=zipped)
        with self.coldframe.archive(ArchiveJob(request=request)) as run:
            found = list(run.results())
            run.finish()
        return found

    def requests(self, operation: str, *, at_least: int = 0) -> list[dict[str, Any]]:
        """What the server was asked, by its access log; a line is written when the answer is already out."""
        patience = SystemClock()
        for _ in range(500):
            found = [line for line in map(json.loads, list(self.lines)) if line["operation"] == operation]
            if len(found) >= at_least:
                break
            patience.sleep(0.01)
        return found

    def close(self) -> None:
        """End everything."""
        self._open.close()

    def _stop(self) -> None:
        self.server.stop(5)
        self.server.close()
