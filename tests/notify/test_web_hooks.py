"""What a web hook receives, and what its answers mean."""

from __future__ import annotations

import hmac
import json
import socket
import ssl
from contextlib import closing
from threading import Thread
from typing import TYPE_CHECKING

import pytest
import trustme

from coldframe.clock import SystemClock
from coldframe.notify import network as network_module
from coldframe.notify.hooks import WebHookNotifier
from coldframe.notify.network import Network
from coldframe.notify.targets import WebHook, parse_target
from coldframe.ports.notices import NotDelivered, Notice, Undeliverable
from notify.receiver import receiving
from notify.world import OWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coldframe.testing.clock import FakeClock
    from notify.receiver import Receiver
    from notify.world import World

NOTICE = Notice("6f1c9a0e-0000-0000-0000-000000000000", OWN, '{"Action":"ArchiveRetrieval"}')


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A web hook on this machine."""
    with receiving() as receiver:
        yield receiver


def _here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def _notifier(
    receiver: Receiver, *, path: str = "/hook?a=b", secret: str | None = None, clock: FakeClock | None = None
) -> WebHookNotifier:
    hook = WebHook(parse_target(f"http://127.0.0.1:{receiver.port}{path}"), secret)
    network = Network(SystemClock(), is_private_allowed=True)
    return WebHookNotifier(hook, network=network, clock=clock or SystemClock())


def test_web_hook_receives_the_message(receiver: Receiver) -> None:
    """The message alone is the body; the headers are those of SNS's raw delivery."""
    _notifier(receiver).deliver(NOTICE)
    (received,) = receiver.received
    assert received.line == "POST /hook?a=b HTTP/1.1"
    assert received.body == NOTICE.text.encode()
    wanted = {
        "host": f"127.0.0.1:{receiver.port}",
        "content-type": "application/json",
        "x-amz-sns-message-type": "Notification",
        "x-amz-sns-message-id": NOTICE.message_id,
        "x-amz-sns-topic-arn": OWN,
        "x-amz-sns-rawdelivery": "true",
    }
    assert {name: received.headers[name] for name in wanted} == wanted
    assert "x-coldframe-signature" not in received.headers


def test_web_hook_with_a_secret_receives_a_signature(receiver: Receiver, clock: FakeClock) -> None:
    """The receiver can tell who sent a message, and when, with nothing but the secret."""
    _notifier(receiver, secret="a secret", clock=clock).deliver(NOTICE)
    (received,) = receiver.received
    moment, _, code = received.headers["x-coldframe-signature"].partition(",v1=")
    assert moment == f"t={int(clock.now().timestamp())}"
    signed = f"{moment.removeprefix('t=')}.".encode() + received.body
    assert hmac.compare_digest(code, hmac.new(b"a secret", signed, "sha256").hexdigest())


def test_store_tells_a_web_hook_of_its_job(receiver: Receiver, world: World) -> None:
    """From the job to the receiver: the job's description arrives."""
    world.listener.trouble = lambda notice: _notifier(receiver).deliver(notice)
    job_id = world.retrieve(OWN)
    world.deliver()
    assert json.loads(receiver.received[0].body)["JobId"] == job_id
    assert world.states(job_id) == ["delivered"]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_success_is_success(receiver: Receiver, status: int) -> None:
    """Whatever the receiver says besides."""
    receiver.answer = b"HTTP/1.1 %d Fine\r\nContent-Length: 0\r\n\r\n" % status
    _notifier(receiver).deliver(NOTICE)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_passing_trouble_is_tried_again(receiver: Receiver, status: int) -> None:
    """A receiver that is busy or broken may mend."""
    receiver.answer = b"HTTP/1.1 %d Trouble\r\nContent-Length: 0\r\n\r\n" % status
    with pytest.raises(NotDelivered, match=rf"answered {status}$") as caught:
        _notifier(receiver).deliver(NOTICE)
    assert not isinstance(caught.value, Undeliverable)


