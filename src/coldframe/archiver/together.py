"""Small files that go together: what each file costs by itself, they cost once.

The order for each file is what it is for one: looked at, compared, sent, recorded. Only where a store can keep several
archives in one act are they sent in one, and only files of which a request is made in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from coldframe.archiver.crew import Next
from coldframe.archiver.file_work import Held
from coldframe.archiver.stopping import Stopped
from coldframe.errors import ColdframeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from coldframe.archiver.file_work import FileWork
    from coldframe.archiver.run import Run

MOST_FILES = 32
"""So many go together; after a stop, those that are ready."""

LARGEST = 64 * 1024
"""In bytes: a file of more takes long enough by itself."""


class Together:
    """Small files on their way.

    Args:
        run: What all work shares.
        works: Each of them.
    """

    def __init__(self, run: Run, works: Sequence[FileWork]) -> None:
        """Nothing is opened yet."""
        self._run = run
        self._works = works

    def start(self) -> Next:
        """The one step: look at all, compare, and send what is new; after a stop no more of them are begun."""
        answers: list[Next] = []
        held: list[Held] = []
        for work in self._works:
            try:
                self._run.check_idle()
                answer = work.hold()
            except Stopped:
                break
            except Exception as error:  # noqa: BLE001 - raised again
                return Next(others=[*answers, _raising(error)])
            if isinstance(answer, Held):
                held.append(answer)
            else:
                answers.append(answer)
        return Next(others=[*answers, *self._send(held)])

    def _send(self, held: Sequence[Held]) -> list[Next]:
        if len(held) == 1:
            return self._send_singly(held)
        tried_at = self._run.clock.now()
        try:
            receipts = self._run.sender.send_together([(one.body, one.description) for one in held])
        except ColdframeError:  # whatever is wrong, with the store or with one of them, each will hear of by itself
            return self._send_singly(held, tried_at)
        pairs = list(zip(held, receipts, strict=True))
        sent = [one.sent(receipt) for one, receipt in pairs if receipt is not None]
        return sent + self._send_singly([one for one, receipt in pairs if receipt is None])

    def _send_singly(self, held: Sequence[Held], tried_at: datetime | None = None) -> list[Next]:
        """Send one after the other; what ends the run is raised in a step of its own: what went before counts."""
        sent: list[Next] = []
        for one in held:
            try:
                sent.append(one.send(tried_at))
            except Exception as error:  # noqa: BLE001 - raised again
                return [*sent, _raising(error)]
        return sent


def _raising(error: Exception) -> Next:
    """What comes of an error that no file alone is to blame for: a step that raises it."""

    def act() -> Never:
        raise error

    return Next(steps=[act])
