"""Every order of the steps of two to four operations on one thing (reliability R2, R5, R6): none loses anything."""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import AccessDenied, InvalidParameterValue, ResourceNotFound, StoreError
from coldframe.model import MIB, ArchiveRetrieval, ByteRange
from coldframe.testing.bodies import BytesBody, read_output
from coldframe.testing.contract.admin import policy_text
from coldframe.testing.contract.world import VAULT, inventory, keep
from coldframe.tree_hash import tree_hash
from crash.store_scenarios import StoreFolder
from service.turns import Turns, all_schedules, pace, some_schedules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock
    from proof_options import Tried

    Act = Callable[[], object]

_DATA = b"a light" * 100
_LONG = bytes(MIB) + _DATA


class Stage:
    """A store whose operations take turns.

    Args:
        store: The store.
        turns: Whose turn it is.
    """

    def __init__(self, store: VaultService, turns: Turns) -> None:
        self.store = store
        self.tried = 0
        self._turns = turns

    def play(self, acts: Iterable[Act], choose: Callable[[int], int]) -> list[object]:
        """Run operations in an order."""
        self.tried += 1
        answers = self._turns.run(list(acts), choose)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, StoreError):
                raise answer
        return answers

    def open(self, data: bytes = _DATA) -> str:
        """A new upload with its only part."""
        upload_id = self.store.initiate_multipart_upload(VAULT, part_size=MIB)
        self.send(upload_id, data)
        return upload_id

    def send(self, upload_id: str, data: bytes) -> str:
        """The upload's only part."""
        return self.store.upload_multipart_part(VAULT, upload_id, BytesBody(data), start=0)

    def complete(self, upload_id: str, data: bytes = _DATA) -> str:
        """Complete the upload as one of those bytes."""
        receipt = self.store.complete_multipart_upload(
            VAULT, upload_id, archive_size=len(data), tree_hash=tree_hash(data)
        )
        return receipt.archive_id

    def abort(self, upload_id: str) -> None:
        """Abort it."""
        self.store.abort_multipart_upload(VAULT, upload_id)

    def read(self, archive_id: str) -> bytes:
        """An archive's bytes."""
        return read_output(self.store, VAULT, self.store.initiate_job(VAULT, ArchiveRetrieval(archive_id)))


@pytest.fixture
def stage(service: VaultService) -> Stage:
    """A store with a vault."""
    turns = Turns()
    pace(service, turns)
    service.create_vault(VAULT)
    return Stage(service, turns)


def test_all_orders_are_tried() -> None:
    """Of operations of three, two and two steps all 210 orders, each once."""
    turns, seen, tried = Turns(), set(), 0

    def act(name: str, steps: int) -> str:
        for _ in range(steps):
            turns.wait()
            order.append(name)
        return name

    for choose in all_schedules():
        order: list[str] = []
        assert turns.run([partial(act, "a", 3), partial(act, "b", 2), partial(act, "c", 2)], choose) == ["a", "b", "c"]
        seen.add(tuple(order))
        tried += 1
    assert len(seen) == tried == 210  # 7! / (3! 2! 2!)


def test_upload_has_one_end_in_every_order(stage: Stage, tried: Tried) -> None:
    """Two completions and two abortions: the archive, or none, and whoever says so tells the truth."""
    made = []
    for choose in all_schedules():
        upload_id = stage.open()
        complete, abort = partial(stage.complete, upload_id), partial(stage.abort, upload_id)
        first, second, third, fourth = stage.play([complete, abort, complete, abort], choose)
        is_made = isinstance(first, str)
        assert isinstance(third, str) is is_made
        assert all(isinstance(each, ResourceNotFound) is is_made for each in (second, fourth))
        made += [first] if isinstance(first, str) else []
    assert {item["ArchiveId"] for item in inventory(stage.store)} == set(made)
    tried("interleavings", {"orders": stage.tried})


def test_parts_and_completions_in_every_order(stage: Stage, tried: Tried) -> None:
    """What is confirmed as complete has the bytes whose hash was promised, whatever was sent meanwhile."""
    numbers = count()
    for choose in all_schedules():
        other = b"other %d" % next(numbers)
        upload_id = stage.open()
        acts = [
            partial(stage.send, upload_id, other),
            partial(stage.complete, upload_id, other),
            partial(stage.complete, upload_id),
        ]
        sent, as_other, as_it_was = stage.play(acts, choose)
        assert not (isinstance(as_other, str) and isinstance(as_it_was, str))
        for answer, data in ((as_other, other), (as_it_was, _DATA)):
            if isinstance(answer, str):
                assert stage.read(answer) == data
            else:
                assert isinstance(answer, InvalidParameterValue)
        assert sent == tree_hash(other) or (isinstance(sent, ResourceNotFound) and isinstance(as_it_was, str))
    tried("interleavings", {"orders": stage.tried})


