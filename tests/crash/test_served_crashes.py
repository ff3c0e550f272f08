"""The store cut off while it is used through the face: what a client was answered is what is there afterwards.

The steps are those of the embedded store, taken by boto3 and the face in this process, so that each change of the disk
can be the last one. What is found afterwards is looked at from inside.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

import pytest

from coldframe.clock import SystemClock
from coldframe.stores.glacier import GlacierStore
from coldframe.stores.opening import client_config
from coldframe.wire.access import AccountAuthorizer, StaticKeyring
from coldframe.wire.face import Face
from coldframe.wire.in_process import open_client
from crash.explorer import Recording, explore
from crash.failing import Failer
from crash.governing_steps import Lock, Set
from crash.killing import CAN_FORK, Killer
from crash.store_scenarios import StoreScenario, StoreSession
from crash.store_steps import CreateVault, Delete, Multipart, Retrieve, TakeInventory, Upload, Work
from wire.world import KEY, REGION

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.service import VaultService
    from coldframe.wire.http import Request, Response
    from crash.bench import Bench
    from crash.explorer import Effort
    from crash.store_steps import Step

_SMALL, _OTHER = b"a light" * 300, b"another" * 900
_LARGE = bytes(range(256)) * 4096 + b"the last part is short"
_SHARE = 0.03


@dataclass(frozen=True)
class ServedScenario(StoreScenario):
    """A scenario whose steps go over the wire."""

    def open(self, bench: Bench) -> StoreSession:
        """Open the store."""
        return ServedSession(self.steps, super().open(bench))


class ServedSession(StoreSession):
    """A store at work for a client; looked at from inside."""

    def __init__(self, steps: tuple[Step, ...], inside: StoreSession) -> None:
        self.work = inside.work
        self._steps = steps
        self._folder = inside._folder

    def run(self) -> None:
        """Take all steps."""
        for step in self._steps:
            step.do(self._outside())

    def finish(self) -> None:
        """Take the steps that are not taken yet."""
        for step in self._steps:
            step.finish(self._outside())

    def _outside(self) -> Work:
        """The work as a client does it."""
        face = Face(
            lambda _: self.work.store,
            keyring=StaticKeyring({KEY.access_key_id: KEY}),
            authorizer=AccountAuthorizer(),
            clock=SystemClock(),
            region=REGION,
            log=lambda _: None,
        )
        return Work(cast("VaultService", _client(face)), self.work.bench, self.work.clock)


class _Door:
    """A face in front of changing faces, so that one boto3 client, which takes long to make, serves all sessions."""

    def __init__(self) -> None:
        self.face: Face | None = None

    def handle(self, request: Request) -> Response:
        """What the present face answers."""
        assert self.face is not None
        return self.face.handle(request)


@cache
def _door() -> tuple[_Door, GlacierStore]:
    door = _Door()
    client = open_client(cast("Face", door), key=KEY, region=REGION, config=client_config())
    return door, GlacierStore(client, url="http://served.invalid")


def _client(face: Face) -> GlacierStore:
    door, store = _door()
    door.face = face
    return store


_KEPT = (CreateVault("v"), Upload("v", "kept", _OTHER))
SCENARIOS = (
    ServedScenario(
        "served archives",
        (
            Upload("v", "one", _SMALL),
            Multipart("v", "large", _LARGE),
            Retrieve("v", "kept", "a job", _OTHER),
            Delete("v", "kept"),
            TakeInventory("v", "listed", ("large", "one")),
        ),
        before=_KEPT,
    ),
    ServedScenario(
        "served settings",
        (
            Set("v", "tags", "a=1 b=1"),
            Set("v", "policy", "glacier:DeleteVault"),
            Set("v", "notices", "t"),
            Set("v", "limit", "1000000000000000"),
            Lock("v"),
        ),
        before=_KEPT,
    ),
)

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@each_scenario
def test_power_cut_breaks_no_promise_over_the_wire(
    scenario: ServedScenario, effort: Callable[[float], Effort], figures: Callable[..., None]
) -> None:
    """Whatever a power cut leaves: every answer that a client had stays true."""
    found = explore(Recording(scenario), effort(_SHARE))
    figures(found)
    assert not found.violations, found.report()


@pytest.mark.skipif(not CAN_FORK, reason="kill points need fork")
@each_scenario
def test_kill_breaks_no_promise_over_the_wire(
    scenario: ServedScenario, figures: Callable[..., None], every: int
) -> None:
    """Any change of the disk may be the server's last one, or half of it."""
    kills = Killer(scenario, every=every).kill()
    figures(kills)
    assert kills.points >= 10
    assert not kills.violations, "\n".join(kills.violations[:5])


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC], ids=errno.errorcode.__getitem__)
@each_scenario
def test_failing_disk_breaks_no_promise_over_the_wire(
    scenario: ServedScenario, number: int, figures: Callable[..., None], every: int
) -> None:
    """A failed operation is the original's 500, promises nothing, and leaves a server that works."""
    failures = Failer(scenario, every=every).fail(number, is_lasting=False)
    figures(failures)
    assert failures.injected
    assert not failures.violations, "\n".join(failures.violations[:5])
