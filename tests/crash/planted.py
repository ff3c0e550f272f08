"""Faults planted into the product through its own ports: what the tests must be able to find."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from coldframe.model import Receipt
from coldframe.service import archives
from coldframe.service.ids import Kind, encode_id, new_key
from coldframe.testing.bodies import BytesBody
from coldframe.testing.recording import Channel, Verb
from coldframe.tree_hash import tree_hash
from crash.expectations import Confirm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coldframe.files import Files
    from coldframe.model import Buffer
    from coldframe.ports import Body
    from coldframe.service import VaultService
    from coldframe.testing.recording import Operation, Perform, Trace
    from crash.bench import Bench, Scenario, Session
    from crash.expectations import Subject, Value


@dataclass(frozen=True)
class Planted:
    """A scenario in which the product changes files in a wrong way."""

    scenario: Scenario
    wrap: Callable[[Files], Files]

    @property
    def name(self) -> str:
        """The scenario's."""
        return self.scenario.name

    @property
    def typed(self) -> tuple[type[Exception], ...]:
        """The scenario's."""
        return self.scenario.typed

    @property
    def checkpoint_pages(self) -> int:
        """The scenario's."""
        return self.scenario.checkpoint_pages

    def prepare(self, bench: Bench) -> None:
        """As the scenario does."""
        self.scenario.prepare(bench)

    def stops_at(self, failed: Operation, /) -> bool:
        """As the scenario."""
        return self.scenario.stops_at(failed)

    def open(self, bench: Bench) -> Session:
        """Open the product with the fault in it."""
        return self.scenario.open(replace(bench, files=self.wrap(bench.files)))

    def finished(self) -> Mapping[Subject, Value]:
        """The scenario's."""
        return self.scenario.finished()


class Wrapped:
    """Files that hand on everything: wrong ones override one method."""

    def __init__(self, files: Files) -> None:
        self.files = files

    def create(self, path: str, *, folder: int | None = None, is_private: bool = False) -> int:
        """Hand on."""
        return self.files.create(path, folder=folder, is_private=is_private)

    def reopen(self, path: str, *, folder: int | None = None) -> int:
        """Hand on."""
        return self.files.reopen(path, folder=folder)

    def write(self, descriptor: int, data: Buffer, offset: int) -> None:
        """Hand on."""
        self.files.write(descriptor, data, offset)

    def truncate(self, descriptor: int, size: int) -> None:
        """Hand on."""
        self.files.truncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        """Hand on."""
        self.files.sync(descriptor)

    def close(self, descriptor: int) -> None:
        """Hand on."""
        self.files.close(descriptor)

    def rename(self, source: str, target: str, *, folder: int | None = None) -> None:
        """Hand on."""
        self.files.rename(source, target, folder=folder)

    def unlink(self, path: str, *, folder: int | None = None) -> None:
        """Hand on."""
        self.files.unlink(path, folder=folder)

    def make_folder(self, path: str, *, folder: int | None = None) -> None:
        """Hand on."""
        self.files.make_folder(path, folder=folder)

    def sync_folder(self, path: str | int) -> None:
        """Hand on."""
        self.files.sync_folder(path)


class RetryingFiles(Wrapped):
    """Tries a failed sync again."""

    def sync(self, descriptor: int) -> None:
        """Wrong: the second answer is about other pages than the first."""
        try:
            self.files.sync(descriptor)
        except OSError:
            self.files.sync(descriptor)


class TrustingFiles(Wrapped):
    """Takes no notice of a folder that could not be synced."""

    def sync_folder(self, path: str | int) -> None:
        """Wrong: the name is not safe."""
        try:
            self.files.sync_folder(path)
        except OSError:
            return


class LateFiles(Wrapped):
    """Syncs a file after it has its name."""

    def __init__(self, files: Files) -> None:
        super().__init__(files)
        self._late: list[int] = []

    def sync(self, descriptor: int) -> None:
        """Wrong: later."""
        self._late.append(descriptor)

    def close(self, descriptor: int) -> None:
        """Keep open what is to be synced."""
        if descriptor not in self._late:
            self.files.close(descriptor)

    def rename(self, source: str, target: str, *, folder: int | None = None) -> None:
        """Name it, then sync it."""
        self.files.rename(source, target, folder=folder)
        for descriptor in self._late:
            self.files.sync(descriptor)
            self.files.close(descriptor)
        self._late.clear()


