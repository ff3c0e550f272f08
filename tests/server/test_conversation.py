"""Requests and answers on a connection, one after the other."""

from __future__ import annotations

import socket
import tracemalloc
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import RequestTimeout
from server.world import CLIENT_SECONDS, head, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.world import Served

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def test_a_connection_is_kept_for_the_next_request(served: Served) -> None:
    """Three requests with bodies, one connection."""
    with served.connect() as client:
        sizes = [client.ask(head("POST", Content_Length=str(n)) + b"x" * n).json["size"] for n in (5, 0, 70_000)]
        assert sizes == [5, 0, 70_000]
        assert served.witness.open == 1


def test_pipelined_requests_are_answered_in_order(served: Served) -> None:
    """A client may send the next request before it has read the answer to the last."""
    requests = [head("POST", Content_Length=str(n)) + b"x" * n for n in range(1, 20)]
    with served.connect() as client:
        client.send(b"".join(requests))
        assert [client.read().json["size"] for _ in requests] == list(range(1, 20))


def test_a_request_in_single_bytes_is_understood(served: Served) -> None:
    """However the network cuts it up."""
    with served.connect() as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in head("POST", Content_Length="3") + b"abc":
            client.send(bytes([byte]))
        assert client.read().json == {"size": 3}


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 262_143, 262_144, 262_145, 1_000_000])
def test_bodies_of_all_sizes_arrive_whole(served: Served, size: int) -> None:
    """Around each buffer's size, and with the next request right behind."""
    body = bytes(n % 251 for n in range(size))
    with served.connect() as client:
        client.send(head("POST", Content_Length=str(size)) + body + head())
        assert client.read().json == {"size": size}
        assert client.read().json == {"size": 0}
    assert served.handler.bodies[0] == body


def test_close_is_honoured(served: Served) -> None:
    """Whoever asks for it finds the connection closed after the answer."""
    with served.connect() as client:
        answer = client.ask(head(Connection="keep-alive, Close"))
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert client.is_closed()


def test_http_1_0_is_closed_after_the_answer(served: Served) -> None:
    """As its speakers expect."""
    with served.connect() as client:
        assert client.ask(b"GET /read HTTP/1.0\r\nHost: here\r\n\r\n").headers["connection"] == "close"
        assert client.is_closed()


def test_head_is_answered_without_a_body(served: Served) -> None:
    """The length is told, the bytes are not sent, and the connection stays."""
    with served.connect() as client:
        client.send(head("HEAD", "/stream?size=1000"))
        assert client.read(has_body=False).headers["content-length"] == "1000"
        assert client.ask(head()).status == 200
    wait_until(lambda: served.handler.closed == [b"/stream", b"/read"])


def test_no_content_has_no_length(served: Served) -> None:
    """204 is sent with neither a body nor Content-Length, and the connection stays."""
    with served.connect() as client:
        answer = client.ask(head(target="/empty"))
        assert answer.status == 204
        assert "content-length" not in answer.headers
        assert client.ask(head()).status == 200


def test_answers_name_no_server_and_no_version(served: Served) -> None:
    """Nothing is told that only an attacker wants to know."""
    with served.connect() as client:
        assert client.ask(head()).headers == {"content-length": "11"}


@pytest.mark.parametrize("size", [0, 1, 65_536, 10_000_000])
def test_answers_are_streamed(served: Served, size: int) -> None:
    """Whatever their size, and then the next."""
    with served.connect() as client:
        assert len(client.ask(head(target=f"/stream?size={size}")).body) == size
        assert client.ask(head()).status == 200


@pytest.mark.parametrize("target", ["/break", "/short", "/long", "/endless"])
def test_a_broken_answer_breaks_the_connection(served: Served, target: str) -> None:
    """Too little, too much, without a length, or an error: no client can take it for whole (I3)."""
    with served.connect() as client:
        client.send(head(target=target))
        assert client.is_reset()
    wait_until(lambda: len(served.witness.records) == 1)
    assert served.handler.closed == [target.encode()]
    assert [record.is_complete for record in served.witness.records] == [False]


def test_a_body_that_nobody_reads_ends_the_connection(served: Served) -> None:
    """What is left of it must not be taken for a request; the answer arrives all the same."""
    with served.connect() as client:
        smuggled = head(target="/stream?size=1")
        client.send(head("POST", "/ignore", Content_Length=str(len(smuggled))) + smuggled)
        assert client.read().headers["connection"] == "close"
        client.socket.shutdown(socket.SHUT_WR)
        assert client.is_closed()
    assert [request.path for request in served.handler.requests] == [b"/ignore"]


