"""The vault lock against a model of glacier-api 12.4, in histories that Hypothesis makes up and then shortens."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from coldframe.blobs import open_blobs
from coldframe.clock import EPOCH
from coldframe.errors import AccessDenied, InvalidParameterValue, ResourceNotFound, StoreError
from coldframe.files import DiskFiles
from coldframe.ledger import open_ledger
from coldframe.ports.admin import LockState
from coldframe.service import VaultService
from coldframe.testing.clock import FakeClock
from coldframe.testing.contract.admin import policy_text
from coldframe.testing.contract.world import VAULT, keep

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_HOURS = st.sampled_from([-400, -24, -1, 0.5, 1, 12, 23, 23.99, 24, 25])
_WINDOW = timedelta(hours=24)


class LockModel:
    """A lock as the reference has it, with the service's time: it never runs behind what somebody was told."""

    def __init__(self, clock: FakeClock) -> None:
        """No lock."""
        self._clock = clock
        self._floor = EPOCH
        self.lock_id: str | None = None
        self.begun_at: datetime | None = None
        self.is_locked = False

    def now(self) -> datetime:
        """The service's time."""
        return max(self._clock.now(), self._floor)

    def pass_time(self) -> None:
        """Something was committed: a lock that is over is over for good."""
        self._floor = self.now()
        if self._is_over():
            self.lock_id = self.begun_at = None

    def notice(self) -> None:
        """Somebody looked: that counts only if it was over."""
        if self._is_over():
            self.pass_time()

    def _is_over(self) -> bool:
        return self.begun_at is not None and not self.is_locked and self.now() >= self.begun_at + _WINDOW

    def complete(self, lock_id: str) -> type[StoreError] | None:
        """What completing answers."""
        self.pass_time()
        if self.lock_id is None:
            return ResourceNotFound
        if self.lock_id != lock_id:
            return AccessDenied if self.is_locked else InvalidParameterValue
        self.is_locked = True
        return None


class LockMachine(RuleBasedStateMachine):
    """Does the same to a store and to the model, and compares what can be seen."""

    def __init__(self) -> None:
        """A store with a vault and an archive in it."""
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="coldframe-lock-")
        self.clock = FakeClock()
        self.store = self._open()
        self.model = LockModel(self.clock)
        self.lock_ids = ["A" * 24]
        self.archive_id = ""

    def _open(self) -> VaultService:
        ledger = open_ledger(os.path.join(self.folder, "ledger.sqlite"))
        blobs = open_blobs(os.path.join(self.folder, "blobs"), files=DiskFiles(), ledger=ledger)
        return VaultService(ledger, blobs, clock=self.clock)

    @initialize()
    def fill(self) -> None:
        """Something to protect."""
        self.store.create_vault(VAULT)
        self.archive_id = keep(self.store)
        self.model.pass_time()

    @rule()
    def initiate(self) -> None:
        """A lock begins if there is none."""
        self.model.pass_time()
        expected = None if self.model.lock_id is None else AccessDenied
        found = _refusal(lambda: self.lock_ids.append(self.store.initiate_vault_lock(VAULT, policy_text(self.store))))
        assert found is expected
        if expected is None:
            self.model.lock_id, self.model.begun_at = self.lock_ids[-1], self.model.now()

    @rule(which=st.integers(0, 3))
    def complete(self, which: int) -> None:
        """With the last ID, an older one, or one that never was."""
        lock_id = self.lock_ids[-1 - min(which, len(self.lock_ids) - 1)]
        expected = self.model.complete(lock_id)
        assert _refusal(lambda: self.store.complete_vault_lock(VAULT, lock_id)) is expected

    @rule()
    def abort(self) -> None:
        """A lock in progress is dropped."""
        self.model.pass_time()
        expected = AccessDenied if self.model.is_locked else None
        assert _refusal(lambda: self.store.abort_vault_lock(VAULT)) is expected
        if expected is None:
            self.model.lock_id = self.model.begun_at = None

    @rule(hours=_HOURS)
    def move_the_clock(self, hours: float) -> None:
        """Forwards, or back."""
        self.clock.set(self.clock.now() + timedelta(hours=hours))

    @rule()
    def restart(self) -> None:
        """The store is closed and opened."""
        self.store.close()
        self.store = self._open()

    @rule()
    def delete_archive(self) -> None:
        """The archive goes only if no lock is in force; then there is a new one."""
        self.model.notice()
        expected = None if self.model.lock_id is None else AccessDenied
        assert _refusal(lambda: self.store.delete_archive(VAULT, self.archive_id)) is expected
        if expected is None:
            self.archive_id = keep(self.store)
            self.model.pass_time()

    @rule()
    def sweep(self) -> None:
        """Sweeping changes nothing that can be seen."""
        self.store.sweep()
        self.model.pass_time()

    @rule()
    def look(self) -> None:
        """What the lock shows of itself."""
        self.model.notice()
        try:
            lock = self.store.get_vault_lock(VAULT)
        except ResourceNotFound:
            assert self.model.lock_id is None
            return
        begun_at = self.model.begun_at
        assert begun_at is not None
        assert lock.created_at == begun_at
        assert lock.state is (LockState.LOCKED if self.model.is_locked else LockState.IN_PROGRESS)
        assert lock.expires_at == (None if self.model.is_locked else begun_at + _WINDOW)

    @invariant()
    def archive_is_there(self) -> None:
        """Nothing but an allowed deletion ever took it."""
        if self.archive_id:
            assert self.store.describe_vault(VAULT).number_of_archives == 1

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.store.close()
        shutil.rmtree(self.folder)


def _refusal(act: Callable[[], object]) -> type[StoreError] | None:
    """The kind of error that an act raised."""
    try:
        act()
    except StoreError as error:
        return type(error)
    return None


TestVaultLock = LockMachine.TestCase
TestVaultLock.settings = settings(
    max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
