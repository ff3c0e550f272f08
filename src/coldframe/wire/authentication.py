"""Who sent a request: the Authorization header read strictly, and the signature recomputed (glacier-api 2)."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.wire.access import Key
from coldframe.wire.faults import (
    ExpiredToken,
    InvalidSignature,
    MissingAuthenticationToken,
    UnrecognizedClient,
)
from coldframe.wire.signature import ALGORITHM, TERMINATOR, Scope, canonical_request, sign, string_to_sign

if TYPE_CHECKING:
    from coldframe.wire.access import Keyring
    from coldframe.wire.http import Request

SERVICE = "glacier"
SKEW = timedelta(minutes=5)
"""How far a request's date may be from our clock, either way; the original's window, narrower than that of S3."""
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_BASIC = re.compile(rb"[0-9]{8}T[0-9]{6}Z")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_CREDENTIAL = re.compile(r"([^/ ]{1,128})/([0-9]{8})/([^/ ]{1,64})/([^/ ]{1,64})/([^/ ]{1,64})")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_FIELDS = {"Credential", "SignedHeaders", "Signature"}
_SINGLE = frozenset({b"authorization", b"host", b"date", b"content-length", b"content-range", b"range"})
"""Headers that decide something: whoever sends one of them, or an `x-amz-*` header, twice is refused."""
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_UNKNOWN = Key(access_key_id="", secret_access_key="no such key", account_id="")  # noqa: S106 - nobody's secret
"""Stands in for a key that is not there, so that asking for one takes as long as signing wrongly."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What an Authorization header says."""

    access_key_id: str
    scope: Scope
    signed: tuple[str, ...]
    signature: str


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Verifies requests signed for one region. See :meth:`claim`, :meth:`verify`."""

    keyring: Keyring
    region: str

    def claim(self, request: Request, now: datetime) -> tuple[Claim, datetime]:
        """What the request says about its sender, and when it says that it was signed.

        All that the head alone can show wrong is refused here; `now` is the moment at which the head arrived.

        Raises:
            MissingAuthenticationToken: It is not signed.
            InvalidSignature: It is signed too early, too late, for something else, or not all of it.
        """
        _refuse_doubles(request)
        claim = read_authorization(request)
        signed_at = _signed_at(request, claim)
        _require_signed(request, claim)
        self._require_scope(claim.scope, signed_at)
        _require_near(signed_at, now)
        return claim, signed_at

    def verify(self, request: Request, claim: Claim, *, signed_at: datetime, payload_hash: str, now: datetime) -> Key:
        """The key that signed the request, whose body has `payload_hash`, or says so.

        Raises:
            InvalidSignature: It is another signature.
            UnrecognizedClient: Nobody has the key or the session.
            ExpiredToken: The key has ended.
        """
        key = self.keyring.find(claim.access_key_id)
        canonical = canonical_request(
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.headers,
            signed=claim.signed,
            payload_hash=payload_hash,
        )
        text = string_to_sign(timestamp=signed_at.strftime(_TIMESTAMP), scope=claim.scope, canonical=canonical)
        expected = sign((key or _UNKNOWN).secret_access_key, claim.scope, text)
        is_same = hmac.compare_digest(expected, claim.signature)
        if key is None or not _has_session(request, key):
            raise UnrecognizedClient("The security token included in the request is invalid.")
        if not is_same:
            raise InvalidSignature(_MISMATCH)
        if key.expires_at is not None and key.expires_at <= now:
            raise ExpiredToken("The security token included in the request is expired")
        return key

    def _require_scope(self, scope: Scope, signed_at: datetime) -> None:
        if scope.service != SERVICE:
            raise InvalidSignature(f"Credential should be scoped to correct service: '{SERVICE}'.")
        if scope.region != self.region:
            raise InvalidSignature(
                f"Credential should be scoped to a valid region. This service is in '{self.region}'."
            )
        if scope.date != signed_at.strftime("%Y%m%d"):
            raise InvalidSignature("Date in Credential scope does not match the date of the request.")


def read_authorization(request: Request) -> Claim:
    """The one Authorization header, taken apart; anything unusual in it is refused."""
    values = request.all(b"authorization")
    if not values:
        raise MissingAuthenticationToken("Request is missing Authentication Token")
    algorithm, _, rest = _ascii(values[0]).partition(" ")
    fields = [field.strip(" ").partition("=") for field in rest.split(",")]
    found = {name: value for name, _, value in fields}
    if algorithm != ALGORITHM or len(fields) != len(_FIELDS) or set(found) != _FIELDS:
        raise InvalidSignature(f"The Authorization header must read: {ALGORITHM} Credential, SignedHeaders, Signature.")
    credential = _CREDENTIAL.fullmatch(found["Credential"])
    if credential is None or credential[5] != TERMINATOR:
        raise InvalidSignature("Credential must read: <access key ID>/<date>/<region>/glacier/aws4_request.")
    if not _SIGNATURE.fullmatch(found["Signature"]):
        raise InvalidSignature(_MISMATCH)
    signed = tuple(found["SignedHeaders"].split(";"))
    if list(signed) != sorted(set(signed)) or not all(_HEADER_NAME.fullmatch(name) for name in signed):
        raise InvalidSignature("SignedHeaders must name headers in lower case, sorted, each once.")
    return Claim(credential[1], Scope(credential[2], credential[3], credential[4]), signed, found["Signature"])


def require_payload_hash(sent: str, computed: str) -> None:
    """The body must be the one whose hash was signed."""
    if not hmac.compare_digest(sent.lower().encode(), computed.encode()):
        raise InvalidSignature(
            "The value passed in as x-amz-content-sha256 does not match the computed payload hash. "
            f"Computed digest: {computed} expected hash: {sent}"
        )


def require_hash(sent: str) -> None:
    """The hash of a body that is still to come must at least be one: `UNSIGNED-PAYLOAD` is not offered."""
    if not _SIGNATURE.fullmatch(sent.lower()):
        raise InvalidSignature(
            f"The value passed in as x-amz-content-sha256 does not match the computed payload hash. Not a hash: {sent}"
        )


def hash_payload(body: bytes) -> str:
    """The linear SHA-256 of a body in memory, in hex."""
    return sha256(body).hexdigest()


def _refuse_doubles(request: Request) -> None:
    for name in request.names:
        if len(request.all(name)) > 1 and (name in _SINGLE or name.startswith(b"x-amz-")):
            raise InvalidSignature(f"The header {name.decode('latin-1')} was sent more than once.")


def _signed_at(request: Request, claim: Claim) -> datetime:
    """The request's date: `x-amz-date`, or else `Date`, which must be signed."""
    name = b"x-amz-date" if request.all(b"x-amz-date") else b"date"
    values = request.all(name)
    if not values or name.decode() not in claim.signed:
        raise InvalidSignature("The request must be signed with a date: x-amz-date or Date.")
    try:
        if _BASIC.fullmatch(values[0]):
            return datetime.strptime(values[0].decode(), _TIMESTAMP).replace(tzinfo=UTC)
        if name == b"date":
            return parsedate_to_datetime(_ascii(values[0])).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # told below
    raise InvalidSignature(f"The date is not one: {values[0].decode('ascii', 'replace')}")


