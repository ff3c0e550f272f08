"""From botocore's exceptions to ours, once: what went wrong, and what to do about it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from coldframe.errors import (
    BadUsage,
    CredentialsProblem,
    InvalidParameterValue,
    NoLongerSupported,
    ServiceUnavailable,
    StoreError,
    StoreUnreachable,
    Throttled,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coldframe.errors import ColdframeError

_KEYS_HELP = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a profile with AWS_PROFILE, or run `aws configure`."
)
_UNKNOWN_KEY = "{url} does not know the access key. " + _KEYS_HELP
_EXPIRED = "The session for {url} has expired. Get new credentials, for example with `aws sso login`."
_UNSIGNED = "{url} wants signed requests. " + _KEYS_HELP
_WRONG_SIGNATURE = "{url} refuses the signature: the secret access key is wrong. " + _KEYS_HELP

_CREDENTIALS = {
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "IncompleteSignatureException": _UNSIGNED,
    "InvalidAccessKeyId": _UNKNOWN_KEY,
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "InvalidSignatureException": _WRONG_SIGNATURE,
    "MissingAuthenticationTokenException": _UNSIGNED,
    "SignatureDoesNotMatch": _WRONG_SIGNATURE,
    "UnrecognizedClientException": _UNKNOWN_KEY,
}
"""What a store says about credentials, and what we make of it."""

_SIGNATURES = {
    "Signature expired": "This machine's clock is wrong by more than 5 minutes. Set it. {url} says: {message}",
    "Signature not yet current": "This machine's clock is wrong by more than 5 minutes. Set it. {url} says: {message}",
    "Credential should be scoped": "The region is wrong. Set AWS_REGION, or add ?region=… to {url}. It says: {message}",
}
"""How the messages of wrong signatures begin whose reason is known."""

_NEW_CUSTOMER = frozenset({NoLongerSupported.code, "OptInRequired", "SubscriptionRequiredException"})
"""What Amazon says to an account that is too new for its vaults, or was never signed up for them."""

_BUSY = frozenset({"RequestLimitExceeded", "SlowDown", "Throttling", "TooManyRequestsException"})
_LIBRARY = re.compile(r"^\[.*?\] | \(_ssl\.c:\d+\)$")
"""What the encryption's own messages begin and end with."""
_DAMAGED = "x-amz-content-sha256 does not match"
_SERVER_ERROR = 500


def _by_code(root: type[StoreError]) -> dict[str, type[StoreError]]:
    """Every error of the port by its code; of several with one code the most general."""
    found: dict[str, type[StoreError]] = {}
    for kind in root.__subclasses__():
        found |= _by_code(kind)
    return {**found, root.code: root}


_CLASSES = {**_by_code(StoreError), ServiceUnavailable.code: ServiceUnavailable}


@contextmanager
def translated(url: str) -> Iterator[None]:
    """The border: whatever botocore raises while something is asked of the store of that URL becomes ours, once."""
    try:
        yield
    except Exception as error:
        ours = translate(error, url)
        if ours is error:
            raise
        raise ours from error


def translate(error: Exception, url: str) -> Exception:
    """The error to raise in place of one of botocore's; another one is answered as it is."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - heavy, and loaded already by now

    if isinstance(error, ClientError):
        return _answered(error.response, url)
    if isinstance(error, BotoCoreError):
        return _unanswered(error, url)
    return error


def _answered(response: Mapping[str, Any], url: str) -> ColdframeError:
    """The error that a store answered with."""
    told = response.get("Error", {})
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    if _DAMAGED in message:
        return StoreUnreachable(f"The bytes that {url} received are not the bytes that were sent: {message}")
    if code in _CREDENTIALS:
        texts = (text for start, text in _SIGNATURES.items() if message.startswith(start))
        return CredentialsProblem(next(texts, _CREDENTIALS[code]).format(url=url, message=message))
    if code in _NEW_CUSTOMER:
        return NoLongerSupported(
            "Amazon closed its vaults to new customers on 15 December 2025 and refuses this account. "
            "Use a folder or a coldframe server as the store, or an account that had vaults before."
        )
    known: type[StoreError] | None = Throttled if code in _BUSY else _CLASSES.get(code)
    if known is not None:
        return known(message or code)
    return _answered_otherwise(response, code, url)


def _answered_otherwise(response: Mapping[str, Any], code: str, url: str) -> ColdframeError:
    """The error of an answer that the protocol does not know: half of one, a proxy's, or another server's."""
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    kind = ServiceUnavailable if status >= _SERVER_ERROR else StoreError
    if code not in {"", str(status)}:
        return kind(f"{url} answered {status} {code}: {response['Error'].get('Message', '')}")
    if _is_cut(response):
        return StoreUnreachable(f"{url} broke off while it answered HTTP {status}.")
    return kind(f"{url} answered HTTP {status}, and not as a Glacier endpoint does. Is the address right?")


def _is_cut(response: Mapping[str, Any]) -> bool:
    """Whether an error that has no code is what is left of one: its head has no end, or its JSON."""
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    has_length = "content-length" in headers or "transfer-encoding" in headers
    return not has_length or headers.get("content-type") == "application/json"


def _unanswered(error: Any, url: str) -> ColdframeError:
    """The error of a request that was not answered: the first row that fits decides."""
    from botocore import exceptions as boto  # noqa: PLC0415 - as above

    rows: tuple[tuple[tuple[type[Exception], ...], type[ColdframeError], str], ...] = (
        (
            (boto.TokenRetrievalError, boto.SSOError, boto.LoginError),
            CredentialsProblem,
            "The sign-in for {url} has ended: {error} Sign in again with `aws sso login`.",
        ),
        (
            (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError),
            CredentialsProblem,
            "There are no credentials for {url}: {error}. " + _KEYS_HELP,
        ),
        (
            (boto.NoRegionError, boto.InvalidRegionError),
            BadUsage,
            "{url} cannot be opened: {error} Name the region in the URL, as in glacier://us-west-2, or set AWS_REGION.",
        ),
        (
            (boto.ProfileNotFound,),
            BadUsage,
            "{url} cannot be opened: {error}. `aws configure list-profiles` shows which profiles there are.",
        ),
        ((boto.ParamValidationError,), InvalidParameterValue, "{error}"),
        ((boto.SSLError,), StoreUnreachable, "The connection to {url} could not be encrypted: {reason}."),
        (
            (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError),
            StoreUnreachable,
            "{url} cannot be reached: {reason}. Is the network up, the address right, and the server running?",
        ),
        ((boto.BotoCoreError,), StoreUnreachable, "{url} broke off: {reason}."),
    )
    fit, text = next((kind, text) for fitting, kind, text in rows if isinstance(error, fitting))
    return fit(text.format(url=url, error=error, reason=_reason(error)))


def _reason(error: Any) -> str:
    """Why, in the system's own words where botocore has kept them, and without the address that it was about to ask."""
    cause = error.kwargs.get("error")
    while isinstance(cause, BaseException):
        deeper = cause.__cause__ or cause.__context__
        if isinstance(cause, TimeoutError):
            return "no answer came in time"
        if isinstance(cause, OSError) and cause.strerror:
            return _LIBRARY.sub("", cause.strerror)
        if deeper is None:
            return str(cause)
        cause = deeper
    return str(error).rstrip(".")
