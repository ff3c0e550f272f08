"""What is wrong is told with the status, the code and the words of glacier-api 3.3."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from wire.signing import hashes, send, signed, unsigned
from wire.world import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from coldframe.testing.clock import FakeClock
    from wire.world import FaceWorld

_ARN = f"arn:aws:glacier:local:{ACCOUNT}:vaults/v"
_INVALID = (400, "InvalidParameterValueException")
_MISSING = (400, "MissingParameterValueException")
_GONE = (404, "ResourceNotFoundException")
_UNKNOWN = (404, "UnknownOperationException")
_SERIAL = (400, "SerializationException")
_PART_SIZE = "Part size must not be null, must be a power of two and be between 1048576 and 4294967296 bytes."


class _Asking:
    """Sends requests to a face that stands before one vault, `v`."""

    def __init__(self, world: FaceWorld, clock: FakeClock) -> None:
        """Make the vault."""
        self.world = world
        self.clock = clock
        world.store.create_vault("v")

    def error(
        self, method: str, target: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None
    ) -> tuple[tuple[int, str], str]:
        """The status and the code of the answer, and its words."""
        request = unsigned(method, target, at=self.clock.now(), headers=headers, body=body)
        response, told = send(self.world.face, signed(request))
        found = json.loads(told)
        assert set(found) == {"code", "message", "type"}
        assert found["type"] == ("Server" if response.status >= 500 else "Client")
        assert response.header("x-amzn-errortype") is None
        return (response.status, found["code"]), found["message"]


@pytest.fixture
def asking(world: FaceWorld, clock: FakeClock) -> _Asking:
    """A face before one vault."""
    return _Asking(world, clock)


@pytest.mark.parametrize(
    ("method", "target", "expected", "words"),
    [
        ("GET", "/-/vaults/w", _GONE, f"Vault not found for ARN: arn:aws:glacier:local:{ACCOUNT}:vaults/w"),
        ("GET", "/-/vaults/a%20b", _GONE, "Vault not found for ARN: a b"),
        ("PUT", "/-/vaults/a%20b", _INVALID, "Invalid vault name: a b"),
        ("PUT", "/-/vaults/..", _INVALID, "Invalid vault name: .."),
        ("PUT", "/-/vaults/%2e", _INVALID, "Invalid vault name: ."),
        ("GET", "/-/vaults?limit=0", _INVALID, "Invalid limit: 0"),
        ("GET", "/-/vaults?limit=-1", _INVALID, "Invalid limit: -1"),
        ("GET", "/-/vaults?limit=ten", _INVALID, "Invalid limit: ten"),
        ("GET", "/-/vaults?limit=%D9%A1", _INVALID, "Invalid limit: \u0661"),
        ("GET", "/-/vaults?marker=nonsense", _INVALID, "Invalid marker: nonsense"),
        ("GET", "/-/vaults?limit=5&limit=6", _INVALID, "The parameter limit was given more than once."),
        ("GET", "/-/vaults/v/jobs/x", _GONE, "The job ID was not found: x"),
        ("GET", "/-/vaults/v/jobs?completed=yes", _INVALID, "Invalid completed: yes"),
        ("GET", "/-/vaults/v/jobs?statuscode=Done", _INVALID, "The job status code is not valid: Done"),
        ("GET", "/-/vaults/w/jobs?statuscode=Done", _GONE, f"Vault not found for ARN: {_ARN[:-1]}w"),
        ("GET", "/-/vaults/v/multipart-uploads/x", _GONE, "The upload ID was not found: x"),
        ("DELETE", "/-/vaults/v/archives/x", _INVALID, "Invalid archive ID: x"),
        ("POST", "/-/vaults/v/tags", _MISSING, "Required parameter missing: operation"),
        ("POST", "/-/vaults/v/tags?operation=change", _INVALID, "Invalid operation: change"),
        ("POST", "/-/vaults/v/tags?operation=add", _MISSING, "Required parameter missing: Tags"),
        ("POST", "/-/vaults/v/archives", _MISSING, "Required parameter missing: x-amz-content-sha256"),
        ("POST", "/-/vaults/v/multipart-uploads", _MISSING, "Required parameter missing: x-amz-part-size"),
        ("POST", "/-/vaults/v/jobs", _MISSING, "Required parameter missing: Job Parameters"),
        ("POST", "/-/vaults/w/jobs", _GONE, f"Vault not found for ARN: {_ARN[:-1]}w"),
        ("PATCH", "/-/vaults/v", _UNKNOWN, "Unknown operation: PATCH /-/vaults/v"),
        ("GET", "/", _UNKNOWN, "Unknown operation: GET /"),
        ("GET", "/-/vaults/", _UNKNOWN, "Unknown operation: GET /-/vaults/"),
        ("GET", "//-/vaults", _UNKNOWN, "Unknown operation: GET //-/vaults"),
        ("GET", "/-/vaults/v/../w/jobs", _UNKNOWN, "Unknown operation: GET /-/vaults/v/../w/jobs"),
        ("GET", "/-/vaults/v/archives", _UNKNOWN, "Unknown operation: GET /-/vaults/v/archives"),
    ],
)
def test_wrong_requests_are_told(
    asking: _Asking, method: str, target: str, expected: tuple[int, str], words: str
) -> None:
    """Each request without a body, and what is wrong with it."""
    assert asking.error(method, target) == (expected, words)


@pytest.mark.parametrize(
    ("body", "expected", "words"),
    [
        ("", _MISSING, "Required parameter missing: Job Parameters"),
        ("{}", _MISSING, "Required parameter missing: Job Parameters"),
        ('{"Description": "x"}', _MISSING, "Required parameter missing: type"),
        ('{"Type": "select"}', _INVALID, None),
        ('{"Type": "archive-retrieval"}', _MISSING, "Required parameter missing: archiveId"),
        ('{"Type": "archive-retrieval", "ArchiveId": "x"}', _GONE, "The archive ID was not found: x"),
        ('{"Type": "archive-retrieval", "ArchiveId": "x", "Tier": "Slow"}', _INVALID, "Invalid tier: Slow"),
        ('{"Type": "archive-retrieval", "ArchiveId": "x", "RetrievalByteRange": "5"}', _INVALID, None),
        ('{"Type": "archive-retrieval", "ArchiveId": "x", "RetrievalByteRange": "5-4"}', _INVALID, None),
        ('{"Type": "archive-retrieval", "ArchiveId": true}', _INVALID, None),
        ('{"Type": "inventory-retrieval", "Format": "XML"}', _INVALID, "Invalid format: XML"),
        ('{"Type": "inventory-retrieval", "ArchiveId": "x"}', _INVALID, None),
        ('{"Type": "inventory-retrieval", "RetrievalByteRange": "0-1"}', _INVALID, None),
        (
            '{"Type": "inventory-retrieval", "InventoryRetrievalParameters": {"Limit": "x"}}',
            _INVALID,
            "Invalid limit: x",
        ),
        ('{"Type": "inventory-retrieval", "InventoryRetrievalParameters": {"StartDate": "x"}}', _INVALID, None),
        ('{"Type": "inventory-retrieval", "InventoryRetrievalParameters": "x"}', _INVALID, None),
        (
            '{"Type": "inventory-retrieval", "SNSTopic": "arn:aws:sns:elsewhere-1:000000000000:t"}',
            _INVALID,
            "SNS topics must be in the local AWS region: arn:aws:sns:elsewhere-1:000000000000:t",
        ),
        ('{"Type": ', _SERIAL, None),
        ("[]", _SERIAL, None),
        ('"x"', _SERIAL, None),
        ('{"Type": NaN}', _SERIAL, None),
        ('{"Type": "select", "Type": "inventory-retrieval"}', _SERIAL, None),
        ('{"Type": "\\ud800"}', _SERIAL, None),
        ('{"x": ' + "[" * 100 + "]" * 100 + "}", _SERIAL, None),
        ('{"x": ' + "[" * 100_000, _SERIAL, None),
        ('{"x": ' + "9" * 5000 + "}", _SERIAL, None),
        ("\x00", _SERIAL, None),
    ],
)
def test_wrong_jobs_are_told(asking: _Asking, body: str, expected: tuple[int, str], words: str | None) -> None:
    """Each body of InitiateJob, and what is wrong with it."""
    found, told = asking.error("POST", "/-/vaults/v/jobs", body.encode())
    assert found == expected
    assert words in {None, told}
    assert asking.world.store.list_jobs("v").items == []


@pytest.mark.parametrize(
    ("target", "body", "expected"),
    [
        ("/-/vaults/v/notification-configuration", "{}", _MISSING),
        ("/-/vaults/v/notification-configuration", '{"SNSTopic": "x", "Events": []}', _MISSING),
        ("/-/vaults/v/notification-configuration", '{"SNSTopic": "x", "Events": ["Rain"]}', _INVALID),
        (
            "/-/vaults/v/notification-configuration",
            '{"SNSTopic": "x", "Events": "ArchiveRetrievalCompleted"}',
            _INVALID,
        ),
        ("/-/vaults/v/access-policy", "{}", _MISSING),
        ("/-/vaults/v/access-policy", '{"Policy": {"Version": "2012-10-17"}}', _INVALID),
        ("/-/policies/data-retrieval", "{}", _MISSING),
        ("/-/policies/data-retrieval", '{"Policy": {"Rules": []}}', _MISSING),
        ("/-/policies/data-retrieval", '{"Policy": {"Rules": [{}]}}', _MISSING),
        ("/-/policies/data-retrieval", '{"Policy": {"Rules": [{"Strategy": "Some"}]}}', _INVALID),
        ("/-/policies/data-retrieval", '{"Policy": {"Rules": [{"Strategy": "BytesPerHour"}]}}', _MISSING),
        ("/-/policies/data-retrieval", '{"Policy": {"Rules": [{"Strategy": "None", "BytesPerHour": 1}]}}', _INVALID),
        ("/-/policies/data-retrieval", '{"Policy": {"Rules": [{"Strategy": "None"}, {"Strategy": "None"}]}}', _INVALID),
    ],
)
def test_wrong_settings_are_told(asking: _Asking, target: str, body: str, expected: tuple[int, str]) -> None:
    """Each body of an operation that sets something, and the kind of its fault."""
    assert asking.error("PUT", target, body.encode())[0] == expected


@pytest.mark.parametrize("number", [0, -1, 2**63, 1.5, True, "5"])
def test_rate_is_a_positive_number(asking: _Asking, number: object) -> None:
    """1 to 2^63 - 1 bytes an hour."""
    policy = {"Rules": [{"Strategy": "BytesPerHour", "BytesPerHour": number}]}
    found, _ = asking.error("PUT", "/-/policies/data-retrieval", json.dumps({"Policy": policy}).encode())
    assert found == _INVALID


@pytest.mark.parametrize(
    ("sent", "expected", "words"),
    [
        ("abc", _INVALID, f"Invalid part size: abc. {_PART_SIZE}"),
        ("1048577", _INVALID, f"Invalid part size: 1048577. {_PART_SIZE}"),
        ("0", _INVALID, f"Invalid part size: 0. {_PART_SIZE}"),
        ("-1048576", _INVALID, f"Invalid part size: -1048576. {_PART_SIZE}"),
        ("9" * 30, _INVALID, f"Invalid part size: {'9' * 30}. {_PART_SIZE}"),
    ],
)
def test_wrong_part_size_is_told(asking: _Asking, sent: str, expected: tuple[int, str], words: str) -> None:
    """In the original's words."""
    found = asking.error("POST", "/-/vaults/v/multipart-uploads", headers={"x-amz-part-size": sent})
    assert found == (expected, words)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("bytes 0-9", "Invalid Content-Range: bytes 0-9"),
        ("0-9/*", "Invalid Content-Range: 0-9/*"),
        ("bytes 9-0/*", "Invalid Content-Range: bytes 9-0/*"),
        ("bytes 0-8/*", "Content-Range: bytes 0-8/* is incompatible with Content-Length: 10"),
        ("bytes 1-10/*", "Invalid Content-Range: bytes 1-10/*"),
        (
            "bytes 10485760000-10485760009/*",
            "This is part number 10001 for the current multipart upload. It exceeds the limit of 10000 parts.",
        ),
    ],
)
def test_wrong_place_of_a_part_is_told(asking: _Asking, place: str, words: str) -> None:
    """In the original's words, and the upload stays as it was."""
    upload_id = asking.world.store.initiate_multipart_upload("v", part_size=2**20)
    headers = {**hashes(b"0123456789"), "Content-Range": place}
    found = asking.error("PUT", f"/-/vaults/v/multipart-uploads/{upload_id}", b"0123456789", headers=headers)
    assert found == (_INVALID, words)
    assert asking.world.store.list_parts("v", upload_id).parts == []


