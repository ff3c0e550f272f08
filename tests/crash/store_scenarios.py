"""The embedded store cut off in the middle of each of its operations."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import apsw

from coldframe.composition import open_store
from coldframe.model import MIB, ArchiveRetrieval, InventoryFormat
from coldframe.service import VaultService
from coldframe.testing.bodies import read_output
from coldframe.testing.clock import FakeClock
from coldframe.tree_hash import tree_hash
from crash.bench import Observation
from crash.governing_steps import AbortLock, Attack, BeginLock, DropVault, Lock, Set, governing
from crash.steps import SteppedScenario, SteppedSession
from crash.store_steps import (
    CreateVault,
    Delete,
    DeleteVault,
    Multipart,
    Retrieve,
    Sweep,
    TakeInventory,
    Upload,
    Work,
    digest,
    inventory,
    inventory_names,
    jobs,
    uploads,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.model import JobDescription
    from crash.bench import Bench
    from crash.expectations import Subject, Value
    from crash.steps import Step

FOLDER = "store"
_SMALL, _OTHER = b"a light" * 300, b"another" * 900
_LARGE = bytes(range(256)) * 4096 + b"the last part is short"


class StoreFolder:
    """The folder of an embedded store, looked at from outside."""

    def __init__(self, path: str) -> None:
        self._path = path

    def faults(self) -> list[str]:
        """What is wrong with the ledger, or between it and the blobs."""
        with closing(self._open_ledger()) as rows:
            found = [] if rows.pragma("integrity_check") == "ok" else ["the ledger is damaged"]
            found += ["the ledger refers to what is not there"] if rows.pragma("foreign_key_check") else []
        missing = [key for key in self._referenced() if not os.path.exists(self._blob(key))]
        return found + ["a part without its blob"] * len(missing)

    def leftovers(self) -> list[str]:
        """Files below `blobs` that belong to nothing."""
        known = {f"{key}.blob" for key in self._referenced()} | {"store-id"}
        files = {name for _, _, names in os.walk(os.path.join(self._path, "blobs")) for name in names}
        return sorted(files - known)

    def _blob(self, key: str) -> str:
        return os.path.join(self._path, "blobs", key[:7], f"{key}.blob")

    def _referenced(self) -> list[str]:
        with closing(self._open_ledger()) as rows:
            return [str(row[0]).lower() for row in rows.execute("SELECT hex(blob) FROM part").fetchall()]

    def _open_ledger(self) -> apsw.Connection:
        return apsw.Connection(os.path.join(self._path, "ledger.sqlite"))


@dataclass(frozen=True)
class StoreScenario(SteppedScenario[Work]):
    """Steps done to an embedded store, after others that are safe already."""

    def open(self, bench: Bench) -> StoreSession:
        """Open the store, which recovers it."""
        clock = FakeClock()
        store = open_store(bench.path(FOLDER), clock=clock, files=bench.files, vfs=bench.vfs)
        assert isinstance(store, VaultService)
        return StoreSession(self.steps, Work(store, bench, clock), bench.path(FOLDER))


class StoreSession(SteppedSession[Work]):
    """A store at work."""

    def __init__(self, steps: Sequence[Step[Work]], work: Work, folder: str) -> None:
        super().__init__(steps, work)
        self._folder = StoreFolder(folder)

    def observe(self) -> Observation:
        """Read everything."""
        found = Observation()
        vaults = [vault.vault_name for vault in self.work.store.list_vaults().items]
        for vault in vaults:
            found.facts["vault", vault] = "there"
            self._observe_archives(vault, found)
            self._observe_uploads(vault, found)
            self._observe_jobs(vault, found)
        found.facts |= governing(self.work.store, vaults)
        found.faults += self._folder.faults()
        return found

    def age(self) -> None:
        """Days pass, and what is left over is swept away."""
        for _ in range(2):
            self.work.clock.advance(days=3)
            self.work.store.sweep()

    def leftovers(self) -> list[str]:
        """Files below `blobs` that belong to nothing."""
        return self._folder.leftovers()

    def close(self) -> None:
        """Close the store."""
        self.work.store.close()

    def _observe_archives(self, vault: str, found: Observation) -> None:
        listed = inventory(self.work.store, vault)
        described = self.work.store.describe_vault(vault)
        if described.number_of_archives != len(listed):
            found.faults.append(f"{vault} counts {described.number_of_archives} archives and lists {len(listed)}")
        for archive in listed:
            archive_id, name = str(archive["ArchiveId"]), str(archive["ArchiveDescription"])
            job_id = self.work.store.initiate_job(vault, ArchiveRetrieval(archive_id))
            data = read_output(self.work.store, vault, job_id)
            if tree_hash(data) != archive["SHA256TreeHash"]:
                found.faults.append(f"{name} holds other bytes than its inventory says")
            add_fact(found, ("archive", vault, name), digest(data))
            found.facts["id", archive_id] = archive["SHA256TreeHash"]

    def _observe_uploads(self, vault: str, found: Observation) -> None:
        for upload in uploads(self.work.store, vault):
            parts = self.work.store.list_parts(vault, upload.upload_id).parts
            add_fact(found, ("archive", vault, str(upload.description)), ("open", *(part.tree_hash for part in parts)))

    def _observe_jobs(self, vault: str, found: Observation) -> None:
        for job in jobs(self.work.store, vault):
            if job.description is not None:
                add_fact(found, ("job", vault, job.description), self._job_value(vault, job))

    def _job_value(self, vault: str, job: JobDescription) -> str:
        data = read_output(self.work.store, vault, job.job_id)
        return inventory_names(data, job.inventory.format) if job.inventory is not None else digest(data)


def add_fact(found: Observation, subject: Subject, value: Value) -> None:
    """Note a value; what is there twice has both."""
    found.facts[subject] = (found.facts[subject], value) if subject in found.facts else value


_VAULT = (CreateVault("v"),)
_KEPT = (*_VAULT, Upload("v", "kept", _OTHER))

_SET = (
    Set("v", "tags", "a=1 b=1"),
    Set("v", "policy", "glacier:DeleteVault"),
    Set("v", "notices", "t"),
    Set("v", "limit", str(10**15)),
    Set("v", "capacity", "1"),
    Set("v", "clock", "2001"),
)

SCENARIOS: tuple[StoreScenario, ...] = (
    StoreScenario("new store", (*_VAULT, Upload("v", "first", _SMALL))),
    StoreScenario("vaults", (CreateVault("w"), DeleteVault("w"), CreateVault("w"), CreateVault("x")), before=_KEPT),
    StoreScenario("single uploads", (Upload("v", "one", _SMALL), Upload("v", "two", _OTHER)), before=_KEPT),
    StoreScenario(
        "checkpoints",
        (Upload("v", "one", _SMALL), Delete("v", "kept"), Upload("v", "two", _OTHER), Delete("v", "one")),
        before=_KEPT,
        checkpoint_pages=4,
    ),
    StoreScenario("multipart upload", (Multipart("v", "large", _LARGE),), before=_KEPT),
    StoreScenario("aborted upload", (Multipart("v", "large", _LARGE, is_aborted=True),), before=_KEPT),
    StoreScenario(
        "deleted archive", (Upload("v", "one", _SMALL), Delete("v", "one"), Delete("v", "kept")), before=_KEPT
    ),
    StoreScenario("governing", _SET, before=_KEPT),
    StoreScenario(
        "governing otherwise",
        (
            Set("v", "tags", "a=2 b=2 c=3"),
            Set("v", "policy", "glacier:InitiateJob"),
            Set("v", "notices", None),
            Set("v", "limit", None),
            Set("v", "tags", None),
            Set("v", "policy", None),
            Set("v", "capacity", "2"),
            Set("v", "clock", "2002"),
        ),
        before=(*_KEPT, *_SET),
        is_long=True,
    ),
    StoreScenario(
        "vault goes with its settings",
        (DropVault("w"), CreateVault("w")),
        before=(*_KEPT, CreateVault("w"), Set("w", "tags", "a=1"), Set("w", "notices", "t"), BeginLock("w")),
        is_long=True,
    ),
    StoreScenario("vault lock", (Lock("v"), Upload("v", "one", _SMALL)), before=_KEPT),
    StoreScenario("aborted lock", (BeginLock("v"), AbortLock("v"), BeginLock("v")), before=_KEPT),
    StoreScenario(
        "locked vault",
        (Attack("v"), Upload("v", "one", _SMALL), Sweep((("job", "v", "a job"),)), Attack("v")),
        before=(*_KEPT, Retrieve("v", "kept", "a job", _OTHER), Lock("v")),
        is_long=True,
    ),
    StoreScenario("retrieval", (Retrieve("v", "kept", "a job", _OTHER), Delete("v", "kept")), before=_KEPT),
    StoreScenario(
        "inventory",
        (
            TakeInventory("v", "first", ("kept",)),
            Upload("v", "one", _SMALL),
            TakeInventory("v", "second", ("kept", "one"), InventoryFormat.CSV),
        ),
        before=_KEPT,
    ),
    StoreScenario(
        "sweep",
        (Delete("v", "one"), Sweep((("job", "v", "a job"),)), Upload("v", "two", _OTHER)),
        before=(*_KEPT, Upload("v", "one", _SMALL), Retrieve("v", "one", "a job", _SMALL)),
    ),
)
assert len(_LARGE) > MIB
