"""The ledger port's facts about accounts and access keys; `ports.ledger` takes them in.

They stand in the ledger of a folder's own store, for all the accounts that are served from the folder.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """An access key. What its sealed secret is bound to, the keyring says.

    Args:
        access_key_id: Its name, which is no secret.
        account_id: Whose it is, 12 digits.
        scope: What it may do at most: `full`, `no-delete` or `read-only`.
        created_ms: Since when it is there.
        expires_ms: From when on it is worth nothing; None for never.
        seal_id: Which sealing key sealed its secret.
        sealed: The secret, sealed; None once it is revoked.
        revoked_ms: When it was revoked.
        rotated_ms: When it was given a successor.
        successor_id: That successor.
    """

    access_key_id: str
    account_id: str
    scope: str
    created_ms: int
    expires_ms: int | None = None
    seal_id: bytes
    sealed: bytes | None = field(repr=False)
    revoked_ms: int | None = None
    rotated_ms: int | None = None
    successor_id: str | None = None


class KeyFacts(Protocol):
    """What can be read."""

    def own_account(self) -> str | None:
        """The account that the store itself belongs to; None as long as nobody has settled it."""
        ...

    def access_key(self, access_key_id: str) -> KeyRow | None:
        """The key of that ID, revoked or not."""
        ...

    def access_keys(self) -> list[KeyRow]:
        """All keys, revoked ones included, by account and age. There are few: people make them by hand."""
        ...

    def has_account(self, account_id: str) -> bool:
        """Whether a key was ever made for an account."""
        ...


class KeyChanges(Protocol):
    """What can be changed."""

    def settle_own_account(self, account_id: str) -> None:
        """Say whom the store itself belongs to, unless that is settled."""
        ...

    def add_access_key(self, key: KeyRow) -> None:
        """Add a key; its ID must be new."""
        ...

    def update_access_key(self, key: KeyRow) -> None:
        """Change what may become of a key: its end, its seal, its successor. Whose it is and what it may do stays."""
        ...
