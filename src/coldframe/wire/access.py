"""What the face needs to know about keys, accounts and permissions: three small seams that composition fills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from coldframe.errors import AccessDenied
from coldframe.ports.admin import GovernedStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class KeyScope(StrEnum):
    """What a key may do in its own account, before any policy is asked."""

    FULL = "full"
    NO_DELETE = "no-delete"
    READ_ONLY = "read-only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An access key as the keyring knows it. `session_token` goes with temporary keys, which end at `expires_at`."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    account_id: str
    scope: KeyScope = KeyScope.FULL
    expires_at: datetime | None = None
    session_token: str | None = field(default=None, repr=False)


class Keyring(Protocol):
    """Knows the access keys."""

    def find(self, access_key_id: str) -> Key | None:
        """The key of that ID; None if there is none, or none any more. Called once for each request."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One thing that somebody wants to do; all that a policy may ask about is here or behind it.

    Args:
        key: Whose signature it is.
        operation: The name of the operation, as in `glacier:<operation>`.
        account_id: The account that owns what is accessed, 12 digits.
        vault_name: The vault, if the operation has one.
        archive_id: The archive, for DeleteArchive and for an InitiateJob that names one.
        at: When the request arrived.
        peer: The address of the other end.
        is_secure: Whether the connection is encrypted.
        user_agent: What the client calls itself.
        sent_tags: The tags that AddTagsToVault brings, or with None for their values the keys of RemoveTagsFromVault;
            None if the body does not tell.
    """

    key: Key
    operation: str
    account_id: str
    vault_name: str | None
    archive_id: str | None
    at: datetime
    peer: str
    is_secure: bool
    user_agent: str
    sent_tags: Mapping[str, str | None] | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether the caller is not of the owner's account."""
        return self.key.account_id != self.account_id


class Authorizer(Protocol):
    """Decides whether an access is allowed."""

    def authorize(self, access: Access) -> None:
        """Do nothing if it is allowed; raise `AccessDenied` otherwise, also when that cannot be found out."""
        ...


Stores = Callable[[str], GovernedStore | None]
"""The store of an account, by its 12 digits; None if there is no such account."""

_DELETING = frozenset(
    {
        "AbortMultipartUpload",
        "AbortVaultLock",
        "CompleteVaultLock",
        "DeleteArchive",
        "DeleteVault",
        "DeleteVaultAccessPolicy",
        "DeleteVaultNotifications",
        "InitiateVaultLock",
        "RemoveTagsFromVault",
        "SetVaultAccessPolicy",
    }
)
"""What a no-delete key may not do: delete, or change who may, as a lock policy does too."""


class AccountAuthorizer:
    """Implements `Authorizer`: an account does all that its key's scope allows, with what is its own."""

    def authorize(self, access: Access) -> None:
        """Allow what the key's scope allows, in the key's own account."""
        if access.is_foreign:
            raise foreign_account(access.account_id)
        require_scope(access)


class StaticKeyring:
    """Implements `Keyring` over keys in memory."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        """Know these keys, by ID."""
        self._keys = keys

    def find(self, access_key_id: str) -> Key | None:
        """The key of that ID."""
        return self._keys.get(access_key_id)


def require_scope(access: Access) -> None:
    """Refuse what the key may never do, whatever policies say."""
    name = access.operation
    is_read = name.startswith(("Get", "List", "Describe")) or name == "InitiateJob"
    scope = access.key.scope
    if (scope is KeyScope.READ_ONLY and not is_read) or (scope is KeyScope.NO_DELETE and name in _DELETING):
        raise AccessDenied(f"The access key {access.key.access_key_id} is {scope.value}: it may not do glacier:{name}.")


def foreign_account(account_id: str) -> AccessDenied:
    """The original's words for an account that is not the caller's (glacier-api 1.1)."""
    return AccessDenied(f"Access denied for account ID: {account_id}")
