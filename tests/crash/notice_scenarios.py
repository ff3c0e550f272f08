"""The outbox cut off between the start of a job and the moment at which somebody has heard of its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.composition.stores import open_embedded
from coldframe.errors import ServiceUnavailable
from coldframe.model import ArchiveRetrieval, InventoryRetrieval, Tier, TierWaits
from coldframe.ports import NoticeState
from coldframe.ports.admin import VaultEvent, VaultNotifications
from coldframe.service.ids import Kind, decode_id
from coldframe.service.outbox import CLAIM_MS, OutboxPorts
from coldframe.testing.clock import FakeClock
from crash.store_scenarios import FOLDER, StoreScenario, StoreSession, add_fact
from crash.store_steps import CreateVault, Delete, Upload, Work, archive_ids

if TYPE_CHECKING:
    from coldframe.model import JobDescription, JobRequest
    from coldframe.ports.notices import Notice
    from coldframe.service import VaultService
    from crash.bench import Bench, Observation
    from crash.expectations import Subject, Value

TO_BE_TOLD, TOLD, NOBODY = "to be told", "told", "nobody is told"
_TOPIC = "arn:aws:sns:local:000000000000:t"
_WAIT_SECONDS = 60
_KEPT_DATA = b"a light" * 300
_EVERYTHING = 1 << 60


@dataclass(frozen=True, slots=True)
class Ask:
    """Start a retrieval of an archive, or without one an inventory, whose end somebody wants to hear of."""

    label: str
    name: str | None = None
    tier: Tier = Tier.STANDARD
    topic: str | None = _TOPIC

    def do(self, work: Work) -> None:
        """Start it: from then on, somebody is to be told."""
        request = self._request(work)
        work.bench.intend(self._subject, TO_BE_TOLD)
        work.store.initiate_job("v", request)
        work.bench.confirm(self._subject, TO_BE_TOLD)

    def finish(self, work: Work) -> None:
        """Start it unless it is there."""
        if self.label not in {job.description for job in work.store.list_jobs("v").items}:
            self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """A job to be told of."""
        return {self._subject: TO_BE_TOLD}

    @property
    def _subject(self) -> Subject:
        return ("job", "v", self.label)

    def _request(self, work: Work) -> JobRequest:
        if self.name is None:
            return InventoryRetrieval(description=self.label, sns_topic=self.topic)
        archive_id = archive_ids(work.store, "v", self.name)[0]
        return ArchiveRetrieval(archive_id, tier=self.tier, description=self.label, sns_topic=self.topic)


@dataclass(frozen=True, slots=True)
class Tell:
    """Let jobs end and deliver what is to be told of them."""

    labels: tuple[str, ...]

    def do(self, work: Work) -> None:
        """Deliver. From the moment at which the listener has heard, a notice may be marked, and not before."""
        work.clock.advance(2 * _WAIT_SECONDS)
        outbox = work.store.outbox(OutboxPorts(_Listener(work.bench), _label_of, log=lambda _: None))
        while outbox.is_due():
            outbox.deliver()
        told = {job.description: telling(work.store, job) for job in work.store.list_jobs("v").items}
        late = [label for label in self.labels if told.get(label) != TOLD]
        if late:
            raise ServiceUnavailable(f"nobody has heard of {late} yet")
        for label in self.labels:
            work.bench.confirm(("job", "v", label), TOLD)

    def finish(self, work: Work) -> None:
        """Deliver, once the claims of the one who died have ended."""
        work.clock.advance(CLAIM_MS / 1000)
        self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """Jobs that were told of."""
        return {("job", "v", label): TOLD for label in self.labels}


@dataclass(frozen=True, slots=True)
class Listen:
    """Let the vault's configuration name a topic."""

    def do(self, work: Work) -> None:
        """Set it."""
        work.store.set_vault_notifications("v", VaultNotifications(_TOPIC, tuple(VaultEvent)))

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """Nothing that is looked at."""
        return {}


@dataclass(frozen=True, slots=True)
class StopListening:
    """Let jobs end, and then drop the configuration: those jobs are told of still."""

    def do(self, work: Work) -> None:
        """Drop it."""
        work.clock.advance(2 * _WAIT_SECONDS)
        work.store.delete_vault_notifications("v")

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """Nothing that is looked at."""
        return {}


@dataclass(frozen=True, slots=True)
class _Listener:
    """Implements `ports.notices.Notifier`: tells the bench what it has heard; that is outside of the store's disk."""

    bench: Bench

    def deliver(self, notice: Notice) -> None:
        """Hear of a job."""
        if notice.text:
            self.bench.intend(("job", "v", notice.text), TOLD)


def _label_of(job: JobDescription) -> str:
    return job.description or ""


def telling(store: VaultService, job: JobDescription) -> str:
    """Whether somebody has heard of a job, or will."""
    key = decode_id(Kind.JOB, job.job_id)
    assert key is not None
    rows = store._core.ledger.read(lambda facts: facts.notices(key))
    if key in store._core.ledger.read(lambda facts: facts.ended_jobs(_EVERYTHING, limit=1000)):
        return TO_BE_TOLD
    states = {row.state for row in rows}
    return {frozenset(): NOBODY, frozenset({NoticeState.DELIVERED}): TOLD}.get(frozenset(states), TO_BE_TOLD)


class NoticeSession(StoreSession):
    """A store whose jobs are looked at for who has heard of them."""

    def observe(self) -> Observation:
        """Read everything but the configuration, which is a means here."""
        found = super().observe()
        found.facts = {subject: value for subject, value in found.facts.items() if subject[0] != "governing"}
        return found

    def _observe_jobs(self, vault: str, found: Observation) -> None:
        for job in self.work.store.list_jobs(vault).items:
            if job.description is not None:
                add_fact(found, ("job", vault, job.description), telling(self.work.store, job))


class NoticeScenario(StoreScenario):
    """Steps done to a store in which Bulk retrievals take a minute."""

    def open(self, bench: Bench) -> NoticeSession:
        """Open the store, which recovers it."""
        clock, waits = FakeClock(), TierWaits(bulk_seconds=_WAIT_SECONDS)
        store = open_embedded(bench.path(FOLDER), clock=clock, files=bench.files, vfs=bench.vfs, waits=waits)
        return NoticeSession(self.steps, Work(store, bench, clock), bench.path(FOLDER))


_KEPT = (CreateVault("v"), Upload("v", "kept", _KEPT_DATA))

SCENARIOS: tuple[NoticeScenario, ...] = (
    NoticeScenario(
        "notices",
        (
            Ask("now", "kept"),
            Ask("later", "kept", Tier.BULK),
            Tell(("now", "later")),
            Ask("listed"),
            Tell(("listed",)),
        ),
        before=_KEPT,
    ),
    NoticeScenario(
        "notice of a failed job", (Ask("later", "kept", Tier.BULK), Delete("v", "kept"), Tell(("later",))), before=_KEPT
    ),
    NoticeScenario(
        "notices of a configuration that goes",
        (Ask("later", "kept", Tier.BULK, topic=None), StopListening(), Tell(("later",))),
        before=(*_KEPT, Listen()),
    ),
)
