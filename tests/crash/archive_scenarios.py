"""The whole job of archiving a tree cut off: catalog, store, inventory, copies and the sources themselves."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coldframe.archiver import ArchiveRequest
from coldframe.catalog import Kind, Query
from coldframe.composition.archiving import SAFE, ArchiveJob, ArchiveRun
from coldframe.errors import ColdframeError
from coldframe.inventory.csv_file import read_inventory
from coldframe.inventory.csv_rows import InventoryRow
from coldframe.model import MIB, ArchiveRetrieval, InventoryRetrieval
from coldframe.names import archive_path
from coldframe.settings import Settings
from coldframe.testing.bodies import read_output
from coldframe.testing.clock import FakeClock
from coldframe.tree_hash import tree_hash
from crash.bench import CHECKPOINT_PAGES, Observation, is_database_sync
from crash.home_scenarios import open_home
from crash.store_scenarios import StoreFolder, add_fact
from crash.store_steps import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coldframe.archiver import FileResult
    from coldframe.catalog import Entry
    from coldframe.composition import Coldframe
    from coldframe.testing.recording import Operation
    from crash.bench import Bench
    from crash.expectations import Subject, Value

VAULT = "astro"
_TYPED = (ColdframeError, OSError)  # OSError: a file of the user's own, such as the inventory, could not be written


@dataclass(frozen=True)
class ArchiveScenario:
    """A tree that is archived, after another that is archived already.

    Args:
        name: What it is called in reports.
        tree: Files by their path below `Subs`.
        zipped: The patterns of folders that become bundles.
        delete_source: Whether the files are removed in the end.
        jobs: How many threads send.
    """

    name: str
    tree: Mapping[str, bytes]
    earlier: Mapping[str, bytes] = field(default_factory=lambda: {"earlier.fit": b"archived before" * 50})
    zipped: tuple[str, ...] = ()
    delete_source: bool = False
    jobs: int = 1
    typed: tuple[type[Exception], ...] = _TYPED
    checkpoint_pages: int = CHECKPOINT_PAGES

    def prepare(self, bench: Bench) -> None:
        """Make the tree, the store, the vault, and archive what was there earlier."""
        _write_tree(bench, "Old", self.earlier)
        _write_tree(bench, "Subs", self.tree)
        os.mkdir(bench.path("copies"))
        with closing(self._open(bench)) as session:
            session.coldframe.create_store().create_vault(VAULT)
            session.archive("Old", self.earlier)

    def stops_at(self, failed: Operation, /) -> bool:
        """Nothing is trusted that would be written after a failed sync (reliability 0.2)."""
        return is_database_sync(failed)

    def open(self, bench: Bench) -> ArchiveSession:
        """Open catalog and store."""
        session = self._open(bench)
        session.coldframe.create_store()
        return session

    def finished(self) -> Mapping[Subject, Value]:
        """All files, the inventory and its copy."""
        listed = listing(self.expected())
        found: dict[Subject, Value] = {("inventory",): listed, ("copy",): listed}
        for path, data in self.expected().items():
            found["archived", path] = digest(data)
            if path.startswith("Old/") or not self.delete_source:
                found["source", path] = "there"
        return found

    def expected(self) -> dict[str, bytes]:
        """The files and members by their path in the catalog."""
        earlier = {f"Old/{path}": data for path, data in self.earlier.items()}
        return earlier | {f"Subs/{path}": data for path, data in self.tree.items()}

    def _open(self, bench: Bench) -> ArchiveSession:
        clock = FakeClock()
        coldframe = open_home(bench, Settings(jobs=self.jobs, part_size=MIB), clock)
        return ArchiveSession(self, coldframe, bench, clock)


class ArchiveSession:
    """A coldframe at work."""

    def __init__(self, plan: ArchiveScenario, coldframe: Coldframe, bench: Bench, clock: FakeClock) -> None:
        self.coldframe = coldframe
        self._plan = plan
        self._bench = bench
        self._clock = clock
        self._prefix = archive_path(bench.root) + "/"
        self._folder = StoreFolder(bench.path("home", "store"))

    def run(self) -> None:
        """Archive the tree."""
        self.archive("Subs", self._plan.tree, delete_source=self._plan.delete_source)

    def finish(self) -> None:
        """Say the same command again."""
        self.run()
        if self.coldframe.catalog.attempts(self.coldframe.store.identity, VAULT):
            msg = "an attempt is left although all is archived"
            raise AssertionError(msg)

    def archive(self, folder: str, tree: Mapping[str, bytes], *, delete_source: bool = False) -> None:
        """Archive a folder as the command line does, telling what is promised."""
        self._intend(folder, tree, delete_source=delete_source)
        request = ArchiveRequest(paths=(self._bench.path(folder),), vault_name=VAULT, zip_patterns=self._plan.zipped)
        job = ArchiveJob(
            request=request,
            inventory=self._bench.path("inventory.csv"),
            copies=(self._bench.path("copies"),),
            delete_source=delete_source,
        )
        expected = {f"{folder}/{path}": data for path, data in tree.items()}
        with ArchiveRun(self.coldframe, job) as run:
            for result in run.results():
                if result.outcome in SAFE:
                    self._confirm(result, expected)
            run.finish()
        if folder == "Subs":
            expected = self._plan.expected()
        self._bench.confirm(("inventory",), listing(expected))
        self._bench.confirm(("copy",), listing(expected))

    def observe(self) -> Observation:
        """Read the catalog, each archive that it names, the inventory, its copy and the sources."""
        found = Observation(faults=[*self._folder.faults(), *self.coldframe.catalog.find_damage()])
        archives = self._read_archives(found)
        for entry in self.coldframe.catalog.select(Query(members=True, all_versions=True)):
            self._observe_entry(entry, archives, found)
        for name, place in (("inventory", "inventory.csv"), ("copy", os.path.join("copies", "inventory.csv"))):
            if os.path.exists(self._bench.path(place)):
                found.facts[name,] = self._read_listing(place, found)
        self._observe_sources(found)
        return found

    def age(self) -> None:
        """Days pass, and the store sweeps."""
        for _ in range(2):
            self._clock.advance(days=3)
            self.coldframe.embedded().sweep()

    def leftovers(self) -> list[str]:
        """What lies in the store and belongs to nothing."""
        return self._folder.leftovers()

    def close(self) -> None:
        """Close all."""
        self.coldframe.close()

    # --- telling ------------------------------------------------------------------------------------------------------

    def _intend(self, folder: str, tree: Mapping[str, bytes], *, delete_source: bool) -> None:
        for path, data in tree.items():
            self._bench.intend(("archived", f"{folder}/{path}"), digest(data))
            if delete_source:
                self._bench.intend(("source", f"{folder}/{path}"), None)
        listed = listing(self._plan.expected())
        self._bench.intend(("inventory",), listed)
        self._bench.intend(("copy",), listed)

    def _confirm(self, result: FileResult, expected: Mapping[str, bytes]) -> None:
        """A file, or all members of a bundle, are called archived."""
        path = result.path.removeprefix(self._prefix).removesuffix(".zip")
        for name, data in expected.items():
            if name == path or (result.kind is Kind.BUNDLE and name.startswith(f"{path}/")):
                self._bench.confirm(("archived", name), digest(data))

    # --- looking ------------------------------------------------------------------------------------------------------

    def _read_archives(self, found: Observation) -> dict[str, bytes]:
        """All archives of the vault by their ID; no two of them describe the same file."""
        store = self.coldframe.store
        job_id = store.initiate_job(VAULT, InventoryRetrieval())
        listed = json.loads(read_output(store, VAULT, job_id))["ArchiveList"]
        for description, times in Counter(archive["ArchiveDescription"] for archive in listed).items():
            if times > 1:
                found.faults.append(f"archived {times} times: {description}")
        ids = [archive["ArchiveId"] for archive in listed]
        return {i: read_output(store, VAULT, store.initiate_job(VAULT, ArchiveRetrieval(i))) for i in ids}

    def _observe_entry(self, entry: Entry, archives: Mapping[str, bytes], found: Observation) -> None:
        data = archives.get(entry.archive.archive_id)
        if data is None:
            found.faults.append("a catalog row without its archive")
        elif tree_hash(data) != entry.archive.tree_hash:
            found.faults.append("a catalog row with another tree hash than its archive")
        elif entry.kind is not Kind.BUNDLE:
            add_fact(found, ("archived", entry.path.removeprefix(self._prefix)), digest(_content(entry, data)))

    def _read_listing(self, place: str, found: Observation) -> str:
        rows = [row for row in read_inventory(self._bench.path(place)) if isinstance(row, InventoryRow)]
        if len(rows) < sum(1 for _ in read_inventory(self._bench.path(place))):
            found.faults.append(f"{place} has rows that cannot be read")
        return listing(row.path.removeprefix(self._prefix) for row in rows if row.kind is not Kind.BUNDLE)

    def _observe_sources(self, found: Observation) -> None:
        listed = f"{found.facts.get(('inventory',))} {found.facts.get(('copy',))}".split()
        for path in self._plan.expected():
            if os.path.exists(self._bench.path(path)):
                found.facts["source", path] = "there"
            elif ("archived", path) not in found.facts or listed.count(path) != len(("inventory", "copy")):
                found.faults.append(f"{path} was deleted before it was safe")


def listing(paths: Iterable[str]) -> str:
    """What an inventory lists."""
    return " ".join(sorted(paths))


def _content(entry: Entry, data: bytes) -> bytes:
    """What an entry's archive holds of it: a file's bytes, no bytes for an empty one, a member's from its place."""
    if entry.kind is Kind.FILE:
        return data if entry.size else data.removeprefix(b"\0")
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        assert entry.member is not None
        return bundle.read(entry.member.name)


