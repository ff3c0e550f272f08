"""What one client may take of the server (reliability H3 to H6)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coldframe.clock import SystemClock
from coldframe.errors import RequestTimeout
from coldframe.model import MAX_PART_SIZE
from coldframe.server.descriptors import connections_within
from coldframe.server.limits import Limits, parse_limits
from coldframe.server.pace import Pace
from server.world import CLIENT_SECONDS, HASTY, PATIENT, head, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.world import Client, Served


# --- how much -----------------------------------------------------------------------------------------------------


def test_a_long_target_is_refused(served: Served) -> None:
    """Up to 8 KiB pass, one byte more is 414."""
    limit = Limits().max_target
    with served.connect() as client:
        assert client.ask(head(target="/" + "a" * (limit - 1))).status == 200
        assert client.ask(head(target="/" + "a" * limit)).status == 414


def test_a_target_without_end_is_refused_before_it_ends(served: Served) -> None:
    """Nobody waits for the end of the line."""
    with served.connect() as client:
        assert client.ask(b"GET /" + b"a" * 10_000).status == 414


def test_long_headers_are_refused(served: Served) -> None:
    """16 KiB of header lines pass, more is 431."""
    limit = Limits().max_headers_size
    with served.connect() as client:
        room = limit - len(b"Host: here\r\nA: \r\n")
        assert client.ask(head(A="a" * room)).status == 200
        assert client.ask(head(A="a" * (room + 100))).status == 431


def test_headers_without_end_are_refused_before_they_end(served: Served) -> None:
    """A header of 128 KiB is not waited for."""
    with served.connect() as client:
        assert client.ask(b"GET /read HTTP/1.1\r\nHost: here\r\nA: " + b"a" * 20_000).status == 431


def test_many_headers_are_refused(served: Served) -> None:
    """100 pass, 101 are 431."""
    with served.connect() as client:
        assert client.ask(head(**{f"A{n}": "" for n in range(99)})).status == 200
        assert client.ask(head(**{f"A{n}": "" for n in range(100)})).status == 431


def test_bodies_may_be_as_long_as_parts(served: Served) -> None:
    """A little more than 4 GiB are handed on, so that the face refuses it in its own words; much more is 413."""
    with served.connect() as client:
        client.send(head("POST", "/ignore", Content_Length=str(MAX_PART_SIZE + 1)))
        assert client.read().status == 200
    with served.connect() as client:
        assert client.ask(head("POST", Content_Length=str(MAX_PART_SIZE + 2**21))).status == 413
    assert served.witness.reasons == ["too-large"]


# --- how slow -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("received", [b"G", b"GET /read HTTP/1.1\r\n", head()[:-2]])
def test_a_slow_head_is_cut(hasty: Served, received: bytes) -> None:
    """Whoever has begun and does not end is told 408, and closed."""
    with hasty.connect() as client:
        answer = client.ask(received)
        assert (answer.status, answer.json["code"]) == (408, "RequestTimeoutException")
        assert client.is_closed()
    assert hasty.witness.reasons == ["slow"]


def test_a_dripping_head_is_cut(hasty: Served) -> None:
    """A byte now and then does not lengthen the time."""
    with hasty.connect() as client:
        assert drip(client, head(A="a" * 10_000)) < 5_000
    assert hasty.witness.reasons in (["slow"], [])
    assert hasty.handler.requests == []


@pytest.mark.parametrize("is_used", [False, True])
def test_an_idle_connection_is_closed(hasty: Served, is_used: bool) -> None:  # noqa: FBT001 - a parameter
    """Before the first request and between two, without a word."""
    with hasty.connect() as client:
        if is_used:
            client.ask(head())
        assert client.is_closed()
    assert hasty.witness.reasons == []


def test_a_stalled_body_is_a_timeout(hasty: Served) -> None:
    """The face hears RequestTimeout, each time it asks, and its answer is sent before the connection ends."""
    with hasty.connect() as client:
        answer = client.ask(head("POST", Content_Length="100000") + b"x" * 60_000)
        assert (answer.status, answer.json) == (408, {"error": "RequestTimeout"})
        assert client.is_closed()
    assert [type(error) for error in hasty.handler.errors] == [RequestTimeout]


def test_a_dripping_body_is_a_timeout(serve: Callable[..., Served]) -> None:
    """Bytes that come, and come too slowly, do not help."""
    served = serve(replace(PATIENT, pace_seconds=0.5, pace_size=10_000_000, linger_seconds=0.2))
    with served.connect() as client:
        client.send(head("POST", Content_Length="1000000"))
        drip(client, b"x" * 20_000)
    served.stop()
    assert [type(error) for error in served.handler.errors] == [RequestTimeout]


def test_a_slow_body_within_the_pace_arrives(serve: Callable[..., Served]) -> None:
    """Spans of waiting are judged by what came in them: a pause after much is none."""
    served = serve(replace(PATIENT, pace_seconds=1.0, pace_size=1))
    clock = SystemClock()
    with served.connect() as client:
        client.send(head("POST", Content_Length="6"))
        for _ in range(5):
            clock.sleep(0.25)  # real time: what is tested is a socket's
            client.send(b"x")
        assert client.ask(b"x").json == {"size": 6}


@pytest.mark.parametrize("target", ["/hasten", "/read"])
def test_a_body_that_is_waited_for_must_come_soon(serve: Callable[..., Served], target: str) -> None:
    """It has a time of its own, however well it keeps the pace; any other has not."""
    served = serve(replace(PATIENT, content_seconds=0.5, pace_size=1, linger_seconds=0.2))
    clock = SystemClock()
    with served.connect() as client:
        client.send(head("POST", target, Content_Length="30"))
        with suppress(OSError):
            for _ in range(29):
                clock.sleep(0.05)  # real time: what is tested is a socket's
                client.send(b"x")
        if target == "/read":
            assert client.ask(b"x").json == {"size": 30}
    served.stop()
    assert [type(error) for error in served.handler.errors] == ([RequestTimeout] if target == "/hasten" else [])


def test_the_rest_of_a_refused_body_is_not_waited_for(serve: Callable[..., Served]) -> None:
    """After the answer, a sender who lets us wait is left alone soon."""
    served = serve(replace(PATIENT, linger_seconds=0.2))
    with served.connect() as client:
        assert client.ask(head("POST", "/refuse", Content_Length="3000000") + b"x").status == 403
        assert client.is_closed()


def test_a_slow_reader_is_cut(hasty: Served) -> None:
    """Whoever does not take the answer loses the connection, and what the answer holds open is let go."""
    with hasty.connect(receive_buffer=4096) as client:
        client.send(head(target="/stream?size=100000000"))
        wait_until(lambda: len(hasty.witness.records) == 1)
        assert hasty.handler.closed == [b"/stream"]
        assert client.is_reset()
    assert [record.is_complete for record in hasty.witness.records] == [False]


def test_pace_counts_only_what_was_waited_for() -> None:
    """Each span of waiting must bring its bytes; what came before it does not count."""
    pace = Pace(replace(HASTY, pace_seconds=30, pace_size=30_000))
    assert pace.note(10**9, waited=1)
    assert pace.left == 29
    assert pace.note(0, waited=29)  # a full span, with enough in it
    assert pace.note(29_999, waited=29)
    assert not pace.note(0, waited=1)
    assert Pace(replace(HASTY, pace_seconds=30)).note(0, waited=29.9)


# --- how many -----------------------------------------------------------------------------------------------------


def test_who_has_waited_longest_makes_room(serve: Callable[..., Served]) -> None:
    """Connections that send nothing keep nobody out, however many."""
    served = serve(replace(PATIENT, max_connections=4))
    silent = [served.connect() for _ in range(10)]
    with served.connect() as client:
        assert client.ask(head()).status == 200
    assert silent[0].is_closed()
    assert sum(client.is_closed() for client in silent[:6]) == 6
    for client in silent:
        client.close()


def test_those_who_were_refused_keep_nobody_out(serve: Callable[..., Served]) -> None:
    """Though they have time to read why, they make room when it is wanted."""
    served = serve(replace(PATIENT, max_connections=2))
    refused = [served.connect() for _ in range(2)]
    for each in refused:
        assert each.ask(b"nonsense\r\n\r\n").status == 400
    with served.connect() as client:
        assert client.ask(head()).status == 200
    for each in refused:
        each.close()


def test_slow_heads_keep_nobody_out(serve: Callable[..., Served]) -> None:
    """Nor do those who begin and do not end, with good clients in between."""
    served = serve(replace(PATIENT, max_connections=8))
    slow = []
    for _ in range(40):
        slow.append(served.connect())
        slow[-1].send(b"GET /read HT")
        with served.connect() as client:
            assert client.ask(head()).status == 200
    for each in slow:
        each.close()


def test_when_all_are_at_work_new_ones_wait_outside(serve: Callable[..., Served]) -> None:
    """Nobody is turned away: the connection is taken as soon as another ends."""
    served = serve(replace(PATIENT, max_connections=1))
    with served.connect() as busy:
        busy.send(head(target="/wait", Connection="close"))
        assert served.handler.entered.wait(CLIENT_SECONDS)
        with served.connect() as waiting:
            waiting.send(head())
            assert served.witness.open == 1
            served.handler.go_on.set()
            assert busy.read().status == 200
            assert waiting.read().status == 200


def test_one_address_makes_room_for_itself(serve: Callable[..., Served]) -> None:
    """Of too many from there, the one that has waited longest is closed."""
    served = serve(replace(PATIENT, max_connections_per_address=2))
    first, second, third = (served.connect() for _ in range(3))
    assert first.is_closed()
    assert second.ask(head()).status == third.ask(head()).status == 200
    for each in (first, second, third):
        each.close()


def test_one_address_may_not_have_all(serve: Callable[..., Served]) -> None:
    """While as many of its requests are at work as it may have, new ones are turned away."""
    served = serve(replace(PATIENT, max_connections_per_address=1))
    with served.connect() as busy:
        busy.send(head(target="/wait"))
        assert served.handler.entered.wait(CLIENT_SECONDS)
        with served.connect() as another:
            assert another.is_closed()
        assert served.witness.reasons == ["address"]
        served.handler.go_on.set()
        assert busy.read().status == 200
    wait_until(lambda: served.witness.open == 0)
    with served.connect() as another:
        assert another.ask(head()).status == 200


def test_hundreds_of_silent_connections_cost_little(serve: Callable[..., Served]) -> None:
    """300 who send nothing beside one who does: it is answered, and all are let go."""
    served = serve(replace(PATIENT, max_connections=400, max_connections_per_address=400))
    silent = [served.connect() for _ in range(300)]
    with served.connect() as client:
        for _ in range(20):
            assert client.ask(head()).status == 200
    assert len(served.listener.connections) >= 300
    for each in silent:
        each.close()
    wait_until(lambda: served.witness.open == 0)


@pytest.mark.parametrize(
    ("descriptors", "connections"), [(None, 1024), (65_536, 1024), (1024, 480), (256, 96), (50, 1)]
)
def test_connections_leave_descriptors_for_blobs(descriptors: int | None, connections: int) -> None:
    """Half of what the system grants, but for some that are kept free."""
    assert connections_within(descriptors, 1024) == connections


# --- as users write them ------------------------------------------------------------------------------------------


def test_limits_are_read_from_text() -> None:
    """Times, sizes and numbers; the others keep their usual values."""
    limits = parse_limits({"idle_seconds": "2m", "max_headers_size": "8KiB", "max_connections": "20"})
    assert limits == replace(Limits(), idle_seconds=120, max_headers_size=8192, max_connections=20)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [("idle", "2m", "no limit"), ("idle_seconds", "soon", "soon"), ("max_connections", "0", "more than 0")],
)
def test_wrong_limits_are_told(name: str, value: str, told: str) -> None:
    """With the name, or what is wrong with the value."""
    with pytest.raises(ValueError, match=told):
        parse_limits({name: value})


def drip(client: Client, data: bytes) -> int:
    """Send byte by byte until the server has had enough; how many were sent."""
    clock = SystemClock()
    for number, byte in enumerate(data):
        try:
            client.send(bytes([byte]))
        except ConnectionError:
            return number
        clock.sleep(0.002)  # real time: what is tested is a socket's
    return len(data)
