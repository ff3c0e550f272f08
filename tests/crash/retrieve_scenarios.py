"""A retrieval cut off: from the order to the files in their place."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from coldframe.catalog import Query
from coldframe.errors import ColdframeError
from coldframe.model import Tier
from coldframe.names import archive_path
from coldframe.progress import Outcome
from crash.archive_scenarios import VAULT, ArchiveScenario
from crash.bench import CHECKPOINT_PAGES, Observation, is_database_sync
from crash.store_steps import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from coldframe.retriever import RetrievedFile, Retriever
    from coldframe.testing.recording import Operation
    from crash.archive_scenarios import ArchiveSession
    from crash.bench import Bench, Observation
    from crash.expectations import Subject, Value

_IN_PLACE = frozenset({Outcome.RETRIEVED, Outcome.PRESENT})


@dataclass(frozen=True)
class RetrieveScenario:
    """A tree that was archived is retrieved into an empty folder."""

    name: str
    archived: ArchiveScenario
    query: str = ""
    typed: tuple[type[Exception], ...] = (ColdframeError, OSError)
    checkpoint_pages: int = CHECKPOINT_PAGES

    def prepare(self, bench: Bench) -> None:
        """Archive the tree."""
        self.archived.prepare(bench)
        with closing(self.archived.open(bench)) as session:
            session.run()

    def stops_at(self, failed: Operation, /) -> bool:
        """Nothing is trusted that would be written after a failed sync (reliability 0.2)."""
        return is_database_sync(failed)

    def open(self, bench: Bench) -> RetrieveSession:
        """Open catalog and store."""
        return RetrieveSession(self, self.archived.open(bench), bench)

    def finished(self) -> Mapping[Subject, Value]:
        """What was archived, and what is in its place."""
        return {**self.archived.finished(), **{("placed", path): digest(data) for path, data in self.placed().items()}}

    def placed(self) -> dict[str, bytes]:
        """The files that the query finds."""
        return {path: data for path, data in self.archived.expected().items() if self.query in path}


class RetrieveSession:
    """A retriever at work."""

    def __init__(self, plan: RetrieveScenario, archived: ArchiveSession, bench: Bench) -> None:
        self._plan = plan
        self._archived = archived
        self._bench = bench
        self._prefix = archive_path(bench.root) + "/"

    def run(self) -> None:
        """Place an order and carry it on to its end."""
        for path, data in self._plan.placed().items():
            self._bench.intend(("placed", path), digest(data))
        retriever = self._archived.coldframe.retriever()
        number = self._place_order(retriever)
        self._confirm(retriever.carry_on(number, wait_until=self._patience()))

    def finish(self) -> None:
        """Carry on the order; where it is not there, or has given a file up as failed, say the command again."""
        self._confirm(self._archived.coldframe.retriever().watch(wait_until=self._patience()))
        found = self.observe().facts
        if any(("placed", path) not in found for path in self._plan.placed()):
            self.run()

    def observe(self) -> Observation:
        """All that was archived, and every file at the destination that has its final name."""
        found = self._archived.observe()
        into = self._bench.path("into")
        for folder, _, names in os.walk(into):
            for name in names:
                whole = os.path.join(folder, name)
                path = os.path.relpath(whole, into).removeprefix(self._prefix)
                if not name.startswith("."):
                    with open(whole, "rb") as file:
                        found.facts["placed", path] = digest(file.read())
        return found

    def age(self) -> None:
        """The store sweeps."""
        self._archived.age()

    def leftovers(self) -> list[str]:
        """What the store has left over."""
        return self._archived.leftovers()

    def close(self) -> None:
        """Close all."""
        self._archived.close()

    def _place_order(self, retriever: Retriever) -> int:
        query = Query(self._plan.query, vault_name=VAULT)
        with closing(retriever.plan(query, into=self._bench.path("into"))) as plan:
            return retriever.place_order(plan, tier=Tier.STANDARD)

    def _patience(self) -> datetime:
        """A store that fails for ever is waited for until then."""
        return self._archived.coldframe.clock.now() + timedelta(hours=6)

    def _confirm(self, results: Iterable[RetrievedFile]) -> None:
        for result in results:
            path = result.path.removeprefix(self._prefix)
            if result.outcome in _IN_PLACE:
                self._bench.confirm(("placed", path), digest(self._plan.placed()[path]))


_LIGHTS = {f"Light/M33_Light_{color}_frame1.fit": color.encode() * 400 for color in ("Blue", "Red")}
_DARKS = {f"Dark/dark{number}.fit": bytes([number]) * 900 for number in (1, 2)}

SCENARIOS = (
    RetrieveScenario("retrieve a light", ArchiveScenario("", _LIGHTS), query="Light_Blue"),
    RetrieveScenario(
        "retrieve in segments", ArchiveScenario("", {"large.fit": bytes(range(256)) * 4096 + b"the end"}), query="large"
    ),
    RetrieveScenario("retrieve a member", ArchiveScenario("", {**_LIGHTS, **_DARKS}, zipped=("Dark",)), query="dark1"),
)
