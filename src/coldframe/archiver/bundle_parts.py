"""The parts of a bundle on their way: one is made while the one before it is sent."""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from coldframe.archiver.crew import Next
from coldframe.archiver.run import TROUBLE
from coldframe.errors import ResourceNotFound, SourceChanged
from coldframe.names import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.archiver.part_buffer import Filled
    from coldframe.archiver.run import Run
    from coldframe.archiver.uploads import OpenUpload
    from coldframe.archiver.zipping import Zipping
    from coldframe.errors import ColdframeError

_MOST_BUFFERS = 2


class BundleParts:
    """The parts of one bundle on their way; at most two are in memory.

    Args:
        run: What all work shares.
        zipping: Makes the parts.
        upload: Where they go.
        on_advance: Hears how many more bytes of the members are safe.
        on_end: Called once, at the end, with the tree hashes by start, or with what went wrong.
    """

    def __init__(
        self,
        run: Run,
        zipping: Zipping,
        upload: OpenUpload,
        *,
        on_advance: Callable[[int], None],
        on_end: Callable[[dict[int, str], ColdframeError | None], Next],
    ) -> None:
        """Nothing is sent yet."""
        self._run = run
        self._zipping = zipping
        self._upload = upload
        self._on_advance = on_advance
        self._on_end = on_end
        self._lock = Lock()
        self._under_way = 0
        self._is_making = False
        self._is_all_made = False
        self._hashes: dict[int, str] = {}
        self._trouble: ColdframeError | None = None

    def begin(self, first: Filled) -> Next:
        """Send the first part, and make the second."""
        return self._made(first)

    def _make(self) -> Next:
        try:
            return self._made(self._zipping.next_part())
        except TROUBLE as error:
            return self._settle(error, made=True)

    def _made(self, filled: Filled) -> Next:
        with self._lock:
            self._is_making = False
            self._is_all_made = filled.is_last
            self._under_way += 1
        return Next(steps=[partial(self._send, filled), *self._may_make()])

    def _send(self, filled: Filled) -> Next:
        try:
            digest = self._send_or_find(filled)
        except ResourceNotFound:
            return self._settle(SourceChanged(f"the upload of {printable(self._upload.attempt.path)} is gone"))
        except TROUBLE as error:
            return self._settle(error)
        with self._lock:
            self._hashes[filled.start] = digest
            self._on_advance(filled.read_size)
        return self._settle(None)

    def _send_or_find(self, filled: Filled) -> str:
        digest = filled.buffer.tree_hash
        if self._upload.confirmed.get(filled.start) == digest:
            return digest
        return self._run.sender.send_part(self._upload.upload_id, lambda: filled.buffer, start=filled.start)

    def _may_make(self) -> list[Callable[[], Next]]:
        """The step that makes the next part, if there is one and room for it."""
        with self._lock:
            is_room = self._under_way < _MOST_BUFFERS and not self._is_making
            if not is_room or self._is_all_made or self._trouble is not None:
                return []
            self._is_making = True
            return [self._make]

    def _settle(self, trouble: ColdframeError | None, *, made: bool = False) -> Next:
        """Count a part as done, or, when `made`, the making of one as failed; the last one ends the whole."""
        with self._lock:
            self._trouble = self._trouble or trouble
            if made:
                self._is_making = False
            else:
                self._under_way -= 1
            is_over = not self._under_way and not self._is_making and (self._is_all_made or self._trouble is not None)
        return self._on_end(self._hashes, self._trouble) if is_over else Next(steps=self._may_make())
