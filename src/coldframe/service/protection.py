"""What a vault lock protects, whoever calls (glacier-api 12).

The face asks policies about everybody who comes over the network. Here, below every face and command, stands the one
check that nobody passes by: what a lock in force denies is not done to its vault, and a lock policy that cannot be
evaluated denies everything (I5, I10). Policies are read by `PolicyRules`, which is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from coldframe.clock import format_moment, from_milliseconds
from coldframe.errors import AccessDenied, InvalidParameterValue
from coldframe.ports.admin import MAX_POLICY_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from coldframe.ports import ArchiveRow, Facts, LockRow, VaultRow
    from coldframe.service.core import Core


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that is about to be done to a vault, as far as a lock policy may ask about it.

    Who does it is not known here, so what a policy makes depend on that must be taken as if it denied.

    Args:
        operation: As in `glacier:<operation>`.
        vault_arn: The vault's ARN, as it was when the lock was made: a store may be opened under another region or
            account later, and its locks must not come undone by that.
        at: When.
        archive_created_at: Since when the archive is there that it concerns; None without one.
        tags: The vault's tags.
        sent_tags: The tags to be added, or with None for their values the keys of those to be removed.
    """

    operation: str
    vault_arn: str
    at: datetime
    archive_created_at: datetime | None = None
    tags: Mapping[str, str]
    sent_tags: Mapping[str, str | None] | None = None


class PolicyRules(Protocol):
    """Reads policies; pure."""

    def require(self, policy: str, *, vault_arn: str, is_lock: bool) -> None:
        """Refuse, with `InvalidParameterValue`, a text that is no policy about this vault."""
        ...

    def protects(self, policy: str, deed: Deed) -> bool:
        """Whether a lock policy denies a deed, or may deny it to somebody. What it raises counts as yes."""
        ...


def require_policy(core: Core, policy: str, vault_name: str, *, is_lock: bool = False) -> None:
    """Refuse a policy text that is too long or malformed, or not about this vault (glacier-api, operation 11)."""
    try:
        size = len(policy.encode())
    except UnicodeEncodeError as error:
        raise InvalidParameterValue(f"Invalid policy for {core.arn(vault_name)}: it is not Unicode text.") from error
    if size > MAX_POLICY_SIZE:
        raise InvalidParameterValue(f"Invalid policy: its {size} bytes exceed the limit of {MAX_POLICY_SIZE}.")
    core.policies.require(policy, vault_arn=core.arn(vault_name), is_lock=is_lock)


def lock_in_force(lock: LockRow | None, now_ms: int) -> LockRow | None:
    """The lock, unless its 24 hours are over: a lock in progress works in full, an expired one not at all."""
    is_over = lock is not None and lock.expires_ms is not None and lock.expires_ms <= now_ms
    return None if is_over else lock


def require_permitted(  # noqa: PLR0913 - what is done to what, with what, and when
    core: Core,
    facts: Facts,
    vault: VaultRow,
    operation: str,
    *,
    now_ms: int,
    archive: ArchiveRow | None = None,
    sent_tags: Mapping[str, str | None] | None = None,
) -> None:
    """Refuse, with `AccessDenied`, what the vault's lock forbids now, or would forbid at the retention time.

    So a clock that was set forward opens no lock early: an archive must be old enough by both times.
    """
    lock = lock_in_force(facts.lock(vault.row), now_ms)
    if lock is None:
        return
    deed = replace(_deed(facts, lock, operation, at_ms=now_ms, archive=archive), sent_tags=sent_tags)
    if _protects(core, lock, deed):
        raise _refusal(core, operation, core.arn(vault.name))
    retention_ms = facts.retention_ms()
    if retention_ms != now_ms and _protects(core, lock, replace(deed, at=from_milliseconds(retention_ms))):
        refusal = _refusal(core, operation, core.arn(vault.name))
        refusal.add_note(_standing_still(retention_ms))
        raise refusal


def is_held(core: Core, facts: Facts, archive: ArchiveRow, now_ms: int) -> bool:
    """Whether the bytes of a deleted archive are to stay, because a lock forbids what was done to it.

    A lock says nothing about archives that were deleted before it began. Later ones were deleted with its leave, so
    normally this finds nothing; it is what stands between a lock and any mistake that marks an archive as deleted.
    """
    lock = lock_in_force(facts.lock(archive.vault), now_ms)
    if lock is None or archive.deleted_ms is None or archive.deleted_ms < lock.created_ms:
        return False
    return _protects(core, lock, _deed(facts, lock, "DeleteArchive", at_ms=archive.deleted_ms, archive=archive))


def _deed(facts: Facts, lock: LockRow, operation: str, *, at_ms: int, archive: ArchiveRow | None) -> Deed:
    return Deed(
        operation=operation,
        vault_arn=lock.vault_arn,
        at=from_milliseconds(at_ms),
        archive_created_at=None if archive is None else from_milliseconds(archive.created_ms),
        tags=facts.tags(lock.vault),
    )


def _protects(core: Core, lock: LockRow, deed: Deed) -> bool:
    """What the rules say; if they cannot say it, yes."""
    try:
        return core.policies.protects(lock.policy, deed)
    except Exception:  # noqa: BLE001 - a lock that cannot be read still locks
        return True


def _refusal(core: Core, operation: str, vault_arn: str) -> AccessDenied:
    """The usual words (glacier-api 13); who asked, the service does not know, so it names the owner."""
    return AccessDenied(
        f"User: arn:aws:iam::{core.account_id}:root is not authorized to perform: glacier:{operation} "
        f"on resource: {vault_arn} with an explicit deny"
    )


def _standing_still(retention_ms: int) -> str:
    """What only the operator is told, who can do something about it: a note, which does not go over the wire."""
    return (
        f"For locks it is still {format_moment(from_milliseconds(retention_ms))}: the clock is ahead by a step of more "
        "than 24 hours. If it is right, say so with `coldframe vault confirm-clock`."
    )
