"""The requests that are made by the thousand: formed and signed here, and sent on the client's own connections.

A call of a boto3 client goes through some forty handlers and a serialiser that walks the service model each time, which
takes longer than a small file takes to be hashed, sent and stored. Here the model is read once; a request is then a few
texts put together. Credentials, connections, encryption, proxies, time-outs and the reading of errors are botocore's as
before, `before-send` handlers are asked, and what is not plain goes the ordinary way.
"""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from coldframe.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coldframe.clock import Clock

QUICK = ("upload_archive", "upload_multipart_part", "initiate_job", "get_job_output")
"""The operations of the port that come once for each file or part."""
_SERVICE = "glacier"
_ALGORITHM = "AWS4-HMAC-SHA256"
_TERMINATOR = "aws4_request"
_OWN_HASH = "x-amz-content-sha256"
_ERROR = 300
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
"""What stands in a path as it is, signed and sent; a dot in front might be a segment that servers take away."""
_SPACES = re.compile(" +")


class NotPlain(Exception):
    """This request must go the ordinary way."""


@dataclass(frozen=True, slots=True)
class _Form:
    """An operation as the service model describes it."""

    name: str
    model: Any
    method: str
    path: str
    places: tuple[str, ...]
    headers: Mapping[str, str]
    payload: str | None
    is_streaming: bool
    answers: Mapping[str, str]


