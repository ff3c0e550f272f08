"""What the founding workflow sends to Amazon's endpoint is formed as botocore's model and the reference demand.

Nothing here goes by coldframe's own code: routes and members come from the model, signatures from botocore's signer,
tree hashes from the reader that was written from the document alone.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from coldframe.model import MIB
from docs.stranger import hash_leaves, join_hashes
from founding.amazon import HOST, REGION, open_amazon
from founding.test_founding_workflow import leave_an_upload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from founding.amazon import Amazon, Noted

_CREDENTIAL = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
    r"SignedHeaders=([^,]+), Signature=(\w{64})"
)
_COMMON = {"x-amz-date", "x-amz-content-sha256", "x-amz-glacier-version"}
"""Headers of `x-amz-` that every request may have (glacier-api 1.2)."""
PROBE = "coldframe.asks.whose.vaults.these.are"
"""The vault that nobody has: the answer tells the account."""
_WANTED = {
    "CreateVault",
    "UploadArchive",
    "InitiateMultipartUpload",
    "UploadMultipartPart",
    "CompleteMultipartUpload",
    "InitiateJob",
    "ListJobs",
    "GetJobOutput",
    "ListMultipartUploads",
    "AbortMultipartUpload",
}
"""What the workflow cannot do without."""


@cache
def model() -> Any:
    """Glacier's service model, as botocore has it."""
    import botocore.session  # noqa: PLC0415 - heavy

    return botocore.session.get_session().get_service_model("glacier")


@dataclass(frozen=True)
class Read:
    """A request, read by the model: its operation, and what its path, query, headers and body say."""

    noted: Noted
    operation: str
    labels: dict[str, str]
    query: dict[str, str]

    @property
    def body(self) -> bytes:
        """Its body."""
        return self.noted.body

    def header(self, name: str) -> str:
        """One of its headers."""
        return self.noted.header(name)


def read_request(noted: Noted) -> Read:
    """The operation whose method and path are those of a request; there must be one alone."""
    found = []
    path = noted.request.path.decode()
    for name in model().operation_names:
        http = model().operation_model(name).http
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(http["requestUri"].partition("?")[0]))
        match = re.fullmatch(pattern, path)
        if match and http["method"] == noted.request.method:
            found.append((name, match.groupdict()))
    ((operation, labels),) = found
    return Read(noted, operation, labels, dict(parse_qsl(noted.request.query.decode(), keep_blank_values=True)))


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What the one run of the workflow has sent, for all tests of this process."""
    return {}


@pytest.fixture
def sent(
    seen: dict[str, Any],
    script: Callable[..., str],
    subs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Amazon, list[Read]]:
    """The requests of the workflow, and of dropping an upload that was left half done."""
    if not seen:
        with open_amazon(tmp_path) as amazon:
            for name, value in amazon.environ.items():
                monkeypatch.setenv(name, value)
            store = f"glacier://{REGION}"
            leave_an_upload(store)
            script("Subs", "--store", store, "--into", "back")
            seen.update(amazon=amazon, requests=[read_request(noted) for noted in amazon.requests])
    return seen["amazon"], seen["requests"]


Sent = tuple["Amazon", list[Read]]


def test_every_step_of_the_workflow_is_asked(sent: Sent) -> None:
    """All of it goes to one host and port; nothing is refused but the question after a vault that nobody has."""
    amazon, requests = sent
    assert set(amazon.targets) == {f"{HOST}:443"}
    asked = Counter(read.operation for read in requests)
    assert set(asked) >= _WANTED, asked
    refused = {(read.operation, read.noted.status) for read in requests if read.noted.status >= 400}
    assert refused <= {("DescribeVault", 404)}
    assert {read.labels["vaultName"] for read in requests if read.noted.status == 404} <= {PROBE}


def test_every_request_has_what_the_protocol_demands(sent: Sent) -> None:
    """Host, version, account, and the hash of the body (glacier-api 1.1, 1.2)."""
    for read in sent[1]:
        assert read.header("host") == HOST
        assert read.header("x-amz-glacier-version") == "2012-06-01"
        assert read.labels["accountId"] == "-"
        assert int(read.header("content-length") or 0) == len(read.body)
        assert read.header("transfer-encoding") == ""
        told = read.header("x-amz-content-sha256")
        is_optional = read.operation not in {"UploadArchive", "UploadMultipartPart"}
        assert told == sha256(read.body).hexdigest() or (is_optional and not told), read.operation


def test_every_request_is_signed_as_botocore_signs(sent: Sent) -> None:
    """For the endpoint's region, over the host and every header of Amazon's, with botocore's very signature."""
    from botocore.auth import SigV4Auth  # noqa: PLC0415 - heavy
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - heavy
    from botocore.credentials import Credentials  # noqa: PLC0415 - heavy

    amazon, requests = sent
    signer = SigV4Auth(Credentials(amazon.key.access_key_id, amazon.key.secret_access_key), "glacier", REGION)
    for read in requests:
        match = _CREDENTIAL.fullmatch(read.header("authorization"))
        assert match is not None, read.header("authorization")
        key_id, date, region, service, names, signature = match.groups()
        moment = read.header("x-amz-date")
        assert (key_id, date, region, service) == (amazon.key.access_key_id, moment[:8], REGION, "glacier")
        given = {name.decode().lower() for name in read.noted.request.names}
        assert {"host", *(name for name in given if name.startswith("x-amz-"))} <= set(names.split(";"))
        request = AWSRequest(
            method=read.noted.request.method,
            url=f"https://{HOST}{read.noted.request.path.decode()}?{read.noted.request.query.decode()}".rstrip("?"),
            headers={name: read.header(name) for name in names.split(";")},
            data=read.body,
        )
        request.context["timestamp"] = moment
        text = signer.string_to_sign(request, signer.canonical_request(request))
        assert signer.signature(text, request) == signature, read.operation


