"""Who may speak at all: the errors of glacier-api 2.2, each with its status, its code and its words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from coldframe.wire.access import Key, KeyScope
from wire.signing import changed, hashes, send, signed, unsigned
from wire.world import ACCOUNT, KEY, make_face

if TYPE_CHECKING:
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock
    from coldframe.wire.http import Request
    from wire.world import FaceWorld

_NOT_THE_SAME = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_SEALED = Key(access_key_id="ASIASESSION", secret_access_key="s", account_id=ACCOUNT, session_token="token")


@pytest.fixture
def listing(clock: FakeClock) -> Request:
    """A simple request, not signed yet."""
    return unsigned("GET", "/-/vaults", at=clock.now())


def _told(world: FaceWorld, request: Request) -> tuple[int, str, str]:
    response, body = send(world.face, request)
    error = json.loads(body)
    assert response.header("Content-Type") == "application/json"
    return response.status, error["code"], error["message"]


def test_signed_request_is_answered(world: FaceWorld, listing: Request) -> None:
    """What is signed rightly is carried out."""
    response, body = send(world.face, signed(listing))
    assert (response.status, json.loads(body)) == (200, {"Marker": None, "VaultList": []})


def test_unsigned_request_is_refused(world: FaceWorld, listing: Request) -> None:
    """Without an Authorization header, or with a signature in the query, there is no authentication."""
    assert _told(world, listing)[:2] == (400, "MissingAuthenticationTokenException")
    presigned = replace(listing, query=b"X-Amz-Signature=00&X-Amz-Algorithm=AWS4-HMAC-SHA256")
    assert _told(world, presigned)[:2] == (400, "MissingAuthenticationTokenException")


def test_unknown_key_is_refused(world: FaceWorld, listing: Request) -> None:
    """A key that nobody has, and a session token that the key does not go with, are not recognised."""
    expected = (400, "UnrecognizedClientException", "The security token included in the request is invalid.")
    stranger = replace(KEY, access_key_id="AKIASTRANGER")
    assert _told(world, signed(listing, key=stranger)) == expected
    assert _told(world, signed(changed(listing, "x-amz-security-token", "token"))) == expected


def test_session_goes_with_its_token(service: VaultService, clock: FakeClock, listing: Request) -> None:
    """A temporary key works with its token, until it ends."""
    ends = replace(_SEALED, expires_at=clock.now() + timedelta(hours=1))
    world = make_face(service, clock=clock, keys=[ends])
    request = changed(listing, "x-amz-security-token", "token")
    assert send(world.face, signed(request, key=ends))[0].status == 200
    assert _told(world, signed(listing, key=ends))[1] == "UnrecognizedClientException"
    clock.advance(hours=1)
    later = changed(request, "x-amz-date", clock.now().strftime("%Y%m%dT%H%M%SZ"))
    assert _told(world, signed(later, key=ends)) == (
        403,
        "ExpiredTokenException",
        "The security token included in the request is expired",
    )


def test_wrong_signature_is_refused(world: FaceWorld, listing: Request) -> None:
    """Another secret makes another signature; the keys of the error stand in the order of that layer."""
    request = signed(listing, key=replace(KEY, secret_access_key="another"))
    assert _told(world, request) == (403, "InvalidSignatureException", _NOT_THE_SAME)
    assert list(json.loads(send(world.face, request)[1])) == ["message", "code", "type"]


@pytest.mark.parametrize(
    ("region", "service", "words"),
    [("elsewhere-1", "glacier", "valid region"), ("local", "s3", "correct service")],
)
def test_scope_is_checked(world: FaceWorld, listing: Request, region: str, service: str, words: str) -> None:
    """A signature for another region or another service is good for nothing here."""
    status, code, message = _told(world, signed(listing, region=region, service=service))
    assert (status, code) == (403, "InvalidSignatureException")
    assert message.startswith("Credential should be scoped to")
    assert words in message


def test_scope_has_the_date_of_the_request(world: FaceWorld, listing: Request, clock: FakeClock) -> None:
    """A key for another day does not sign a request of this one."""
    clock.set(datetime(2040, 1, 1, 0, 1, tzinfo=UTC))
    request = signed(changed(listing, "x-amz-date", "20391231T235900Z"))
    moved = changed(request, "x-amz-date", "20400101T000100Z")
    assert _told(world, moved)[:2] == (403, "InvalidSignatureException")
    assert "date" in _told(world, moved)[2].lower()


@pytest.mark.parametrize(("seconds", "is_taken"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_date_may_be_off_by_five_minutes(
    world: FaceWorld, listing: Request, clock: FakeClock, *, seconds: int, is_taken: bool
) -> None:
    """Five minutes either way, to the second, as the clock says when the head arrives."""
    at = clock.now() + timedelta(seconds=seconds)
    request = signed(changed(listing, "x-amz-date", at.strftime("%Y%m%dT%H%M%SZ")))
    assert (send(world.face, request)[0].status == 200) is is_taken


def test_wrong_dates_are_told_in_the_originals_words(world: FaceWorld, listing: Request) -> None:
    """Too old and too new, each with both moments; the fake clock says 2040-01-01 00:00."""
    early = signed(changed(listing, "x-amz-date", "20391231T235459Z"))
    assert _told(world, early)[2] == (
        "Signature expired: 20391231T235459Z is now earlier than 20391231T235500Z (20400101T000000Z - 5 min.)"
    )
    late = signed(changed(listing, "x-amz-date", "20400101T000501Z"))
    assert _told(world, late)[2] == (
        "Signature not yet current: 20400101T000501Z is still later than 20400101T000500Z (20400101T000000Z + 5 min.)"
    )


def test_date_header_serves_as_well(world: FaceWorld, listing: Request, clock: FakeClock) -> None:
    """Without x-amz-date the Date header counts, in basic form or in that of mail, if it is signed."""
    basic = changed(changed(listing, "x-amz-date"), "Date", clock.now().strftime("%Y%m%dT%H%M%SZ"))
    assert send(world.face, signed(basic))[0].status == 200
    mail = changed(basic, "Date", format_datetime(clock.now(), usegmt=True))
    assert send(world.face, signed(mail, at=clock.now()))[0].status == 200
    request = signed(basic)
    bare = changed(request, "Authorization", request.header(b"authorization").replace("date;", ""))
    assert _told(world, bare)[:2] == (403, "InvalidSignatureException")


@pytest.mark.parametrize("date", ["", "yesterday", "20401301T000000Z", "2040-01-01T00:00:00Z", "20400101T00000\u0660Z"])
def test_date_must_be_one(world: FaceWorld, listing: Request, clock: FakeClock, date: str) -> None:
    """What is no moment is no date, digits of other alphabets included."""
    request = signed(changed(listing, "x-amz-date", date), at=clock.now())
    assert _told(world, request)[:2] == (403, "InvalidSignatureException")


@pytest.mark.parametrize("name", ["Host", "x-amz-glacier-version", "x-amz-date", "x-amz-archive-description"])
def test_header_that_counts_must_be_signed(world: FaceWorld, clock: FakeClock, name: str) -> None:
    """The host, the date, and every x-amz-* header that is sent."""
    request = unsigned("PUT", "/-/vaults/v", at=clock.now(), headers={"x-amz-archive-description": "M33"})
    assert send(world.face, signed(request))[0].status == 201
    assert _told(world, signed(request, leave_out={name.lower()}))[:2] == (403, "InvalidSignatureException")


def test_signed_header_must_be_sent(world: FaceWorld, listing: Request) -> None:
    """A name in the list without a header of that name."""
    request = signed(changed(listing, "x-amz-anything", ""))
    assert send(world.face, request)[0].status == 200
    assert _told(world, changed(request, "x-amz-anything"))[:2] == (403, "InvalidSignatureException")


@pytest.mark.parametrize(
    "name", ["Authorization", "Host", "x-amz-date", "x-amz-glacier-version", "x-amz-content-sha256"]
)
def test_header_that_counts_comes_once(world: FaceWorld, clock: FakeClock, name: str) -> None:
    """Doubles are refused, also with the same value and in another case."""
    request = signed(unsigned("PUT", "/-/vaults/v", at=clock.now(), headers=hashes(b"")))
    doubled = replace(
        request, headers=[*request.headers, (name.swapcase().encode(), request.header(name.lower().encode()).encode())]
    )
    assert _told(world, doubled)[:2] == (403, "InvalidSignatureException")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("AWS4-HMAC-SHA256", "aws4-hmac-sha256"),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"),
        ("AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256"),
        ("Credential", "credential"),
        ("Credential=", "Credential=x, Credential="),
        ("aws4_request", "aws3_request"),
        ("/local/", "/local/local/"),
        ("host;", "Host;"),
        ("host;x-amz-date", "x-amz-date;host"),
        ("host;", "host;host;"),
        ("host;", "host;;"),
        ("Signature=", "Signature=0"),
        ("Signature=", "Signature=G"),
        (", Signature", ", More=1, Signature"),
        ("AKIDEXAMPLE", "AKIDEXAMPL\u00c9"),
    ],
)
def test_authorization_is_read_strictly(world: FaceWorld, listing: Request, old: str, new: str) -> None:
    """One form, and no other: no other case, order, field or algorithm."""
    request = signed(listing)
    text = request.header(b"authorization")
    assert old in text
    assert _told(world, changed(request, "Authorization", text.replace(old, new, 1)))[:2] == (
        403,
        "InvalidSignatureException",
    )


def test_authorization_may_go_without_blanks(world: FaceWorld, listing: Request) -> None:
    """Its commas may stand with or without a blank."""
    request = signed(listing)
    tight = changed(request, "Authorization", request.header(b"authorization").replace(", ", ","))
    assert send(world.face, tight)[0].status == 200


def test_signature_ignores_runs_of_blanks_and_the_store_keeps_them(world: FaceWorld, clock: FakeClock) -> None:
    """Blanks are collapsed for the signature alone (glacier-api 2.1)."""
    world.store.create_vault("v")
    headers = {"x-amz-archive-description": "a   b", "x-amz-part-size": "1048576"}
    request = signed(unsigned("POST", "/-/vaults/v/multipart-uploads", at=clock.now(), headers=headers))
    assert send(world.face, request)[0].status == 201
    assert world.store.list_multipart_uploads("v").items[0].description == "a   b"


def test_description_beyond_ascii_is_a_wrong_signature(world: FaceWorld, clock: FakeClock) -> None:
    """As the original answers (glacier-api 2.1)."""
    world.store.create_vault("v")
    headers = {"x-amz-archive-description": "\u00e4", "x-amz-part-size": "1048576"}
    request = signed(unsigned("POST", "/-/vaults/v/multipart-uploads", at=clock.now(), headers=headers))
    assert _told(world, request) == (403, "InvalidSignatureException", _NOT_THE_SAME)


def test_body_must_be_the_one_that_was_signed(world: FaceWorld, clock: FakeClock) -> None:
    """A JSON body that differs from its hash is refused in the original's words, as UNSIGNED-PAYLOAD is."""
    world.store.create_vault("v")
    body = b'{"TagKeys": ["a"]}'
    for sent in (hashes(b"another")["x-amz-content-sha256"], "UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"):
        headers = {"x-amz-content-sha256": sent}
        request = unsigned("POST", "/-/vaults/v/tags?operation=remove", at=clock.now(), headers=headers, body=body)
        computed = hashes(body)["x-amz-content-sha256"]
        words = "The value passed in as x-amz-content-sha256 does not match the computed payload hash. "
        words += f"Computed digest: {computed} expected hash: {sent}"
        assert _told(world, signed(request)) == (403, "InvalidSignatureException", words)


