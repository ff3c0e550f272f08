"""Errors on the wire: codes, statuses, and the JSON that tells them (glacier-api 2.2 and 3)."""

from __future__ import annotations

import json
from http import HTTPStatus

from coldframe.errors import StoreError

CLIENT, SERVER = "Client", "Server"


class AuthenticationFault(StoreError):
    """The request does not prove who sent it."""


class ExpiredToken(AuthenticationFault):
    """The session of the key has ended."""

    code = "ExpiredTokenException"


class InvalidSignature(AuthenticationFault):
    """The signature, its date, its scope, or the hash of the body is wrong."""

    code = "InvalidSignatureException"


class MissingAuthenticationToken(AuthenticationFault):
    """The request is not signed."""

    code = "MissingAuthenticationTokenException"


class UnrecognizedClient(AuthenticationFault):
    """Nobody has that key."""

    code = "UnrecognizedClientException"


class BadRequest(StoreError):
    """The request cannot be processed at all."""

    code = "BadRequest"


class Serialization(StoreError):
    """The body is not well-formed JSON."""

    code = "SerializationException"


class UnknownOperation(StoreError):
    """No operation has that method and path."""

    code = "UnknownOperationException"


# glacier-api 3.2; every other code is 400, Client
_STATUSES: dict[str, int] = {
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "InsufficientCapacityException": 503,
    "InvalidSignatureException": 403,
    "RequestTimeoutException": 408,
    "ResourceNotFoundException": 404,
    "ServiceUnavailableException": 500,
    "UnknownOperationException": 404,
}


def status_of(code: str) -> int:
    """The HTTP status of an error code."""
    return _STATUSES.get(code, HTTPStatus.BAD_REQUEST)


def encode_fault(error: StoreError, request_id: str) -> bytes:
    """The error's JSON. What went wrong inside is nobody's business outside: only the request ID is told."""
    status = status_of(error.code)
    message = str(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        message = f"The service is unavailable at the moment. Request ID: {request_id}"
    kind = SERVER if status >= HTTPStatus.INTERNAL_SERVER_ERROR else CLIENT
    told = {"code": error.code, "message": message, "type": kind}
    if isinstance(error, AuthenticationFault):  # the original's authentication layer orders its keys so (2.2)
        told = {"message": message, "code": error.code, "type": kind}
    return json.dumps(told).encode("ascii")