def test_wrong_completion_is_told(asking: _Asking) -> None:
    """Missing headers, a size that is no number, another hash."""
    upload_id = asking.world.store.initiate_multipart_upload("v", part_size=2**20)
    target = f"/-/vaults/v/multipart-uploads/{upload_id}"
    assert asking.error("POST", target) == (_MISSING, "Required parameter missing: x-amz-archive-size")
    size = {"x-amz-archive-size": "10"}
    assert asking.error("POST", target, headers=size) == (
        _MISSING,
        "Required parameter missing: x-amz-sha256-tree-hash",
    )
    headers = {"x-amz-archive-size": "ten", "x-amz-sha256-tree-hash": "00" * 32}
    assert asking.error("POST", target, headers=headers) == (_INVALID, "Invalid x-amz-archive-size: ten")


def test_wrong_uploads_are_told(asking: _Asking) -> None:
    """An empty archive, a missing and a wrong tree hash, a bad description."""
    target, body = "/-/vaults/v/archives", b"0123456789"
    good = hashes(body)
    assert asking.error("POST", target, headers=hashes(b"")) == (_INVALID, "Invalid Content-Length: 0")
    linear = {"x-amz-content-sha256": good["x-amz-content-sha256"]}
    found = asking.error("POST", target, body, headers=linear)
    assert found == (_MISSING, "Required parameter missing: x-amz-sha256-tree-hash")
    own = good["x-amz-sha256-tree-hash"]
    found = asking.error("POST", target, body, headers={**linear, "x-amz-sha256-tree-hash": "00" * 32})
    assert found == (_INVALID, f"Checksum mismatch: expected {'00' * 32}, computed {own}")
    assert asking.error("POST", target, body, headers={**good, "x-amz-archive-description": "x" * 1025})[0] == _INVALID
    assert asking.world.store.describe_vault("v").number_of_archives == 0


