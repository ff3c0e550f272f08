"""What can go wrong between here and a store, each with a message that says what to do (design 1.3)."""

from __future__ import annotations

import io
import socket
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import exceptions as boto
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from coldframe import errors
from coldframe.clock import SystemClock
from coldframe.model import ArchiveRetrieval
from coldframe.stores.bodies import PreparedBody
from coldframe.stores.glacier import GlacierStore
from coldframe.stores.opening import client_config, open_glacier, read_url
from coldframe.stores.translation import translate
from coldframe.testing.bodies import BytesBody, pattern, read_output
from coldframe.testing.clock import FakeClock
from coldframe.wire.in_process import answer_in_process, open_client
from wire.world import KEY, REGION, make_face

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.service import VaultService
    from coldframe.wire.face import Face

_URL = "http://store.test:8080"


def _store(face: Face, *, region: str = REGION, **changes: Any) -> GlacierStore:
    key = replace(KEY, **changes)
    return GlacierStore(open_client(face, key=key, region=region, config=client_config()), url=_URL)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"access_key_id": "AKIASTRANGER"}, "does not know the access key"),
        ({"secret_access_key": "another"}, "the secret access key is wrong"),
        ({"session_token": "none of ours"}, "does not know the access key"),
    ],
)
def test_wrong_keys_are_told(service: VaultService, changes: dict[str, str], words: str) -> None:
    """An unknown key, a wrong secret, a session that is not there: what it is, where, and what to set."""
    store = _store(make_face(service).face, **changes)
    with pytest.raises(errors.CredentialsProblem, match=words) as caught:
        store.list_vaults()
    assert _URL in str(caught.value)
    assert "AWS_ACCESS_KEY_ID" in str(caught.value)


def test_expired_session_is_told(service: VaultService) -> None:
    """A temporary key that has ended."""
    key = replace(KEY, session_token="token", expires_at=SystemClock().now() - timedelta(seconds=1))
    store = GlacierStore(open_client(make_face(service, keys=[key]).face, key=key, region=REGION), url=_URL)
    with pytest.raises(errors.CredentialsProblem, match="expired"):
        store.list_vaults()


def test_wrong_region_is_told(service: VaultService) -> None:
    """The store says which region is the right one."""
    store = _store(make_face(service).face, region="us-east-1")
    with pytest.raises(errors.CredentialsProblem, match=r"AWS_REGION.*'local'"):
        store.list_vaults()


@pytest.mark.parametrize("minutes", [-6, 6])
def test_wrong_clock_is_told(service: VaultService, minutes: int) -> None:
    """A machine whose clock is off by more than five minutes."""
    clock = FakeClock(SystemClock().now() + timedelta(minutes=minutes))
    store = _store(make_face(service, clock=clock).face)
    with pytest.raises(errors.CredentialsProblem, match="clock is wrong"):
        store.list_vaults()


