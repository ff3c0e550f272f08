"""Signatures against the official vectors, and the reference's own two (glacier-api 2.3; reliability A1)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from coldframe.wire.signature import Scope, canonical_request, sign, string_to_sign
from wire.vectors import NoIndex, load_vectors

if TYPE_CHECKING:
    from wire.vectors import Vector

_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
_SCOPE = Scope("20150830", "us-east-1", "service")
_TIMESTAMP = "20150830T123600Z"
_COUNT = 34

_GLACIER_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
_HOST = (b"Host", b"glacier.us-east-1.amazonaws.com")
_VERSION = (b"x-amz-glacier-version", b"2012-06-01")


@pytest.fixture(scope="module")
def vectors() -> list[Vector]:
    """The suite of the installed botocore."""
    try:
        return load_vectors()
    except NoIndex as error:
        pytest.skip(f"no package index, so no vectors: {error}")


def test_vectors_are_signed_alike(vectors: list[Vector]) -> None:
    """All 34 vectors give the canonical request, the string to sign and the signature of the suite."""
    assert len(vectors) == _COUNT
    for vector in vectors:
        path, query = vector.target
        signed = vector.authz.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        canonical = canonical_request(
            method=vector.method,
            path=path,
            query=query,
            headers=vector.headers,
            signed=signed,
            payload_hash=sha256(vector.body).hexdigest(),
        )
        assert canonical == vector.creq, vector.name
        text = string_to_sign(timestamp=_TIMESTAMP, scope=_SCOPE, canonical=canonical)
        assert text == vector.sts, vector.name
        assert vector.authz.endswith(f"Signature={sign(_SECRET, _SCOPE, text)}"), vector.name


def _signature(method: str, path: bytes, date: str, extra: list[tuple[bytes, bytes]], payload_hash: str) -> str:
    headers = [_HOST, _VERSION, (b"x-amz-date", date.encode()), *extra]
    canonical = canonical_request(
        method=method,
        path=path,
        query=b"",
        headers=headers,
        signed=sorted(name.decode().lower() for name, _ in headers),
        payload_hash=payload_hash,
    )
    scope = Scope(date[:8], "us-east-1", "glacier")
    return sign(_GLACIER_SECRET, scope, string_to_sign(timestamp=date, scope=scope, canonical=canonical))


def test_reference_create_vault_is_signed_alike() -> None:
    """The guide's CreateVault has the signature that the guide prints."""
    found = _signature("PUT", b"/-/vaults/examplevault", "20120525T002453Z", [], sha256(b"").hexdigest())
    assert found == "3ce5b2f2fffac9262b4da9256f8d086b4aaf42eba5f111c21681a65a127b7c2a"


def test_reference_upload_is_signed_alike() -> None:
    """The guide's streaming upload, with the path and the body that its signature was made with."""
    payload_hash = sha256(b"Welcome to Amazon Glacier.").hexdigest()
    extra = [(b"x-amz-content-sha256", payload_hash.encode())]
    found = _signature("POST", b"/-/vaults/examplevault/archives", "20120507T000000Z", extra, payload_hash)
    assert found == "b092397439375d59119072764a1e9a144677c43d9906fd98a5742c57a2855de6"
    as_printed = _signature("POST", b"/-/vaults/examplevault", "20120507T000000Z", extra, payload_hash)
    assert as_printed == "e8ba379a747bc294584102fd2430f7a563696740882e149c87b15754e7c10a89"
