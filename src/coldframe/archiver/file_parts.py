"""The parts of one file on their way, in any order and on many threads."""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from coldframe.archiver.bodies import FileBody, hash_body
from coldframe.archiver.crew import Next
from coldframe.archiver.cut import Cut
from coldframe.archiver.opening import opened
from coldframe.archiver.run import TROUBLE
from coldframe.errors import ResourceNotFound, SourceChanged
from coldframe.names import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.archiver.opening import Source
    from coldframe.archiver.run import Run
    from coldframe.archiver.uploads import OpenUpload
    from coldframe.errors import ColdframeError
    from coldframe.model import ByteRange


class FileParts:
    """The parts of one file on their way.

    Args:
        run: What all work shares.
        source: The file.
        upload: Where the parts go.
        on_advance: Hears how many more bytes are safe.
        on_end: Called once, in the step of the last part, with the tree hashes by start, or with what went wrong.
    """

    def __init__(
        self,
        run: Run,
        source: Source,
        upload: OpenUpload,
        *,
        on_advance: Callable[[int], None],
        on_end: Callable[[dict[int, str], ColdframeError | None], Next],
    ) -> None:
        """Nothing is read yet."""
        self._run = run
        self._source = source
        self._upload = upload
        self._on_advance = on_advance
        self._on_end = on_end
        self._cut = Cut(max(source.stamp.size, 1), upload.part_size)
        self._lock = Lock()
        self._pending = 0
        self._given = 0
        self._hashes: dict[int, str] = {}
        self._trouble: ColdframeError | None = None

    def steps(self) -> Iterator[Callable[[], Next]]:
        """A step for each part, as long as none has failed."""
        for byte_range in self._cut.parts():
            with self._lock:
                if self._trouble is not None:
                    return
                self._pending += 1
                self._given += 1
            yield partial(self._step, byte_range)

    def _step(self, byte_range: ByteRange) -> Next:
        try:
            digest = self._send(byte_range)
        except ResourceNotFound:
            return self._settle(
                SourceChanged(f"the upload of {printable(self._source.text)} is gone; it must begin anew")
            )
        except TROUBLE as error:
            return self._settle(error)
        with self._lock:
            self._hashes[byte_range.start] = digest
            self._on_advance(byte_range.size)
        return self._settle(None)

    def _settle(self, trouble: ColdframeError | None) -> Next:
        """Count a part as done; the last one under way ends the whole."""
        with self._lock:
            self._pending -= 1
            self._trouble = self._trouble or trouble
            is_over = self._trouble is not None or self._given == self._cut.count
            if self._pending or not is_over:
                return Next()
        return self._on_end(self._hashes, self._trouble)

    def _send(self, byte_range: ByteRange) -> str:
        """Send a part, or find that the store has it: then it is only read, for the hash of the whole."""
        confirmed = self._upload.confirmed.get(byte_range.start)
        with opened(self._source) as descriptor:
            if confirmed is not None:
                body = FileBody(self._source, descriptor, byte_range)
                if hash_body(body, self._run.check_idle) == confirmed:
                    return confirmed
            return self._run.sender.send_part(
                self._upload.upload_id,
                lambda: FileBody(self._source, descriptor, byte_range),
                start=byte_range.start,
            )
