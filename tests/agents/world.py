"""A user with a file in an embedded store, who orders it back; and a clock in whose sleep things happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coldframe.archiver.request import ArchiveRequest
from coldframe.catalog import Query
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.library import Coldframe
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.model import Tier
from coldframe.settings import Home, Settings
from coldframe.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class PlannedClock(FakeClock):
    """A clock in whose sleep something happens, once, at a moment."""

    def __init__(self) -> None:
        super().__init__()
        self.plans: list[tuple[float, Callable[[], object]]] = []

    def sleep(self, seconds: float) -> None:
        """Let time pass, and do what is due."""
        super().sleep(seconds)
        while self.plans and self.plans[0][0] <= self.monotonic():
            self.plans.pop(0)[1]()


class World:
    """A user with one archived file, at an embedded store without waits.

    Args:
        top: Where all lies.
        settings: Further settings.
    """

    def __init__(self, top: Path, **settings: Any) -> None:
        self.clock = PlannedClock()
        self.store = top / "store"
        chosen = Settings(store=str(self.store), **settings)
        self.coldframe = Coldframe(Home(str(top), str(top)), chosen, clock=self.clock)
        self.coldframe.create_store().create_vault("v")
        (top / "a.fit").write_bytes(b"light")
        with self.coldframe.archive(
            ArchiveJob(request=ArchiveRequest(paths=(str(top / "a.fit"),), vault_name="v"))
        ) as run:
            list(run.results())
        self._into = top / "back"

    @staticmethod
    def everything() -> Query:
        """All that is archived."""
        return Query()

    def order(self) -> int:
        """Order the file into a folder of its own."""
        run = RetrieveRun(self.coldframe, RetrieveJob(into=f"{self._into}{self.clock.monotonic()}", query=Query()))
        return run.order(run.plan(), tier=Tier.STANDARD)
