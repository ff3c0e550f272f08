"""What the archiver's tests share: a vault, a catalog, a tree to fill, and a run."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.archiver import Archiver, ArchiveRequest
from coldframe.catalog import Query, open_catalog
from coldframe.model import MIB, ArchiveRetrieval, InventoryRetrieval
from coldframe.testing.bodies import read_output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.archiver import FileResult
    from coldframe.clock import Clock
    from coldframe.progress import Event
    from coldframe.service import VaultService

VAULT = "astrodata"


@dataclass
class World:
    """A vault of the embedded store, a catalog, and a folder `Subs` to archive; parts of 1 MiB."""

    store: Any  # a ColdStore, likewise
    catalog: Any  # a Catalog, or what a test puts before one
    clock: Clock
    top: str
    events: list[Event] = field(default_factory=list)

    @property
    def subs(self) -> str:
        """The folder that runs archive."""
        return os.path.join(self.top, "Subs")

    def write(self, path: str, data: bytes = b"light") -> str:
        """Write a file below `Subs`; answers where it is."""
        location = os.path.join(self.subs, path)
        os.makedirs(os.path.dirname(location), exist_ok=True)
        with open(location, "wb") as file:
            file.write(data)
        return location

    def archiver(self, *, jobs: int = 3, part_size: int = MIB, limit_rate: float | None = None) -> Archiver:
        """An archiver on the world as it is now."""
        return Archiver(
            self.store,
            self.catalog,
            clock=self.clock,
            jobs=jobs,
            part_size=part_size,
            limit_rate=limit_rate,
            observer=self.events.append,
        )

    def request(self, *paths: str, **options: object) -> ArchiveRequest:
        """A request for `Subs`, or for these paths."""
        return ArchiveRequest(paths=paths or (self.subs,), vault_name=VAULT, **options)  # type: ignore[arg-type]

    def run(self, *paths: str, **options: object) -> dict[str, FileResult]:
        """Archive `Subs`; the results by path below it."""
        return self.by_path(self.archiver().archive(self.request(*paths, **options)))

    def by_path(self, results: Iterator[FileResult]) -> dict[str, FileResult]:
        """Results by their path below `Subs`; each path is answered once."""
        found: dict[str, FileResult] = {}
        for result in results:
            path = self.short(result.path)
            assert path not in found, f"{path} was answered twice"
            found[path] = result
        return found

    def short(self, path: str) -> str:
        """A logical path below `Subs`."""
        top = self.subs.lstrip("/") + "/"
        mark = "bytes:" if path.startswith("bytes:") else ""
        return mark + path.removeprefix(mark).removeprefix(top)

    def fetch(self, archive_id: str | None) -> bytes:
        """An archive's bytes."""
        assert archive_id is not None
        job_id = self.store.initiate_job(VAULT, ArchiveRetrieval(archive_id))
        return read_output(self.store, VAULT, job_id)

    def count_archives(self) -> int:
        """How many archives the vault has."""
        job_id = self.store.initiate_job(VAULT, InventoryRetrieval())
        return read_output(self.store, VAULT, job_id).count(b'"ArchiveId"')

    def count_entries(self, *, members: bool = False) -> int:
        """How many entries the catalog has."""
        entries, _size = self.catalog.count(Query(members=members))
        return int(entries)


@pytest.fixture
def world(service: VaultService, clock: Clock, tmp_path: Path) -> Iterator[World]:
    """An empty world."""
    service.create_vault(VAULT)
    os.makedirs(tmp_path / "tree" / "Subs")
    with open_catalog(str(tmp_path / "catalog.sqlite"), clock=clock) as catalog:
        yield World(service, catalog, clock, os.path.realpath(tmp_path / "tree"))


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that any user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - that is what it is for
        yield Path(folder)
        for inner, _folders, _files in os.walk(folder):
            os.chmod(inner, 0o700)