def test_version_is_asked_for_after_the_signature(world: FaceWorld, listing: Request) -> None:
    """A request without the API version, or with another one, must still be signed rightly first."""
    missing = signed(changed(listing, "x-amz-glacier-version"))
    assert _told(world, missing) == (400, "MissingParameterValueException", "Required parameter missing: API version")
    other = signed(changed(listing, "x-amz-glacier-version", "2011-01-01"))
    assert _told(world, other) == (400, "InvalidParameterValueException", "Invalid API version: 2011-01-01")
    stranger = replace(KEY, secret_access_key="another")
    unversioned = signed(changed(listing, "x-amz-glacier-version"), key=stranger)
    assert _told(world, unversioned)[1] == "InvalidSignatureException"


def test_foreign_account_is_refused(world: FaceWorld, clock: FakeClock) -> None:
    """Another account's number, and what is no number, are denied alike, whether the account is there or not."""
    for account in ("123456789012", "0", "000000000000x", "--"):
        request = signed(unsigned("GET", f"/{account}/vaults/v", at=clock.now()))
        assert _told(world, request) == (403, "AccessDeniedException", f"Access denied for account ID: {account}")


@pytest.mark.parametrize(
    ("scope", "method", "target", "is_allowed"),
    [
        (KeyScope.READ_ONLY, "GET", "/-/vaults", True),
        (KeyScope.READ_ONLY, "PUT", "/-/vaults/w", False),
        (KeyScope.READ_ONLY, "DELETE", "/-/vaults/w", False),
        (KeyScope.NO_DELETE, "PUT", "/-/vaults/w", True),
        (KeyScope.NO_DELETE, "DELETE", "/-/vaults/w", False),
        (KeyScope.NO_DELETE, "DELETE", "/-/vaults/w/lock-policy", False),
        (KeyScope.FULL, "DELETE", "/-/vaults/w", True),
    ],
)
def test_key_has_a_scope(
    service: VaultService, clock: FakeClock, *, scope: KeyScope, method: str, target: str, is_allowed: bool
) -> None:
    """A read-only key changes nothing, and a no-delete key takes nothing away."""
    key = replace(KEY, scope=scope)
    world = make_face(service, clock=clock, keys=[key])
    response, body = send(world.face, signed(unsigned(method, target, at=clock.now()), key=key))
    assert (response.status < 300) is is_allowed
    assert is_allowed or json.loads(body)["code"] == "AccessDeniedException"


def test_secrets_do_not_show(world: FaceWorld) -> None:
    """A key that is printed shows neither its secret nor its token."""
    assert KEY.secret_access_key not in repr(KEY)
    assert "token" not in repr(_SEALED).replace("session_token", "")
    assert world.lines == []
