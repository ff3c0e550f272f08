"""Requests that were changed on their way are refused, and change nothing (reliability A2)."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import pytest

from wire.signing import hashes, send, signed, unsigned

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.testing.clock import FakeClock
    from coldframe.wire.http import Request
    from wire.world import FaceWorld

_COUNT = 20_000
_BODY = b"a light of 180 seconds"
_UNSIGNED = {b"content-length"}


@pytest.fixture
def originals(world: FaceWorld, clock: FakeClock) -> list[Request]:
    """Requests of several kinds, each of which the face carries out as it is."""
    at = clock.now()
    marker = "arn%3Aaws%3Aglacier%3Alocal%3A000000000000%3Avaults%2Fv"
    description = {"x-amz-archive-description": "M33 Blue 180s"}
    drafts = [
        unsigned("PUT", "/-/vaults/v", at=at),
        unsigned("GET", f"/-/vaults?limit=5&marker={marker}", at=at),
        unsigned("POST", "/-/vaults/v/archives", at=at, headers={**hashes(_BODY), **description}, body=_BODY),
        unsigned("POST", "/-/vaults/v/tags?operation=add", at=at, body=b'{"Tags": {"telescope": "RC8"}}'),
        unsigned("POST", "/-/vaults/v/multipart-uploads", at=at, headers={"x-amz-part-size": "1048576"}),
        unsigned("DELETE", "/000000000000/vaults/gone", at=at),
    ]
    requests = [signed(draft) for draft in drafts]
    for request in requests:
        response, told = send(world.face, _fresh(request))
        assert response.status < 300, told
    return requests


@pytest.mark.slow
def test_tampered_requests_are_refused(world: FaceWorld, originals: list[Request]) -> None:
    """20,000 requests with something changed, added, doubled or left out: none is carried out."""
    before = (world.store.describe_vault("v"), world.store.list_tags_for_vault("v"))
    chance = random.Random(33)
    refused = 0
    while refused < _COUNT:
        original = chance.choice(originals)
        mutant = chance.choice(_MUTATIONS)(original, chance)
        if _meaning(mutant) == _meaning(original):
            continue
        response, told = send(world.face, mutant)
        assert 400 <= response.status < 500, f"{mutant.headers} {_body(mutant)!r} {told!r}"
        refused += 1
    assert (world.store.describe_vault("v"), world.store.list_tags_for_vault("v")) == before
    assert [vault.vault_name for vault in world.store.list_vaults().items] == ["v"]
    assert len(world.store.list_multipart_uploads("v").items) == 1
    assert world.lines == []


def _fresh(request: Request) -> Request:
    """The request with its body to be read again."""
    return replace(request, body=io.BytesIO(_body(request)))


def _body(request: Request) -> bytes:
    assert isinstance(request.body, io.BytesIO)
    return request.body.getvalue()


def _meaning(request: Request) -> object:
    """All that decides what a request does; blanks and the case of names mean nothing, nor a missing length of 0."""
    query = sorted(
        (unquote_to_bytes(name), unquote_to_bytes(value))
        for name, _, value in (pair.partition(b"=") for pair in request.query.split(b"&") if pair)
    )
    lengths = [(b"content-length", b""), (b"content-length", b"0")]
    pairs = [(name.lower(), b" ".join(value.split())) for name, value in request.headers]
    headers = sorted(pair for pair in pairs if pair not in lengths)
    plain = [(name, value.replace(b" ", b"") if name == b"authorization" else value) for name, value in headers]
    return request.method, request.path, query, plain, _body(request)


def _mutate(data: bytes, chance: random.Random) -> bytes:
    """The bytes with one replaced, inserted, taken out, or two swapped."""
    at = chance.randrange(len(data) + 1)
    extra = bytes([chance.randrange(256)])
    return chance.choice(
        [
            data[:at] + extra + data[at + 1 :],
            data[:at] + extra + data[at:],
            data[:at] + data[at + 1 :],
            data[:at] + data[at : at + 2][::-1] + data[at + 2 :],
        ]
    )


def _change_value(request: Request, chance: random.Random) -> Request:
    headers = list(request.headers)
    at = chance.randrange(len(headers))
    name, value = headers[at]
    headers[at] = (name, _mutate(value, chance).strip(b" \t"))
    if name.lower() in _UNSIGNED and _number(headers[at][1]) == _number(value):
        return request  # a zero more before the number
    return replace(_fresh(request), headers=headers)


def _number(value: bytes) -> int | None:
    return int(value) if value.isdigit() and value.isascii() else None


def _change_name(request: Request, chance: random.Random) -> Request:
    headers = list(request.headers)
    signed_ones = [at for at, (name, _) in enumerate(headers) if name.lower() not in _UNSIGNED]
    at = chance.choice(signed_ones)
    headers[at] = (_mutate(headers[at][0], chance), headers[at][1])
    return replace(_fresh(request), headers=headers)


def _drop(request: Request, chance: random.Random) -> Request:
    at = chance.randrange(len(request.headers))
    return replace(_fresh(request), headers=[pair for place, pair in enumerate(request.headers) if place != at])


def _double(request: Request, chance: random.Random) -> Request:
    name, value = chance.choice(list(request.headers))
    return replace(_fresh(request), headers=[*request.headers, (name, chance.choice([value, _mutate(value, chance)]))])


def _add(request: Request, chance: random.Random) -> Request:
    name = chance.choice([b"x-amz-archive-size", b"X-Amz-Part-Size", b"x-amz-sha256-tree-hash", b"x-amz-anything"])
    return replace(_fresh(request), headers=[*request.headers, (name, b"1048576")])


def _change_method(request: Request, chance: random.Random) -> Request:
    return replace(_fresh(request), method=chance.choice(["GET", "PUT", "POST", "DELETE", "HEAD", "get", ""]))


def _change_path(request: Request, chance: random.Random) -> Request:
    return replace(_fresh(request), path=_mutate(request.path, chance))


def _change_query(request: Request, chance: random.Random) -> Request:
    return replace(_fresh(request), query=_mutate(request.query, chance))


def _change_body(request: Request, chance: random.Random) -> Request:
    body = _mutate(_body(request), chance)
    if _body(request)[: len(body)] == body[: len(_body(request))]:
        return request  # bytes after the end are not part of the request
    return replace(request, body=io.BytesIO(body))


_MUTATIONS: list[Callable[[Request, random.Random], Request]] = [
    _change_value,
    _change_value,
    _change_value,
    _change_name,
    _drop,
    _double,
    _add,
    _change_method,
    _change_path,
    _change_path,
    _change_query,
    _change_body,
]
