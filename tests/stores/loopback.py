"""A face on a socket of this machine, behind the product's own HTTP server."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from coldframe.server.address import parse_address
from coldframe.server.binding import listen
from coldframe.server.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.wire.face import Face


@contextmanager
def listening(face: Face) -> Iterator[str]:
    """The URL under which the face answers, until the end of the `with`."""
    with listen(parse_address("127.0.0.1:0")) as listening_socket:
        listener = Listener(listening_socket, face.handle)
        listener.start()
        try:
            yield listener.url
        finally:
            listener.stop(1)
