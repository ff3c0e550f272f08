"""Sixty-four threads on one store, with sweeps at the same time: nothing acknowledged is lost (reliability R1 to R10).

The same crowd uses the service itself, and the service behind the HTTP face, through boto3.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import ResourceNotFound
from coldframe.model import ArchiveRetrieval
from coldframe.stores.glacier import GlacierStore
from coldframe.stores.opening import client_config
from coldframe.testing.bodies import read_output
from coldframe.testing.contract.world import inventory
from coldframe.wire.in_process import open_client
from crash.store_scenarios import StoreFolder
from service.crowd import BRIEF, LASTING, Crowd
from wire.world import KEY, REGION, make_face

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.ports.admin import GovernedStore
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock
    from proof_options import Tried

pytestmark = pytest.mark.timeout(7200)  # as long as --race-steps asks for
_WIRE_SHARE = 0.5
"""A call through the face and boto3 takes so much longer that it is asked for fewer."""


@pytest.fixture(autouse=True)
def _restless() -> Iterator[None]:
    """Have Python switch between threads far more often than it does by itself."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def remote(service: VaultService) -> Iterator[GlacierStore]:
    """A client of the service, over boto3 and the face."""
    store = GlacierStore(
        open_client(make_face(service).face, key=KEY, region=REGION, config=client_config()), url="http://x.invalid"
    )
    yield store
    store.close()


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a race takes place, and how much of it there is to be."""

    service: VaultService
    clock: FakeClock
    folder: str
    steps: int
    seed: int

    def race(self, store: GovernedStore, *, share: float = 1.0) -> Crowd:
        """Let the crowd loose on a store that leads to the service."""
        crowd = Crowd(store, self.seed)
        crowd.run(max(1, int(self.steps * share)), service=self.service, clock=self.clock)
        return crowd


@pytest.fixture
def scene(service: VaultService, clock: FakeClock, store_folder: str, request: pytest.FixtureRequest) -> Scene:
    """The service, as the options of the run have it."""
    option = request.config.getoption
    return Scene(service, clock, store_folder, int(option("--race-steps")), int(option("--race-seed")))


def test_crowd_loses_nothing_in_the_service(scene: Scene, tried: Tried) -> None:
    """Every acknowledged archive is there byte for byte, every deleted one is gone, and nothing else is left."""
    crowd = scene.race(scene.service)
    tried("races in the service", {**crowd.done, "events": len(crowd.history)})
    _judge(crowd, scene.service)
    _judge_leftovers(crowd, scene)


def test_crowd_loses_nothing_over_the_wire(scene: Scene, remote: GlacierStore, tried: Tried) -> None:
    """The same for those who call through the face."""
    crowd = scene.race(remote, share=_WIRE_SHARE)
    tried("races over the wire", {**crowd.done, "events": len(crowd.history)})
    _judge(crowd, scene.service)
    _judge_leftovers(crowd, scene)


def test_crowd_finds_a_sweep_that_does_not_ask_the_ledger(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: bytes are swept although an archive is made of them."""
    monkeypatch.setattr("coldframe.ledger.facts.SqliteFacts.referenced", lambda *_: set())
    crowd = scene.race(scene.service, share=0.5)
    assert crowd.faults or StoreFolder(scene.folder).faults()


def test_crowd_finds_an_upload_that_ends_twice(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: an abortion does not care whether the upload has become an archive."""
    monkeypatch.setattr("coldframe.service.multipart._require_open", lambda *_: None)
    crowd = scene.race(scene.service, share=0.5)
    assert any("ended twice" in fault for fault in crowd.faults)


def _judge(crowd: Crowd, service: VaultService) -> None:
    """No answer was wrong, no order is impossible, and what is there now is what was answered."""
    assert crowd.faults == []
    assert list(crowd.history.anomalies()) == []
    deletions = crowd.history.deletions()
    listed = {item["ArchiveId"]: item for vault in _vaults(service) for item in inventory(service, vault)}
    for archive_id, known in crowd.known.items():
        if archive_id not in deletions:
            job_id = service.initiate_job(known.vault, ArchiveRetrieval(archive_id))
            assert read_output(service, known.vault, job_id) == known.data
            assert listed[archive_id]["Size"] == len(known.data)
        elif deletions[archive_id]:
            assert archive_id not in listed
            with pytest.raises(ResourceNotFound):
                service.initiate_job(known.vault, ArchiveRetrieval(archive_id))
    aborted = {contest.upload_id for contest in crowd.contests if contest.aborted}
    assert not aborted & _open_uploads(service)
    assert crowd.done["completions"] > 0
    assert crowd.done["abortions"] > 0


def _judge_leftovers(crowd: Crowd, scene: Scene) -> None:
    """Days later a sweep has taken every byte that belongs to nothing, and no other; the counts agree."""
    service = scene.service
    for _ in range(2):
        scene.clock.advance(days=3)
        service.sweep()
    assert StoreFolder(scene.folder).faults() == []
    assert StoreFolder(scene.folder).leftovers() == []
    assert list(service.scrub()) == []
    for vault in _vaults(service):
        described, listed = service.describe_vault(vault), inventory(service, vault)
        assert described.number_of_archives == len(listed)
    lost = {archive_id for archive_id in crowd.known if archive_id not in crowd.history.deletions()} - {
        item["ArchiveId"] for vault in _vaults(service) for item in inventory(service, vault)
    }
    assert lost == set()


def _vaults(service: VaultService) -> list[str]:
    names = [vault.vault_name for vault in service.list_vaults().items]
    assert set(LASTING) <= set(names) <= {*LASTING, *BRIEF}
    return names


def _open_uploads(service: VaultService) -> set[str]:
    return {upload.upload_id for vault in _vaults(service) for upload in service.list_multipart_uploads(vault).items}
