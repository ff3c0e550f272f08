"""The face itself: bytes -> authenticate -> route -> decode -> port -> encode -> bytes."""

from __future__ import annotations

import json
import logging
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coldframe.clock import format_moment
from coldframe.errors import InvalidParameterValue, MissingParameterValue, ServiceUnavailable, StoreError
from coldframe.wire.access import Access, foreign_account
from coldframe.wire.answers import Reply, new_request_id
from coldframe.wire.archives import ARCHIVE_VERBS
from coldframe.wire.authentication import (
    Authenticator,
    hash_payload,
    require_hash,
    require_payload_hash,
)
from coldframe.wire.body import Incoming, body_of, content_length
from coldframe.wire.call import Call
from coldframe.wire.decode import missing, read_content
from coldframe.wire.faults import Serialization, status_of
from coldframe.wire.governing import GOVERNING_VERBS
from coldframe.wire.http import Subject
from coldframe.wire.jobs import JOB_VERBS
from coldframe.wire.operations import API_VERSION, OWNER_ONLY, load_operations
from coldframe.wire.routing import Router

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from coldframe.clock import Clock
    from coldframe.wire.access import Authorizer, Key, Keyring, Stores
    from coldframe.wire.call import Answer, Verb
    from coldframe.wire.http import Request, Response
    from coldframe.wire.routing import Route

VERBS: Mapping[str, Verb] = {**ARCHIVE_VERBS, **GOVERNING_VERBS, **JOB_VERBS}
_SERVER_ERROR = 500
_INTRODUCTION = "DescribeVault"
"""The operation whose answer, a refusal included, also tells which store this is, so that a client's catalog knows the
store again wherever it is opened from."""
_INDIFFERENT = frozenset({"CreateVault", "DeleteVault"})
"""What does not need the vault to be there."""