def test_retrievals_and_deletions_in_every_order(stage: Stage, tried: Tried) -> None:
    """A retrieval of a whole archive or of a range is refused, or its output stays readable (reliability R5)."""
    for choose in all_schedules():
        archive_id = keep(stage.store, _LONG)
        spans = (None, ByteRange(0, MIB))
        acts: list[Act] = [
            *(partial(stage.store.initiate_job, VAULT, ArchiveRetrieval(archive_id, range=span)) for span in spans),
            partial(stage.store.delete_archive, VAULT, archive_id),
        ]
        *asked, deleted = stage.play(acts, choose)
        assert deleted is None
        for job_id, span in zip(asked, spans, strict=True):
            if isinstance(job_id, str):
                assert read_output(stage.store, VAULT, job_id) == (_LONG if span is None else _LONG[: span.end])
            else:
                assert isinstance(job_id, ResourceNotFound)
    tried("interleavings", {"orders": stage.tried})


def test_vaults_and_uploads_in_every_order(stage: Stage, tried: Tried) -> None:
    """A vault goes only without archives; what was acknowledged is in the vault of that name (reliability R6)."""
    for choose in all_schedules():
        stage.store.create_vault(VAULT)
        acts: list[Act] = [
            partial(keep, stage.store, _DATA),
            partial(stage.store.delete_vault, VAULT),
            partial(stage.store.create_vault, VAULT),
        ]
        archive_id, *_ = stage.play(acts, choose)
        if isinstance(archive_id, str):
            assert stage.read(archive_id) == _DATA
            stage.store.delete_archive(VAULT, archive_id)
        else:
            assert isinstance(archive_id, ResourceNotFound)
        stage.store.create_vault(VAULT)
    tried("interleavings", {"orders": stage.tried})


def test_locks_and_deletions_in_every_order(stage: Stage, tried: Tried) -> None:
    """A deletion that is refused has taken nothing; after the lock none succeeds."""
    for choose in all_schedules():
        archive_id = keep(stage.store, _DATA)
        policy = policy_text(stage.store)
        acts: list[Act] = [
            partial(stage.store.initiate_vault_lock, VAULT, policy),
            partial(stage.store.delete_archive, VAULT, archive_id),
            partial(stage.store.abort_vault_lock, VAULT),
        ]
        lock_id, deleted, _ = stage.play(acts, choose)
        assert isinstance(lock_id, str)
        if isinstance(deleted, AccessDenied):
            assert stage.read(archive_id) == _DATA
        else:
            assert deleted is None
        stage.store.abort_vault_lock(VAULT)
    tried("interleavings", {"orders": stage.tried})


def test_sweeps_among_everything(
    stage: Stage, clock: FakeClock, store_folder: str, request: pytest.FixtureRequest, tried: Tried
) -> None:
    """Days pass and sweeps go on between any two steps: what was acknowledged is there, and nothing called damaged."""
    option = request.config.getoption
    known: dict[str, bytes] = {}

    def sweep() -> None:
        clock.advance(days=3)
        stage.store.sweep()

    for choose in some_schedules(3 * int(option("--race-steps")), int(option("--race-seed"))):
        data = b"light %d" % stage.tried
        upload_id, old_id = stage.open(data), keep(stage.store, _LONG)
        acts: list[Act] = [
            sweep,
            partial(stage.complete, upload_id, data),
            partial(keep, stage.store, data),
            partial(stage.store.delete_archive, VAULT, old_id),
            partial(stage.store.initiate_job, VAULT, ArchiveRetrieval(old_id, range=ByteRange(0, MIB))),
        ]
        _, *made, deleted, asked = stage.play(acts, choose)
        known |= {answer: data for answer in made if isinstance(answer, str)}
        assert deleted is None
        assert isinstance(asked, str | ResourceNotFound)
    for _ in range(2):
        sweep()
    assert {item["ArchiveId"] for item in inventory(stage.store)} == set(known)
    assert all(stage.read(archive_id) == data for archive_id, data in known.items())
    assert StoreFolder(store_folder).faults() == []
    tried("interleavings", {"orders": stage.tried})