def test_a_refused_body_does_not_take_the_answer_from_its_sender(served: Served) -> None:
    """A client in the middle of sending much reads why it is refused, not a reset."""
    body = b"x" * 4_000_000
    with served.connect() as client:
        client.send(head("POST", "/refuse", Content_Length=str(len(body))) + body)
        assert client.read().status == 403
        client.socket.shutdown(socket.SHUT_WR)
        assert client.is_closed()


def test_the_body_is_asked_for_when_it_is_wanted(served: Served) -> None:
    """Whoever expects 100-continue is told to go on once the face reads."""
    with served.connect() as client:
        client.send(head("POST", Content_Length="3", Expect="100-continue"))
        while len(client.received) < len(CONTINUE):
            client.received += client.socket.recv(len(CONTINUE) - len(client.received))
        assert client.received == CONTINUE
        client.received = b""
        assert client.ask(b"abc").json == {"size": 3}
        assert client.ask(head()).status == 200


@pytest.mark.parametrize("target", ["/ignore", "/refuse"])
def test_the_body_is_not_asked_for_when_it_is_refused(served: Served, target: str) -> None:
    """The answer comes instead of 100-continue, nothing else does, and the connection ends: the body may yet come."""
    with served.connect() as client:
        answer = client.ask(head("POST", target, Content_Length="3000000", Expect="100-continue"))
        assert (answer.status, answer.headers["connection"]) == ({"/ignore": 200, "/refuse": 403}[target], "close")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.is_closed()


def test_a_client_that_goes_away_in_its_body_is_noticed(served: Served) -> None:
    """The face reads fewer bytes than were promised, and then none."""
    with served.connect() as client:
        client.send(head("POST", Content_Length="100") + b"x" * 40)
        client.socket.shutdown(socket.SHUT_WR)
        client.read()
        assert client.is_closed()
    assert served.handler.bodies == [b"x" * 40]


def test_a_client_that_resets_in_its_body_is_an_error_of_the_connection(served: Served) -> None:
    """The face hears of it as an OSError, as the port of a body says, and not as of a slow client."""
    with served.connect() as client:
        client.send(head("POST", "/wait", Content_Length="100") + b"x" * 40)
        assert served.handler.entered.wait(CLIENT_SECONDS)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    served.handler.go_on.set()
    served.stop()
    assert not any(isinstance(error, RequestTimeout) for error in served.handler.errors)


def test_what_is_not_read_stays_in_the_network(serve: Callable[..., Served]) -> None:
    """A sender that is quicker than the store waits: the server takes no more of the body than it is asked for."""
    served = serve()
    with served.connect() as client:
        client.send(head("POST", "/wait", Content_Length="1000000000"))
        assert served.handler.entered.wait(CLIENT_SECONDS)
        client.socket.settimeout(0.3)
        sent = 0
        with suppress(TimeoutError):
            while sent < 1_000_000_000:
                sent += client.socket.send(b"x" * 1_000_000)
        assert sent < 40_000_000  # what the two sockets hold; the system decides


def test_a_long_body_needs_no_more_memory_than_a_buffer(served: Served) -> None:
    """100 MB pass, and two at most are held at any moment, both ends' buffers counted."""
    block = bytes(1_000_000)
    tracemalloc.start()
    try:
        with served.connect() as client:
            client.send(head("POST", "/discard", Content_Length="100000000"))
            for _ in range(100):
                client.send(block)
            assert client.read().json == {"size": 100_000_000}
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_the_witness_hears_of_each_request(served: Served) -> None:
    """Method, status, and the bytes of heads and bodies, both ways."""
    sent = head("POST", Content_Length="5") + b"12345"
    with served.connect() as client:
        client.ask(sent)
        client.ask(head())
        client.send(b"broken\r\n\r\n")
        client.read()
    served.stop()
    records = served.witness.records
    assert [(record.method, record.status) for record in records] == [("POST", 200), ("GET", 200), ("", 400)]
    assert [record.received for record in records] == [len(sent), len(head()), len(b"broken\r\n\r\n")]
    assert all(record.sent > 0 and record.is_complete and record.peer == "127.0.0.1" for record in records)
