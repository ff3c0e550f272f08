"""Encryption (reliability H11)."""

from __future__ import annotations

import socket
import ssl
import warnings
from typing import TYPE_CHECKING

import pytest
import trustme

from coldframe.errors import BadUsage
from coldframe.server.tls import server_context
from server.world import CLIENT_SECONDS, HASTY, PATIENT, Client, head

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from server.world import Served


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Whom the clients trust."""
    return trustme.CA()


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> tuple[str, str]:
    """A certificate of `vaults.test` and its key, in files."""
    certificate = authority.issue_cert("vaults.test")
    paths = (tmp_path / "cert.pem", tmp_path / "key.pem")
    certificate.private_key_pem.write_to_path(paths[1])
    for each in certificate.cert_chain_pems:
        each.write_to_path(paths[0], append=True)
    return str(paths[0]), str(paths[1])


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


class TlsClient(Client):
    """A client that encrypts."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        """Connect and agree on the encryption."""
        super().__init__(port)
        self.socket = context.wrap_socket(self.socket, server_hostname="vaults.test", suppress_ragged_eofs=False)


def test_requests_are_served_encrypted(
    serve: Callable[..., Served], files: tuple[str, str], trusting: ssl.SSLContext
) -> None:
    """Bodies both ways, several on a connection; the face is told that it was secure."""
    served = serve(PATIENT, server_context(*files))
    assert served.listener.url == f"https://127.0.0.1:{served.port}"
    with TlsClient(served.port, trusting) as client:
        assert client.ask(head("POST", Content_Length="1000000") + b"x" * 1_000_000).json == {"size": 1_000_000}
        assert len(client.ask(head(target="/stream?size=3000000")).body) == 3_000_000
        assert client.ask(head(Connection="close")).status == 200
        assert client.socket.recv(1) == b""  # ended in TLS's own way, or this would be an error
    assert served.handler.requests[0].is_secure


def test_a_broken_answer_is_no_end_of_encryption(
    serve: Callable[..., Served], files: tuple[str, str], trusting: ssl.SSLContext
) -> None:
    """The connection breaks below the encryption."""
    served = serve(PATIENT, server_context(*files))
    with TlsClient(served.port, trusting) as client:
        client.send(head(target="/break"))
        with pytest.raises((ConnectionError, ssl.SSLError)):
            client.read()


def test_old_versions_are_refused(
    serve: Callable[..., Served], files: tuple[str, str], trusting: ssl.SSLContext
) -> None:
    """Nothing below TLS 1.2."""
    served = serve(PATIENT, server_context(*files))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is what is tested
        trusting.minimum_version = ssl.TLSVersion.TLSv1
        trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        TlsClient(served.port, trusting)


@pytest.mark.parametrize("sent", [b"", head(), b"\x16\x03\x01"])
def test_whoever_does_not_agree_on_the_encryption_is_closed(
    serve: Callable[..., Served], files: tuple[str, str], sent: bytes
) -> None:
    """Silence, plain HTTP and half a greeting: within the time for a head."""
    served = serve(HASTY, server_context(*files))
    with served.connect() as client:
        client.send(sent)
        assert client.is_reset() or client.is_closed()
    assert served.handler.requests == []
    assert served.witness.reasons == ["tls"]


def test_a_stop_ends_waiting_encrypted_connections(
    serve: Callable[..., Served], files: tuple[str, str], trusting: ssl.SSLContext
) -> None:
    """As quickly as plain ones."""
    served = serve(PATIENT, server_context(*files))
    with TlsClient(served.port, trusting) as client:
        assert client.ask(head()).status == 200
        assert served.listener.stop(CLIENT_SECONDS)
        assert client.is_closed()
    served.forget()


def test_wrong_files_are_told(files: tuple[str, str], tmp_path: Path) -> None:
    """Which, and why."""
    other = tmp_path / "other.pem"
    trustme.CA().issue_cert("else.test").private_key_pem.write_to_path(other)
    with pytest.raises(BadUsage, match="no certificate and its key"):
        server_context(files[0], str(other))
    with pytest.raises(BadUsage, match="cannot be read"):
        server_context(files[0], str(tmp_path / "none.pem"))
    locked = tmp_path / "locked.pem"
    locked.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + "A" * 64 + "\n-----END ENCRYPTED PRIVATE KEY-----\n")
    with pytest.raises(BadUsage, match=r"password|no certificate"):
        server_context(files[0], str(locked))


def test_sockets_are_never_shut_above_their_encryption() -> None:
    """What `Line.cut` leans on: ssl's own shutdown would have a reader take ciphertext for requests."""
    assert ssl.SSLSocket.shutdown is not socket.socket.shutdown