def test_nobody_listening_is_told() -> None:
    """A server that is not there; nothing is tried twice."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    session = boto3.session.Session(aws_access_key_id="x", aws_secret_access_key="y", region_name=REGION)
    client = session.client("glacier", endpoint_url=f"http://127.0.0.1:{port}", config=client_config())
    store = GlacierStore(client, url=f"http://127.0.0.1:{port}")
    with pytest.raises(errors.StoreUnreachable, match="cannot be reached"):
        store.list_vaults()
    store.close()


def test_missing_credentials_are_told(service: VaultService, monkeypatch: pytest.MonkeyPatch) -> None:
    """No keys in the environment, no profile, no metadata service."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "nowhere")
    client = boto3.session.Session(region_name=REGION).client("glacier", endpoint_url=_URL)
    answer_in_process(client, make_face(service).face)
    with pytest.raises(errors.CredentialsProblem, match="no credentials"):
        GlacierStore(client, url=_URL).list_vaults()


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccessDeniedException", 403, errors.AccessDenied),
        ("InsufficientCapacityException", 503, errors.InsufficientCapacity),
        ("InvalidParameterValueException", 400, errors.InvalidParameterValue),
        ("LimitExceededException", 400, errors.LimitExceeded),
        ("MissingParameterValueException", 400, errors.MissingParameterValue),
        ("NoLongerSupportedException", 400, errors.NoLongerSupported),
        ("PolicyEnforcedException", 400, errors.PolicyEnforced),
        ("RequestTimeoutException", 408, errors.RequestTimeout),
        ("ResourceNotFoundException", 404, errors.ResourceNotFound),
        ("ServiceUnavailableException", 500, errors.ServiceUnavailable),
        ("ThrottlingException", 400, errors.Throttled),
        ("SlowDown", 503, errors.Throttled),
        ("502", 502, errors.StoreUnreachable),
        ("", 504, errors.StoreUnreachable),
        ("SomethingNew", 400, errors.StoreError),
        ("OptInRequired", 403, errors.NoLongerSupported),
        ("SubscriptionRequiredException", 400, errors.NoLongerSupported),
        ("ExpiredTokenException", 403, errors.CredentialsProblem),
        ("MissingAuthenticationTokenException", 400, errors.CredentialsProblem),
        ("UnrecognizedClientException", 400, errors.CredentialsProblem),
        ("InvalidClientTokenId", 403, errors.CredentialsProblem),
    ],
)
def test_answers_are_translated(code: str, status: int, kind: type[Exception]) -> None:
    """Every code of the protocol, those of proxies, and those that we do not know."""
    response = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = boto.ClientError(response, "ListVaults")
    assert type(translate(error, _URL)) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (boto.NoCredentialsError(), errors.CredentialsProblem),
        (boto.PartialCredentialsError(provider="env", cred_var="x"), errors.CredentialsProblem),
        (boto.TokenRetrievalError(provider="sso", error_msg="x"), errors.CredentialsProblem),
        (boto.UnauthorizedSSOTokenError(), errors.CredentialsProblem),
        (boto.NoRegionError(), errors.BadUsage),
        (boto.ProfileNotFound(profile="x"), errors.BadUsage),
        (boto.ParamValidationError(report="x"), errors.InvalidParameterValue),
        (boto.SSLError(endpoint_url="x", error="y"), errors.StoreUnreachable),
        (boto.EndpointConnectionError(endpoint_url="x"), errors.StoreUnreachable),
        (boto.ConnectTimeoutError(endpoint_url="x"), errors.StoreUnreachable),
        (boto.ReadTimeoutError(endpoint_url="x"), errors.StoreUnreachable),
        (boto.ConnectionClosedError(endpoint_url="x"), errors.StoreUnreachable),
        (boto.ResponseStreamingError(error="x"), errors.StoreUnreachable),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), errors.StoreUnreachable),
    ],
)
def test_silence_is_translated(error: Exception, kind: type[Exception]) -> None:
    """What botocore raises when there is no answer; what is temporary can be tried again."""
    assert type(translate(error, _URL)) is kind


@pytest.mark.parametrize("answer", [b"<html>A page.</html>", b"{}", b"", b'{"VaultList"'])
def test_answer_of_another_server_is_refused(answer: bytes) -> None:
    """HTTP 200 from something that is no Glacier endpoint: words, and no `KeyError`."""
    session = boto3.session.Session(aws_access_key_id="x", aws_secret_access_key="y", region_name=REGION)
    client = session.client("glacier", endpoint_url=_URL)
    client.meta.events.register(
        "before-send.glacier",
        lambda request, **_: AWSResponse(request.url, 200, {"Content-Length": str(len(answer))}, _Raw(answer)),
    )
    questions: tuple[Callable[[GlacierStore], object], ...] = (
        lambda store: store.list_vaults(),
        lambda store: store.initiate_job("v", ArchiveRetrieval("x")),
        lambda store: store.get_vault_access_policy("v"),
        lambda store: store.describe_vault("v"),
        lambda store: store.identity,
    )
    for ask in questions:
        with pytest.raises(errors.ServiceUnavailable, match="makes no sense"):
            ask(GlacierStore(client, url=_URL))


