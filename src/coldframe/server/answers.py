"""Answers that the server gives itself, and the head of every answer on the wire."""

from __future__ import annotations

from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from coldframe.errors import RequestTimeout
from coldframe.wire.answers import new_request_id
from coldframe.wire.faults import BadRequest, encode_fault
from coldframe.wire.http import Response, Subject

if TYPE_CHECKING:
    from datetime import datetime

    from coldframe.errors import StoreError
    from coldframe.server.head import Refused


def refusal(refused: Refused, *, at: datetime) -> Response:
    """The answer to what is not handed on."""
    return _fault(refused.status, BadRequest(str(refused)), at)


def slow_head(*, at: datetime) -> Response:
    """The answer to a head that was not complete in time."""
    return _fault(HTTPStatus.REQUEST_TIMEOUT, RequestTimeout("The head of the request arrived too slowly."), at)


def encode_head(response: Response, *, is_last: bool) -> bytes:
    """Status line and headers. The face has made sure that no value can end its line."""
    phrase = HTTPStatus(response.status).phrase
    lines = [f"HTTP/1.1 {response.status} {phrase}", *(f"{name}: {value}" for name, value in response.headers)]
    if is_last:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _fault(status: HTTPStatus, error: StoreError, at: datetime) -> Response:
    subject = Subject(new_request_id())
    content = encode_fault(error, subject.request_id)
    headers = [
        ("x-amzn-RequestId", subject.request_id),
        ("Date", format_datetime(at, usegmt=True)),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(content))),
    ]
    return Response(status=status, headers=headers, body=(content,), must_close=True, subject=subject)
