"""The store cut off while it is used through the face: what a client was answered is what is there afterwards.

The steps are those of the embedded store, taken by boto3 and the face in this process, so that each change of the disk
can be the last one. What is found afterwards is looked at from inside.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from coldframe.clock import SystemClock
from coldframe.stores.glacier import GlacierStore
from coldframe.stores.opening import client_config
from coldframe.wire.access import AccountAuthorizer, StaticKeyring
from coldframe.wire.face import Face
from coldframe.wire.in_process import open_client
from crash.governing_steps import Lock, Set
from crash.store_scenarios import StoreScenario, StoreSession
from crash.store_steps import CreateVault, Delete, Multipart, Retrieve, TakeInventory, Upload, Work
from crash.trials import each_error, each_of, needs_fork
from wire.world import KEY, REGION

if TYPE_CHECKING:
    from coldframe.service import VaultService
    from coldframe.wire.http import Request, Response
    from crash.bench import Bench
    from crash.steps import Step
    from crash.trials import Trials

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

    def __init__(self, steps: tuple[Step[Work], ...], inside: StoreSession) -> None:
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


@each_of(SCENARIOS)
def test_power_cut_breaks_no_promise_over_the_wire(scenario: ServedScenario, trials: Trials) -> None:
    """Whatever a power cut leaves: every answer that a client had stays true."""
    trials.cut(scenario, share=_SHARE)


@needs_fork
@each_of(SCENARIOS)
def test_kill_breaks_no_promise_over_the_wire(scenario: ServedScenario, trials: Trials) -> None:
    """Any change of the disk may be the server's last one, or half of it."""
    trials.kill(scenario, points=10)


@each_error([errno.EIO, errno.ENOSPC])
@each_of(SCENARIOS)
def test_failing_disk_breaks_no_promise_over_the_wire(scenario: ServedScenario, number: int, trials: Trials) -> None:
    """A failed operation is the original's 500, promises nothing, and leaves a server that works."""
    trials.fail(scenario, number)
