"""Whatever bytes come, a head is understood in one way or not at all (reliability H1)."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldframe.server.head import HEAD_END, Refused, parse_head, require_decent
from coldframe.server.limits import Limits
from server.test_framing import ALLOWED, REFUSED

LIMITS = Limits()
SEEDS = [*ALLOWED.values(), *REFUSED.values()]
PIECES = [
    b"Content-Length: 5",
    b"Transfer-Encoding: chunked",
    b"Host: here",
    b"Host: there",
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b"\0",
    b":",
    b",",
    b"GET / HTTP/1.1\r\n",
    b"\xff",
]


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """A head from the tables with something cut out, put in or doubled, up to its first empty line."""
    text = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        end = draw(st.integers(at, min(len(text), at + 12)))
        text[at:end] = draw(st.sampled_from([*PIECES, bytes(text[at:end]) * 2, b""]) | st.binary(max_size=3))
    return bytes(text).partition(HEAD_END)[0] + HEAD_END


@given(heads() | st.binary(max_size=60).map(lambda raw: raw.partition(HEAD_END)[0] + HEAD_END))
def test_what_is_understood_is_clear(raw: bytes) -> None:
    """Its own parts, written down plainly again, are the same request: nothing was skipped, merged or guessed."""
    with suppress(Refused):
        head = parse_head(raw, LIMITS)
        target = head.path + (b"?" + head.query if b"?" in raw.split(b" ")[1] else b"")
        version = b"HTTP/1.0" if b" HTTP/1.0\r\n" in raw else b"HTTP/1.1"
        lines = [b" ".join((head.method.encode(), target, version)), *(b": ".join(pair) for pair in head.headers)]
        assert parse_head(b"\r\n".join([*lines, b"", b""]), LIMITS) == head
        assert len(lines) == raw.count(b"\n") - 1 == raw.count(b"\r") - 1
        names = [name.lower() for name, _ in head.headers]
        values = dict(zip(names, (value for _, value in head.headers), strict=True))
        assert names.count(b"host") == 1
        assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
        assert head.length == int(values.get(b"content-length", b"0"))
        assert head.is_chunked == (b"transfer-encoding" in values)
        assert not re.search(rb"[\r\n\0]", target + b"".join(names) + b"".join(values.values()))


@given(heads(), st.data())
def test_it_does_not_matter_how_the_network_cuts_a_head(raw: bytes, data: st.DataObject) -> None:
    """What is looked at piece by piece is refused no sooner than what is looked at whole would be."""
    cuts = sorted(data.draw(st.lists(st.integers(1, len(raw)), max_size=5)))
    seen, early = 0, None
    for cut in cuts:
        try:
            require_decent(raw[:cut], LIMITS, seen=seen)
        except Refused as refused:
            early = refused
            break
        seen = cut
    if early is not None:
        with pytest.raises(Refused):
            parse_head(raw, LIMITS)