def test_no_request_holds_what_the_model_does_not_know(sent: Sent) -> None:
    """Headers, query parameters and members of JSON bodies are the operation's, and what it requires is there."""
    for read in sent[1]:
        shape = model().operation_model(read.operation).input_shape
        places: dict[str, dict[str, str]] = defaultdict(dict)
        for name, member in shape.members.items():
            place = member.serialization.get("location", "body")
            places[place][member.serialization.get("name", name).lower()] = name
        amazons = {name.decode().lower() for name in read.noted.request.names if name.lower().startswith(b"x-amz-")}
        assert amazons - _COMMON <= set(places["header"]), read.operation
        assert {name.lower() for name in read.query} <= set(places["querystring"]), read.operation
        for name in shape.required_members:
            member = shape.members[name].serialization
            if member.get("location") == "header":
                assert read.header(member["name"]), (read.operation, name)
        payload = shape.serialization.get("payload")
        if payload and shape.members[payload].type_name == "structure":
            assert set(json.loads(read.body)) <= set(shape.members[payload].members), read.operation


def test_uploads_tell_the_tree_hash_of_their_bytes(sent: Sent) -> None:
    """Of each archive in one piece and of each part, by the document's rule; and the payload hash always."""
    uploads = [read for read in sent[1] if read.operation in {"UploadArchive", "UploadMultipartPart"}]
    assert {read.operation for read in uploads} == {"UploadArchive", "UploadMultipartPart"}
    for read in uploads:
        assert read.header("x-amz-sha256-tree-hash") == join_hashes(hash_leaves(read.body)).hex()
        assert read.header("x-amz-content-sha256") == sha256(read.body).hexdigest()


def test_parts_of_an_upload_lie_side_by_side(sent: Sent) -> None:
    """Each of the part size but the last, on its multiples, and the end tells their sum and their tree hash."""
    parts: dict[str, dict[int, bytes]] = defaultdict(dict)
    for read in sent[1]:
        if read.operation == "UploadMultipartPart":
            match = re.fullmatch(r"bytes (\d+)-(\d+)/\*", read.header("content-range"))
            assert match is not None
            assert int(match[2]) - int(match[1]) + 1 == len(read.body)
            parts[read.labels["uploadId"]][int(match[1])] = read.body
    ends = {read.labels["uploadId"]: read for read in sent[1] if read.operation == "CompleteMultipartUpload"}
    assert set(ends) == set(parts)
    for upload, found in parts.items():
        *others, last = [found[start] for start in sorted(found)]
        assert sorted(found) == [number * MIB for number in range(len(found))]
        assert {len(part) for part in others} <= {MIB}
        assert 1 <= len(last) <= MIB
        whole = b"".join([*others, last])
        assert ends[upload].header("x-amz-archive-size") == str(len(whole))
        assert ends[upload].header("x-amz-sha256-tree-hash") == join_hashes(hash_leaves(whole)).hex()
    begun = [read.header("x-amz-part-size") for read in sent[1] if read.operation == "InitiateMultipartUpload"]
    assert set(begun) == {str(MIB)}


def test_a_job_is_asked_for_each_blue_light(sent: Sent) -> None:
    """An archive retrieval in the tier that was wanted, the file name as its description; its output by ranges."""
    jobs = [json.loads(read.body) for read in sent[1] if read.operation == "InitiateJob"]
    names = [f"M33_Light_Blue_180sec__1x1_frame{number}.fit" for number in (1, 2, 3)]
    assert sorted(job["Description"] for job in jobs) == names
    assert {(job["Type"], job["Tier"]) for job in jobs} == {("archive-retrieval", "Bulk")}
    assert all(re.fullmatch(r"[\w-]{138}", job["ArchiveId"]) for job in jobs)
    ranges = [read.header("range") for read in sent[1] if read.operation == "GetJobOutput"]
    assert all(re.fullmatch(r"bytes=\d+-\d+", text) for text in ranges if text)
    assert {read.labels["vaultName"] for read in sent[1] if "vaultName" in read.labels} == {"astrodata", PROBE}
