"""Listening sockets, and why there is none in words that help."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING

from coldframe.errors import BadUsage, Busy

if TYPE_CHECKING:
    from coldframe.server.address import Address

_BACKLOG = 1024
_TAKEN = frozenset({errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)})


def listen(address: Address) -> socket.socket:
    """A socket that listens on the first of a host's addresses; port 0 takes any that is free.

    Raises:
        BadUsage: There is no such address here, or this user may not use the port.
        Busy: Another program has the port.
    """
    try:
        return _bind(address)
    except socket.gaierror as error:
        raise BadUsage(f"{address.host} is no address of this machine: {error.strerror}.") from error
    except PermissionError as error:
        raise BadUsage(f"This user may not listen on {address}; choose a port above 1023.") from error
    except OSError as error:
        if error.errno in _TAKEN:
            raise Busy(
                f"Another program listens on {address} already. Choose another port; port 0 takes any that is free."
            ) from error
        raise BadUsage(f"Nobody can listen on {address} here: {error.strerror or error}.") from error


def is_loopback(listening: socket.socket) -> bool:
    """Whether only programs on this machine can reach a socket."""
    host: str = listening.getsockname()[0]
    return ip_address(host.partition("%")[0]).is_loopback


def _bind(address: Address) -> socket.socket:
    family, kind, protocol, _, place = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listening = socket.socket(family, kind, protocol)
    try:
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)  # Windows: its SO_REUSEADDR would share the port
        listening.setsockopt(socket.SOL_SOCKET, exclusive or socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(_BACKLOG)
        listening.settimeout(0)
    except BaseException:
        listening.close()
        raise
    return listening