def log_line(line: str) -> None:
    """Hand a line to Python's logging, under the name `coldframe.wire`."""
    logging.getLogger("coldframe.wire").error("%s", line)


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One request, and what belongs to it from the first byte to the last."""

    request: Request
    subject: Subject
    at: datetime
    incoming: Incoming


class Face:
    """The Glacier protocol before the stores of some accounts. Any number of threads may call :meth:`handle`.

    Args:
        stores: The store of an account.
        keyring: Knows the access keys.
        authorizer: Decides what may be done.
        clock: Judges the dates of signatures; call `handle` as soon as a head is there.
        region: The region that signatures must be scoped to.
        hashes_inventories: Send the tree hash with an inventory. The original does not, and the PowerShell downloaders
            fail without it (glacier-api 19.13).
        log: Takes one JSON line for each failure inside.
    """

    def __init__(  # noqa: PLR0913 - the seams that composition fills, by name
        self,
        stores: Stores,
        *,
        keyring: Keyring,
        authorizer: Authorizer,
        clock: Clock,
        region: str,
        hashes_inventories: bool = True,
        log: Callable[[str], None] = log_line,
    ) -> None:
        """Read the service model, once."""
        self._stores = stores
        self._authenticator = Authenticator(keyring, region)
        self._authorizer = authorizer
        self._clock = clock
        self._hashes_inventories = hashes_inventories
        self._log = log
        self._router = Router(load_operations())

    def handle(self, request: Request) -> Response:
        """Answer a request whose head has arrived. Errors are answers too; nothing is raised."""
        exchange = _Exchange(request, Subject(new_request_id()), self._clock.now(), Incoming(request, 0))
        try:
            incoming = Incoming(request, content_length(request))
            exchange = _Exchange(request, exchange.subject, exchange.at, incoming)
            route = self._router.find(request)
            exchange.subject.operation = route.operation.name
            exchange.subject.vault_name = route.parameters.get("vaultName")
            answer = self._carry_out(exchange, route)
            return _reply(exchange).success(route.operation, answer, self._watch(exchange))
        except StoreError as error:
            if status_of(error.code) >= _SERVER_ERROR:
                self._report(exchange, error)
            return _reply(exchange).failure(error)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong inside is told as the original's 500
            self._report(exchange, error)
            return _reply(exchange).failure(ServiceUnavailable())

    def _carry_out(self, exchange: _Exchange, route: Route) -> Answer:
        """Check in the order of glacier-api 3.3: signature, version, account, permission; then vault and values."""
        key, raw = self._authenticate(exchange, route)
        exchange.subject.access_key_id = key.access_key_id
        _require_version(exchange.request)
        account_id = _owner(route, key)
        content, problem = _content(raw, route)
        self._authorize(exchange, route, key, {**content, "accountId": account_id})
        store = self._stores(account_id)
        if store is None:
            raise foreign_account(account_id)
        if route.operation.name == _INTRODUCTION:
            exchange.subject.store_identity = store.identity
        body = body_of(exchange.incoming, exchange.request.header(b"x-amz-content-sha256"))
        parameters = {**route.parameters, **_header_parameters(exchange.request, route)}
        call = Call(store, account_id, parameters, content, body, self._hashes_inventories)
        try:
            if problem is not None:
                raise problem
            return VERBS[route.operation.name](call)
        except (InvalidParameterValue, MissingParameterValue, Serialization):
            if "vaultName" in parameters and route.operation.name not in _INDIFFERENT:
                store.describe_vault(call.vault_name)  # a vault that is not there is told before a wrong value
            raise

    def _authenticate(self, exchange: _Exchange, route: Route) -> tuple[Key, bytes]:
        """Whose request it is, and its JSON body; the body of an upload is left to be streamed."""
        request, at = exchange.request, exchange.at
        claim, signed_at = self._authenticator.claim(request, at)
        sent = request.header(b"x-amz-content-sha256")
        is_streaming = route.operation.request.is_streaming
        if is_streaming and not sent:
            raise missing("x-amz-content-sha256")
        if is_streaming and exchange.incoming.size is None:
            raise missing("Content-Length")
        raw = b"" if sent else exchange.incoming.read_content()
        payload_hash = sent or hash_payload(raw)
        key = self._authenticator.verify(request, claim, signed_at=signed_at, payload_hash=payload_hash, now=at)
        if sent and not is_streaming:
            raw = exchange.incoming.read_content()
            require_payload_hash(sent, hash_payload(raw))
        elif sent:
            require_hash(sent)
        return key, raw

    def _authorize(self, exchange: _Exchange, route: Route, key: Key, known: Mapping[str, Any]) -> None:
        request, operation = exchange.request, route.operation
        access = Access(
            key=key,
            operation=operation.name,
            account_id=known["accountId"],
            vault_name=route.parameters.get("vaultName"),
            archive_id=route.parameters.get("archiveId") or known.get("ArchiveId"),
            at=exchange.at,
            peer=request.peer,
            is_secure=request.is_secure,
            user_agent=request.header(b"user-agent"),
            sent_tags=_sent_tags(known),
        )
        if access.is_foreign and operation.name in OWNER_ONLY:
            raise foreign_account(access.account_id)
        self._authorizer.authorize(access)

    def _watch(self, exchange: _Exchange) -> Callable[[Exception], None]:
        return lambda error: self._report(exchange, error)

    def _report(self, exchange: _Exchange, error: Exception) -> None:
        """One JSON line, with all that the answer does not tell."""
        line = {
            "at": format_moment(exchange.at),
            "event": "request failed",
            "request_id": exchange.subject.request_id,
            "operation": exchange.subject.operation,
            "vault_name": exchange.subject.vault_name,
            "peer": exchange.request.peer,
            "error": type(error).__name__,
            "message": str(error),
            "traceback": "".join(traceback.format_exception(error)),
        }
        self._log(json.dumps(line))


def _reply(exchange: _Exchange) -> Reply:
    return Reply(exchange.subject, exchange.at, exchange.incoming)


def _require_version(request: Request) -> None:
    version = request.header(b"x-amz-glacier-version")
    if not version:
        raise missing("API version")
    if version != API_VERSION:
        raise InvalidParameterValue(f"Invalid API version: {version}")


def _owner(route: Route, key: Key) -> str:
    """The account that the path means: `-` is the caller's own."""
    account_id = route.parameters["accountId"]
    return key.account_id if account_id == "-" else account_id


def _sent_tags(known: Mapping[str, Any]) -> Mapping[str, str | None] | None:
    """The tags of a body, or the keys of tags; None where it holds neither, or could not be read."""
    if "Tags" in known:
        return dict(known["Tags"])
    return dict.fromkeys(known["TagKeys"]) if "TagKeys" in known else None


def _header_parameters(request: Request, route: Route) -> Mapping[str, str]:
    """What the headers say; an empty value counts as absent."""
    found = {
        member.name: request.header(member.wire_name.lower().encode())
        for member in route.operation.request.at("header")
    }
    return {name: value for name, value in found.items() if value}


def _content(raw: bytes, route: Route) -> tuple[dict[str, Any], StoreError | None]:
    """The JSON body, or what is wrong with it: that is told after permission and vault have been looked at.

    Operations that expect no body take whatever comes, such as the `{}` of some clients (glacier-api 8).
    """
    message = route.operation.request
    if message.is_streaming or not message.content.members:
        return {}, None
    try:
        return read_content(raw, message), None
    except StoreError as error:
        return {}, error