def _require_signed(request: Request, claim: Claim) -> None:
    """The host and every `x-amz-*` header sent must be signed, and every signed header sent, in ASCII."""
    needed = {b"host"} | {name for name in request.names if name.startswith(b"x-amz-")}
    missing = sorted(needed - {name.encode() for name in claim.signed})
    if missing:
        raise InvalidSignature(f"The header {missing[0].decode('latin-1')} must be signed.")
    for name in claim.signed:
        if name.encode() not in request.names:
            raise InvalidSignature(f"The signed header {name} was not sent.")
        if not all(value.isascii() for value in request.all(name.encode())):
            raise InvalidSignature(_MISMATCH)


def _require_near(signed_at: datetime, now: datetime) -> None:
    text, now_text = signed_at.strftime(_TIMESTAMP), now.strftime(_TIMESTAMP)
    earliest, latest = now - SKEW, now + SKEW
    if signed_at < earliest:
        limit = earliest.strftime(_TIMESTAMP)
        raise InvalidSignature(f"Signature expired: {text} is now earlier than {limit} ({now_text} - 5 min.)")
    if signed_at > latest:
        limit = latest.strftime(_TIMESTAMP)
        raise InvalidSignature(f"Signature not yet current: {text} is still later than {limit} ({now_text} + 5 min.)")


def _has_session(request: Request, key: Key) -> bool:
    sent = b"".join(request.all(b"x-amz-security-token"))
    return hmac.compare_digest(sent, (key.session_token or "").encode())


def _ascii(value: bytes) -> str:
    try:
        return value.decode("ascii")
    except UnicodeDecodeError as error:
        raise InvalidSignature(_MISMATCH) from error
