"""What a policy is asked: who wants to do what, with which vault, when and from where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks.

    Args:
        account_id: The account of the caller's key, 12 digits.
        arn: The user or role of that account; empty is the account's root. A session of a role goes by the role's ARN.
        has_mfa: Whether a second factor was shown; None for a long-term key, which knows of none.
        mfa_age_seconds: How long ago that was.
    """

    account_id: str
    arn: str = ""
    has_mfa: bool | None = None
    mfa_age_seconds: int | None = None

    @property
    def principal_arn(self) -> str:
        """The caller as policies and messages name it."""
        return self.arn or f"arn:aws:iam::{self.account_id}:root"

    @property
    def is_root(self) -> bool:
        """Whether it is the account itself that asks, and no user or role of it."""
        return self.principal_arn.rpartition(":")[2] == "root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing that somebody wants to do.

    Facts that are None, unless said otherwise, are absent: conditions on them follow the rules for absent keys.

    Args:
        operation: Its name without `glacier:`.
        caller: Who asks.
        owner_account_id: Whose vault it is, 12 digits.
        region: Where the service is.
        vault_arn: The vault; None for what is done with an account.
        at: When; the service's own time, which never runs backwards.
        archive_created_at: Since when the archive is there that is to be deleted or retrieved; None if there is none.
        vault_tags: The vault's tags; None if they could not be read, and then conditions on them deny.
        sent_tags: The tags that AddTagsToVault brings, or with None for their values the keys of RemoveTagsFromVault;
            None if these are not known, and then conditions on them deny.
        is_secure: Whether nobody can listen: TLS, or no network at all.
        source_ip: The caller's address; one that cannot be read makes conditions on it deny.
        user_agent: What the caller's program calls itself.
    """

    operation: str
    caller: Caller
    owner_account_id: str
    region: str
    vault_arn: str | None
    at: datetime
    archive_created_at: datetime | None = None
    vault_tags: Mapping[str, str] | None = None
    sent_tags: Mapping[str, str | None] | None = None
    is_secure: bool = False
    source_ip: str | None = None
    user_agent: str | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether the caller is of another account than the vault."""
        return self.caller.account_id != self.owner_account_id
