"""What the face answers, botocore reads back equal; what botocore sends, the face reads as it was meant."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
from botocore.awsrequest import HeadersDict, prepare_request_dict
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from coldframe.errors import InvalidParameterValue, MissingParameterValue, StoreError
from coldframe.model import (
    Action,
    ArchiveRetrieval,
    ByteRange,
    InventoryFormat,
    InventoryRetrieval,
    JobDescription,
    JobStatus,
    PartDescription,
    Tier,
    UploadDescription,
    VaultDescription,
)
from coldframe.ports.admin import (
    DataRetrievalPolicy,
    LockState,
    ProvisionedCapacity,
    RetrievalStrategy,
    VaultEvent,
    VaultLock,
    VaultNotifications,
)
from coldframe.stores import decode as near
from coldframe.stores.encode import job_parameters
from coldframe.stores.governing import _capacity, _lock, _notifications, _policy
from coldframe.wire import decode, encode
from coldframe.wire.faults import Serialization, UnknownOperation, encode_fault
from coldframe.wire.http import Request
from coldframe.wire.jobs import _job_request
from coldframe.wire.operations import load_operations
from coldframe.wire.routing import Router

_MODEL = botocore.session.get_session().get_service_model("glacier")
_ROUTER = Router(load_operations())

_milliseconds = timedelta(milliseconds=1)
_moments = st.integers(0, 4 * 10**12).map(lambda number: datetime(1970, 1, 1, tzinfo=UTC) + number * _milliseconds)
_words = st.text(st.characters(codec="ascii", min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40)
_hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
_names = st.from_regex(r"[A-Za-z0-9_.-]{1,40}", fullmatch=True)
_sizes = st.integers(1, 42_949_672_960_000)
_ids = st.from_regex(r"[A-Za-z0-9_-]{92}", fullmatch=True)
_ranges = st.tuples(st.integers(0, 10**12), st.integers(1, 10**12)).map(lambda pair: ByteRange(pair[0], sum(pair)))
_inventories = st.builds(
    InventoryRetrieval,
    st.sampled_from(InventoryFormat),
    start_at=st.none() | _moments,
    end_at=st.none() | _moments,
    limit=st.none() | st.integers(1, 10**9),
    marker=st.none() | _words,
)
_archive_jobs = st.builds(
    ArchiveRetrieval,
    _ids,
    range=st.none() | _ranges,
    tier=st.sampled_from(Tier),
    description=st.none() | _words,
    sns_topic=st.none() | _words,
)


_jobs = st.builds(
    JobDescription,
    job_id=_ids,
    action=st.sampled_from(Action),
    vault_arn=_words,
    status=st.sampled_from(JobStatus),
    status_message=_words,
    created_at=_moments,
    completed_at=st.none() | _moments,
    description=st.none() | _words,
    archive_id=st.none() | _ids,
    archive_size=st.none() | _sizes,
    archive_tree_hash=st.none() | _hashes,
    range=st.none() | _ranges,
    tree_hash=st.none() | _hashes,
    tier=st.none() | st.sampled_from(Tier),
    inventory=st.none() | _inventories,
    inventory_size=st.none() | _sizes,
    sns_topic=st.none() | _words,
)


def read_back(operation: str, members: dict[str, Any]) -> dict[str, Any]:
    """What botocore's own parser makes of an answer of the face."""
    ours = load_operations()[operation]
    content = encode.encode_content(ours.answer, members) or b""
    headers = HeadersDict(encode.encode_headers(ours.answer, members))
    response = {"status_code": ours.status, "headers": headers, "body": content, "context": {}}
    model = _MODEL.operation_model(operation)
    parsed: dict[str, Any] = create_parser("rest-json").parse(response, model.output_shape)
    parsed.pop("ResponseMetadata")
    return parsed


