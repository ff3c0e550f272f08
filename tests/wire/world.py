"""What the tests of the face share: a governed store in memory and on disk, one key, and a face before it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from coldframe.blobs import open_blobs
from coldframe.clock import SystemClock
from coldframe.errors import AccessDenied, InvalidParameterValue, LimitExceeded, ResourceNotFound
from coldframe.files import DiskFiles, ensure_folder
from coldframe.ledger import open_ledger
from coldframe.ports.admin import (
    MAX_CAPACITY_UNITS,
    MAX_TAGS,
    DataRetrievalPolicy,
    LockState,
    ProvisionedCapacity,
    VaultLock,
)
from coldframe.service import VaultService
from coldframe.wire.access import AccountAuthorizer, Key, StaticKeyring
from coldframe.wire.face import Face

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from coldframe.clock import Clock
    from coldframe.ports.admin import (
        GovernedStore,
        VaultNotifications,
    )
    from coldframe.testing.clock import FakeClock
    from coldframe.wire.access import Authorizer

V = TypeVar("V")

ACCOUNT = "000000000000"
REGION = "local"
KEY = Key(access_key_id="AKIDEXAMPLE", secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", account_id=ACCOUNT)
_START = datetime(2040, 1, 1, tzinfo=UTC)


class MemoryAdmin:
    """Implements `ports.admin.VaultAdmin` in memory, so far as the face can see it: a small world, not a mock."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Nothing is governed yet."""
        super().__init__(*arguments, **options)
        self.tags: dict[str, dict[str, str]] = {}
        self.notices: dict[str, VaultNotifications] = {}
        self.policies: dict[str, str] = {}
        self.locks: dict[str, tuple[str, VaultLock]] = {}
        self.retrieval = DataRetrievalPolicy()
        self.units: list[ProvisionedCapacity] = []

    def add_tags_to_vault(self, vault_name: str, tags: Mapping[str, str]) -> None:
        """Set tags."""
        self._known(vault_name)
        merged = self.tags.get(vault_name, {}) | dict(tags)
        if len(merged) > MAX_TAGS:
            raise LimitExceeded("too many tags")
        self.tags[vault_name] = merged

    def remove_tags_from_vault(self, vault_name: str, tag_keys: Sequence[str]) -> None:
        """Remove tags."""
        self._known(vault_name)
        for key in tag_keys:
            self.tags.get(vault_name, {}).pop(key, None)

    def list_tags_for_vault(self, vault_name: str) -> Mapping[str, str]:
        """All tags."""
        self._known(vault_name)
        return self.tags.get(vault_name, {})

    def set_vault_notifications(self, vault_name: str, notifications: VaultNotifications) -> None:
        """Replace the configuration."""
        self._known(vault_name)
        self.notices[vault_name] = notifications

    def get_vault_notifications(self, vault_name: str) -> VaultNotifications:
        """The configuration."""
        return self._found(self.notices, vault_name, "notification configuration")

    def delete_vault_notifications(self, vault_name: str) -> None:
        """Tell nobody."""
        self._known(vault_name)
        self.notices.pop(vault_name, None)

    def set_vault_access_policy(self, vault_name: str, policy: str) -> None:
        """Replace the policy."""
        self._known(vault_name)
        self.policies[vault_name] = policy

    def get_vault_access_policy(self, vault_name: str) -> str:
        """The policy."""
        return self._found(self.policies, vault_name, "access policy")

    def delete_vault_access_policy(self, vault_name: str) -> None:
        """Remove the policy."""
        self._known(vault_name)
        self.policies.pop(vault_name, None)

    def initiate_vault_lock(self, vault_name: str, policy: str) -> str:
        """Begin a lock."""
        self._known(vault_name)
        if vault_name in self.locks:
            raise AccessDenied("a lock is there")
        lock = VaultLock(policy, LockState.IN_PROGRESS, _START, _START + timedelta(days=1))
        self.locks[vault_name] = ("AE863rKkWZU53SLW5be4DUcW", lock)
        return self.locks[vault_name][0]

    def complete_vault_lock(self, vault_name: str, lock_id: str) -> None:
        """Lock."""
        known, lock = self._found(self.locks, vault_name, "lock")
        if known != lock_id:
            raise InvalidParameterValue(f"Invalid lock ID: {lock_id}")
        self.locks[vault_name] = (known, replace(lock, state=LockState.LOCKED, expires_at=None))

    def abort_vault_lock(self, vault_name: str) -> None:
        """Drop a lock in progress."""
        self._known(vault_name)
        if vault_name in self.locks and self.locks[vault_name][1].state is LockState.LOCKED:
            raise AccessDenied("the vault is locked")
        self.locks.pop(vault_name, None)

    def get_vault_lock(self, vault_name: str) -> VaultLock:
        """The lock."""
        return self._found(self.locks, vault_name, "lock")[1]

    def get_data_retrieval_policy(self) -> DataRetrievalPolicy:
        """The policy."""
        return self.retrieval

    def set_data_retrieval_policy(self, policy: DataRetrievalPolicy) -> None:
        """Replace the policy."""
        self.retrieval = policy

    def list_provisioned_capacity(self) -> Sequence[ProvisionedCapacity]:
        """The units."""
        return self.units

    def purchase_provisioned_capacity(self) -> str:
        """One more unit."""
        if len(self.units) >= MAX_CAPACITY_UNITS:
            raise LimitExceeded("two units are the limit")
        unit_id = f"zSaq7NzHFQDANTfQkDen4V{len(self.units):02d}"
        self.units.append(ProvisionedCapacity(unit_id, _START, _START + timedelta(days=31)))
        return unit_id

    def _known(self, vault_name: str) -> None:
        self.describe_vault(vault_name)  # type: ignore[attr-defined]  # of the store that this is mixed into

    def _found(self, kept: dict[str, V], vault_name: str, what: str) -> V:
        self._known(vault_name)
        if vault_name not in kept:
            raise ResourceNotFound(f"No {what} is set for vault: {vault_name}")
        return kept[vault_name]


class GovernedService(MemoryAdmin, VaultService):
    """The embedded store, with the second half of the port in memory."""


def open_governed(folder: str, clock: FakeClock) -> GovernedService:
    """An embedded store without waits, in a folder of its own."""
    files = DiskFiles()
    ensure_folder(files, folder)
    ledger = open_ledger(os.path.join(folder, "ledger.sqlite"), files=files)
    blobs = open_blobs(os.path.join(folder, "blobs"), files=files, ledger=ledger)
    return GovernedService(ledger, blobs, clock=clock, account_id=ACCOUNT, region=REGION, url=folder)


@dataclass
class FaceWorld:
    """A face before one account's store, and the lines that it logged."""

    face: Face
    store: GovernedStore
    lines: list[str]


def make_face(
    store: GovernedStore,
    *,
    clock: Clock | None = None,
    keys: Sequence[Key] = (KEY,),
    authorizer: Authorizer | None = None,
    hashes_inventories: bool = True,
    find_store: Callable[[str], GovernedStore | None] | None = None,
) -> FaceWorld:
    """A face on the machine's own clock, because boto3 signs by that."""
    lines: list[str] = []
    face = Face(
        find_store or (lambda account_id: store if account_id == ACCOUNT else None),
        keyring=StaticKeyring({key.access_key_id: key for key in keys}),
        authorizer=authorizer or AccountAuthorizer(),
        clock=clock or SystemClock(),
        region=REGION,
        hashes_inventories=hashes_inventories,
        log=lines.append,
    )
    return FaceWorld(face, store, lines)
