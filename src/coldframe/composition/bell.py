"""Messages that say that jobs are done, as a reason to look at once.

A message is never the truth: the job's own state is. A lost one costs time until the next slow look; a doubled, forged
or foreign one costs one look at most. One that named something of ours is deleted only after a round has recorded how
the jobs are, so whatever is killed when, it comes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Protocol

from coldframe.errors import ColdframeError
from coldframe.notify.messages import read_message
from coldframe.progress import Noted, ignore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coldframe.clock import Clock
    from coldframe.notify.messages import JobMessage
    from coldframe.notify.queues import Message
    from coldframe.progress import Observer

SLOW_SECONDS = 3600.0
"""How often jobs are looked at while messages can come."""
_LEAST_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0
_MEANING = {True: "another job", False: "no job at all"}


class Queue(Protocol):
    """Where messages come from; :class:`~coldframe.notify.queues.SqsQueue` is one."""

    name: str

    def receive(self) -> list[Message]:
        """Some messages; waits a while for the first."""
        ...

    def delete(self, message: Message) -> None:
        """Have a message never come again."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that named something of ours, and the queue that it is still in."""

    queue: Queue
    message: Message


class Bell:
    """Rings when a message names a job or an archive that an open order waits for.

    Args:
        queues: Where messages come from; each is listened to by a thread of its own.
        is_ours: Whether an open order waits for what a message names.
        clock: Keeps rings apart.
        observer: Is told of trouble, and once of messages that are about something else.
    """

    def __init__(
        self,
        queues: Sequence[Queue],
        is_ours: Callable[[JobMessage], bool],
        *,
        clock: Clock,
        observer: Observer = ignore,
    ) -> None:
        """Nothing is listened to yet."""
        self._queues = queues
        self._is_ours = is_ours
        self._clock = clock
        self._observer = observer
        self._stopping = Event()
        self._lock = Lock()
        self._heard: dict[str, Heard] = {}
        self._silent: set[str] = {queue.name for queue in queues}
        self._told: set[str] = set()
        self._quiet_until = 0.0

    @property
    def is_reliable(self) -> bool:
        """Whether messages can come: there are queues, and all of them answer."""
        with self._lock:
            return bool(self._queues) and not self._silent

    def start(self) -> None:
        """Begin to listen."""
        for queue in self._queues:
            Thread(target=self._listen, args=(queue,), name=f"queue {queue.name}", daemon=True).start()

    def stop(self) -> None:
        """Listen no more. What a thread is just receiving comes again to the next listener."""
        self._stopping.set()

    def is_ringing(self) -> bool:
        """Whether something was heard since :meth:`take`; but rings are seconds apart, however many messages come."""
        with self._lock:
            return bool(self._heard) and self._clock.monotonic() >= self._quiet_until

    def take(self) -> list[Heard]:
        """What was heard so far, to be settled after the look that follows."""
        with self._lock:
            heard, self._heard = list(self._heard.values()), {}
            self._quiet_until = self._clock.monotonic() + _LEAST_SECONDS
            return heard

    def settle(self, heard: Sequence[Heard]) -> None:
        """How the jobs are was recorded since: delete the messages. One that cannot be deleted rings once more."""
        for each in heard:
            try:
                each.queue.delete(each.message)
            except ColdframeError as error:
                self._tell(str(error))
                return

    def listen_once(self, queue: Queue) -> None:
        """Receive once, and sort what came; raises what `Queue.receive` and `Queue.delete` raise."""
        for message in queue.receive():
            said = read_message(message.body)
            if said is not None and self._is_ours(said):
                with self._lock:
                    self._heard[message.message_id] = Heard(queue, message)
                continue
            self._tell(f"The queue {queue.name} has messages about {_MEANING[said is not None]}; they are deleted.")
            queue.delete(message)

    def _listen(self, queue: Queue) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                self.listen_once(queue)
            except Exception as error:  # noqa: BLE001 - the thread must live on; jobs are looked at more often meanwhile
                self._set_silent(queue, is_silent=True)
                self._tell(f"{str(error).rstrip('.')}. Jobs are asked for instead.")
                self._stopping.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                self._set_silent(queue, is_silent=False)
                pause = _FIRST_PAUSE

    def _set_silent(self, queue: Queue, *, is_silent: bool) -> None:
        with self._lock:
            (self._silent.add if is_silent else self._silent.discard)(queue.name)

    def _tell(self, text: str) -> None:
        """Tell each thing once."""
        with self._lock:
            is_new = text not in self._told and len(self._told) < 100  # noqa: PLR2004 - others may write the texts
            self._told.add(text)
        if is_new:
            self._observer(Noted(text))