class CopyingFiles(Wrapped):
    """Replaces a file by writing into it, not by a rename."""

    def rename(self, source: str, target: str, *, folder: int | None = None) -> None:
        """Wrong: between the truncation and the sync there is neither the old file nor the new one."""
        if not os.path.exists(target):
            self.files.rename(source, target, folder=folder)
            return
        with open(source, "rb") as file:
            data = file.read()
        descriptor = self.files.reopen(target)
        self.files.truncate(descriptor, 0)
        self.files.write(descriptor, data, 0)
        self.files.sync(descriptor)
        self.files.close(descriptor)
        self.files.unlink(source)


class EarlyWord:
    """A tap that tells of an archive as soon as its blob is durable: before the commit that makes it one."""

    def __init__(self, trace: Trace, subject: Subject, value: Value) -> None:
        self.told = 0
        self._trace = trace
        self._mark = Confirm(subject, value)

    def __call__(self, operation: Operation, perform: Perform) -> None:
        """Do it, and tell."""
        perform(operation)
        if is_blob_folder_sync(operation) and not self.told:
            self._trace.mark(self._mark)
            self.told += 1


class HastyStore:
    """A store that gives the receipt first and keeps the archive when it is next asked for anything."""

    def __init__(self, store: VaultService) -> None:
        self._store = store
        self._owed: list[Callable[[], object]] = []

    def upload_archive(
        self, vault_name: str, body: Body, *, tree_hash: str | None = None, description: str = ""
    ) -> Receipt:
        """Wrong: a receipt for what is only in memory."""
        self._pay()
        data = b"".join(bytes(buffer) for buffer in body)
        key = new_key(0)
        self._owed.append(lambda: self._keep(key, vault_name, data, description))
        return Receipt(encode_id(Kind.ARCHIVE, key), tree_hash or _hash(data))

    def close(self) -> None:
        """Keep what is owed, then close."""
        self._pay()
        self._store.close()

    def __getattr__(self, name: str) -> object:
        """Keep what is owed, then hand on."""
        self._pay()
        return getattr(self._store, name)

    def _pay(self) -> None:
        while self._owed:
            self._owed.pop(0)()

    def _keep(self, key: bytes, vault_name: str, data: bytes, description: str) -> None:
        keys = iter((key, new_key(1)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(archives, "new_key", lambda _now_ms: next(keys))
            self._store.upload_archive(vault_name, BytesBody(data), description=description)


def is_blob_sync(operation: Operation) -> bool:
    """Whether a blob's bytes are made safe."""
    return operation.verb is Verb.SYNC and operation.channel is Channel.FILES and "/blobs/" in operation.path


def is_blob_folder_sync(operation: Operation) -> bool:
    """Whether a blob's name is made safe."""
    return operation.verb is Verb.SYNC_FOLDER and "/blobs/" in operation.path


def is_blobs_root_sync(operation: Operation) -> bool:
    """Whether the name of a folder of blobs is made safe."""
    return operation.verb is Verb.SYNC_FOLDER and operation.path.endswith("/blobs")


def is_ledger_log_sync(operation: Operation) -> bool:
    """Whether a commit of the ledger is made safe."""
    return operation.verb is Verb.SYNC and operation.path.endswith("ledger.sqlite-wal")


def is_catalog_log_sync(operation: Operation) -> bool:
    """Whether a commit of the catalog is made safe."""
    return operation.verb is Verb.SYNC and operation.path.endswith("catalog.sqlite-wal")


def is_database_sync(operation: Operation) -> bool:
    """Whether a checkpoint is made safe before the log is used anew."""
    return operation.verb is Verb.SYNC and operation.path.endswith("ledger.sqlite")


def is_copy_sync(operation: Operation) -> bool:
    """Whether the names in the folder of inventory copies are made safe."""
    return operation.verb is Verb.SYNC_FOLDER and operation.path.endswith("/copies")


def _hash(data: bytes) -> str:
    return tree_hash(data)
