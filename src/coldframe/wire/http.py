"""What the face asks of an HTTP server, whichever it is: a request whose head has arrived, and an answer to send.

The server parses framing and refuses what is malformed there (reliability 3.5). It hands over bytes as they were
received: the signature is computed over exactly what the router reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from coldframe.model import Buffer


class BodyReader(Protocol):
    """The bytes that follow a head; the server ends them where Content-Length says."""

    def read(self, size: int, /) -> Buffer:
        """At least one and at most `size` bytes, valid until the next call; none at the end.

        Raises `RequestTimeout` when they come too slowly, and any `OSError` when the connection is lost.
        """
        ...


class NoBody:
    """Implements `BodyReader` with nothing."""

    def read(self, _size: int, /) -> bytes:
        """No bytes."""
        return b""


def do_nothing() -> None:
    """Close what holds nothing open, or hurry what is at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    Args:
        method: As received, in upper case.
        path: The path as received, percent-encoding and all, without the query.
        query: What follows the question mark, as received; empty without one.
        headers: Names and values in the order they came, duplicates included, values without the blanks around them.
        body: What follows the head.
        peer: The address of the other end, without its port.
        is_secure: Whether the connection is encrypted.
        hasten: Says that the rest of the body is little and is waited for: from the first call on the server gives it
            its short time, after which `body` raises `RequestTimeout`.
    """

    method: str
    path: bytes
    query: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = ()
    body: BodyReader = field(default_factory=NoBody)
    peer: str = ""
    is_secure: bool = False
    hasten: Callable[[], None] = do_nothing
    _by_name: dict[bytes, list[bytes]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the headers by name."""
        for name, value in self.headers:
            self._by_name.setdefault(name.lower(), []).append(value)

    @property
    def names(self) -> Collection[bytes]:
        """The names of all headers, in lower case."""
        return self._by_name.keys()

    def all(self, name: bytes) -> Sequence[bytes]:
        """Every value of the header `name`, which is in lower case."""
        return self._by_name.get(name, ())

    def header(self, name: bytes) -> str:
        """The first value of the header `name`, which is in lower case, as text; empty without one."""
        found = self.all(name)
        return found[0].decode("utf-8", "backslashreplace") if found else ""


@dataclass(slots=True)
class Subject:
    """What a request turned out to be about, for logs and counters; the face fills it in as it finds out.

    Args:
        request_id: The ID that the answer bears.
        access_key_id: The key that signed it, once the signature was found right.
        operation: The name of the operation.
        vault_name: The vault in its path.
        store_identity: The store that it went to, where the answer tells: in `ports.store.IDENTITY_HEADER`.
    """

    request_id: str
    access_key_id: str | None = None
    operation: str | None = None
    vault_name: str | None = None
    store_identity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer.

    Send the head, then the buffers of `body`, each before the next is asked for; then `close`, whatever happened. If
    `body` raises, break the connection: the bytes so far must not look complete. `must_close` wants the connection
    closed after the answer, because the rest of the request was not read. `subject` is none of the client's business.
    """

    status: int
    headers: Sequence[tuple[str, str]]
    body: Iterable[Buffer] = ()
    must_close: bool = False
    close: Callable[[], None] = do_nothing
    subject: Subject | None = None

    def header(self, name: str) -> str | None:
        """The value of a header; None without it."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)
