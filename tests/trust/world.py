"""What the tests of trust need: files, a vault, and a short way to archive and compare."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coldframe.archiver.request import ArchiveRequest
from coldframe.composition.archives import find_archives
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.comparing import Comparison
from coldframe.composition.deleting import delete_archives
from coldframe.composition.library import Coldframe
from coldframe.composition.proving import Proving
from coldframe.progress import Outcome
from coldframe.settings import Home, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.composition.proving import Proof
    from coldframe.composition.standing import Checked
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock

VAULT = "astro"


@dataclass(frozen=True, slots=True)
class World:
    """One user and one vault."""

    coldframe: Coldframe
    store: VaultService
    clock: FakeClock
    folder: Path

    @classmethod
    @contextmanager
    def open(cls, tmp_path: Path, clock: FakeClock, store: VaultService) -> Iterator[World]:
        """A user whose store this is, with an empty vault."""
        home = Home(str(tmp_path / "home"), str(tmp_path / "home"))
        folder = tmp_path / "Subs"
        folder.mkdir()
        store.create_vault(VAULT)
        coldframe = Coldframe(home, Settings(store=store.url), clock=clock)
        coldframe.__dict__["store"] = store
        with coldframe:
            coldframe.catalog.store_seen(store.identity, store.url)
            yield cls(coldframe, store, clock, folder)

    def archive(self, *zipped: str, **contents: bytes) -> None:
        """Write files (`Bias__b1=b"…"` is `Bias/b1.fit`) and archive all that is there."""
        for name, data in contents.items():
            path = self.folder / (name.replace("__", "/") + ".fit")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        request = ArchiveRequest(paths=(str(self.folder),), vault_name=VAULT, zip_patterns=zipped)
        with self.coldframe.archive(ArchiveJob(request=request)) as run:
            results = list(run.results())
        assert not any(result.outcome is Outcome.FAILED for result in results)

    def path(self, name: str) -> str:
        """The path under which a file of :meth:`archive` is archived."""
        return str(self.folder / f"{name}.fit").lstrip("/")

    def archive_id(self, name: str) -> str:
        """The ID of its archive."""
        ((archive),) = find_archives(self.coldframe, VAULT, [self.path(name)])
        return archive.archive_id

    def delete(self, name: str) -> None:
        """Delete a file's archive."""
        assert all(
            gone.error is None
            for gone in delete_archives(self.coldframe, find_archives(self.coldframe, VAULT, [self.path(name)]))
        )

    def compare(self) -> tuple[Comparison, list[Checked]]:
        """The catalog against the vault's inventory."""
        comparison = Comparison(self.coldframe, VAULT)
        return comparison, list(comparison.run())

    def prove(self, *paths: Path, **settings: Any) -> tuple[Proving, dict[str, Proof]]:
        """The proofs for all files, or for those below some paths, by their names."""
        proving = Proving(self.coldframe, VAULT, **settings)
        proofs = list(proving.prove([str(path) for path in paths or (self.folder,)]))
        return proving, {proof.path.rpartition("/")[2].removesuffix(".fit"): proof for proof in proofs}

    def standings(self) -> dict[str, str]:
        """How each file stands, by its name."""
        _, found = self.compare()
        return {checked.path.rpartition("/")[2].removesuffix(".fit"): checked.standing.value for checked in found}
