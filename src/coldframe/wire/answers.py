"""From what a verb answered, or what went wrong, to a response."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from coldframe.errors import StoreError
from coldframe.ports.store import IDENTITY_HEADER
from coldframe.wire.call import Stream
from coldframe.wire.encode import encode_content, encode_headers
from coldframe.wire.faults import encode_fault, status_of
from coldframe.wire.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from coldframe.model import Buffer
    from coldframe.wire.body import Incoming
    from coldframe.wire.call import Answer
    from coldframe.wire.http import Subject
    from coldframe.wire.operations import Operation

_DRAINED_FIRST = 64 * 1024
"""A rest this short is read before the answer, and the connection stays."""
_JSON = ("Content-Type", "application/json")  # exactly that: boto 2 compares it (glacier-api 1.3)


def new_request_id() -> str:
    """47 characters, as the original's: 35 random bytes."""
    return urlsafe_b64encode(secrets.token_bytes(35)).decode("ascii").rstrip("=")


@dataclass(frozen=True, slots=True)
class Reply:
    """Makes the responses to one request; `incoming` is its body, of which there may be a rest."""

    subject: Subject
    at: datetime
    incoming: Incoming

    def success(self, operation: Operation, answer: Answer, watch: Callable[[Exception], None]) -> Response:
        """The response to an operation that was carried out. `watch` hears of errors while bytes are streamed."""
        if isinstance(answer, Stream):
            return self._stream(operation, answer, watch)
        content = encode_content(operation.answer, answer)
        headers = encode_headers(operation.answer, answer) + ([_JSON] if content is not None else [])
        return self._whole(operation.status, headers, content or b"")

    def failure(self, error: StoreError) -> Response:
        """The response that tells an error."""
        return self._whole(status_of(error.code), [_JSON], encode_fault(error, self.subject.request_id))

    def _stream(self, operation: Operation, answer: Stream, watch: Callable[[Exception], None]) -> Response:
        try:
            headers = self._headers(encode_headers(operation.answer, answer.members), size=answer.size)
        except BaseException:
            answer.close()
            raise
        body = _watched(answer.buffers, watch)
        return Response(status=answer.status, headers=headers, body=body, close=answer.close, subject=self.subject)

    def _whole(self, status: int, headers: list[tuple[str, str]], content: bytes) -> Response:
        """A response that is at hand. A long rest of the request is drained after it, and the connection closed."""
        head = self._headers(headers, size=None if status == HTTPStatus.NO_CONTENT else len(content))
        if 0 < self.incoming.left <= _DRAINED_FIRST:
            self._drain()
        if not self.incoming.left:
            return Response(status=status, headers=head, body=(content,) if content else (), subject=self.subject)
        rest = self._then_drain(content)
        return Response(status=status, headers=head, body=rest, must_close=True, subject=self.subject)

    def _then_drain(self, content: bytes) -> Iterator[Buffer]:
        yield content
        self._drain()

    def _drain(self) -> None:
        try:
            self.incoming.drain()
        except StoreError:
            return  # whoever breaks off while he is being refused reads no answer

    def _headers(self, headers: list[tuple[str, str]], *, size: int | None) -> list[tuple[str, str]]:
        for _, value in headers:
            if not (value.isascii() and value.isprintable()):
                msg = "a header's value is not printable ASCII"
                raise ValueError(msg)
        common = [("x-amzn-RequestId", self.subject.request_id), ("Date", format_datetime(self.at, usegmt=True))]
        if self.subject.store_identity is not None:
            common.append((IDENTITY_HEADER, self.subject.store_identity))
        return [*common, *headers, *([] if size is None else [("Content-Length", str(size))])]


def _watched(buffers: Iterator[Buffer], watch: Callable[[Exception], None]) -> Iterator[Buffer]:
    try:
        yield from buffers
    except Exception as error:
        watch(error)
        raise
