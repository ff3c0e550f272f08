"""What one of many processes does to a store that all of them use at once."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coldframe.composition import open_store
from coldframe.errors import ResourceNotFound, ServiceUnavailable
from coldframe.model import MIB, ArchiveRetrieval
from coldframe.service import VaultService
from coldframe.testing.bodies import BytesBody, read_output
from coldframe.testing.clock import FakeClock
from coldframe.tree_hash import tree_hash
from crash.store_steps import digest

if TYPE_CHECKING:
    from collections.abc import Callable

VAULT = "shared"


@dataclass(slots=True)
class Outcome:
    """What a process was told: the archives that must be there, those that must not, and what it did how often."""

    there: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)


def work(folder: str, seed: int, steps: int) -> Outcome:
    """Do random things to the store in `folder`, and answer what was told."""
    worker = _Worker(folder, seed)
    try:
        for _ in range(steps):
            worker.step()
    finally:
        worker.close()
    return worker.outcome


class _Worker:
    def __init__(self, folder: str, seed: int) -> None:
        self.outcome = Outcome()
        self._rng = random.Random(seed)
        self._clock = FakeClock()
        store = open_store(folder, clock=self._clock)
        assert isinstance(store, VaultService)
        self._store = store
        self._acts: list[Callable[[], None]] = [self._upload, self._upload, self._send_parts, self._retrieve]
        self._acts += [self._retrieve, self._delete, self._sweep]

    def step(self) -> None:
        """Do one thing. Days pass meanwhile, so an upload or a job of ours may be over: that is told, not a fault."""
        act = self._rng.choice(self._acts)
        with suppress(ServiceUnavailable, ResourceNotFound):
            act()
            self.outcome.done[act.__name__.strip("_")] += 1

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def _upload(self) -> None:
        data = self._rng.randbytes(self._rng.randrange(1, 30_000))
        receipt = self._store.upload_archive(VAULT, BytesBody(data))
        self.outcome.there[receipt.archive_id] = digest(data)

    def _send_parts(self) -> None:
        data = self._rng.randbytes(MIB + self._rng.randrange(1, 10_000))
        upload_id = self._store.initiate_multipart_upload(VAULT, part_size=MIB)
        for start in (MIB, 0):
            part = BytesBody(data[start : start + MIB])
            self._store.upload_multipart_part(VAULT, upload_id, part, start=start)
        receipt = self._store.complete_multipart_upload(
            VAULT, upload_id, archive_size=len(data), tree_hash=tree_hash(data)
        )
        self.outcome.there[receipt.archive_id] = digest(data)

    def _retrieve(self) -> None:
        if self.outcome.there:
            archive_id, wanted = self._rng.choice(list(self.outcome.there.items()))
            job_id = self._store.initiate_job(VAULT, ArchiveRetrieval(archive_id))
            if digest(read_output(self._store, VAULT, job_id)) != wanted:
                msg = f"{archive_id} holds other bytes"
                raise AssertionError(msg)

    def _delete(self) -> None:
        if self.outcome.there:
            archive_id = self._rng.choice(list(self.outcome.there))
            self._store.delete_archive(VAULT, archive_id)
            del self.outcome.there[archive_id]
            self.outcome.gone.append(archive_id)

    def _sweep(self) -> None:
        self._clock.advance(days=3)
        self._store.sweep()
