"""One connection from its first request to its last: head, face, answer, and again."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from coldframe.server.answers import encode_head, refusal, slow_head
from coldframe.server.body import LineBody
from coldframe.server.head import Refused, parse_head
from coldframe.server.line import TooSlow
from coldframe.server.pace import Pace
from coldframe.server.records import Record
from coldframe.wire.answers import new_request_id
from coldframe.wire.http import NoBody, Request, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.clock import Clock
    from coldframe.model import Buffer
    from coldframe.server.head import Head
    from coldframe.server.limits import Limits
    from coldframe.server.line import Line
    from coldframe.server.records import Watch
    from coldframe.wire.http import Response

    Handler = Callable[[Request], Response]

_JOINED = 64 * 1024
"""The head of an answer and a body no longer than this leave in one packet."""


class Conversation:
    """Requests and answers on one line, one after the other.

    Args:
        line: The connection.
        handle: Answers a request; the face.
        peer: The address of the client.
        is_secure: Whether the line is encrypted.
        clock: Tells when requests came and how long they took.
        limits: What the client may take of us.
        watch: Is told of each request.
    """

    def __init__(  # noqa: PLR0913 - what one connection has to do with, by name
        self,
        line: Line,
        handle: Handler,
        *,
        peer: str,
        is_secure: bool,
        clock: Clock,
        limits: Limits,
        watch: Watch,
    ) -> None:
        """Store the arguments."""
        self._line = line
        self._handle = handle
        self._peer = peer
        self._is_secure = is_secure
        self._clock = clock
        self._limits = limits
        self._watch = watch
        self._received = self._sent = 0  # what was told of already
        self._has_rest = False

    def next_head(self, *, is_first: bool) -> Head | None:
        """The head of the next request; None when there will be none: the client has closed, is idle, or was refused.

        Raises:
            OSError: The connection is lost.
        """
        try:
            if not is_first and not self._line.wait(self._limits.idle_seconds):
                return None
            received = self._line.read_head(self._limits.head_seconds)
            return parse_head(received, self._limits) if received else None
        except TooSlow:
            if self._line.has_more:
                self._refuse(slow_head(at=self._clock.now()), "slow")
        except Refused as refused:
            self._refuse(refusal(refused, at=self._clock.now()), refused.reason)
        return None

    def answer(self, head: Head, *, may_continue: Callable[[], bool]) -> bool:
        """Answer one request; whether another may follow on the line.

        Raises:
            OSError, TooSlow: The client is gone, or too slow.
            BrokenAnswer: The answer could not be finished.
        """
        body = LineBody(self._line, head, clock=self._clock, limits=self._limits)
        began = _Beginning(self._clock, head.method)
        response = self._handle(
            Request(
                method=head.method,
                path=head.path,
                query=head.query,
                headers=head.headers,
                body=NoBody() if head.is_chunked else body,
                peer=self._peer,
                is_secure=self._is_secure,
                hasten=body.hasten,
            )
        )
        is_last = head.is_last or response.must_close or body.left > 0 or not may_continue()
        body.answered()
        self._send(response, began, is_last=is_last)
        self._has_rest = is_last and (body.left > 0 or head.is_chunked or self._line.has_more)
        return not is_last

    def end(self) -> None:
        """Leave the client the time to read the last answer, if it may still be sending what nobody wants."""
        if self._has_rest:
            self._line.linger(self._limits.linger_seconds)

    def _refuse(self, response: Response, reason: str) -> None:
        self._watch.refused(reason)
        self._send(response, _Beginning(self._clock, ""), is_last=True)
        self._has_rest = True

    def _send(self, response: Response, began: _Beginning, *, is_last: bool) -> None:
        """Send an answer, let go of what it holds open, and tell how it went."""
        is_complete = False
        try:
            pace = Pace(self._limits)
            head = encode_head(response, is_last=is_last)
            for buffer in (head,) if began.method == "HEAD" else _whole(head, response):
                self._line.send(buffer, pace)
            is_complete = True
        finally:
            response.close()
            self._watch.answered(self._record(response, began, is_complete=is_complete))

    def _record(self, response: Response, began: _Beginning, *, is_complete: bool) -> Record:
        received, sent = self._line.received - self._received, self._line.sent - self._sent
        self._received, self._sent = self._line.received, self._line.sent
        return Record(
            at=began.at,
            peer=self._peer,
            method=began.method,
            subject=response.subject or Subject(new_request_id()),
            status=response.status,
            received=received,
            sent=sent,
            seconds=self._clock.monotonic() - began.monotonic,
            is_complete=is_complete,
        )


class BrokenAnswer(Exception):
    """What the handler gave is not what its head promises, so the client must not take it for whole."""


class _Beginning:
    """When a request began, and what it was."""

    def __init__(self, clock: Clock, method: str) -> None:
        """Look at the clock."""
        self.at = clock.now()
        self.monotonic = clock.monotonic()
        self.method = method


def _whole(head: bytes, response: Response) -> Iterator[Buffer]:
    """Head and body, as they are to be sent.

    Raises:
        BrokenAnswer: The body is not as long as the head says, or ends before that with an error of any kind.
    """
    left, pending = _promised(response), head
    try:
        for buffer in response.body:
            left -= len(buffer)
            if left < 0:
                break
            if len(buffer) <= _JOINED and pending:
                yield pending + buffer
            else:
                yield from (pending, buffer)
            pending = b""
    except Exception as error:
        raise BrokenAnswer from error
    if left:
        raise BrokenAnswer
    yield pending


def _promised(response: Response) -> int:
    """How long the body of an answer is."""
    length = response.header("Content-Length")
    if length is None and response.status != HTTPStatus.NO_CONTENT:
        raise BrokenAnswer
    return int(length or 0)
