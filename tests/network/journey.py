"""A user's work over a network that fails: archive and retrieve, once while it fails and again when it works."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

import pytest

from coldframe.archiver.request import ArchiveRequest
from coldframe.catalog import Query
from coldframe.clock import SystemClock
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.library import Coldframe
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.composition.stores import open_store
from coldframe.errors import ColdframeError
from coldframe.files import TEMPORARY_PREFIX
from coldframe.model import MIB, InventoryRetrieval, Tier
from coldframe.progress import Outcome
from coldframe.settings import Home, Settings
from coldframe.stores import opening
from coldframe.testing.clock import FakeClock
from coldframe.testing.faulty_line import ANSWERED, Fault, Trouble, Way
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coldframe.testing.faulty_line import Course, FaultyLine

_HEAD = 900
"""So many bytes at the beginning of requests and answers are struck more often: a flip there is the cleverest."""
_TROUBLES = (*Trouble, Trouble.FLIP, Trouble.FLIP)
_LASTING = frozenset({Trouble.RESET, Trouble.CUT}) | ANSWERED


def make_fault(number: int, *, seed: int, clean: Course) -> Fault:
    """The fault of one point: every trouble and both ways in turn, at a place that the seed chooses."""
    random = Random(f"{seed}:{number}")
    trouble, way = _TROUBLES[number % len(_TROUBLES)], list(Way)[number // len(_TROUBLES) % 2]
    starts = clean.starts[way]
    if trouble in ANSWERED:
        at = random.randrange(len(starts))
    elif random.random() < 0.6:
        at = min(random.choice(starts) + random.randrange(_HEAD), clean.passed[way] - 1)
    else:
        at = random.randrange(clean.passed[way])
    return Fault(trouble, way, at, is_lasting=trouble in _LASTING and random.random() < 0.5)


@dataclass
class Journey:
    """A server, a line to it that can fail, and a folder of frames; each try has a home and a vault of its own.

    Args:
        top: The folder to stand in, where everything lies; `in` is what is archived.
        url: The server.
        line: The line to it.
    """

    top: Path
    url: str
    line: FaultyLine
    tried: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Write the frames, and reach the server past the line."""
        self.direct = open_store(self.url)
        random = Random(7)
        self.sources = {
            "in/large.fit": random.randbytes(MIB + 70_001),
            "in/small.fit": random.randbytes(3_000),
            "in/empty.txt": b"",
            "in/Bias/b1.fit": random.randbytes(2_000),
            "in/Bias/b2.fit": random.randbytes(2_000),
        }
        for name, content in self.sources.items():
            path = self.top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    @cached_property
    def wanted(self) -> dict[str, bytes]:
        """What a retrieval brings: the files as they are here, and the zip."""
        self.direct.create_vault("v")
        self.archive(self.top / "home", "v", url=self.url)
        self.retrieve(self.top / "home", self.top / "wanted")
        found = files_below(self.top / "wanted")
        assert found.items() >= self.files.items()
        return found

    def coldframe(self, home: Path, url: str = "") -> Coldframe:
        """A coldframe at the end of the line, or at `url`, that never waits; one thread, so that all has its order."""
        settings = Settings(store=url or self.line.url, part_size=MIB, jobs=1)
        return Coldframe(Home(str(home), str(home)), settings, clock=FakeClock(SystemClock().now()))

    @property
    def files(self) -> dict[str, bytes]:
        """The files that become archives of their own."""
        return {name: data for name, data in self.sources.items() if "Bias" not in name}

    # --- what a user does ---------------------------------------------------------------------------------------------

    def archive(self, home: Path, vault_name: str, *, url: str = "") -> list[Outcome]:
        """`coldframe archive in --zip Bias`: what became of each file."""
        request = ArchiveRequest(paths=("in",), vault_name=vault_name, zip_patterns=("Bias",))
        with self.coldframe(home, url) as coldframe, coldframe.archive(ArchiveJob(request=request)) as run:
            found = [result.outcome for result in run.results()]
            run.finish()
            return found

    def retrieve(self, home: Path, into: Path) -> list[Outcome]:
        """`coldframe retrieve '*' --into back`: what became of each file."""
        with self.coldframe(home) as coldframe:
            run = RetrieveRun(coldframe, RetrieveJob(into=str(into), query=Query(text="*")))
            plan = run.plan()
            try:
                if plan.files == plan.present_files:
                    return [Outcome.PRESENT] * plan.files
                order = run.open_order(plan)
                number = run.order(plan, tier=Tier.STANDARD) if order is None else order.number
            finally:
                plan.close()
            return [result.outcome for result in run.carry_on(number)]

    # --- one point ----------------------------------------------------------------------------------------------------

    def try_archive(self, number: int, fault: Fault | None) -> Course:
        """Archive while a fault strikes and again without; nothing is ever recorded that is not there."""
        vault_name, home = f"v{number}", self.top / f"home{number}"
        self.direct.create_vault(vault_name)
        course = self._attempt(fault, lambda: self.archive(home, vault_name))
        self._check_catalog(home, vault_name)
        self.line.set(None)
        outcomes = self.archive(home, vault_name)
        assert Outcome.FAILED not in outcomes, outcomes
        recorded, there = self._check_catalog(home, vault_name)
        assert recorded.items() >= {name: tree_hash(data or b"\0") for name, data in self.files.items()}.items()
        assert "in/Bias.zip" in recorded
        self.tried["archives that nobody knows"] += there - len(set(recorded))
        shutil.rmtree(home)
        return course

    def try_retrieve(self, number: int, fault: Fault | None) -> Course:
        """Retrieve while a fault strikes and again without; no wrong byte is ever under a file's own name."""
        home, into = self.top / f"home{number}", self.top / f"back{number}"
        self.direct.create_vault(f"v{number}")
        self.archive(home, f"v{number}", url=self.url)
        course = self._attempt(fault, lambda: self.retrieve(home, into))
        found = files_below(into)
        wanted = self.wanted
        assert {name: wanted.get(name) for name in found} == found
        self.line.set(None)
        outcomes = self.retrieve(home, into)
        assert Outcome.FAILED not in outcomes, outcomes
        assert files_below(into) == wanted
        shutil.rmtree(home)
        shutil.rmtree(into)
        return course

    def _attempt(self, fault: Fault | None, act: Callable[[], list[Outcome]]) -> Course:
        """Do it over the line that fails: it succeeds, or says why not in an error of ours.

        A silent server is waited for a moment, not a minute; everywhere else a busy machine may take its time.
        """
        course = self.line.set(fault)
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(opening, "_SILENCE_SECONDS", 0.4)
                outcomes = act()
        except ColdframeError as error:
            self.tried[type(error).__name__] += 1
        else:
            self.tried["done at once" if Outcome.FAILED not in outcomes else "some files failed"] += 1
        if fault is not None:
            self.tried["faults that struck"] += course.is_struck
        return course

    def _check_catalog(self, home: Path, vault_name: str) -> tuple[dict[str, str], int]:
        """The tree hashes that the catalog records, all of which the vault has, and how many archives the vault has."""
        job_id = self.direct.initiate_job(vault_name, InventoryRetrieval())
        with self.direct.get_job_output(vault_name, job_id) as output:
            listed = json.loads(b"".join(output))["ArchiveList"]
        there = {each["ArchiveId"]: (each["Size"], each["SHA256TreeHash"]) for each in listed}
        with self.coldframe(home) as coldframe:
            entries = list(coldframe.catalog.select(Query()))
        for entry in entries:
            archive = entry.archive
            assert (archive.store, archive.vault_name) == (self.direct.identity, vault_name)
            assert there.get(archive.archive_id) == (archive.size, archive.tree_hash), entry
        return {entry.path: entry.archive.tree_hash for entry in entries}, len(there)


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file that has its own name, by its path in the folder; what is still being fetched has none."""
    paths = [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return {name: data for name, data in found.items() if not name.rpartition("/")[2].startswith(TEMPORARY_PREFIX)}
