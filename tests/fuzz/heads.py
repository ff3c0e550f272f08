"""Heads of requests as they come from the network: read in one way only, or refused (reliability H1 to H3).

What the server accepts is held against a reader that only splits, and against the standard library's, which forgives
much: where a strict and a lenient reader see the same, nobody in between sees something else.
"""

from __future__ import annotations

import io
from http.client import parse_headers
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from coldframe.server.head import HEAD_END, Refused, parse_head, require_decent
from coldframe.server.limits import Limits
from fuzz.target import Target, complain

if TYPE_CHECKING:
    from coldframe.server.head import Head

_LIMITS = Limits()
_MOST_THEIRS = 100
"""The standard library's limit, which counts the empty line."""
_TOKEN = frozenset(b"!#$%&'*+.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-")
_CONTROLS = frozenset(range(32)) - {9} | {127}


def run_head(data: bytes) -> None:
    """Read a head, as far as there is one."""
    end = data.find(HEAD_END)
    received = data if end < 0 else data[: end + len(HEAD_END)]
    try:
        if end < 0:
            require_decent(received, _LIMITS)
            return
        head = parse_head(received, _LIMITS)
    except Refused as refused:
        if not (400 <= refused.status < 600 and str(refused).isprintable()):
            complain(f"refused with {refused.status}: {refused}")
        return
    first, *lines = received[: -len(HEAD_END)].split(b"\r\n")
    _require_first_line(first, head)
    _require_lines(lines, head)
    _require_one_end(head)
    _require_decent_on_the_way(received)


def _require_first_line(first: bytes, head: Head) -> None:
    method, target, version = first.split(b" ")
    path, _, query = target.partition(b"?")
    is_same = (method.decode(), path, query) == (head.method, head.path, head.query)
    is_visible = all(33 <= byte <= 126 for byte in target) and target[:1] == b"/"
    if not (is_same and is_visible and set(method) <= _TOKEN and version in {b"HTTP/1.0", b"HTTP/1.1"}):
        complain(f"the request line {first!r} became {head}")


def _require_lines(lines: list[bytes], head: Head) -> None:
    split = [tuple(line.split(b":", 1)) for line in lines]
    for name, value in split:
        if not (name and set(name) <= _TOKEN and not set(value) & _CONTROLS):
            complain(f"a header that could be read in two ways: {name!r}: {value!r}")
    if [(name, value.strip(b" \t")) for name, value in split] != list(head.headers):
        complain(f"{lines} became {head.headers}")
    if len(lines) >= _MOST_THEIRS:
        return
    lenient = parse_headers(io.BytesIO(b"\r\n".join([*lines, b"", b""])))
    theirs = [(name.encode("latin-1"), value.strip(" \t").encode("latin-1")) for name, value in lenient.items()]
    if theirs != list(head.headers):
        complain(f"the standard library reads {theirs}, not {head.headers}")


def _require_one_end(head: Head) -> None:
    """One way to say where the body ends, and one host."""
    named = [name.lower().replace(b"_", b"-") for name, _ in head.headers]
    lengths = [value for name, value in head.headers if name.lower() == b"content-length"]
    told = int(lengths[0]) if lengths and lengths[0].isdigit() else 0
    if named.count(b"content-length") + named.count(b"transfer-encoding") > 1 or named.count(b"host") != 1:
        complain(f"two lengths, or not one host: {head}")
    if head.length != told or head.is_chunked is not (b"transfer-encoding" in named):
        complain(f"another length: {head}")
    if head.is_chunked and not head.is_last:
        complain("another request may follow a body that was not read")


def _require_decent_on_the_way(received: bytes) -> None:
    """What is accepted whole is not refused when it comes piece by piece."""
    for end in range(1, len(received) - len(HEAD_END), max(1, len(received) // 40)):
        piece = received[:end]
        require_decent(piece[:-1] if piece.endswith(b"\r") else piece, _LIMITS)


# --- making them up ---------------------------------------------------------------------------------------------------

_FIRST = st.sampled_from(
    [b"GET / HTTP/1.1", b"PUT /-/vaults/v HTTP/1.1", b"GET /a?b=c HTTP/1.0", b"POST /a HTTP/1.1", b"GET  / HTTP/1.1"]
) | st.sampled_from(
    [
        b"GET http://h/ HTTP/1.1",
        b"GET /\xff HTTP/1.1",
        b"GET / HTTP/2.0",
        b"GET /",
        b"get / http/1.1",
        b" GET / HTTP/1.1",
    ]
)
_NAMES = st.sampled_from(
    b"""Host host Content-Length content-length Content_Length Transfer-Encoding Connection Expect Range Date
    Authorization x-amz-date X-Amz-Date""".split()
)
_ODD_NAMES = st.sampled_from(
    [b"", b"Host ", b" Host", b"Ho st", b"Host\t", b"H\xf6st", b"Content-Length\0", b":", b"\x0bHost"]
)
_VALUES = st.sampled_from(
    b"""h localhost:80 [::1]:80 h:x h,h 0 5 05 +5 -5 5,5 0x5 5_0 99999999999999999999 chunked identity chunked,chunked
    xchunked close keep-alive 100-continue 200-ok a:b""".split()
)
_ODD_VALUES = st.sampled_from(
    [b"", b"5 5", b"chunked, gzip", b"\tchunked", b"5\r", b"a\0b", b"\x0bchunked", b"\xb2", b"\xe4"]
)
_ENDS = st.sampled_from([b"\r\n"] * 12 + [b"\n", b"\r", b"\r\n ", b"\r\r\n"])


_HARMLESS = st.tuples(
    st.sampled_from(b"Range Date Authorization x-amz-date X-Amz-Date Connection".split()), _VALUES | _ODD_VALUES
)
_FIELDS = st.tuples(_NAMES | _NAMES | _ODD_NAMES, _VALUES | _VALUES | _ODD_VALUES)


@st.composite
def _heads(draw: st.DrawFn) -> bytes:
    """A head: good but for one field, or with anything in it."""
    is_wild = draw(st.booleans())
    ends = _ENDS if is_wild else st.just(b"\r\n")
    fields = draw(st.lists(_FIELDS if is_wild else _HARMLESS, max_size=4)) + draw(st.lists(_FIELDS, max_size=1))
    text = (draw(_FIRST) if is_wild else b"PUT /-/vaults/v?a=b HTTP/1.1") + draw(ends)
    for name, value in draw(st.permutations([(b"Host", b"h"), *fields])):
        text += name + draw(st.sampled_from([b": ", b":", b":\t", b" :" if is_wild else b":"])) + value + draw(ends)
    return text + b"\r\n" + draw(st.sampled_from([b"", b"GET / HTTP/1.1\r\n\r\n"]))


TARGETS = (Target("heads", run_head, _heads() | st.binary(max_size=80), share=2),)