class _Raw(io.BytesIO):
    """A body as urllib3 hands it on."""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        """All of it."""
        yield self.read()


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({}, errors.StoreUnreachable),
        ({"content-length": "55", "content-type": "application/json"}, errors.StoreUnreachable),
        ({"content-length": "13", "content-type": "text/html"}, errors.StoreError),
        ({"transfer-encoding": "chunked", "content-type": "text/html"}, errors.StoreError),
    ],
)
def test_half_an_error_is_a_broken_connection(headers: dict[str, str], kind: type[Exception]) -> None:
    """An error is made of whatever has arrived of one; without its code it says nothing, and may be tried again."""
    response = {"Error": {"Code": "404"}, "ResponseMetadata": {"HTTPStatusCode": 404, "HTTPHeaders": headers}}
    assert type(translate(boto.ClientError(response, "ListVaults"), _URL)) is kind


def test_other_errors_stay_as_they_are() -> None:
    """What is not botocore's is not ours to explain."""
    error = KeyError("x")
    assert translate(error, _URL) is error


def test_unreachable_store_is_temporary() -> None:
    """Whoever retries what is temporary retries a store that did not answer."""
    assert issubclass(errors.StoreUnreachable, errors.ServiceUnavailable)


def test_identity_is_the_name_of_the_store_behind_the_server(closed_loop: GlacierStore, service: VaultService) -> None:
    """What was archived through a server is found again on its folder, and under whatever address it gets."""
    assert closed_loop.identity == service.identity
    closed_loop.create_vault("coldframe.asks.whose.vaults.these.are")
    del closed_loop.identity
    assert closed_loop.identity == service.identity


