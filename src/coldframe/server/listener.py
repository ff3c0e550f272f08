"""The HTTP server: it listens, and gives each connection a thread of its own (ADR 0025)."""

from __future__ import annotations

import errno
import json
import logging
import selectors
import socket
import traceback
from contextlib import suppress
from ipaddress import ip_address
from threading import Event, Thread
from typing import TYPE_CHECKING

from coldframe.clock import SystemClock
from coldframe.server.connections import Connections
from coldframe.server.conversation import BrokenAnswer, Conversation
from coldframe.server.limits import Limits
from coldframe.server.line import Line, TooSlow
from coldframe.server.records import Watches

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from coldframe.clock import Clock
    from coldframe.server.records import Watch
    from coldframe.wire.http import Request, Response

_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Something that a connection needs has run out for the moment."""
_RELIEF_SECONDS = 0.05
_CUT_SECONDS = 5.0
"""How long those that were cut have to notice it; on Windows a reader may not, before its own time is over."""
_LIMITS = Limits()
_NOBODY = Watches()
_log = logging.getLogger("coldframe.server")


class Listener:
    """An HTTP server on one address. Start it, and stop it.

    Args:
        listening: The socket, from `server.binding.listen`.
        handle: Answers a request; called in many threads at once.
        clock: Tells the time.
        limits: What one client may take.
        tls: Encrypts, if given.
        watch: Is told what happens.
    """

    def __init__(  # noqa: PLR0913 - all but two have defaults
        self,
        listening: socket.socket,
        handle: Callable[[Request], Response],
        *,
        clock: Clock | None = None,
        limits: Limits = _LIMITS,
        tls: ssl.SSLContext | None = None,
        watch: Watch = _NOBODY,
    ) -> None:
        """Store the arguments; nobody is served yet."""
        self.handle = handle
        self.clock = clock or SystemClock()
        self.limits = limits
        self.tls = tls
        self.watch = watch
        self.connections = Connections(limits, self.clock)
        self._listening = listening
        self._address = listening.getsockname()
        self._is_over = Event()
        self._waking = socket.socketpair()
        self._thread: Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._address[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"{'http' if self.tls is None else 'https'}://{shown}:{port}"

    def start(self) -> None:
        """Serve, in threads of its own. Once only."""
        self._thread = Thread(target=self._accept_all, name="coldframe-accept", daemon=True)
        self._thread.start()

    def stop(self, grace_seconds: float) -> bool:
        """Accept nobody, close those who only wait, and let the others finish; whether all did in time.

        Whoever did not is cut off.
        """
        self._is_over.set()
        self.connections.stop()
        self._waking[0].send(b"\0")
        if self._thread is not None:
            self._thread.join()
        self.close()
        is_done = self.connections.await_work(grace_seconds)
        if not is_done:
            self.connections.cut()
        self.connections.await_end(_CUT_SECONDS)
        return is_done

    def close(self) -> None:
        """Let go of what listens; of a listener that was not started, or after a stop."""
        for each in (self._listening, *self._waking):
            each.close()

    def _accept_all(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listening, selectors.EVENT_READ)
            selector.register(self._waking[1], selectors.EVENT_READ)
            while not self._is_over.is_set():
                selector.select()
                if self.connections.await_room():
                    self._accept()

    def _accept(self) -> None:
        try:
            connected, address = self._listening.accept()
        except BlockingIOError:
            return  # we were woken, or whoever knocked has gone
        except OSError as error:
            if error.errno in _SHORT:
                self.watch.refused("full")
                self.connections.relieve(_RELIEF_SECONDS)
            return
        connection = _Connection(self, connected, _shown(address[0]))
        if not self.connections.enter(connection):
            self.watch.refused("address")
            connected.close()
            return
        self.watch.opened()
        try:
            Thread(target=connection.run, name="coldframe-connection", daemon=True).start()
        except RuntimeError:  # the system has no more threads
            self.watch.refused("full")
            connection.end(is_broken=True)


class _Connection:
    """One client, in a thread of its own."""

    def __init__(self, listener: Listener, connected: socket.socket, peer: str) -> None:
        """Store the arguments."""
        self.peer = peer
        self._listener = listener
        self._connected = connected
        self._line = Line(connected, clock=listener.clock, limits=listener.limits)

    def run(self) -> None:
        """Serve it to its end."""
        is_broken = True
        try:
            self._connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._encrypt()
            self._converse()
            is_broken = False
        except (OSError, TooSlow, BrokenAnswer):
            pass  # the client is gone, or must not take what it got for whole; the face has logged what was ours
        except Exception as error:  # noqa: BLE001 - the rim of this thread
            _report(self.peer, error)
        finally:
            self.end(is_broken=is_broken)

    def cut(self) -> None:
        """End it from outside."""
        self._line.cut()

    def end(self, *, is_broken: bool) -> None:
        """Close it and give its place up."""
        self._line.close(is_broken=is_broken)
        self._listener.connections.leave(self)
        self._listener.watch.closed()

    def _encrypt(self) -> None:
        """Agree on the encryption, within the time for a head."""
        if self._listener.tls is None:
            return
        self._connected.settimeout(self._listener.limits.head_seconds)
        encrypted = self._listener.tls.wrap_socket(self._connected, server_side=True, do_handshake_on_connect=False)
        self._line = Line(encrypted, clock=self._listener.clock, limits=self._listener.limits)
        try:
            encrypted.do_handshake()
        except OSError:
            self._listener.watch.refused("tls")
            raise

    def _converse(self) -> None:
        listener, connections = self._listener, self._listener.connections
        talk = Conversation(
            self._line,
            listener.handle,
            peer=self.peer,
            is_secure=listener.tls is not None,
            clock=listener.clock,
            limits=listener.limits,
            watch=listener.watch,
        )
        head = talk.next_head(is_first=True)
        while head is not None and connections.work(self):
            is_kept = talk.answer(head, may_continue=connections.may_continue)
            head = talk.next_head(is_first=False) if connections.wait(self) and is_kept else None
        talk.end()


def _report(peer: str, error: Exception) -> None:
    told = {"event": "connection failed", "peer": peer, "error": type(error).__name__, "message": str(error)}
    _log.error("%s", json.dumps({**told, "traceback": "".join(traceback.format_exception(error))}))


def _shown(address: str) -> str:
    """An address without its scope, and IPv4 as IPv4, as policies compare it."""
    with suppress(ValueError):
        parsed = ip_address(address.partition("%")[0])
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return address
