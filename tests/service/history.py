"""What many threads did to archives, and whether it could have happened one after the other (reliability R10).

An archive's ID is new when it is uploaded and never used again, so its life is: not there, there, gone. A history is
linearizable if every answer fits a moment between question and answer at which that life was where the answer says. For
such a life that can be seen without trying out orders: no answer may come before what it must follow.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    T = TypeVar("T")


class Did(Enum):
    """What somebody did to an archive, or saw of it."""

    UPLOADED = "uploaded"
    DELETED = "deleted"
    SAW = "saw"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Event:
    """Something done, between two ticks. `ended` is None for what was never answered: it may have happened, or not."""

    what: Did
    begun: int
    ended: int | None


class History:
    """Events by archive, on a clock that counts questions and answers; any thread may write it."""

    def __init__(self) -> None:
        self._ticks = count()
        self._lock = Lock()
        self._events: dict[str, list[Event]] = defaultdict(list)

    def tick(self) -> int:
        """The next tick."""
        with self._lock:
            return next(self._ticks)

    def timed(self, act: Callable[[], T]) -> tuple[T, int, int]:
        """Run an act; its answer, and the ticks around it."""
        begun = self.tick()
        answer = act()
        return answer, begun, self.tick()

    def add(self, archive_id: str, what: Did, begun: int, ended: int | None) -> None:
        """Note an event."""
        with self._lock:
            self._events[archive_id].append(Event(what, begun, ended))

    def uploaded_before(self, tick: int) -> list[str]:
        """The archives whose upload was answered before a tick."""
        with self._lock:
            return [key for key, events in self._events.items() if _is_uploaded_before(events, tick)]

    def deletions(self) -> dict[str, bool]:
        """The archives that somebody set about deleting, and whether that was ever answered with success."""
        found: dict[str, bool] = {}
        for archive_id, events in self._events.items():
            ends = [event.ended for event in events if event.what is Did.DELETED]
            if ends:
                found[archive_id] = any(end is not None for end in ends)
        return found

    def __len__(self) -> int:
        """How many events there are."""
        return sum(map(len, self._events.values()))

    def anomalies(self) -> Iterator[str]:
        """What could not have happened in any order."""
        for archive_id, events in self._events.items():
            for message in _anomalies(events):
                yield f"archive …{archive_id[-12:]} {message}"


def _is_uploaded_before(events: list[Event], tick: int) -> bool:
    return any(event.what is Did.UPLOADED and event.ended is not None and event.ended < tick for event in events)


def _anomalies(events: list[Event]) -> Iterator[str]:
    by: dict[Did, list[Event]] = {what: [event for event in events if event.what is what] for what in Did}
    uploaded, deleted = by[Did.UPLOADED], by[Did.DELETED]
    there_from = min((_end(event) for event in uploaded), default=float("inf"))
    gone_from = min((_end(event) for event in deleted), default=float("inf"))
    first_deletion = min((event.begun for event in deleted), default=float("inf"))
    missed_since = [event for event in by[Did.MISSED] if event.begun > there_from]
    first_missed = min(map(_end, missed_since), default=float("inf"))
    for event in by[Did.SAW]:
        if event.begun > gone_from:
            yield f"was seen after it was deleted: {event}"
        if first_missed < event.begun:
            yield f"was seen after it had been missed: {event}"
    for event in missed_since:
        if _end(event) < first_deletion:
            yield f"was missed though nobody had set about deleting it: {event}"


def _end(event: Event) -> float:
    return float("inf") if event.ended is None else event.ended
