"""The head of a request, read as strictly as RFC 9112 allows a server to be.

Whatever two programs in a row could read in two ways is refused and the connection closed (reliability 3.5, H1 to H3):
there is one way to say where a request ends, Content-Length. A chunked body is recognised, so that the face can refuse
it in the original's words, and never read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.server.limits import Limits

HEAD_END = b"\r\n\r\n"
_LINE_END = b"\r\n"
_BARE_FEED = re.compile(rb"(?<!\r)\n")
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")
_MAX_AROUND_TARGET = 32 + len(b"  HTTP/1.1")
_TARGET = re.compile(rb"/[!\"$-~]*")  # visible ASCII, as `/path?query`; a fragment is nothing to send
_VERSION = re.compile(rb"HTTP/[0-9]\.[0-9]")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*)")
_HOST = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=-]+(?::[0-9]{0,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{0,5})?")
_LENGTH = re.compile(rb"0|[1-9][0-9]{0,17}")
_DISGUISED = frozenset({b"content_length", b"transfer_encoding"})
"""What some programs behind or before us might take for the real ones."""


class Refused(Exception):
    """The request is not one that the server hands on; the connection is of no use after it.

    Args:
        status: What to answer.
        message: What is wrong with it.
        reason: A word for it, for those who count.
    """

    def __init__(self, status: HTTPStatus, message: str, *, reason: str = "malformed") -> None:
        """Remember all three."""
        super().__init__(message)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A request line and its headers, and what they mean for the connection.

    Args:
        method: As received.
        path: As received, without the query.
        query: What follows the question mark.
        headers: In their order, values without the blanks around them.
        length: How many bytes of body follow.
        is_chunked: Whether a body follows that cannot be read here.
        is_expecting: Whether the client waits for our word before it sends the body.
        is_last: Whether no other request may follow on the connection.
    """

    method: str
    path: bytes
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    length: int
    is_chunked: bool
    is_expecting: bool
    is_last: bool


def require_decent(received: bytes | bytearray, limits: Limits, *, seen: int = 0) -> None:
    """Refuse a head that is too long or not in lines before it is complete, so that little of it is ever held.

    Args:
        received: All of it up to now, without what follows it.
        limits: How long it may be.
        seen: How much of it was found decent before.

    Raises:
        Refused: It is not.
    """
    if not _METHOD.match(received):
        raise _malformed("This is no HTTP request.")
    first_end = received.find(_LINE_END)
    if (first_end if first_end >= 0 else len(received)) > limits.max_target + _MAX_AROUND_TARGET:
        raise _too_long_target(limits)
    if first_end >= 0 and len(received) - first_end > limits.max_headers_size + len(HEAD_END):
        raise Refused(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"The headers may hold {limits.max_headers_size} bytes at most.",
            reason="too-large",
        )
    if _BARE_FEED.search(received, seen):
        raise _malformed("Lines must end with CR LF.")


def parse_head(received: bytes, limits: Limits) -> Head:
    """Understand a complete head, which ends with an empty line.

    Raises:
        Refused: It breaks a rule of HTTP or a limit.
    """
    require_decent(received, limits)
    first, *lines = received.removesuffix(HEAD_END).split(_LINE_END)
    method, target, is_old = _read_request_line(first, limits)
    headers = _read_headers(lines, limits)
    path, _, query = target.partition(b"?")
    named = _by_name(headers)
    _require_host(named)
    is_chunked = _is_chunked(named, is_old=is_old)
    return Head(
        method=method,
        path=path,
        query=query,
        headers=headers,
        length=_read_length(named, limits),
        is_chunked=is_chunked,
        is_expecting=_is_expecting(named) and not is_old,
        is_last=is_old or is_chunked or _wants_close(named),
    )


def _read_request_line(line: bytes, limits: Limits) -> tuple[str, bytes, bool]:
    """Method, target, and whether the version is 1.0."""
    method, target, version = (*line.split(b" "), b"", b"")[:3]
    if line.count(b" ") != 2 or not _METHOD.fullmatch(method) or not _VERSION.fullmatch(version):  # noqa: PLR2004
        raise _malformed("The request line must read: METHOD /path HTTP/1.1.")
    if version not in {b"HTTP/1.1", b"HTTP/1.0"}:
        raise Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "This server speaks HTTP/1.1.")
    if len(target) > limits.max_target:
        raise _too_long_target(limits)
    if not _TARGET.fullmatch(target):
        raise _malformed("The request must be for a path, in visible ASCII.")
    return method.decode("ascii"), target, version == b"HTTP/1.0"


def _read_headers(lines: Sequence[bytes], limits: Limits) -> list[tuple[bytes, bytes]]:
    if len(lines) > limits.max_headers:
        raise Refused(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"There may be {limits.max_headers} headers at most.",
            reason="too-large",
        )
    headers = []
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:
            raise _malformed("A header must read: Name: value, in one line.")
        headers.append((match[1], match[2].rstrip(b" \t")))
    return headers


def _by_name(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    named: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        named.setdefault(name.lower(), []).append(value)
    return named


def _require_host(named: dict[bytes, list[bytes]]) -> None:
    hosts = named.get(b"host", [])
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        raise _malformed("There must be one Host header, with a host.")


def _is_chunked(named: dict[bytes, list[bytes]], *, is_old: bool) -> bool:
    encodings = named.get(b"transfer-encoding", [])
    if not encodings:
        return False
    if b"content-length" in named:
        raise _malformed("Content-Length and Transfer-Encoding exclude each other.")
    if is_old or [encoding.lower() for encoding in encodings] != [b"chunked"]:
        raise _malformed("The Transfer-Encoding is not one that this server knows.")
    return True


def _read_length(named: dict[bytes, list[bytes]], limits: Limits) -> int:
    if _DISGUISED & named.keys():
        raise _malformed("Content-Length and Transfer-Encoding are written with a hyphen.")
    lengths = named.get(b"content-length", [b"0"])
    if len(lengths) != 1 or not _LENGTH.fullmatch(lengths[0]):
        raise _malformed("Content-Length must be one number.")
    length = int(lengths[0])
    if length > limits.max_body:
        raise Refused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body may hold {limits.max_body} bytes at most.",
            reason="too-large",
        )
    return length


def _is_expecting(named: dict[bytes, list[bytes]]) -> bool:
    expectations = [value.lower() for value in named.get(b"expect", [])]
    if any(value != b"100-continue" for value in expectations):
        raise Refused(HTTPStatus.EXPECTATION_FAILED, "The only expectation that can be met is 100-continue.")
    return bool(expectations)


def _wants_close(named: dict[bytes, list[bytes]]) -> bool:
    words = b",".join(named.get(b"connection", [])).lower().split(b",")
    return b"close" in {word.strip(b" \t") for word in words}


def _too_long_target(limits: Limits) -> Refused:
    return Refused(
        HTTPStatus.REQUEST_URI_TOO_LONG,
        f"The path and the query may hold {limits.max_target} bytes at most.",
        reason="too-large",
    )


def _malformed(message: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, message)