def _write_tree(bench: Bench, folder: str, tree: Mapping[str, bytes]) -> None:
    for number, (path, data) in enumerate(tree.items()):
        whole = bench.path(folder, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "wb") as file:
            file.write(data)
        os.utime(whole, ns=(0, 1_700_000_000_123_456_789 + number))
        bench.confirm(("source", f"{folder}/{path}"), "there")


_LIGHTS = {f"Light/M33_Light_{color}_frame1.fit": color.encode() * 400 for color in ("Blue", "Red")}
_DARKS = {f"Dark/dark{number}.fit": bytes([number]) * 900 for number in (1, 2)}

SCENARIOS = (
    ArchiveScenario(
        "archive a tree",
        {**_LIGHTS, **_DARKS, "copy of blue.fit": _LIGHTS["Light/M33_Light_Blue_frame1.fit"], "empty.txt": b""},
        zipped=("Dark",),
    ),
    ArchiveScenario("archive in parts", {"large.fit": bytes(range(256)) * 4096 + b"the last part", **_LIGHTS}, jobs=2),
    ArchiveScenario("archive and delete", {**_LIGHTS, **_DARKS}, zipped=("Dark",), delete_source=True),
    ArchiveScenario("archive with checkpoints", _LIGHTS, checkpoint_pages=4),
)
