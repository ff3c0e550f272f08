"""One file on its way: compared with what is known, sent, recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from coldframe.archiver.bodies import EMPTY_FILE
from coldframe.archiver.content import Content
from coldframe.archiver.crew import Next
from coldframe.archiver.cut import cut
from coldframe.archiver.file_parts import FileParts
from coldframe.archiver.opening import SourceUnreadable, opened, stamp_now
from coldframe.archiver.request import FileResult
from coldframe.archiver.run import TRIES, TROUBLE, describe_file
from coldframe.archiver.uploads import complete, complete_again, open_upload
from coldframe.catalog.model import Entry, Kind
from coldframe.catalog.recording import Recording
from coldframe.errors import SourceChanged
from coldframe.names import printable
from coldframe.progress import Advanced, Finished, Outcome, Started

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from coldframe.archiver.bodies import HashedBody
    from coldframe.archiver.cut import Cut
    from coldframe.archiver.opening import Source
    from coldframe.archiver.run import Run
    from coldframe.archiver.uploads import OpenUpload
    from coldframe.catalog.model import ArchiveRecord, Attempt
    from coldframe.errors import ColdframeError
    from coldframe.model import Receipt

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Held:
    """A file that is ready to go in one request, held back so that others may go with it.

    Attributes:
        body: Its bytes, in memory.
        description: What its archive is to be called.
        sent: What follows when it was sent with the others.
        send: Sends it by itself, after a try with the others at that moment of which nothing certain is known.
    """

    body: HashedBody
    description: str
    sent: Callable[[Receipt], Next]
    send: Callable[[datetime | None], Next]


class FileWork:
    """One file on its way.

    Args:
        run: What all work shares.
        source: The file, as it was looked at.
        known: What the catalog last knew of it.
        attempt: The intent to archive it; durable (with a row) unless it may turn out that nothing must be sent.
        tries: Which try this is.
    """

    def __init__(
        self, run: Run, source: Source, *, attempt: Attempt, known: Entry | None = None, tries: int = 1
    ) -> None:
        """Nothing is opened yet."""
        self._run = run
        self._source = source
        self._attempt = attempt
        self._known = known
        self._tries = tries
        self._head_hash: str | None = None
        self._has_waited = False
        self._claim: tuple[int, str] | None = None
        self._advanced = 0

    @property
    def size(self) -> int:
        """How many bytes the file had when it was looked at."""
        return self._source.stamp.size

    def start(self) -> Next:
        """The first step: look, compare, and send what one request can hold."""
        return self._guard(lambda: self._start(self._send))

    def hold(self) -> Next | Held:
        """The first step up to the sending, for a file that fits in a chunk: look and compare."""
        return self._guard(lambda: self._start(self._hold))

    def _guard(self, act: Callable[[], T]) -> T | Next:
        """Do `act`; what is this file's own trouble ends in another try or in a result."""
        try:
            return act()
        except SourceUnreadable as error:
            return self._fail(error)
        except SourceChanged as error:
            return self._again(error)
        except TROUBLE as error:
            return self._fail(error)

    # --- looking and comparing ----------------------------------------------------------------------------------------

    def _start(self, send: Callable[[Content], T]) -> T | Next:
        receipt = complete_again(self._run, self._attempt, size=self._content_size)
        if receipt is not None:
            return self._archived(receipt)
        with opened(self._source) as descriptor:
            content = Content(self._source, descriptor, check=self._run.check_idle)
            self._head_hash = content.head_hash
            known = self._compare(content) if self._has_waited or not self._run.request.dedupe else None
            return self._claim_and_send(content, send) if known is None else known

    def _claim_and_send(self, content: Content, send: Callable[[Content], T]) -> T | Next:
        """Send new content, unless another file with what seems to be the same is on its way: then wait for that.

        What is known is looked for under the claim, when nobody else can record it. Those who have waited look before
        as well, since all of them are likely to find it and need not wait for each other again.
        """
        if self._run.request.dedupe:
            key = (content.size, content.head_hash)
            self._has_waited = True  # before it waits: it may be woken at once
            if not self._run.claims.take(key, self.start):
                return Next()
            self._claim = key
            known = self._compare(content)
            if known is not None:
                return known
        return send(content)

    def _compare(self, content: Content) -> Next | None:
        """What becomes of the file if its content is in the vault already; None if it is not."""
        if self._run.request.checksum and self._known is not None and _holds(self._known.archive, content):
            is_same = (self._known.size, self._known.modified_ns) == self._looks
            return self._unchanged(self._known) if is_same else self._recorded(self._known.archive, Outcome.RECORDED)
        for archive in self._run.find_landed(self._attempt, size=content.size):
            if _holds(archive, content):
                is_own = archive.description == self._attempt.description
                return self._recorded(archive, Outcome.ARCHIVED if is_own else Outcome.RECORDED)
        for archive in self._run.find_alike(self._known, size=content.size, head_hash=content.head_hash):
            if _holds(archive, content):
                return self._recorded(archive, Outcome.RECORDED)
        return None

    # --- sending ------------------------------------------------------------------------------------------------------

    def _send(self, content: Content) -> Next:
        plan = self._begin(content)
        return self._send_whole(content) if self._is_whole(plan) else self._send_parts(plan)

    def _hold(self, content: Content) -> Next | Held:
        plan = self._begin(content)
        if not self._is_whole(plan):
            return self._send_parts(plan)

        def send(tried_at: datetime | None) -> Next:
            return self._guard(lambda: self._send_whole(content, tried_at))

        return Held(content.body(), self._attempt.description, self._archived, send)

    def _begin(self, content: Content) -> Cut:
        """Make the attempt durable, and plan the parts."""
        self._run.observer(Started(self._source.path, self._source.stamp.size))
        self._attempt = self._run.begin(self._attempt)
        return cut(content.size, part_size=self._run.part_size)

    def _is_whole(self, plan: Cut) -> bool:
        """Whether it goes in one request."""
        return plan.is_single and self._attempt.upload_id is None

    def _send_whole(self, content: Content, tried_at: datetime | None = None) -> Next:
        described = self._attempt.description
        return self._archived(self._run.sender.send_archive(content.body, description=described, tried_at=tried_at))

    def _send_parts(self, plan: Cut) -> Next:
        upload = open_upload(self._run, self._attempt, plan)
        self._attempt = upload.attempt
        parts = FileParts(
            self._run, self._source, upload, on_advance=self._advance, on_end=partial(self._end_parts, upload)
        )
        return Next(steps=parts.steps())

    def _end_parts(self, upload: OpenUpload, hashes: dict[int, str], trouble: ColdframeError | None) -> Next:
        """The step after the last part: complete the upload if all went well."""

        def act() -> Next:
            if trouble is not None:
                raise trouble
            if stamp_now(self._source) != self._source.stamp:
                raise SourceChanged(f"{printable(self._source.text)} changed while it was being archived")
            return self._archived(complete(self._run, upload, size=self._content_size, hashes=hashes))

        return self._guard(act)

    def _advance(self, size: int) -> None:
        self._advanced += size
        self._run.observer(Advanced(self._source.path, size))

    # --- recording ----------------------------------------------------------------------------------------------------

    def _archived(self, receipt: Receipt) -> Next:
        archive = self._run.confirmed(receipt, self._attempt, size=self._content_size)
        return self._recorded(archive, Outcome.ARCHIVED)

    def _recorded(self, archive: ArchiveRecord, outcome: Outcome) -> Next:
        """Have the archive and its entry made durable; only then does it count."""
        entry = Entry(
            path=self._source.path,
            kind=Kind.FILE,
            size=self._source.stamp.size,
            modified_ns=self._source.stamp.modified_ns,
            archive=archive,
            source=self._attempt.source,
            head_hash=self._head_hash,
        )

        def recorded() -> Next:
            if outcome is Outcome.ARCHIVED:
                self._advance(self._source.stamp.size - self._advanced)
            return self._end(self._result(outcome, entry=entry))

        return Next(record=Recording(archive, (entry,), self._attempt.row or None), recorded=recorded)

    def _unchanged(self, entry: Entry) -> Next:
        if self._attempt.row:
            self._run.catalog.forget(self._attempt.row)
        return self._end(self._result(Outcome.UNCHANGED, entry=entry))

    # --- ending -------------------------------------------------------------------------------------------------------

    def _again(self, error: SourceChanged) -> Next:
        """The file changed: begin anew with what it is now, unless it was tried often enough."""
        if self._tries >= TRIES:
            return self._fail(error)
        try:
            source = replace(self._source, stamp=stamp_now(self._source))
        except SourceUnreadable as gone:
            return self._fail(gone)
        self._drop_attempt()
        self._take_back()
        attempt = self._run.attempt(
            describe_file(source.path, size=source.stamp.size, modified_ns=source.stamp.modified_ns), source=source.text
        )
        work = FileWork(self._run, source, attempt=attempt, known=self._known, tries=self._tries + 1)
        return Next(steps=[work.start, *self._release()])

    def _fail(self, error: ColdframeError) -> Next:
        if not self._can_resume():
            self._drop_attempt()
        self._take_back()
        return self._end(self._result(Outcome.FAILED, detail=str(error)))

    def _can_resume(self) -> bool:
        """Whether a later run could go on with the upload: the file is there as it was, only not readable now."""
        try:
            return self._attempt.upload_id is not None and stamp_now(self._source) == self._source.stamp
        except SourceUnreadable:
            return False

    def _drop_attempt(self) -> None:
        if self._attempt.row:
            self._run.leftovers.discard(self._attempt)

    def _take_back(self) -> None:
        if self._advanced:
            self._advance(-self._advanced)

    def _end(self, result: FileResult) -> Next:
        self._run.observer(Finished(result.path, result.size, result.outcome, result.detail))
        return Next([result], self._release())

    def _release(self) -> list[Callable[[], Next]]:
        claim, self._claim = self._claim, None
        return [] if claim is None else self._run.claims.release(claim)

    def _result(self, outcome: Outcome, *, entry: Entry | None = None, detail: str = "") -> FileResult:
        return FileResult(
            path=self._source.path,
            source=self._attempt.source,
            kind=Kind.FILE,
            outcome=outcome,
            size=self._source.stamp.size,
            archive_id=entry.archive.archive_id if entry is not None else None,
            tree_hash=entry.archive.tree_hash if entry is not None else None,
            entry=entry,
            read=(self._source,),
            detail=detail,
        )

    @property
    def _content_size(self) -> int:
        return max(self._source.stamp.size, len(EMPTY_FILE))

    @property
    def _looks(self) -> tuple[int, int]:
        return self._source.stamp.size, self._source.stamp.modified_ns


def _holds(archive: ArchiveRecord, content: Content) -> bool:
    """Whether an archive's bytes are these. Only now is a long file read through."""
    return archive.size == content.size and archive.tree_hash == content.tree_hash