def test_identity_elsewhere_is_region_account_and_host(
    closed_loop: GlacierStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by any Glacier endpoint, also before there is a vault; the same with a vault of that name."""
    monkeypatch.setattr("coldframe.wire.answers.IDENTITY_HEADER", "x-other")
    assert closed_loop.identity == "glacier:local:000000000000@coldframe.invalid"
    closed_loop.create_vault("coldframe.asks.whose.vaults.these.are")
    del closed_loop.identity
    assert closed_loop.identity == "glacier:local:000000000000@coldframe.invalid"


def test_identity_of_a_store_that_breaks_off_is_unreachable(closed_loop: GlacierStore) -> None:
    """The first question meets the same troubles as any other."""

    def break_off(**_: object) -> None:
        raise boto.ConnectionClosedError(endpoint_url=_URL)

    closed_loop._client.meta.events.register_first("before-send.glacier", break_off)
    with pytest.raises(errors.StoreUnreachable, match="broke off"):
        _ = closed_loop.identity


@pytest.mark.parametrize("name", ["glacier:us-east-1:123456789012", "coldframe:ABC", "file:///"])
def test_identity_of_another_kind_is_not_believed(
    closed_loop: GlacierStore, service: VaultService, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """No server passes for Amazon."""
    monkeypatch.setattr(type(service), "identity", name)
    assert closed_loop.identity == "glacier:local:000000000000@coldframe.invalid"


def test_upload_is_hashed_once(closed_loop: GlacierStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both hashes are ours: botocore computes neither again."""

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("botocore hashed the body again")

    closed_loop.create_vault("v")
    monkeypatch.setattr("botocore.utils.calculate_sha256", fail)
    monkeypatch.setattr("botocore.utils.calculate_tree_hash", fail)
    monkeypatch.setattr("botocore.auth.SigV4Auth.payload", fail)
    data = pattern(2.5)
    archive_id = closed_loop.upload_archive("v", BytesBody(data)).archive_id
    monkeypatch.undo()
    job_id = closed_loop.initiate_job("v", ArchiveRetrieval(archive_id))
    assert read_output(closed_loop, "v", job_id) == data


def test_long_body_is_spooled(closed_loop: GlacierStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body beyond what may lie in memory lies in a file while it is sent."""
    monkeypatch.setattr("coldframe.stores.bodies.MAX_IN_MEMORY", 2**20)
    with PreparedBody(BytesBody(bytes(2**20))) as short, PreparedBody(BytesBody(bytes(2**20 + 1))) as long:
        with pytest.raises(OSError, match="fileno"):
            short._file.fileno()
        assert long._file.fileno() > 0
    closed_loop.create_vault("v")
    data = pattern(2.5)
    archive_id = closed_loop.upload_archive("v", BytesBody(data)).archive_id
    job_id = closed_loop.initiate_job("v", ArchiveRetrieval(archive_id))
    assert read_output(closed_loop, "v", job_id) == data


def test_store_that_confirms_another_hash_is_not_believed(closed_loop: GlacierStore) -> None:
    """An archive is only called safe when the store's tree hash is ours (reliability C8)."""
    closed_loop.create_vault("v")

    def lie(parsed: dict[str, Any], **_: object) -> None:
        parsed["checksum"] = "00" * 32

    closed_loop._client.meta.events.register("after-call.glacier.UploadArchive", lie)
    with pytest.raises(errors.TreeHashMismatch, match="was sent"):
        closed_loop.upload_archive("v", BytesBody(b"x"))


def test_store_that_sends_another_range_is_not_believed(closed_loop: GlacierStore) -> None:
    """The bytes of an answer are those that were asked for, or none."""
    closed_loop.create_vault("v")
    archive_id = closed_loop.upload_archive("v", BytesBody(b"0123456789")).archive_id
    job_id = closed_loop.initiate_job("v", ArchiveRetrieval(archive_id))

    def lie(parsed: dict[str, Any], **_: object) -> None:
        parsed["contentRange"] = "bytes 3-6/10"

    closed_loop._client.meta.events.register("after-call.glacier.GetJobOutput", lie)
    with pytest.raises(errors.ServiceUnavailable, match="not asked for"):
        closed_loop.get_job_output("v", job_id)


def test_nothing_is_retried_here() -> None:
    """Botocore tries once: retries live in one place, and that is where the work is known."""
    config = client_config()
    assert isinstance(config, Config)
    assert config.retries == {"total_max_attempts": 1}


@pytest.mark.parametrize(
    ("url", "endpoint", "region", "profile", "account"),
    [
        ("http://host:8080", "http://host:8080", None, None, "-"),
        ("https://host/", "https://host", None, None, "-"),
        ("http://[::1]:9?region=local&profile=astro", "http://[::1]:9", "local", "astro", "-"),
        ("glacier:", None, None, None, "-"),
        ("glacier://us-west-2?profile=astro&account=123456789012", None, "us-west-2", "astro", "123456789012"),
    ],
)
def test_url_names_a_place(
    url: str, *, endpoint: str | None, region: str | None, profile: str | None, account: str
) -> None:
    """The forms of design 1.1."""
    place = read_url(url)
    assert (place.endpoint, place.region, place.profile, place.account_id) == (endpoint, region, profile, account)


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http://host/path",
        "http://key:secret@host",
        "glacier://r?unknown=1",
        "glacier://r/x",
        "s3://b",
        "http://h#f",
        "http://h:99999",
        "http://h:port",
    ],
)
def test_url_that_names_no_place_is_refused(url: str) -> None:
    """With a message that shows no secret."""
    with pytest.raises(errors.BadUsage) as caught:
        read_url(url)
    assert "secret" not in str(caught.value)


def test_store_is_opened_from_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a profile that is not there, a message; else a store that has asked nobody yet."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "nowhere")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    with pytest.raises(errors.BadUsage, match="astro"):
        open_glacier("http://host:8080?profile=astro")
    with pytest.raises(errors.BadUsage, match="region"):
        open_glacier("glacier:")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    for url, region in (("glacier:", "eu-west-1"), ("http://host:8080", "eu-west-1"), ("glacier://local", "local")):
        with closing(open_glacier(url)) as store:
            assert store._client.meta.region_name == region
    monkeypatch.delenv("AWS_REGION")
    store = open_glacier("glacier://us-west-2")
    assert store.url == "glacier://us-west-2"
    assert store._client.meta.endpoint_url == "https://glacier.us-west-2.amazonaws.com"
    store.close()
