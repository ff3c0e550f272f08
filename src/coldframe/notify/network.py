"""One POST to one checked address: resolved once, connected to exactly that, no redirects, all within ten seconds.

http.client writes the request and reads the answer; what it does not do is done here: the address is chosen before, and
one deadline holds for the whole exchange, however slowly the other side drips.
"""

from __future__ import annotations

import io
import socket
from contextlib import closing
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from ssl import create_default_context
from typing import TYPE_CHECKING, Any

from coldframe.notify.addresses import is_address, is_public
from coldframe.ports.notices import NotDelivered, Undeliverable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from ssl import SSLContext

    from coldframe.clock import Clock
    from coldframe.notify.targets import Target

    Resolve = Callable[[str, int], Sequence[str]]
    Connect = Callable[[str, int, float], socket.socket]

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that the system knows for a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to an address."""
    return socket.create_connection((address, port), timeout=seconds)


class Network:
    """The way out to web hooks. Any number of threads may post.

    Args:
        clock: Times the exchange.
        is_private_allowed: Whether addresses of the machine and its network may be talked to.
        tls: What certificates are checked against; the system's authorities by default.
        resolve: Finds the addresses of a name.
        connect: Connects to one.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        is_private_allowed: bool = False,
        tls: SSLContext | None = None,
        resolve: Resolve = resolve,
        connect: Connect = connect,
    ) -> None:
        """Keep the arguments."""
        self._clock = clock
        self._is_private_allowed = is_private_allowed
        self._tls = tls
        self._resolve = resolve
        self._connect = connect

    def post(self, target: Target, *, headers: Mapping[str, str], body: bytes) -> int:
        """Post a body and answer the status. The answer's own body is not read.

        Raises:
            Undeliverable: The target is an address that may not be talked to.
            NotDelivered: The name leads to such an address now, or the exchange failed; the message names the host.
        """
        deadline = self._clock.monotonic() + TOTAL_SECONDS
        try:
            addresses = self._addresses(target)
            with closing(self._open(target, addresses, deadline)) as link:
                return _exchange(_Timed(link, lambda: deadline - self._clock.monotonic()), target, headers, body)
        except (OSError, HTTPException, UnicodeError) as error:
            raise NotDelivered(f"the web hook at {target.host} cannot be reached: {_reason(error)}") from error

    def _addresses(self, target: Target) -> Sequence[str]:
        """The addresses of the target, each allowed; they are not looked up again."""
        addresses = [target.host] if is_address(target.host) else self._resolve(target.host, target.port)
        if self._is_private_allowed or all(map(is_public, addresses)):
            return addresses
        if is_address(target.host):
            raise Undeliverable(f"the web hook at {target.host} is an address of this machine or a private network")
        raise NotDelivered(f"the name {target.host} of a web hook leads to this machine or a private network")

    def _open(self, target: Target, addresses: Sequence[str], deadline: float) -> socket.socket:
        """A connection to the first address that takes one; with TLS, to whom the certificate says the host is."""
        link = self._reach(target, addresses)
        if not target.is_tls:
            return link
        try:
            link.settimeout(max(0.001, deadline - self._clock.monotonic()))
            return (self._tls or self._system_tls).wrap_socket(link, server_hostname=target.host)
        except BaseException:
            link.close()
            raise

    def _reach(self, target: Target, addresses: Sequence[str]) -> socket.socket:
        until = self._clock.monotonic() + CONNECT_SECONDS
        trouble: OSError = TimeoutError("no address answered in time")
        for address in addresses:
            left = until - self._clock.monotonic()
            if left <= 0:
                break
            try:
                return self._connect(address, target.port, left)
            except OSError as error:
                trouble = error
        raise trouble

    @cached_property
    def _system_tls(self) -> SSLContext:
        return create_default_context()


class _Timed:
    """As much of a socket as http.client uses, with one deadline for everything. It is closed by whoever opened it."""

    def __init__(self, link: socket.socket, left: Callable[[], float]) -> None:
        """`left` tells the seconds that are left."""
        self._link = link
        self._left = left

    def sendall(self, data: bytes) -> None:
        """Send everything."""
        self._hurry()
        self._link.sendall(data)

    def receive(self, buffer: Any) -> int:
        """Read what has come."""
        self._hurry()
        return self._link.recv_into(buffer)

    def makefile(self, *_mode: object) -> io.BufferedReader:
        """What the answer is read from."""
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """Leave it open."""

    def _hurry(self) -> None:
        left = self._left()
        if left <= 0:
            raise TimeoutError("the answer did not come in time")
        self._link.settimeout(left)


class _Reader(io.RawIOBase):
    """The reading side, as a file."""

    def __init__(self, link: _Timed) -> None:
        """Read from `link`."""
        super().__init__()
        self._link = link

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come."""
        return self._link.receive(buffer)


def _exchange(link: _Timed, target: Target, headers: Mapping[str, str], body: bytes) -> int:
    """Write the request, read the head of the answer."""
    connection = HTTPConnection(target.host, target.port)
    connection.auto_open = 0  # it has its connection, and makes no other
    connection.sock = link  # as much of a socket as it uses
    connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
    whole = {"Host": target.authority, **headers, "Content-Length": str(len(body)), "Connection": "close"}
    for name, value in whole.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    with closing(connection.getresponse()) as response:
        return response.status


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