@pytest.mark.parametrize("status", [300, 304, 400, 401, 403, 404, 405, 410])
def test_refusal_is_final(receiver: Receiver, status: int) -> None:
    """As SNS takes it."""
    receiver.answer = b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status
    with pytest.raises(Undeliverable, match=rf"answered {status}$"):
        _notifier(receiver).deliver(NOTICE)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    """Nobody is sent elsewhere by an answer."""
    with receiving() as other:
        place = b"http://127.0.0.1:%d/" % other.port
        receiver.answer = b"HTTP/1.1 %d Go\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, place)
        with pytest.raises(Undeliverable, match=rf"answered {status}$"):
            _notifier(receiver).deliver(NOTICE)
        assert other.received == []


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 " + b"x" * 70_000],
    ids=["nothing", "ssh", "no number", "too long"],
)
def test_answer_that_is_none_is_tried_again(receiver: Receiver, answer: bytes) -> None:
    """What does not speak HTTP has not taken the message over."""
    receiver.answer = answer
    with pytest.raises(NotDelivered, match=r"cannot be reached"):
        _notifier(receiver).deliver(NOTICE)


def test_body_of_the_answer_is_not_read(receiver: Receiver) -> None:
    """A receiver that promises a terabyte keeps nobody."""
    receiver.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n" + b"x" * 100_000
    _notifier(receiver).deliver(NOTICE)


def test_answer_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """One deadline holds for the whole exchange, however slowly bytes keep coming."""
    monkeypatch.setattr(network_module, "TOTAL_SECONDS", 0.3)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = Thread(target=_drip, args=(server,))
        thread.start()
        hook = WebHook(parse_target(f"http://127.0.0.1:{server.getsockname()[1]}/"))
        clock = SystemClock()
        began = clock.monotonic()
        with pytest.raises(NotDelivered, match=r"in time|timed out"):
            WebHookNotifier(hook, network=Network(clock, is_private_allowed=True), clock=clock).deliver(NOTICE)
        assert clock.monotonic() - began < 2
        thread.join()


def _drip(server: socket.socket) -> None:
    link, _ = server.accept()
    with closing(link):
        try:
            for _ in range(100):
                link.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                SystemClock().sleep(0.02)
        except OSError:
            pass


def test_certificate_is_checked_for_the_name() -> None:
    """The connection goes to the address, the certificate must be the name's."""
    authority = trustme.CA()
    served, trusting = (ssl.SSLContext(kind) for kind in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT))
    authority.issue_cert("hooks.example.org").configure_cert(served)
    authority.configure_trust(trusting)
    with receiving(served) as receiver:
        _secure(receiver, "hooks.example.org", trusting).deliver(NOTICE)
        assert receiver.received[0].headers["host"] == f"hooks.example.org:{receiver.port}"
        with pytest.raises(NotDelivered, match=r"cannot be reached: .*certificate"):
            _secure(receiver, "other.example.org", trusting).deliver(NOTICE)
        with pytest.raises(NotDelivered, match=r"cannot be reached: .*certificate"):
            _secure(receiver, "hooks.example.org", None).deliver(NOTICE)
        assert len(receiver.received) == 1


def _secure(receiver: Receiver, name: str, tls: ssl.SSLContext | None) -> WebHookNotifier:
    clock = SystemClock()
    network = Network(clock, is_private_allowed=True, tls=tls, resolve=_here)
    return WebHookNotifier(WebHook(parse_target(f"https://{name}:{receiver.port}/")), network=network, clock=clock)


def test_receiver_that_is_not_there_is_tried_again() -> None:
    """A closed port is passing trouble, and the message names the host alone."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    hook = WebHook(parse_target(f"http://127.0.0.1:{port}/T0K3N"))
    notifier = WebHookNotifier(hook, network=Network(SystemClock(), is_private_allowed=True), clock=SystemClock())
    with pytest.raises(NotDelivered, match=r"^the web hook at 127\.0\.0\.1 cannot be reached") as caught:
        notifier.deliver(NOTICE)
    assert "T0K3N" not in str(caught.value)
