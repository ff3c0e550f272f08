"""What may be known about a key: all but its secret."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from coldframe.clock import from_milliseconds

if TYPE_CHECKING:
    from datetime import datetime

    from coldframe.ports import KeyRow

_LAST_MS = 253_402_300_799_999
"""The end of the year 9999."""


class KeyState(StrEnum):
    """What a key is worth."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """A key without its secret. `scope` is the row's text, unchecked; `successor_id` is the key it was rotated to."""

    access_key_id: str
    account_id: str
    scope: str
    state: KeyState
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    rotated_at: datetime | None
    successor_id: str | None


def state_of(row: KeyRow, now_ms: int) -> KeyState:
    """What a key is worth at a moment."""
    if row.revoked_ms is not None:
        return KeyState.REVOKED
    is_over = row.expires_ms is not None and row.expires_ms <= now_ms
    return KeyState.EXPIRED if is_over else KeyState.ACTIVE


def info_of(row: KeyRow, now_ms: int) -> KeyInfo:
    """What may be known about a key at a moment."""
    return KeyInfo(
        access_key_id=row.access_key_id,
        account_id=row.account_id,
        scope=row.scope,
        state=state_of(row, now_ms),
        created_at=from_milliseconds(min(row.created_ms, _LAST_MS)),
        expires_at=moment(row.expires_ms),
        revoked_at=moment(row.revoked_ms),
        rotated_at=moment(row.rotated_ms),
        successor_id=row.successor_id,
    )


def moment(milliseconds: int | None) -> datetime | None:
    """The moment of a row's column; one that no calendar has is the last that one has."""
    return None if milliseconds is None else from_milliseconds(min(milliseconds, _LAST_MS))