@given(
    st.builds(
        VaultDescription,
        vault_name=_names,
        vault_arn=_words,
        created_at=_moments,
        last_inventory_at=st.none() | _moments,
        number_of_archives=st.integers(0, 10**9),
        size=st.integers(0, 10**15),
    )
)
def test_vault_crosses_the_wire(vault: VaultDescription) -> None:
    """A vault, alone and in a list with a marker."""
    assert near.vault(read_back("DescribeVault", encode.vault(vault))) == vault
    listed = read_back("ListVaults", {"VaultList": [encode.vault(vault)] * 2, "Marker": "next"})
    assert [near.vault(each) for each in listed["VaultList"]] == [vault, vault]
    assert listed["Marker"] == "next"


@given(
    st.builds(
        UploadDescription,
        upload_id=_ids,
        vault_arn=_words,
        description=st.none() | _words,
        part_size=_sizes,
        created_at=_moments,
    ),
    st.lists(st.builds(PartDescription, _ranges, _hashes), max_size=5),
)
def test_upload_crosses_the_wire(upload: UploadDescription, parts: list[PartDescription]) -> None:
    """An upload with its parts."""
    members = {**encode.upload(upload), "Parts": [encode.part(part) for part in parts], "Marker": None}
    read = read_back("ListParts", members)
    assert near.upload(read) == upload
    assert [near.part(part) for part in read["Parts"]] == parts
    assert "Marker" not in read


@given(_jobs)
def test_job_crosses_the_wire(job: JobDescription) -> None:
    """A job with whatever fields it has, alone and in a list."""
    read = read_back("DescribeJob", encode.job(job))
    assert near.job(read) == job
    assert read["Completed"] is job.completed
    assert near.job(read_back("ListJobs", {"JobList": [encode.job(job)], "Marker": None})["JobList"][0]) == job


@given(_archive_jobs | _inventories)
def test_job_request_crosses_the_wire(request: ArchiveRetrieval | InventoryRetrieval) -> None:
    """What a client asks for, serialised by botocore, is what the store is asked for."""
    parameters = {"accountId": "-", "vaultName": "v", "jobParameters": job_parameters(request)}
    model = _MODEL.operation_model("InitiateJob")
    sent = create_serializer("rest-json").serialize_to_request(parameters, model)
    content = decode.read_content(sent["body"], load_operations()["InitiateJob"].request)
    assert _job_request(content) == request


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    )
)
def test_tags_cross_the_wire(tags: dict[str, str]) -> None:
    """Tags of any alphabet, both ways."""
    assert read_back("ListTagsForVault", {"Tags": tags}) == {"Tags": tags}
    model = _MODEL.operation_model("AddTagsToVault")
    sent = create_serializer("rest-json").serialize_to_request(
        {"accountId": "-", "vaultName": "v", "Tags": tags}, model
    )
    assert decode.read_content(sent["body"], load_operations()["AddTagsToVault"].request) == {"Tags": tags}


@given(_words, st.sampled_from(LockState), _moments, st.none() | _moments)
def test_lock_crosses_the_wire(
    policy: str, state: LockState, created_at: datetime, expires_at: datetime | None
) -> None:
    """A lock with and without an end."""
    lock = VaultLock(policy, state, created_at, expires_at)
    assert _lock(read_back("GetVaultLock", encode.lock(lock))) == lock


@given(_words, st.lists(st.sampled_from(VaultEvent), min_size=1, max_size=2), _ids, _moments, st.integers(1, 2**63 - 1))
def test_settings_cross_the_wire(topic: str, events: list[VaultEvent], unit: str, at: datetime, rate: int) -> None:
    """Notifications, capacity and the retrieval policy."""
    notifications = VaultNotifications(topic, tuple(events))
    read = read_back("GetVaultNotifications", {"vaultNotificationConfig": encode.notifications(notifications)})
    assert _notifications(read["vaultNotificationConfig"]) == notifications
    capacity = ProvisionedCapacity(unit, at, at)
    read = read_back("ListProvisionedCapacity", {"ProvisionedCapacityList": [encode.capacity(capacity)]})
    assert _capacity(read["ProvisionedCapacityList"][0]) == capacity
    for policy in (
        DataRetrievalPolicy(RetrievalStrategy.BYTES_PER_HOUR, rate),
        DataRetrievalPolicy(RetrievalStrategy.FREE_TIER),
    ):
        assert _policy(read_back("GetDataRetrievalPolicy", encode.retrieval_policy(policy))) == policy


