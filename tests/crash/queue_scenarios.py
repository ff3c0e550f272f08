"""A vault's own topic and queue, made and taken away, cut off: whatever is out there is found again from here."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog.vault_queues import VaultQueue, VaultQueues
from coldframe.composition import queueing
from coldframe.composition.queueing import make_queue, remove_queue
from coldframe.composition.stores import LOCAL_REGION
from coldframe.errors import NothingMatched
from coldframe.notify.plumbing import Plumbing
from coldframe.ports.admin import VaultEvent
from crash.home_scenarios import SMALL, VAULT, Archive, HomeScenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crash.bench import Bench, Observation
    from crash.expectations import Subject, Value
    from crash.home_scenarios import Work

_SUBJECT = ("queue", VAULT)
_KEPT = "known"


@dataclass(frozen=True, slots=True)
class MakeQueue:
    """Make a topic and a queue for the vault."""

    def do(self, work: Work, token: str = "a" * 12) -> None:
        """Say the command, which takes a new token if it knows of no other."""
        work.bench.intend(_SUBJECT, _KEPT)
        known = _find(work)
        planned = VaultQueue(store=work.service.identity, vault_name=VAULT, token=token, region=LOCAL_REGION)
        with _plumbed(work.bench):
            made = make_queue(work.coldframe, planned, tuple(VaultEvent))
        assert known is None or made.topic_arn.endswith(known.name), "another queue than the one that is known"

    def finish(self, work: Work) -> None:
        """Say it again."""
        self.do(work, token="b" * 12)

    def leaves(self) -> dict[Subject, Value]:
        """Both, and the catalog knows."""
        return {_SUBJECT: _KEPT}


@dataclass(frozen=True, slots=True)
class RemoveQueue:
    """Take both away."""

    def do(self, work: Work) -> None:
        """Say the command."""
        with _plumbed(work.bench):
            remove_queue(work.coldframe, VAULT)
        work.bench.confirm(_SUBJECT, None)

    def finish(self, work: Work) -> None:
        """Say it again, until there is nothing to take away."""
        with suppress(NothingMatched):
            self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """Nothing."""
        return {_SUBJECT: None}


@dataclass(frozen=True, slots=True)
class _Plumber:
    """Makes and removes outside of the disk: as long as anything is there, the catalog must know of it."""

    name: str
    bench: Bench

    def make(self) -> Plumbing:
        """Make both."""
        self.bench.confirm(_SUBJECT, _KEPT)
        return Plumbing(f"arn:aws:sns:{LOCAL_REGION}:000000000000:{self.name}", self.name, self.name)

    def remove(self) -> list[str]:
        """Remove both: from then on there is nothing to know."""
        self.bench.intend(_SUBJECT, None)
        return []


@contextmanager
def _plumbed(bench: Bench) -> Iterator[None]:
    """Have topics and queues made by a plumber of our own, for neither lies on the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queueing, "_plumber", lambda queue: _Plumber(queue.name, bench))
        yield


def look_at_queues(work: Work, found: Observation) -> None:
    """Whether the catalog knows of a queue."""
    if _find(work) is not None:
        found.facts[_SUBJECT] = _KEPT


def _find(work: Work) -> VaultQueue | None:
    return VaultQueues(work.coldframe.catalog.database).find(work.service.identity, VAULT)


_BEFORE = (Archive(SMALL[:1]),)
SCENARIOS = (
    HomeScenario("queue of a vault", (MakeQueue(),), before=_BEFORE, looks=(look_at_queues,), is_long=False),
    HomeScenario(
        "queue that goes", (RemoveQueue(),), before=(*_BEFORE, MakeQueue()), looks=(look_at_queues,), is_long=False
    ),
)
