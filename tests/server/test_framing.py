"""What two programs in a row could read in two ways is refused (reliability 3.5, H1 to H3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from server.world import head

if TYPE_CHECKING:
    from server.world import Served

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: here\r\n\r\n"
H = b"Host: here\r\n"


def post(headers: bytes, body: bytes = b"") -> bytes:
    """A POST with these header lines."""
    return b"POST /read HTTP/1.1\r\n" + headers + b"\r\n" + body


def chunked(body: bytes) -> bytes:
    """A POST whose body comes in chunks."""
    return post(H + b"Transfer-Encoding: chunked\r\n", body)


REFUSED = {
    # how long the body is
    "both lengths": post(H + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    "both lengths, the other way round": post(H + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"),
    "two lengths that differ": post(H + b"Content-Length: 5\r\nContent-Length: 6\r\n", b"12345"),
    "two lengths that agree": post(H + b"Content-Length: 5\r\nContent-Length: 5\r\n", b"12345"),
    "a list of lengths": post(H + b"Content-Length: 2, 2\r\n", b"12"),
    "a negative length": post(H + b"Content-Length: -1\r\n"),
    "a length with a plus": post(H + b"Content-Length: +2\r\n", b"12"),
    "a length with an underscore": post(H + b"Content-Length: 1_0\r\n", b"1234567890"),
    "a length in hex": post(H + b"Content-Length: 0x2\r\n", b"12"),
    "a length with a leading zero": post(H + b"Content-Length: 02\r\n", b"12"),
    "a length with a fraction": post(H + b"Content-Length: 2.0\r\n", b"12"),
    "a length with a blank inside": post(H + b"Content-Length: 1 0\r\n", b"1"),
    "an empty length": post(H + b"Content-Length: \r\n"),
    "a length of other digits": post(H + b"Content-Length: \xd9\xa2\r\n", b"12"),
    "a length of too many digits": post(H + b"Content-Length: " + b"9" * 30 + b"\r\n"),
    "a length under a false name": post(H + b"Content_Length: 5\r\n", b"12345"),
    # transfer codings
    "an unknown coding": post(H + b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
    "a coding after chunked": post(H + b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"),
    "a coding before chunked": post(H + b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
    "chunked twice": post(H + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    "two codings in two lines": post(H + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", b"0\r\n\r\n"),
    "chunked after a vertical tab": post(H + b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n"),
    "chunked in quotes": post(H + b'Transfer-Encoding: "chunked"\r\n', b"0\r\n\r\n"),
    "an empty coding": post(H + b"Transfer-Encoding: \r\n", b"0\r\n\r\n"),
    "a coding under a false name": post(H + b"Transfer_Encoding: chunked\r\n", b"0\r\n\r\n"),
    "chunked in HTTP/1.0": b"POST /read HTTP/1.0\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    # lines
    "a bare line feed after the request line": b"GET /read HTTP/1.1\nHost: here\r\n\r\n",
    "a bare line feed after a header": b"GET /read HTTP/1.1\r\nHost: here\nA: b\r\n\r\n",
    "bare line feeds only": b"GET /read HTTP/1.1\nHost: here\n\n",
    "a bare line feed before the empty line": b"GET /read HTTP/1.1\r\nHost: here\n\r\n",
    "a bare carriage return in a value": b"GET /read HTTP/1.1\r\n" + H + b"A: b\rC: d\r\n\r\n",
    "a doubled carriage return": b"GET /read HTTP/1.1\r\r\n" + H + b"\r\n",
    "an empty line first": b"\r\nGET /read HTTP/1.1\r\n" + H + b"\r\n",
    "a folded header": b"GET /read HTTP/1.1\r\n" + H + b"A: b\r\n c\r\n\r\n",
    "a header folded by a tab": b"GET /read HTTP/1.1\r\n" + H + b"A: b\r\n\tc\r\n\r\n",
    "a blank before the first header": b"GET /read HTTP/1.1\r\n Host: here\r\n\r\n",
    # headers
    "a blank before the colon": post(H + b"Content-Length : 5\r\n", b"12345"),
    "a tab before the colon": post(H + b"Content-Length\t: 5\r\n", b"12345"),
    "a header without a colon": post(H + b"Content-Length 5\r\n", b"12345"),
    "a header without a name": post(H + b": 5\r\n"),
    "NUL in a value": post(H + b"A: b\0c\r\n"),
    "NUL in a name": post(H + b"A\0b: c\r\n"),
    "a control character in a value": post(H + b"A: b\x01c\r\n"),
    "DEL in a value": post(H + b"A: b\x7fc\r\n"),
    "a letter beyond ASCII in a name": post(H + b"H\xc3\xb6st: here\r\n"),
    "brackets in a name": post(H + b"A[b]: c\r\n"),
    # the host
    "no host": b"GET /read HTTP/1.1\r\nA: b\r\n\r\n",
    "no headers": b"GET /read HTTP/1.1\r\n\r\n",
    "no host in HTTP/1.0": b"GET /read HTTP/1.0\r\n\r\n",
    "two hosts": b"GET /read HTTP/1.1\r\nHost: here\r\nHost: there\r\n\r\n",
    "twice the same host": b"GET /read HTTP/1.1\r\nHost: here\r\nhost: here\r\n\r\n",
    "an empty host": b"GET /read HTTP/1.1\r\nHost: \r\n\r\n",
    "a host with a path": b"GET /read HTTP/1.1\r\nHost: here/there\r\n\r\n",
    "a host with a user": b"GET /read HTTP/1.1\r\nHost: me@here\r\n\r\n",
    "a list of hosts": b"GET /read HTTP/1.1\r\nHost: here there\r\n\r\n",
    "a host with a port of letters": b"GET /read HTTP/1.1\r\nHost: here:http\r\n\r\n",
    # the request line
    "two blanks": b"GET  /read HTTP/1.1\r\n" + H + b"\r\n",
    "a blank in the path": b"GET /read this HTTP/1.1\r\n" + H + b"\r\n",
    "a tab for a blank": b"GET\t/read\tHTTP/1.1\r\n" + H + b"\r\n",
    "a blank at the end": b"GET /read HTTP/1.1 \r\n" + H + b"\r\n",
    "a blank at the beginning": b" GET /read HTTP/1.1\r\n" + H + b"\r\n",
    "no version": b"GET /read\r\n" + H + b"\r\n",
    "a version in small letters": b"GET /read http/1.1\r\n" + H + b"\r\n",
    "a version of two digits": b"GET /read HTTP/1.10\r\n" + H + b"\r\n",
    "another protocol": b"GET /read ICAP/1.0\r\n" + H + b"\r\n",
    "brackets for a method": b"G{}T /read HTTP/1.1\r\n" + H + b"\r\n",
    "a method without end": b"G" * 40 + b" /read HTTP/1.1\r\n" + H + b"\r\n",
    "a whole URL": b"GET http://here/read HTTP/1.1\r\n" + H + b"\r\n",
    "an asterisk": b"OPTIONS * HTTP/1.1\r\n" + H + b"\r\n",
    "a tunnel": b"CONNECT here:443 HTTP/1.1\r\n" + H + b"\r\n",
    "no slash": b"GET read HTTP/1.1\r\n" + H + b"\r\n",
    "a fragment": b"GET /read#this HTTP/1.1\r\n" + H + b"\r\n",
    "bytes beyond ASCII in the path": b"GET /r\xc3\xa9ad HTTP/1.1\r\n" + H + b"\r\n",
    "NUL in the path": b"GET /re\0ad HTTP/1.1\r\n" + H + b"\r\n",
    "TLS on a plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("request_bytes", REFUSED.values(), ids=REFUSED.keys())
def test_ambiguous_heads_are_refused(served: Served, request_bytes: bytes) -> None:
    """Answered with 400 and closed: nothing reaches the face, and what follows is no request."""
    with served.connect() as client:
        answer = client.ask(request_bytes + SMUGGLED)
        assert answer.status == 400
        assert answer.headers["connection"] == "close"
        assert answer.json["code"] == "BadRequest"
        client.socket.shutdown(1)
        assert client.is_closed()
    assert served.handler.requests == []
    assert served.witness.reasons == ["malformed"]


CHUNKED = {
    "as it should be": b"2\r\nab\r\n0\r\n\r\n",
    "a size in hex form": b"0x2\r\nab\r\n0\r\n\r\n",
    "a size with an underscore": b"0_2\r\nab\r\n0\r\n\r\n",
    "bare line feeds": b"2\nab\n0\n\n",
    "an endless size": b"f" * 5000,
    "nothing": b"",
}


@pytest.mark.parametrize("body", CHUNKED.values(), ids=CHUNKED.keys())
def test_chunks_are_never_read(served: Served, body: bytes) -> None:
    """The face is asked without a body, so that it can say that it wants a length; then the connection is closed."""
    with served.connect() as client:
        answer = client.ask(chunked(body) + SMUGGLED)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        client.socket.shutdown(1)
        assert client.is_closed()
    assert [request.path for request in served.handler.requests] == [b"/read"]
    assert served.handler.bodies == [b""]


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.2", b"HTTP/3.0"])
def test_other_versions_are_refused(served: Served, version: bytes) -> None:
    """Only HTTP/1.1 and 1.0 are spoken."""
    with served.connect() as client:
        assert client.ask(b"GET /read " + version + b"\r\n" + H + b"\r\n").status == 505
    assert served.handler.requests == []


def test_other_expectations_are_refused(served: Served) -> None:
    """Nothing but 100-continue can be expected."""
    with served.connect() as client:
        assert client.ask(head("POST", Expect="200-ok", Content_Length="2")).status == 417


ALLOWED = {
    "no body": head(),
    "an IPv6 host": head(Host="[::1]:8377"),
    "a host with a port": head(Host="vaults.example:443"),
    "a host with an empty port": head(Host="here:"),
    "an empty value": head(A=""),
    "blanks around a value": b"GET /read HTTP/1.1\r\nHost:\t here \t\r\n\r\n",
    "bytes beyond ASCII in a value": b"GET /read HTTP/1.1\r\nHost: here\r\nA: caf\xc3\xa9\r\n\r\n",
    "a body of a GET": head(Content_Length="2") + b"ab",
    "no length for a POST": head("POST"),
    "HTTP/1.0 as a proxy speaks it": b"GET /read HTTP/1.0\r\nHost: here\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", ALLOWED.values(), ids=ALLOWED.keys())
def test_plain_heads_are_handed_on(served: Served, request_bytes: bytes) -> None:
    """What is clear is not refused for being rare."""
    with served.connect() as client:
        assert client.ask(request_bytes).status == 200
    assert len(served.handler.requests) == 1


def test_path_query_and_headers_are_handed_on_as_received(served: Served) -> None:
    """Nothing is decoded, sorted, joined or trimmed, but for the blanks around values: all of it was signed."""
    target = b"/-/vaults/a%2Fb%2e%2e//..;x=1?b=%20+&a&b="
    lines = b"Host: here\r\nX-B: 1\r\nx-a:  two  words \r\nX-B: 2\r\n"
    with served.connect() as client:
        assert client.ask(b"PATCH " + target + b" HTTP/1.1\r\n" + lines + b"\r\n").status == 200
    request = served.handler.requests[0]
    assert (request.method, request.path, request.query) == ("PATCH", *target.split(b"?"))
    assert list(request.headers) == [(b"Host", b"here"), (b"X-B", b"1"), (b"x-a", b"two  words"), (b"X-B", b"2")]
    assert (request.peer, request.is_secure) == ("127.0.0.1", False)
