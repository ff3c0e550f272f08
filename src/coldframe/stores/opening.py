"""From a store URL to a client: which credentials, which region, which endpoint."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from coldframe.errors import BadUsage
from coldframe.stores.glacier import OWN_ACCOUNT, GlacierStore
from coldframe.stores.quick import NotPlain, QuickRequests
from coldframe.stores.translation import translated

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_CONNECT_SECONDS = 10
_SILENCE_SECONDS = 60
_CONNECTIONS = 32
_OPTIONS = {"profile", "account", "region"}
_ELSEWHERE = {"http", "https"}
_DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Place:
    """What a store URL says. `endpoint` is None for Amazon's own; what is None comes from the AWS configuration."""

    endpoint: str | None
    region: str | None
    profile: str | None
    account_id: str


def read_url(url: str) -> Place:
    """The place that `http(s)://host:port` or `glacier://region?profile=…&account=…` names.

    Raises:
        BadUsage: It names none.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(options) - _OPTIONS)
    if unknown or parts.fragment:
        raise BadUsage(f"{_without_secrets(url)}: {unknown[0] if unknown else '#'} is no option of a store URL.")
    if "@" in parts.netloc:
        raise BadUsage(f"{_without_secrets(url)}: keys do not belong in a URL; use the AWS configuration.")
    account, profile = options.get("account") or OWN_ACCOUNT, options.get("profile")
    if parts.scheme in _ELSEWHERE:
        endpoint = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
        if not parts.hostname or parts.path not in {"", "/"} or not _has_port(parts):
            raise BadUsage(f"{url} is not the URL of a server: write {parts.scheme}://host:port.")
        return Place(endpoint, options.get("region"), profile, account)
    if parts.scheme != "glacier" or parts.path not in {"", "/"}:
        raise BadUsage(f"{url} is not the URL of vaults: write glacier://region.")
    return Place(None, parts.netloc or options.get("region"), profile, account)


def open_glacier(url: str) -> GlacierStore:
    """The store that a URL names, with the user's own AWS configuration.

    Raises:
        BadUsage: The URL, the profile or the region makes no sense.
    """
    place = read_url(url)
    with translated(url):
        client = open_client(place, config=client_config())
        return GlacierStore(client, url=url, account_id=place.account_id, quick=_quick(client))


def _quick(client: Any) -> QuickRequests | None:
    """What asks without the client's machinery, if the client is as it must be for that."""
    try:
        return QuickRequests(client)
    except NotPlain:
        return None


def open_client(place: Place, **options: Any) -> Any:
    """An ordinary boto3 client of a place, whose account is meant where a call names none.

    Args:
        place: The place.
        options: As `boto3.client` takes them.

    Raises:
        BotoCoreError: As boto3 does.
    """
    import boto3  # noqa: PLC0415 - heavy: half a second

    region = place.region or os.environ.get("AWS_REGION")  # which every other SDK of Amazon's reads, and boto3 does not
    session = boto3.session.Session(profile_name=place.profile, region_name=region)
    region = session.region_name or (_DEFAULT_REGION if place.endpoint else None)
    client = session.client("glacier", region_name=region, endpoint_url=place.endpoint, **options)
    if place.account_id != OWN_ACCOUNT:
        client.meta.events.register(
            "provide-client-params.glacier", lambda params, **_: {"accountId": place.account_id, **params}
        )
    return client


def client_config() -> Any:
    """What a store's client is made with: time-outs, connections, and no retries: whoever knows the work repeats it."""
    from botocore.config import Config  # noqa: PLC0415 - as above

    return Config(
        retries={"total_max_attempts": 1},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_SILENCE_SECONDS,
        max_pool_connections=_CONNECTIONS,
        tcp_keepalive=True,
        user_agent_extra="coldframe",
    )


def _has_port(parts: SplitResult) -> bool:
    """Whether the port, if there is one, is a port."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
