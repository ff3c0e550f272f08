"""Who governs the vaults of a server that is killed: settings, locks and keys that were acknowledged stay."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coldframe.composition.accounts import open_accounts
from coldframe.errors import AccessDenied, ResourceNotFound
from coldframe.ports.admin import LockState, VaultEvent, VaultNotifications
from coldframe.testing.bodies import BytesBody
from server_kill.served import REGION, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.ports.admin import GovernedStore
    from coldframe.wire.access import Key

_ACCOUNT = "000000000000"


@dataclass(slots=True)
class Governed:
    """A vault, and what was acknowledged of it: each what `look` must find."""

    name: str
    locked: str | None = None
    acknowledged: dict[str, object] = field(default_factory=dict)


class Steward:
    """Makes a vault in each round, sets all there is to set on it, locks it for ever, and makes a key.

    Args:
        folder: The store's folder, where keys are made while it is served.
    """

    def __init__(self, folder: str) -> None:
        self.keys: list[Key] = []
        self._folder = folder
        self._vaults: list[Governed] = []

    def act(self, store: GovernedStore) -> None:
        """One round; it may be cut off at any step."""
        vault = Governed(f"governed-{len(self._vaults)}")
        self._vaults.append(vault)
        store.create_vault(vault.name)
        for what, write in self._steps(store, vault):
            write()
            vault.acknowledged[what] = self._look(store, vault)[what]
        self._make_key()

    def _steps(self, store: GovernedStore, vault: Governed) -> Iterator[tuple[str, Callable[[], object]]]:
        topic = f"arn:aws:sns:{REGION}:{_ACCOUNT}:{vault.name}"
        notices = VaultNotifications(topic, tuple(VaultEvent))
        yield "tags", lambda: store.add_tags_to_vault(vault.name, {"name": vault.name, "a": "1"})
        yield "policy", lambda: store.set_vault_access_policy(vault.name, _deny(vault.name, "glacier:DeleteVault"))
        yield "topic", lambda: store.set_vault_notifications(vault.name, notices)
        yield "archive", lambda: self._fill(store, vault)
        yield "lock", lambda: self._lock(store, vault)

    def _fill(self, store: GovernedStore, vault: Governed) -> None:
        vault.locked = store.upload_archive(vault.name, BytesBody(vault.name.encode())).archive_id

    def _lock(self, store: GovernedStore, vault: Governed) -> None:
        lock_id = store.initiate_vault_lock(vault.name, _deny(vault.name, "glacier:DeleteArchive"))
        store.complete_vault_lock(vault.name, lock_id)

    def _make_key(self) -> None:
        with open_accounts(self._folder, region=REGION) as accounts:
            self.keys.append(accounts.create_key())

    def judge(self, store: GovernedStore) -> list[str]:
        """What was acknowledged and is not so any more; a locked vault's archive is attacked, too."""
        wrong = []
        for vault in self._vaults:
            found = self._look(store, vault) if vault.acknowledged else {}
            wrong += [
                f"{what} of {vault.name} is {found[what]}, not {value}"
                for what, value in vault.acknowledged.items()
                if found[what] != value
            ]
            if "lock" in vault.acknowledged and vault.locked is not None:
                wrong += _attack(store, vault.name, vault.locked)
        return wrong

    def judge_keys(self, url: str) -> list[str]:
        """The keys that were made and are not known any more."""
        wrong = []
        for key in self.keys:
            store = connect(url, key)
            try:
                store.list_vaults()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                wrong.append(f"the key {key.access_key_id} is refused: {error}")
            finally:
                store.close()
        return wrong

    @property
    def acknowledged(self) -> int:
        """How many settings, locks and keys must be there."""
        return sum(len(vault.acknowledged) for vault in self._vaults) + len(self.keys)

    def _look(self, store: GovernedStore, vault: Governed) -> dict[str, object]:
        """What there is now, of all that can be set."""
        return {
            "tags": dict(store.list_tags_for_vault(vault.name)),
            "policy": _or_none(lambda: store.get_vault_access_policy(vault.name)),
            "topic": _or_none(lambda: store.get_vault_notifications(vault.name)),
            "archive": store.describe_vault(vault.name).number_of_archives > 0,
            "lock": _or_none(lambda: store.get_vault_lock(vault.name).state),
        }


def _attack(store: GovernedStore, vault_name: str, archive_id: str) -> list[str]:
    acts: list[Callable[[], object]] = [
        lambda: store.delete_archive(vault_name, archive_id),
        lambda: store.abort_vault_lock(vault_name),
    ]
    wrong = []
    for act in acts:
        try:
            act()
        except AccessDenied:
            continue
        wrong.append(f"the locked vault {vault_name} let something be undone")
    is_locked = store.get_vault_lock(vault_name).state is LockState.LOCKED
    return wrong if is_locked else [*wrong, f"the lock of {vault_name} is not complete any more"]


def _or_none(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except ResourceNotFound:
        return None


def _deny(vault_name: str, action: str) -> str:
    arn = f"arn:aws:glacier:{REGION}:{_ACCOUNT}:vaults/{vault_name}"
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
