"""Proof that the crash tests can fail: each fault planted into the real service and archiver is found by them."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coldframe.composition import stores
from coldframe.service import VaultService
from coldframe.service.sweeping import Sweep
from coldframe.testing.faulty import Fault, Skipping
from coldframe.testing.recording import Trace
from crash import archive_scenarios, planted, store_scenarios
from crash.explorer import Effort, Recording, explore
from crash.planted import EarlyWord, HastyStore, Planted
from crash.store_steps import digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from apsw import Connection

    from coldframe.testing.recording import Operation
    from crash.bench import Scenario

_EFFORT = Effort(states=600, repeat_every=50, resume_every=50)
_UNGUARDED = "DROP TRIGGER IF EXISTS vault_lock_is_not_deleted; DELETE FROM vault_lock"
_STORE = {scenario.name: scenario for scenario in store_scenarios.SCENARIOS}
_ARCHIVE = {scenario.name: scenario for scenario in archive_scenarios.SCENARIOS}
_UPLOADS = _STORE["single uploads"]
_TREE = _ARCHIVE["archive a tree"]

_LEFT_OUT = {
    "the fsync of a blob": (_UPLOADS, planted.is_blob_sync),
    "the fsync of a part": (_STORE["multipart upload"], planted.is_blob_sync),
    "the fsync of a blob's folder": (_UPLOADS, planted.is_blob_folder_sync),
    "the fsync of the folder of folders": (_STORE["new store"], planted.is_blobs_root_sync),
    "the sync of the ledger's log": (_UPLOADS, planted.is_ledger_log_sync),
    "the sync of the ledger's log under a lock": (_STORE["vault lock"], planted.is_ledger_log_sync),
    "the sync of the ledger's log under settings": (_STORE["governing"], planted.is_ledger_log_sync),
    "the sync of the ledger in a checkpoint": (_STORE["checkpoints"], planted.is_database_sync),
    "the sync of the catalog's log": (_TREE, planted.is_catalog_log_sync),
    "the sync of the catalog's log before sources go": (_ARCHIVE["archive and delete"], planted.is_catalog_log_sync),
    "the fsync of the inventory's copy before sources go": (_ARCHIVE["archive and delete"], planted.is_copy_sync),
}


@pytest.mark.parametrize(("scenario", "is_skipped"), _LEFT_OUT.values(), ids=_LEFT_OUT)
def test_explorer_finds_a_sync_left_out_of_the_product(
    scenario: Scenario, is_skipped: Callable[[Operation], bool]
) -> None:
    """Each single sync of the product is needed, and a run without it is found to break a promise."""
    skipping = Skipping(is_skipped)
    found = explore(Recording(scenario, skipping), _EFFORT)
    assert skipping.skipped
    assert found.violations


def test_explorer_finds_a_ledger_that_is_synced_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """`synchronous=NORMAL`, with the check at start taken out, loses acknowledged archives (reliability 0.3)."""

    def weaken(connection: Connection, _schema: object) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")

    monkeypatch.setattr("coldframe.sqlite.require_durable", weaken)
    assert explore(Recording(_UPLOADS), _EFFORT).violations


def test_explorer_finds_an_acknowledgement_before_the_commit() -> None:
    """A receipt given when the blob is durable, but not yet published, is broken."""
    trace = Trace()
    step = _UPLOADS.steps[0]
    ((subject, value),) = step.leaves().items()
    early = EarlyWord(trace, subject, value)
    found = explore(Recording(_UPLOADS, early, trace), _EFFORT)
    assert early.told
    assert found.violations


def test_explorer_finds_a_catalog_row_before_the_receipt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog that speaks of an archive which the store does not have yet is found."""
    open_embedded = stores.open_embedded

    def open_hasty(*arguments: Any, **named: Any) -> Any:
        store = open_embedded(*arguments, **named)
        assert isinstance(store, VaultService)
        return HastyStore(store)

    recording = Recording(_ARCHIVE["archive with checkpoints"])
    with monkeypatch.context() as patch:
        patch.setattr(stores, "open_embedded", open_hasty)
        found = explore(recording, _EFFORT)
    assert any("without its archive" in violation.message for violation in found.violations)


_WRONG_FILES = {
    "a sync after the rename": (_TREE, planted.LateFiles),
    "a replacement by copying": (_TREE, planted.CopyingFiles),
}


@pytest.mark.parametrize(("scenario", "wrap"), _WRONG_FILES.values(), ids=_WRONG_FILES)
def test_explorer_finds_a_wrong_durable_write(scenario: Scenario, wrap: type[planted.Wrapped]) -> None:
    """The inventory that a user keeps is the old one or the new one only if it is replaced in the right order.

    The moment in which it is neither is short, and no two recordings are alike: it takes many states to be sure of it.
    """
    assert explore(Recording(Planted(scenario, wrap)), replace(_EFFORT, states=2400)).violations


_WRONG_AFTER_ERRORS = {
    "a sync that is tried again": (planted.RetryingFiles, planted.is_blob_sync),
    "a folder sync whose error is dropped": (planted.TrustingFiles, planted.is_blob_folder_sync),
}


@pytest.mark.parametrize(("wrap", "strikes"), _WRONG_AFTER_ERRORS.values(), ids=_WRONG_AFTER_ERRORS)
def test_explorer_finds_a_failed_sync_that_is_not_taken_seriously(
    wrap: type[planted.Wrapped], strikes: Callable[[Operation], bool]
) -> None:
    """After a failed sync nothing of that write may be acknowledged (reliability 0.2)."""
    trace = Trace()
    fault = Fault(errno.EIO, nth=1, where=strikes, tell=trace.add)
    found = explore(Recording(Planted(_UPLOADS, wrap), fault, trace, goes_on=True), _EFFORT)
    assert fault.struck
    assert found.violations


def test_explorer_finds_a_sweep_that_does_not_ask_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that something refers to are missed when a sweep goes by the listing of files alone."""

    def refer_to_nothing(*_: object) -> set[bytes]:
        return set()

    monkeypatch.setattr("coldframe.ledger.facts.SqliteFacts.referenced", refer_to_nothing)
    assert explore(Recording(_STORE["sweep"]), _EFFORT).violations


def test_explorer_finds_a_lock_that_a_sweep_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: locks are taken for what ends with time, and the ledger's own guard is not there."""
    run = Sweep.run

    def forget_locks(sweep: Sweep) -> object:
        changes = sweep._core.ledger
        changes.write(lambda rows: rows._connection.execute(_UNGUARDED))  # type: ignore[attr-defined]  # SQLite's own
        return run(sweep)

    monkeypatch.setattr(Sweep, "run", forget_locks)
    with pytest.raises(AssertionError, match="let something be undone"):
        explore(Recording(_STORE["locked vault"]), _EFFORT)


def test_digest_tells_bytes_apart() -> None:
    """The value that archives are compared by depends on every byte."""
    assert digest(b"ab") != digest(b"ba")
