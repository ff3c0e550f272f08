"""Requests that are formed without botocore's machinery are those that it would have sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from coldframe import errors
from coldframe.model import ArchiveRetrieval, ByteRange
from coldframe.stores.bodies import PreparedBody
from coldframe.stores.glacier import GlacierStore
from coldframe.stores.quick import NotPlain, QuickRequests
from coldframe.testing.bodies import BytesBody, pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.ports import Hashes
    from coldframe.testing.clock import FakeClock

_URL = "http://coldframe.invalid:8377"
_OF_THE_TRY = ("amz-sdk-invocation-id", "amz-sdk-request", "authorization", "x-amz-date")
"""What differs from one call to the next, or tells of botocore's tries, of which there is one."""


@dataclass(frozen=True)
class _Sent:
    """One request as it left."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    is_streamed: bool

    @property
    def told(self) -> tuple[object, ...]:
        """All that does not differ from one try to the next."""
        headers = {name.lower(): value for name, value in self.headers.items() if name.lower() not in _OF_THE_TRY}
        return self.method, self.url, headers, self.body, self.is_streamed


def _client(**options: Any) -> Any:
    session = boto3.session.Session("AKIDEXAMPLE", "secret", options.pop("token", None), region_name="eu-west-1")
    return session.client("glacier", **{"endpoint_url": _URL, **options})


def _recorded(client: Any) -> list[_Sent]:
    """What the client sends from now on; all of it is refused."""
    sent: list[_Sent] = []

    def refuse(request: Any, **_: Any) -> AWSResponse:
        headers = {
            name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
        }
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        sent.append(_Sent(request.method, request.url, headers, body, request.stream_output))
        content = b'{"code":"PolicyEnforcedException","type":"Client","message":"not now"}'
        head = {"Content-Type": "application/json", "Content-Length": str(len(content))}
        return AWSResponse(request.url, 400, head, _Raw(content))

    client.meta.events.register("before-send.glacier", refuse)
    return sent


class _Raw:
    """A body as urllib3 hands it on."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self._content


_QUESTIONS: list[Callable[[GlacierStore], object]] = [
    lambda store: store.upload_archive("v", BytesBody(b"0123"), description="a  b, c=~%"),
    lambda store: store.upload_archive("v", BytesBody(pattern(1.5))),
    lambda store: store.upload_multipart_part("v", "an-upload_ID", BytesBody(pattern(1)), start=0),
    lambda store: store.initiate_job("v", ArchiveRetrieval("x_-1", ByteRange(0, 2**20), description="ä → b.fit")),
    lambda store: store.get_job_output("v", "a-job_ID"),
    lambda store: store.get_job_output("v", "a-job_ID", byte_range=ByteRange(0, 10)),
]


@pytest.mark.parametrize("ask", _QUESTIONS)
@pytest.mark.parametrize("endpoint", [_URL, "http://coldframe.invalid:80", None])
def test_request_is_that_of_the_client(ask: Callable[[GlacierStore], object], endpoint: str | None) -> None:
    """Method, address, headers and body are the same, but for what tells of botocore's tries."""
    client = _client(endpoint_url=endpoint, token="a session", config=Config(retries={"total_max_attempts": 1}))
    sent = _recorded(client)
    for quick in (None, QuickRequests(client)):
        store = GlacierStore(client, url=_URL, quick=quick)
        store._part_sizes["an-upload_ID"] = 2**20
        with pytest.raises(errors.PolicyEnforced, match="not now"):
            ask(store)
    ordinary, quick_one = sent
    assert quick_one.told == ordinary.told


@pytest.mark.parametrize("ask", _QUESTIONS)
@pytest.mark.parametrize("token", [None, "a session"])
def test_signature_is_that_of_botocore(
    ask: Callable[[GlacierStore], object], token: str | None, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Botocore's own signer comes to the same over the same headers, again on the next day."""
    client = _client(token=token)
    sent = _recorded(client)
    store = GlacierStore(client, url=_URL, quick=QuickRequests(client, clock=clock))
    store._part_sizes["an-upload_ID"] = 2**20
    for _ in range(2):
        clock.advance(days=1)
        with pytest.raises(errors.PolicyEnforced):
            ask(store)
        request = sent[-1]
        headers = {name: value for name, value in request.headers.items() if name.lower() != "authorization"}
        assert headers["X-Amz-Date"] == f"{clock.now():%Y%m%dT%H%M%SZ}"
        again = AWSRequest(request.method, request.url, headers, request.body)
        del again.headers["Content-Length"]
        again.context["timestamp"] = headers["X-Amz-Date"]
        signer = SigV4Auth(Credentials("AKIDEXAMPLE", "secret", token), "glacier", "eu-west-1")
        text = signer.string_to_sign(again, signer.canonical_request(again))
        assert request.headers["Authorization"].endswith(signer.signature(text, again))


@pytest.mark.parametrize("name", ["ä", "a b", "a/b", "a%41", "..a", ".hidden", "a?b"])
def test_name_that_a_path_must_encode_goes_the_ordinary_way(name: str) -> None:
    """What must be written otherwise in a path is left to botocore, and arrives the same."""
    client = _client()
    sent = _recorded(client)
    quick = QuickRequests(client)
    with pytest.raises(NotPlain):
        quick.ask("get_job_output", {"accountId": "-", "vaultName": name, "jobId": "x"})
    assert not sent
    with pytest.raises(errors.PolicyEnforced):
        GlacierStore(client, url=_URL, quick=quick).get_job_output(name, "x")
    assert len(sent) == 1


def test_error_is_that_of_the_client() -> None:
    """Whoever looks at botocore's error finds in it what he finds in any other."""
    client = _client()
    _recorded(client)
    with pytest.raises(ClientError, match="PolicyEnforcedException") as found:
        QuickRequests(client).ask("get_job_output", {"accountId": "-", "vaultName": "v", "jobId": "x"})
    assert found.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert found.value.operation_name == "GetJobOutput"


def test_without_credentials_the_ordinary_way_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words are those of every other operation."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    client = boto3.session.Session(region_name="eu-west-1").client("glacier", endpoint_url=_URL)
    with pytest.raises(errors.CredentialsProblem, match="no credentials"):
        GlacierStore(client, url=_URL, quick=QuickRequests(client)).get_job_output("v", "x")


def test_client_with_a_path_at_its_endpoint_is_left_alone() -> None:
    """Where something stands before the server, botocore puts the address together."""
    with pytest.raises(NotPlain):
        QuickRequests(_client(endpoint_url=f"{_URL}/behind/"))


@pytest.mark.parametrize("size", [0.5, 1, 1.5])
def test_body_that_hashes_itself_must_hold_still(size: float) -> None:
    """Its hash is believed only of the bytes that it hashed; others are not sent."""
    data = pattern(size)
    with PreparedBody(_Hashing(data, data)) as taken, PreparedBody(BytesBody(data)) as own:
        assert (taken.tree_hash, taken.linear_hash) == (own.tree_hash, own.linear_hash)
    with pytest.raises(errors.ServiceUnavailable, match="changed"):
        PreparedBody(_Hashing(data, data[:-1] + b"?"))


class _Hashing(BytesBody):
    """A body that tells the hashes of `hashed`, and hands out `data`."""

    def __init__(self, hashed: bytes, data: bytes) -> None:
        super().__init__(data)
        self._hashed = hashed

    def hashes(self) -> Hashes:
        from coldframe.archiver.bodies import PassHasher  # noqa: PLC0415 - what archives are hashed with

        hasher = PassHasher()
        hasher.update(self._hashed)
        return hasher.hashes()
