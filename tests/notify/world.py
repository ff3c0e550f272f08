"""A listener that remembers, and stores whose jobs somebody listens to."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from coldframe.clock import to_milliseconds
from coldframe.composition.stores import open_embedded
from coldframe.model import ArchiveRetrieval, TierWaits
from coldframe.ports.admin import VaultEvent, VaultNotifications
from coldframe.service.outbox import OutboxPorts
from coldframe.testing.bodies import BytesBody
from coldframe.wire.encode import job_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coldframe.ports import NoticeRow
    from coldframe.ports.notices import Notice
    from coldframe.service import VaultService
    from coldframe.service.outbox import ServiceOutbox
    from coldframe.testing.clock import FakeClock

REGION, ACCOUNT = "us-east-1", "123456789012"
OWN, VAULTS = (f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}" for name in ("own", "vaults"))
EVENTS = tuple(VaultEvent)


@dataclass
class Listener:
    """Implements `ports.notices.Notifier`: remembers what it hears; `trouble` is asked first, and may raise."""

    trouble: Callable[[Notice], None] = lambda _: None
    heard: list[Notice] = field(default_factory=list)
    tried: int = 0
    lock: Lock = field(default_factory=Lock)

    def deliver(self, notice: Notice) -> None:
        """Hear it, or fail."""
        with self.lock:
            self.tried += 1
        self.trouble(notice)
        with self.lock:
            self.heard.append(notice)

    @property
    def topics(self) -> list[str]:
        """The topics of what was heard, in order of the alphabet."""
        return sorted(notice.topic_arn for notice in self.heard)

    @property
    def told(self) -> list[dict[str, Any]]:
        """What was heard."""
        return [json.loads(notice.text) for notice in self.heard]


@dataclass
class World:
    """A store with a vault and an archive, and its outbox."""

    store: VaultService
    clock: FakeClock
    listener: Listener
    archive_id: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)

    def outbox(self, listener: Listener | None = None, store: VaultService | None = None) -> ServiceOutbox:
        """An outbox, as another process may have one too; its random waits are the longest there are."""
        ports = OutboxPorts(
            listener or self.listener,
            job_message,
            count=lambda state: self.counted.update([state.value]),
            log=lambda line: self.lines.append(json.loads(line)),
            chance=lambda: 1.0,
        )
        return (store or self.store).outbox(ports)

    def deliver(self, *, store: VaultService | None = None) -> int:
        """Deliver until nothing more is due now."""
        outbox, delivered = self.outbox(store=store), 0
        while outbox.is_due():
            delivered += outbox.deliver()
        return delivered

    def pass_to_next(self) -> None:
        """Let time pass until there is something to do, if there ever will be."""
        next_ms = self.store._core.ledger.read(lambda facts: facts.next_notice_ms())
        if next_ms is not None:
            self.clock.advance(max(0, next_ms - to_milliseconds(self.clock.now())) / 1000)

    def listen(self, topic: str = VAULTS, events: Sequence[VaultEvent] = EVENTS) -> None:
        """Let the vault's configuration name a topic."""
        self.store.set_vault_notifications("v", VaultNotifications(topic, tuple(events)))

    def retrieve(self, topic: str | None = None) -> str:
        """Start a retrieval of the archive."""
        return self.store.initiate_job("v", ArchiveRetrieval(self.archive_id, sns_topic=topic, description="M33"))

    def rows(self, job_id: str) -> list[NoticeRow]:
        """The notices of a job."""
        from coldframe.service.ids import Kind, decode_id  # noqa: PLC0415 - a look inside

        key = decode_id(Kind.JOB, job_id)
        assert key is not None
        return self.store._core.ledger.read(lambda facts: facts.notices(key))

    def states(self, job_id: str) -> list[str]:
        """How far they are."""
        return [row.state.value for row in self.rows(job_id)]


def open_one(folder: str, clock: FakeClock, *, wait: float = 0) -> VaultService:
    """A store of the account and region that the topics are in."""
    waits = TierWaits(standard_seconds=wait, bulk_seconds=wait, inventory_seconds=wait)
    return open_embedded(folder, clock=clock, waits=waits, account_id=ACCOUNT, region=REGION)


@contextmanager
def open_world(folder: str, clock: FakeClock, *, wait: float = 0) -> Iterator[World]:
    """A world in a folder; its jobs take `wait` seconds."""
    store = open_one(folder, clock, wait=wait)
    try:
        store.create_vault("v")
        archive_id = store.upload_archive("v", BytesBody(b"a light" * 100)).archive_id
        yield World(store, clock, Listener(), archive_id)
    finally:
        store.close()
