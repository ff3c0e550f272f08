"""Stopping: nobody new, those at work to their end, and nobody for ever; and what happens when things run short."""

from __future__ import annotations

import errno
from threading import Thread
from typing import TYPE_CHECKING

from coldframe.server.address import Address
from coldframe.server.binding import listen
from coldframe.server.listener import Listener
from coldframe.server.records import Watches
from server.world import CLIENT_SECONDS, Client, Handler, Witness, head, wait_until

if TYPE_CHECKING:
    import socket

    from server.world import Served


def stop_in_thread(served: Served, grace: float) -> tuple[Thread, list[bool]]:
    """Stop a listener, and learn later how it went."""
    outcome: list[bool] = []
    thread = Thread(target=lambda: outcome.append(served.listener.stop(grace)))
    thread.start()
    return thread, outcome


def test_a_stop_lets_an_upload_finish(served: Served) -> None:
    """The rest of its body is taken, it is answered, and told that the connection ends."""
    with served.connect() as client, served.connect() as idle:
        assert idle.ask(head()).status == 200
        client.send(head("POST", "/wait", Content_Length="200000") + b"x" * 100_000)
        assert served.handler.entered.wait(CLIENT_SECONDS)
        thread, outcome = stop_in_thread(served, CLIENT_SECONDS)
        assert idle.is_closed()
        assert outcome == []
        served.handler.go_on.set()
        answer = client.ask(b"x" * 100_000)
        assert (answer.json, answer.headers["connection"]) == ({"size": 200_000}, "close")
        assert client.is_closed()
        thread.join(CLIENT_SECONDS)
    assert outcome == [True]
    served.forget()


def test_a_stop_cuts_those_who_do_not_finish(served: Served) -> None:
    """When the time is over, they are cut off, and the stop says so."""
    with served.connect() as client:
        client.send(head("POST", Content_Length="200000") + b"x" * 100_000)
        wait_until(lambda: len(served.handler.requests) == 1)
        assert not served.listener.stop(0.1)
        assert client.is_reset() or client.is_closed()
    assert served.witness.open == 0
    served.forget()


def test_a_stopped_listener_has_let_its_port_go(served: Served) -> None:
    """Another may listen there at once."""
    assert served.listener.stop(1)
    listen(Address("127.0.0.1", served.port)).close()
    served.forget()


def test_a_stop_without_a_start_lets_go() -> None:
    """What was made and never ran is let go all the same."""
    listener = Listener(listen(Address("127.0.0.1", 0)), Handler().handle)
    assert listener.stop(0)


class ShortListening:
    """A listening socket whose process has no descriptors left, for a while."""

    def __init__(self, listening: socket.socket, failures: int) -> None:
        """Fail so often."""
        self._listening = listening
        self._failures = failures

    def accept(self) -> object:
        """Fail, or accept."""
        if self._failures:
            self._failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return self._listening.accept()

    def __getattr__(self, name: str) -> object:
        """All else as it is."""
        return getattr(self._listening, name)


def test_a_lack_of_descriptors_passes() -> None:
    """Nobody is lost: the connection waits outside until there are some again."""
    witness = Witness()
    listening = ShortListening(listen(Address("127.0.0.1", 0)), failures=3)
    listener = Listener(listening, Handler().handle, watch=Watches((witness,)))  # type: ignore[arg-type]  # a stand-in
    listener.start()
    with Client(listening.getsockname()[1]) as client:  # type: ignore[operator]  # as above
        assert client.ask(head()).status == 200
    listener.stop(1)
    assert witness.reasons == ["full"] * 3
