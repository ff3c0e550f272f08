"""The ports between the outbox of a store and those who hear of its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from coldframe.errors import ColdframeError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to a topic. It may come more than once, each time with the same `message_id`."""

    message_id: str
    topic_arn: str
    text: str


class NotDelivered(ColdframeError):
    """The notice did not get through, or nobody knows whether it did. Trying again later may help."""


class Undeliverable(NotDelivered):
    """The notice cannot be delivered, however often it is tried."""


class NoRoute(Undeliverable):
    """Nothing is configured for the topic. Whoever raises this has logged it, once for each topic."""


class Notifier(Protocol):
    """Delivers notices. Any number of threads may call it."""

    def deliver(self, notice: Notice) -> None:
        """Return when the receiver has taken the notice over; takes some seconds at most.

        Messages of errors name no secret, and of a web hook's URL no more than its host.

        Raises:
            Undeliverable: It is refused, and would be again.
            NotDelivered: It may work later.
        """
        ...


class Outbox(Protocol):
    """The notices of one store that wait to be delivered."""

    def is_due(self) -> bool:
        """Whether there is something to do now; cheap enough to be asked every second.

        Raises:
            ServiceUnavailable: The ledger cannot be read.
        """
        ...

    def deliver(self, *, is_over: Callable[[], bool]) -> int:
        """Try some of what is due, and answer how many were delivered.

        No more are begun once `is_over` says so.

        Raises:
            ServiceUnavailable: The ledger cannot be used; nothing is lost.
        """
        ...
