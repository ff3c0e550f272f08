"""How a vault is governed, as users ask it: what is not set is an answer, a vault that is not there is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from coldframe.composition.vaults import find_vault
from coldframe.errors import ResourceNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.ports.admin import GovernedStore, VaultLock, VaultNotifications

T = TypeVar("T")


def access_policy(store: GovernedStore, vault_name: str) -> str | None:
    """The vault's access policy, None if it has none; raises as :func:`~coldframe.composition.vaults.find_vault`."""
    return _unless_unset(store, vault_name, store.get_vault_access_policy)


def vault_lock(store: GovernedStore, vault_name: str) -> VaultLock | None:
    """The vault's lock, in progress or complete, None if it has none; raises as above."""
    return _unless_unset(store, vault_name, store.get_vault_lock)


def vault_notifications(store: GovernedStore, vault_name: str) -> VaultNotifications | None:
    """Whom the vault tells of its jobs, None if nobody; raises as above."""
    return _unless_unset(store, vault_name, store.get_vault_notifications)


def _unless_unset(store: GovernedStore, vault_name: str, get: Callable[[str], T]) -> T | None:
    """The protocol has one error for both: only the vault itself tells which it was."""
    try:
        return get(vault_name)
    except ResourceNotFound:
        find_vault(store, vault_name)
        return None
