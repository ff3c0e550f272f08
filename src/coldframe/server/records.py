"""What a listener tells about its work, and who may want to know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from coldframe.wire.http import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One request and its answer, when both are over.

    Args:
        at: When its head had arrived.
        peer: The address of the client.
        method: As received; empty if the head could not be read.
        subject: What it was about, as far as that was found out.
        status: What was answered.
        received: The bytes that came in for it, its head included.
        sent: The bytes that went out for it, likewise.
        seconds: From its head to the last byte of the answer.
        is_complete: Whether the client was sent all of the answer.
    """

    at: datetime
    peer: str
    method: str
    subject: Subject
    status: int
    received: int
    sent: int
    seconds: float
    is_complete: bool


class Watch(Protocol):
    """Wants to know. Called from many threads."""

    def opened(self) -> None:
        """A client has connected."""
        ...

    def closed(self) -> None:
        """A connection is over."""
        ...

    def refused(self, reason: str) -> None:
        """A connection or a request was turned away: `address`, `full`, `tls`, `malformed`, `too-large` or `slow`."""
        ...

    def answered(self, record: Record) -> None:
        """A request is over."""
        ...


@dataclass(frozen=True, slots=True)
class Watches:
    """Implements `Watch` by telling all of some others."""

    watches: Sequence[Watch] = ()

    def opened(self) -> None:
        """Tell them."""
        for watch in self.watches:
            watch.opened()

    def closed(self) -> None:
        """Tell them."""
        for watch in self.watches:
            watch.closed()

    def refused(self, reason: str) -> None:
        """Tell them."""
        for watch in self.watches:
            watch.refused(reason)

    def answered(self, record: Record) -> None:
        """Tell them."""
        for watch in self.watches:
            watch.answered(record)