class QuickRequests:
    """Asks what a boto3 Glacier client would ask, with the same answers and errors.

    Args:
        client: The client.
        clock: Dates the signatures.

    Raises:
        NotPlain: The client is not as this needs it: another botocore, another way of signing, a path at its endpoint.
    """

    def __init__(self, client: Any, *, clock: Clock | None = None) -> None:
        """Read the model, once."""
        endpoint = urlsplit(client.meta.endpoint_url)
        if endpoint.path not in {"", "/"} or client.meta.config.signature_version not in {None, "v4"}:
            raise NotPlain
        self._client = client
        self._clock = clock or SystemClock()
        self._url = f"{endpoint.scheme}://{endpoint.netloc}"
        self._host = _host(endpoint.scheme, endpoint.netloc)
        self._region = str(client.meta.region_name)
        self._key: tuple[tuple[str, str], bytes] = ("", ""), b""
        try:
            self._send: Callable[[Any], Any] = client._endpoint.http_session.send  # noqa: SLF001 - it has no other name
            self._credentials: Callable[[], Any] = client._get_credentials  # noqa: SLF001 - as above
            self._parse: Callable[[Any, Any], Any] = client._response_parser.parse  # noqa: SLF001 - as above
            agent = client._user_agent_creator.to_string()  # noqa: SLF001 - as above
        except AttributeError as error:
            raise NotPlain from error
        version = client.meta.service_model.api_version
        self._common = {"User-Agent": agent, "x-amz-glacier-version": version}
        self._forms = {name: _read_form(client, name) for name in QUICK}

    def ask(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the client's method of that name answers.

        Raises:
            NotPlain: It must be asked the ordinary way; nothing was sent.
            ClientError, BotoCoreError: As the method raises.
        """
        form = self._forms[operation]
        path = form.path.format_map({name: _plain(parameters[name]) for name in form.places})
        headers = {form.headers[name]: _text(value) for name, value in parameters.items() if name in form.headers}
        body = parameters[form.payload] if form.payload else None
        if isinstance(body, dict):
            body = json.dumps(body).encode("utf-8")
            headers["Content-Type"] = "application/json"
            payload_hash = sha256(body).hexdigest()
        elif body is not None:
            payload_hash = headers[_OWN_HASH] = body.linear_hash
            body = body.to_send()
        else:
            payload_hash = sha256(b"").hexdigest()
        headers.update(self._common)
        self._sign(form.method, path, headers, payload_hash)
        if body is not None:
            headers["Content-Length"] = str(len(body))
        return self._answer(form, self._exchange(form, path, headers, body))

    def _exchange(self, form: _Form, path: str, headers: dict[str, str], body: Any) -> Any:
        from botocore.awsrequest import AWSPreparedRequest, HeadersDict  # noqa: PLC0415 - heavy, and loaded already

        url = self._url + path
        request = AWSPreparedRequest(form.method, url, HeadersDict(headers), body, form.is_streaming)
        told = self._client.meta.events.emit_until_response(f"before-send.{_SERVICE}.{form.name}", request=request)
        return self._send(request) if told[1] is None else told[1]

    def _answer(self, form: _Form, response: Any) -> Mapping[str, Any]:
        """The members of the answer, or the error that it tells."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status_code >= _ERROR:
            self._refuse(form, response)
        found: dict[str, Any] = {member: headers[name] for member, name in form.answers.items() if name in headers}
        found["ResponseMetadata"] = {"HTTPStatusCode": response.status_code, "HTTPHeaders": headers}
        if form.is_streaming:
            from botocore.response import StreamingBody  # noqa: PLC0415 - as above

            found["body"] = StreamingBody(response.raw, headers.get("content-length"))
        return found

    def _refuse(self, form: _Form, response: Any) -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

        told = {"headers": response.headers, "status_code": response.status_code, "body": response.content}
        told["context"] = {"operation_name": form.name}
        raise ClientError(self._parse(told, form.model.output_shape), form.name)

    # --- signing ------------------------------------------------------------------------------------------------------

    def _sign(self, method: str, path: str, headers: dict[str, str], payload_hash: str) -> None:
        """Sign all headers but the first (Signature Version 4, as glacier-api 2 sums it up)."""
        credentials = self._credentials()
        if credentials is None:
            raise NotPlain  # the ordinary way says so best
        frozen = credentials.get_frozen_credentials()
        at = self._clock.now().strftime("%Y%m%dT%H%M%SZ")
        headers["X-Amz-Date"] = at
        if frozen.token:
            headers["X-Amz-Security-Token"] = frozen.token
        signed = {name.lower(): _SPACES.sub(" ", value.strip()) for name, value in headers.items()}
        del signed["user-agent"]
        signed["host"] = self._host
        names = sorted(signed)
        listed = ";".join(names)
        lines = "\n".join(f"{name}:{signed[name]}" for name in names)
        canonical = f"{method}\n{path}\n\n{lines}\n\n{listed}\n{payload_hash}"
        scope = f"{at[:8]}/{self._region}/{_SERVICE}/{_TERMINATOR}"
        text = f"{_ALGORITHM}\n{at}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._signing_key(frozen.secret_key, at[:8]), text.encode(), "sha256").hex()
        headers["Authorization"] = (
            f"{_ALGORITHM} Credential={frozen.access_key}/{scope}, SignedHeaders={listed}, Signature={signature}"
        )

    def _signing_key(self, secret: str, date: str) -> bytes:
        """The key of a day, derived once."""
        known, key = self._key
        if known != (secret, date):
            key = f"AWS4{secret}".encode()
            for part in (date, self._region, _SERVICE, _TERMINATOR):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = (secret, date), key
        return key


def _read_form(client: Any, method: str) -> _Form:
    """An operation from botocore's model of the service."""
    name = client.meta.method_to_api_mapping[method]
    model = client.meta.service_model.operation_model(name)
    inputs, outputs = model.input_shape, model.output_shape
    located = {member: shape.serialization for member, shape in inputs.members.items()}
    return _Form(
        name=name,
        model=model,
        method=model.http["method"],
        path=model.http["requestUri"],
        places=tuple(member for member, at in located.items() if at.get("location") == "uri"),
        headers={member: at["name"] for member, at in located.items() if at.get("location") == "header"},
        payload=inputs.serialization.get("payload"),
        is_streaming=model.has_streaming_output,
        answers={
            member: shape.serialization["name"].lower()
            for member, shape in outputs.members.items()
            if shape.serialization.get("location") == "header"
        },
    )


def _plain(value: Any) -> str:
    """A value that a path can hold as it is."""
    if not (isinstance(value, str) and _PLAIN.fullmatch(value)):
        raise NotPlain
    return value


def _text(value: Any) -> str:
    """A value that a header can hold as it is."""
    if not (isinstance(value, str) and value.isascii() and value.isprintable() and value.strip() == value):
        raise NotPlain
    return value


def _host(scheme: str, netloc: str) -> str:
    """What the header Host says: without the port that everybody would take."""
    port = {"http": ":80", "https": ":443"}[scheme]
    return netloc.removesuffix(port)
