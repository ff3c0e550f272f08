"""Requests as a client signs and sends them, to be taken apart."""

from __future__ import annotations

import io
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.tree_hash import tree_hash
from coldframe.wire.http import Request
from coldframe.wire.signature import Scope, canonical_request, sign, string_to_sign
from wire.world import KEY, REGION

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from coldframe.wire.access import Key
    from coldframe.wire.face import Face
    from coldframe.wire.http import Response

_TIMESTAMP = "%Y%m%dT%H%M%SZ"


def unsigned(
    method: str, target: str, *, at: datetime, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Request:
    """A request with the common headers, before it is signed."""
    path, _, query = target.encode().partition(b"?")
    common = {
        "Host": "glacier.local.test",
        "x-amz-date": at.strftime(_TIMESTAMP),
        "x-amz-glacier-version": "2012-06-01",
        **({"Content-Length": str(len(body))} if body or method in {"POST", "PUT"} else {}),
    }
    pairs = [(name.encode(), value.encode()) for name, value in {**common, **(headers or {})}.items()]
    return Request(method=method, path=path, query=query, headers=pairs, body=io.BytesIO(body), peer="192.0.2.7")


def signed(
    request: Request,
    *,
    key: Key = KEY,
    region: str = REGION,
    service: str = "glacier",
    at: datetime | None = None,
    leave_out: Collection[str] = (),
) -> Request:
    """The request with an Authorization header over all that must be signed; its body is read for the hash.

    `at` is the moment of the signature, where the headers do not hold it in basic form.
    """
    names = {name.decode().lower() for name, _ in request.headers} - set(leave_out)
    covered = sorted(name for name in names if name.startswith("x-amz-") or name in {"host", "date", "range"})
    told = request.header(b"x-amz-date") or request.header(b"date")
    timestamp = told if at is None else at.strftime(_TIMESTAMP)
    body = request.body.read(1 << 30)
    payload_hash = request.header(b"x-amz-content-sha256") or sha256(body).hexdigest()
    canonical = canonical_request(
        method=request.method,
        path=request.path,
        query=request.query,
        headers=request.headers,
        signed=covered,
        payload_hash=payload_hash,
    )
    scope = Scope(timestamp[:8], region, service)
    signature = sign(
        key.secret_access_key, scope, string_to_sign(timestamp=timestamp, scope=scope, canonical=canonical)
    )
    text = f"AWS4-HMAC-SHA256 Credential={key.access_key_id}/{scope}, SignedHeaders={';'.join(covered)}, Signature="
    headers = [*request.headers, (b"Authorization", f"{text}{signature}".encode())]
    return replace(request, headers=headers, body=io.BytesIO(bytes(body)))


def hashes(body: bytes) -> dict[str, str]:
    """The two headers of an upload."""
    return {"x-amz-content-sha256": sha256(body).hexdigest(), "x-amz-sha256-tree-hash": tree_hash(body)}


def changed(request: Request, name: str, *values: str) -> Request:
    """The request with these values of a header, instead of those that it has; none takes the header away."""
    kept = [(key, value) for key, value in request.headers if key.lower() != name.encode().lower()]
    return replace(request, headers=[*kept, *((name.encode(), value.encode()) for value in values)])


def send(face: Face, request: Request) -> tuple[Response, bytes]:
    """The response, and its body, read whole."""
    response = face.handle(request)
    try:
        return response, b"".join(bytes(buffer) for buffer in response.body)
    finally:
        response.close()
