"""An ordinary boto3 client whose requests the face answers in this process, without a socket.

botocore asks `before-send` handlers for an answer before it opens a connection. Ours hands the request, signed and
serialised as for the network, to the face, and streams both bodies.
"""

from __future__ import annotations

import io
import os
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from coldframe.clock import SystemClock
from coldframe.wire.access import AccountAuthorizer, Key, StaticKeyring
from coldframe.wire.face import Face
from coldframe.wire.http import NoBody, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.ports.admin import GovernedStore
    from coldframe.wire.http import BodyReader, Response

ENDPOINT = "http://coldframe.invalid"
_PEER = "127.0.0.1"
_NO_CONFIGURATION = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""In the place of botocore's own variables, which ask the environment."""


def open_client(
    face: Face, *, key: Key, region: str, on_close: Callable[[], None] | None = None, **options: Any
) -> Any:
    """A boto3 Glacier client of the face, with the credentials of `key`.

    The user's AWS configuration, which may name a profile that is not there, has no say.

    Args:
        face: Answers.
        key: Signs.
        region: What the face expects.
        on_close: Called when the client is closed.
        options: As `boto3.client` takes them.
    """
    import boto3  # noqa: PLC0415 - heavy, and wanted by few
    from botocore.session import Session  # noqa: PLC0415 - as above

    session = boto3.session.Session(
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        aws_session_token=key.session_token,
        region_name=region,
        botocore_session=Session(session_vars=_NO_CONFIGURATION),
    )
    if on_close is not None:
        session.events.register("creating-client-class.glacier", _then(on_close))
    client = session.client("glacier", endpoint_url=ENDPOINT, **options)
    answer_in_process(client, face)
    return client


def _then(on_close: Callable[[], None]) -> Callable[..., None]:
    """Has botocore's class for the client, as it is made, do one thing more when the client is closed."""

    class Closing:
        def close(self) -> None:
            super().close()  # type: ignore[misc]  # botocore's, which comes behind this one
            on_close()

    return lambda base_classes, **_: base_classes.insert(0, Closing)


def open_store_client(
    store: GovernedStore, *, account_id: str, region: str, closes_store: bool = False, **options: Any
) -> Any:
    """A boto3 Glacier client of one store, with a key that nobody else ever sees.

    Args:
        store: What it is a client of.
        account_id: The account that the store's ARNs name.
        region: Their region.
        closes_store: Whether the store is closed with the client; otherwise it stays the caller's to close, after it.
        options: As `boto3.client` takes them.
    """
    name, secret = f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30)
    key = Key(access_key_id=name, secret_access_key=secret, account_id=account_id)
    face = Face(
        {account_id: store}.get,
        keyring=StaticKeyring({name: key}),
        authorizer=AccountAuthorizer(),
        clock=SystemClock(),  # botocore signs by the machine's clock, whatever the store goes by
        region=region,
    )
    on_close = store.close if closes_store else None
    return open_client(face, key=key, region=region, on_close=on_close, **options)


def answer_in_process(client: Any, face: Face) -> None:
    """Have the face answer all that a boto3 Glacier client asks from now on."""

    def answer(request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse  # noqa: PLC0415 - as above

        response = face.handle(_read_request(request))
        return AWSResponse(request.url, response.status, dict(response.headers), AnswerStream(response))

    client.meta.events.register("before-send.glacier", answer)


def _read_request(request: Any) -> Request:
    """The request as a server would have received it."""
    parts = urlsplit(request.url)
    headers = [(_bytes(name), _bytes(value).strip(b" \t")) for name, value in request.headers.items()]
    if not any(name.lower() == b"host" for name, _ in headers):
        headers.append((b"Host", parts.netloc.encode("ascii")))
    return Request(
        method=request.method,
        path=parts.path.encode("ascii"),
        query=parts.query.encode("ascii"),
        headers=headers,
        body=_reader(request.body),
        peer=_PEER,
        is_secure=True,
    )


def _reader(body: Any) -> BodyReader:
    if body is None:
        return NoBody()
    if isinstance(body, str):
        body = body.encode()
    return io.BytesIO(body) if isinstance(body, bytes | bytearray) else body


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8")


class AnswerStream(io.RawIOBase):
    """What botocore reads an answer from, where urllib3's response would be."""

    def __init__(self, response: Response) -> None:
        """Nothing is read yet."""
        self._response = response
        self._buffers = iter(response.body)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, target: Any, /) -> int:
        """Fill the target as far as the answer reaches."""
        view, filled = memoryview(target).cast("B"), 0
        while filled < len(view) and self._more():
            taken = min(len(view) - filled, len(self._rest))
            view[filled : filled + taken] = self._rest[:taken]
            self._rest = self._rest[taken:]
            filled += taken
        return filled

    def read(self, size: int | None = -1, /) -> bytes:
        """That many bytes, fewer only at the end; all without a size."""
        if size is None or size < 0:
            return b"".join(self.stream())
        found = bytearray(size)
        filled = self.readinto(found)
        return bytes(memoryview(found)[:filled])

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """All bytes that are left, as they come."""
        while self._more():
            data, self._rest = bytes(self._rest), memoryview(b"")
            yield data

    def close(self) -> None:
        """Let go of what the answer holds open."""
        if not self.closed:
            self._response.close()
        super().close()

    def _more(self) -> bool:
        """Whether bytes are at hand, after asking for more if need be. A broken answer breaks as a connection does."""
        from urllib3.exceptions import ProtocolError  # noqa: PLC0415 - as above

        try:
            while not self._rest:
                self._rest = memoryview(next(self._buffers)).cast("B")
        except StopIteration:
            self._response.close()
            return False
        except Exception as error:
            self._response.close()
            msg = "Connection broken: the answer ended early"
            raise ProtocolError(msg, error) from error
        return True