@given(st.sampled_from(sorted(load_operations())), st.data())
def test_botocores_requests_find_their_operation(name: str, data: st.DataObject) -> None:
    """Whatever botocore serialises is routed to the operation it is for, with the values it was given."""
    operation = load_operations()[name]
    places = [*operation.request.at("uri"), *operation.request.at("querystring")]
    text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
        lambda value: value not in {".", ".."}
    )
    given_values = {member.name: data.draw(text) for member in places}
    sent = create_serializer("rest-json").serialize_to_request(given_values, _MODEL.operation_model(name))
    path, _, query = _with_query(sent)
    route = _ROUTER.find(Request(method=sent["method"], path=path.encode(), query=query.encode()))
    assert route.operation.name == name
    assert route.parameters == given_values


def _with_query(sent: dict[str, Any]) -> tuple[str, str, str]:
    """Path and query as botocore's own request builder joins them."""
    prepare_request_dict(sent, endpoint_url="http://x")
    return tuple(sent["url"].removeprefix("http://x").partition("?"))


_everything = st.text() | st.from_regex(r"bytes[ =]?[0-9]{0,3}-[0-9]{0,3}(/\*)?", fullmatch=True)


@given(_everything)
def test_values_are_read_or_refused(text: str) -> None:
    """No text, however odd, makes a decoder fail in another way than by refusing it."""
    for read in (
        lambda: decode.content_range(text, 5),
        lambda: decode.retrieval_range(text),
        lambda: decode.number(text, "limit"),
        lambda: decode.part_size(text),
        lambda: decode.boolean(text, "completed"),
        lambda: decode.moment(text, "StartDate"),
    ):
        try:
            read()
        except InvalidParameterValue:
            continue


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_content_is_read_or_refused(raw: bytes) -> None:
    """No body makes the decoder fail in another way than by refusing it."""
    for operation in load_operations().values():
        if operation.request.is_streaming:
            continue
        try:
            assert isinstance(decode.read_content(raw, operation.request), dict)
        except (Serialization, InvalidParameterValue):
            continue


@given(st.binary(max_size=60), st.binary(max_size=60), st.sampled_from(["GET", "PUT", "POST", "DELETE"]))
def test_paths_are_routed_or_refused(path: bytes, query: bytes, method: str) -> None:
    """No path and no query makes the router fail in another way than by refusing it."""
    for whole in (path, b"/" + path, b"/-/vaults/" + path, b"/-/vaults/v/jobs/" + path):
        try:
            _ROUTER.find(Request(method=method, path=whole, query=query))
        except (InvalidParameterValue, MissingParameterValue, UnknownOperation):
            continue


@given(st.text(max_size=100))
def test_error_isread_back(words: str) -> None:
    """Botocore finds code and words of an error; 500s tell no words at all."""
    for kind, status in ((InvalidParameterValue, 400), (Serialization, 400), (StoreError, 500)):
        error = kind(words)
        response = {"status_code": status, "headers": {}, "body": encode_fault(error, "ID"), "context": {}}
        parsed = create_parser("rest-json").parse(response, None)
        assert parsed["Error"]["Code"] == error.code
        expected = words if status == 400 else "The service is unavailable at the moment. Request ID: ID"
        assert parsed["Error"]["Message"] == expected


def test_moments_are_read_leniently() -> None:
    """All forms that clients send: with and without a zone, boto 2's, a date alone (glacier-api 1.4)."""
    at = datetime(2013, 3, 20, 17, 3, 43, tzinfo=UTC)
    for text in (
        "2013-03-20T17:03:43Z",
        "2013-03-20T17:03:43.000Z",
        "2013-03-20T17:03:43",
        "2013-03-20T17:03:43UTC",
        "2013-03-20T17:03:43 UTC",
        "2013-03-20T18:03:43+01:00",
        "2013-03-20T18:03:43+0100",
    ):
        assert decode.moment(text, "StartDate") == at
    assert decode.moment("2013-03-20", "StartDate") == datetime(2013, 3, 20, tzinfo=UTC)
