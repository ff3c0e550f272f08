"""What a vault's policies say, and the facts that they may ask about, read in one view for whoever decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.clock import from_milliseconds
from coldframe.service.ids import Kind, decode_id
from coldframe.service.protection import lock_in_force

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from coldframe.ports import Facts
    from coldframe.service.core import Core


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a vault stands with its policies at a moment.

    Args:
        at: The moment, in the service's own time, which never runs backwards.
        access_policy: The text of its access policy; None without one.
        lock_policy: The text of the lock that is in force, complete or in progress; None without one.
        tags: Its tags; None where no policy is there to ask for them, and then they are not read.
        archive_created_at: Since when the archive that was asked for is in the vault; None if it is not, or never was.
    """

    at: datetime
    access_policy: str | None = None
    lock_policy: str | None = None
    tags: Mapping[str, str] | None = None
    archive_created_at: datetime | None = None


class ServiceStanding:
    """What the face's authorizer asks of a store."""

    _core: Core

    def standing(self, vault_name: str, *, archive_id: str | None = None) -> Standing | None:
        """How a vault stands; None if there is none of that name."""
        core = self._core

        def act(facts: Facts, now_ms: int) -> Standing | None:
            vault = facts.vault(vault_name)
            if vault is None:
                return None
            at = from_milliseconds(now_ms)
            access_policy, lock = facts.access_policy(vault.row), lock_in_force(facts.lock(vault.row), now_ms)
            if access_policy is None and lock is None:
                return Standing(at=at)
            return Standing(
                at=at,
                access_policy=access_policy,
                lock_policy=None if lock is None else lock.policy,
                tags=facts.tags(vault.row),
                archive_created_at=_created_at(facts, vault.row, archive_id),
            )

        return core.read(act)


def _created_at(facts: Facts, vault: int, archive_id: str | None) -> datetime | None:
    key = None if archive_id is None else decode_id(Kind.ARCHIVE, archive_id)
    archive = None if key is None else facts.archive(key)
    return None if archive is None or archive.vault != vault else from_milliseconds(archive.created_ms)
