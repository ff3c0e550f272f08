"""Vault locks: the state machine of glacier-api 12.4, computed from a row and the time.

No row: no lock. A row that expires: in progress until then, and nothing afterwards. A row that does not: for ever.
What a step finds out about the time is committed even if it is refused, so that a lock that was seen to be over stays
so when the clock is set back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.clock import from_milliseconds
from coldframe.errors import AccessDenied, InvalidParameterValue, ResourceNotFound
from coldframe.ports import LockRow
from coldframe.ports.admin import LockState, VaultLock
from coldframe.service.core import DAY_MS
from coldframe.service.ids import new_code
from coldframe.service.protection import lock_in_force, require_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.errors import StoreError
    from coldframe.ports import Changes, Facts, VaultRow
    from coldframe.service.core import Core

    Step = Callable[[Changes, VaultRow, LockRow | None, int], StoreError | None]

WINDOW_MS = DAY_MS
"""How long a lock is in progress."""


class ServiceLocks:
    """Implements `ports.admin.VaultLocks`."""

    _core: Core

    def initiate_vault_lock(self, vault_name: str, policy: str) -> str:
        """Put a lock policy in force for 24 hours."""
        core, lock_id = self._core, new_code()

        def step(changes: Changes, vault: VaultRow, lock: LockRow | None, now_ms: int) -> StoreError | None:
            require_policy(core, policy, vault_name, is_lock=True)
            if lock is not None:
                return self._refusal(vault_name, lock)
            changes.add_lock(LockRow(vault.row, lock_id, core.arn(vault_name), policy, now_ms, now_ms + WINDOW_MS))
            return None

        self._take(vault_name, step)
        return lock_id

    def complete_vault_lock(self, vault_name: str, lock_id: str) -> None:
        """Lock for ever."""

        def step(changes: Changes, vault: VaultRow, lock: LockRow | None, _now_ms: int) -> StoreError | None:
            if lock is None:
                return self._no_lock(vault_name)
            if lock.lock_id != lock_id:
                wrong_id = InvalidParameterValue(f"Invalid lock ID: {lock_id}")
                return self._refusal(vault_name, lock) if lock.expires_ms is None else wrong_id
            if lock.expires_ms is not None:
                changes.complete_lock(vault.row)
            return None

        self._take(vault_name, step)

    def abort_vault_lock(self, vault_name: str) -> None:
        """Drop a lock in progress."""

        def step(changes: Changes, vault: VaultRow, lock: LockRow | None, _now_ms: int) -> StoreError | None:
            if lock is not None and lock.expires_ms is None:
                return self._refusal(vault_name, lock)
            changes.drop_lock(vault.row)
            return None

        self._take(vault_name, step)

    def get_vault_lock(self, vault_name: str) -> VaultLock:
        """The lock in progress or complete."""
        core = self._core

        def look(facts: Facts, now_ms: int) -> tuple[LockRow | None, LockRow | None]:
            lock = facts.lock(core.vault(facts, vault_name).row)
            return lock, lock_in_force(lock, now_ms)

        kept, lock = core.read(look)
        if kept is not None and lock is None:  # whoever is told that it is over must never find it again
            self._take(vault_name, lambda _changes, _vault, _lock, _now_ms: None)
        if lock is None:
            raise self._no_lock(vault_name)
        return _shown(lock)

    def _take(self, vault_name: str, step: Step) -> None:
        """One step of the state machine, on a lock that is in force; an expired one is forgotten first."""
        core = self._core

        def act(changes: Changes, now_ms: int) -> StoreError | None:
            vault = core.vault(changes, vault_name)
            kept = changes.lock(vault.row)
            lock = lock_in_force(kept, now_ms)
            if kept is not None and lock is None:
                changes.drop_lock(vault.row)
            return step(changes, vault, lock, now_ms)

        refusal = core.write(act)
        if refusal is not None:
            raise refusal

    def _no_lock(self, vault_name: str) -> ResourceNotFound:
        return ResourceNotFound(f"No vault lock is set for: {self._core.arn(vault_name)}")

    def _refusal(self, vault_name: str, lock: LockRow) -> AccessDenied:
        arn = self._core.arn(vault_name)
        if lock.expires_ms is None:
            return AccessDenied(f"The vault is locked, and that cannot be undone: {arn}")
        return AccessDenied(f"A vault lock is in progress; abort it to begin another: {arn}")


def _shown(lock: LockRow) -> VaultLock:
    return VaultLock(
        policy=lock.policy,
        state=LockState.LOCKED if lock.expires_ms is None else LockState.IN_PROGRESS,
        created_at=from_milliseconds(lock.created_ms),
        expires_at=None if lock.expires_ms is None else from_milliseconds(lock.expires_ms),
    )
