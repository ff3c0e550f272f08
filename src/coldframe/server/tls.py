"""Encryption: TLS 1.2 or later, by a certificate and its key (reliability H11)."""

from __future__ import annotations

import ssl

from coldframe.errors import BadUsage


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """What a listener encrypts with.

    Args:
        certificate: A PEM file: the certificate, then those that lead to a known authority.
        key: A PEM file with the certificate's private key, without a password.

    Raises:
        BadUsage: A file cannot be read, is none of these, or the two do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        raise BadUsage(
            f"{certificate} and {key} are no certificate and its key in PEM form: {error.reason or 'unreadable'}."
        ) from error
    except ValueError as error:
        raise BadUsage(f"The key in {key} has a password; write one without, readable by this user alone.") from error
    except OSError as error:
        raise BadUsage(f"{certificate} or {key} cannot be read: {error.strerror}.") from error
    return context


def _no_password() -> str:
    raise ValueError