def test_missing_vault_is_told_before_wrong_values(asking: _Asking) -> None:
    """The order of checks: vault, then headers and query, then body (glacier-api 3.3)."""
    words = f"Vault not found for ARN: {_ARN[:-1]}w"
    assert asking.error("POST", "/-/vaults/w/multipart-uploads") == (_GONE, words)
    assert asking.error("POST", "/-/vaults/w/tags?operation=add", b"{") == (_GONE, words)
    assert asking.error("GET", "/-/vaults/w/jobs?limit=x") == (_GONE, words)


def test_id_may_be_percent_encoded(asking: _Asking) -> None:
    """Clients encode names though nothing in them needs it; a decoded slash separates nothing."""
    assert asking.error("GET", "/-/vaults/v%2Fjobs") == (_GONE, "Vault not found for ARN: v/jobs")
    request = unsigned("GET", "/%2d/vaults/%76", at=asking.clock.now())
    assert send(asking.world.face, signed(request))[0].status == 200


def test_no_name_leaves_the_store(asking: _Asking, tmp_path: Path) -> None:
    """5,000 paths made of what breaks out elsewhere name no vault, and touch no file (reliability H7)."""
    pieces = [
        "..",
        ".",
        "/",
        "\\",
        "%2e",
        "%2E%2e",
        "%2f",
        "%5c",
        "%00",
        "%252e",
        "%c0%af",
        "a",
        "~",
        "C:",
        " ",
        "%0d%0a",
    ]
    pieces += ["etc/passwd", "x" * 300, "%", "%zz", "*", "?", ";", "#", "\u0661", "v/archives", "\x7f"]
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    chance = random.Random(7)
    for _ in range(5_000):
        path = "/-/vaults/" + "".join(chance.choices(pieces, k=chance.randint(1, 6)))
        for method in ("GET", "DELETE") if chance.random() < 0.1 else ("GET",):
            request = signed(unsigned(method, path, at=asking.clock.now()))
            response, told = send(asking.world.face, request)
            assert response.status in {400, 403, 404} or (method == "DELETE" and response.status == 204), (path, told)
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before
    assert [vault.vault_name for vault in asking.world.store.list_vaults().items] == ["v"]
    assert asking.world.lines == []
