"""Bodies in both directions: nothing is committed before its hash is known, nothing wrong ends cleanly."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ResponseStreamingError

from coldframe.errors import DamagedArchive, RequestTimeout
from coldframe.model import ArchiveRetrieval
from coldframe.testing.bodies import BytesBody, pattern, read_output
from coldframe.wire.in_process import open_client, open_store_client
from wire.signing import changed, hashes, send, signed, unsigned
from wire.world import ACCOUNT, KEY, REGION, make_face

if TYPE_CHECKING:
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock
    from coldframe.wire.http import Request, Response
    from wire.world import FaceWorld

_MIB = 2**20
_DATA = pattern(2.5)
_UPLOAD = "/-/vaults/v/archives"


class _Reader:
    """A body reader that counts what is read, hands out `step` bytes at most, and can fail at a place."""

    def __init__(
        self, data: bytes, *, step: int = 70_000, fails_at: int | None = None, error: Exception | None = None
    ) -> None:
        """Start at the beginning."""
        self._data = io.BytesIO(data)
        self._step = step
        self._fails_at = fails_at
        self._error = error
        self.taken = 0

    def read(self, size: int, /) -> bytes:
        """The next bytes, or the failure."""
        if self._error is not None and self._fails_at is not None and self.taken >= self._fails_at:
            raise self._error
        data = self._data.read(min(size, self._step))
        self.taken += len(data)
        return data


@pytest.fixture
def upload(world: FaceWorld, clock: FakeClock) -> Request:
    """An upload of 2.5 MiB to a vault that is there."""
    world.store.create_vault("v")
    return signed(unsigned("POST", _UPLOAD, at=clock.now(), headers=hashes(_DATA), body=_DATA))


def _count(world: FaceWorld) -> int:
    return world.store.describe_vault("v").number_of_archives


def _blobs(folder: str) -> list[str]:
    return [name for _, _, names in os.walk(os.path.join(folder, "blobs")) for name in names if name.endswith(".blob")]


def _code(body: bytes) -> Any:
    return json.loads(body)["code"]


def test_upload_is_streamed(world: FaceWorld, upload: Request) -> None:
    """A body comes in pieces of any length, and is kept."""
    response, _ = send(world.face, replace(upload, body=_Reader(_DATA)))
    assert (response.status, response.must_close, _count(world)) == (201, False, 1)


@pytest.mark.parametrize("place", [0, 1, _MIB, len(_DATA) - 1])
def test_flipped_bit_is_never_committed(world: FaceWorld, upload: Request, store_folder: str, place: int) -> None:
    """A body with one bit wrong is refused before a blob has its name, let alone a place in the ledger."""
    flipped = bytearray(_DATA)
    flipped[place] ^= 1
    response, body = send(world.face, replace(upload, body=_Reader(bytes(flipped))))
    assert (response.status, _code(body)) == (403, "InvalidSignatureException")
    assert "does not match the computed payload hash" in json.loads(body)["message"]
    assert (_count(world), _blobs(store_folder)) == (0, [])


@pytest.mark.parametrize("size", [1, 70_001, _MIB - 1, _MIB, _MIB + 1])
@pytest.mark.parametrize("fault", [None, "a bit", "the tree hash"])
def test_short_body_is_held_against_both_hashes(
    world: FaceWorld, clock: FakeClock, store_folder: str, size: int, fault: str | None
) -> None:
    """A body of a single chunk, which is hashed once, is refused and kept as any other; what was kept comes back."""
    world.store.create_vault("v")
    data = pattern(2)[-size:]
    headers = hashes(data)
    if fault == "the tree hash":
        headers["x-amz-sha256-tree-hash"] = hashes(data + b"!")["x-amz-sha256-tree-hash"]
    sent = bytes([data[0] ^ 1]) + data[1:] if fault == "a bit" else data
    request = signed(unsigned("POST", _UPLOAD, at=clock.now(), headers=headers, body=data))
    response, _ = send(world.face, replace(request, body=_Reader(sent)))
    if fault is not None:
        assert response.status == {"a bit": 403, "the tree hash": 400}[fault]
        assert (_count(world), _blobs(store_folder)) == (0, [])
        return
    assert response.status == 201
    job_id = world.store.initiate_job("v", ArchiveRetrieval(response.header("x-amz-archive-id") or ""))
    assert read_output(world.store, "v", job_id) == data


def test_unsigned_payload_is_refused_at_once(world: FaceWorld, clock: FakeClock) -> None:
    """What is no hash cannot be that of the body, so none of it is read."""
    world.store.create_vault("v")
    headers = {**hashes(_DATA), "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    reader = _Reader(_DATA)
    request = signed(unsigned("POST", _UPLOAD, at=clock.now(), headers=headers, body=_DATA))
    response = world.face.handle(replace(request, body=reader))
    assert (response.status, reader.taken, response.must_close) == (403, 0, True)


def test_upload_needs_its_length(world: FaceWorld, upload: Request) -> None:
    """Without Content-Length, or with another framing, an upload is refused and the connection closed."""
    for header, value in (("Content-Length", None), ("Transfer-Encoding", "chunked")):
        request = changed(upload, header) if value is None else changed(upload, header, value)
        response, body = send(world.face, replace(request, body=_Reader(_DATA)))
        assert (response.status, _count(world)) == (400, 0)
        assert json.loads(body)["message"] == "Required parameter missing: Content-Length"


@pytest.mark.parametrize("length", ["-1", "+5", "1_0", "0x10", "5, 5", "\u0665", "9" * 40, " "])
def test_length_is_one_number(world: FaceWorld, upload: Request, length: str) -> None:
    """A Content-Length that is anything but digits is refused."""
    response, body = send(world.face, changed(upload, "Content-Length", length))
    assert response.status == 400
    assert _count(world) == 0
    assert _code(body) in {"InvalidParameterValueException", "MissingParameterValueException"}


def test_size_is_judged_by_the_head(world: FaceWorld, clock: FakeClock) -> None:
    """An archive of more than 4 GiB is refused with nothing read; 8 MiB are drained after the answer."""
    world.store.create_vault("v")
    request = signed(unsigned("POST", _UPLOAD, at=clock.now(), headers=hashes(_DATA), body=_DATA))
    reader = _Reader(bytes(9 * _MIB), step=_MIB)
    response = world.face.handle(replace(changed(request, "Content-Length", "38505164800"), body=reader))
    assert (response.status, response.must_close, reader.taken) == (400, True, 0)
    buffers = iter(response.body)
    assert json.loads(bytes(next(buffers)))["message"] == "Invalid Content-Length: 38505164800"
    assert reader.taken == 0
    assert list(buffers) == []
    assert reader.taken == 8 * _MIB


def test_short_rest_is_drained_first(world: FaceWorld, clock: FakeClock) -> None:
    """A small body that nobody wanted costs no connection."""
    body = b"x" * 1000
    reader = _Reader(body)
    request = signed(unsigned("POST", "/-/vaults/gone/archives", at=clock.now(), headers=hashes(body), body=body))
    response = world.face.handle(replace(request, body=reader))
    assert (response.status, response.must_close, reader.taken) == (404, False, 1000)


@pytest.mark.parametrize("place", [0, _MIB, 2 * _MIB])
def test_broken_body_leaves_nothing(world: FaceWorld, upload: Request, store_folder: str, place: int) -> None:
    """A connection that ends or breaks in the middle of a body is the client's fault, not the disk's."""
    for reader in (_Reader(_DATA[:place]), _Reader(_DATA, fails_at=place, error=ConnectionResetError("peer"))):
        response, body = send(world.face, replace(upload, body=reader))
        assert (response.status, _code(body)) == (400, "BadRequest")
        assert response.must_close
    assert (_count(world), _blobs(store_folder), world.lines) == (0, [], [])


def test_slow_body_is_timed_out(world: FaceWorld, upload: Request) -> None:
    """What the server's reader says about a stalled body is told as 408."""
    reader = _Reader(
        _DATA, fails_at=_MIB, error=RequestTimeout("Your socket connection was not read from or written to.")
    )
    response, body = send(world.face, replace(upload, body=reader))
    assert (response.status, _code(body), _count(world)) == (408, "RequestTimeoutException", 0)


def test_long_json_is_refused(world: FaceWorld, clock: FakeClock) -> None:
    """No JSON body may be over 1 MiB, and none of it is read to find out."""
    world.store.create_vault("v")
    body = b" " * (_MIB + 1)
    reader = _Reader(body)
    request = signed(unsigned("POST", "/-/vaults/v/jobs", at=clock.now(), body=body))
    response = world.face.handle(replace(request, body=reader))
    assert (response.status, reader.taken) == (400, 0)


@pytest.mark.parametrize(("target", "called"), [("/-/vaults/v/jobs", 1), (_UPLOAD, 0)])
@pytest.mark.parametrize("is_signed", [True, False])
def test_json_is_hastened_and_an_upload_is_not(
    world: FaceWorld, clock: FakeClock, target: str, called: int, *, is_signed: bool
) -> None:
    """Whoever may not be known yet has a short time; a part of 4 GiB may come as slowly as the server's pace allows."""
    world.store.create_vault("v")
    body = b'{"Type": "inventory-retrieval"}'
    headers = hashes(body) if is_signed or target == _UPLOAD else {}
    calls: list[str] = []
    request = signed(unsigned("POST", target, at=clock.now(), headers=headers, body=body))
    response = world.face.handle(replace(request, hasten=lambda: calls.append("hasten")))
    assert (response.status, len(calls)) == (202 if called else 201, called)


def test_inner_failure_tells_nothing(service: VaultService, clock: FakeClock) -> None:
    """What breaks inside is a 500 with a request ID, and a JSON line with that ID that tells all."""

    def broken(_account_id: str) -> VaultService:
        raise RuntimeError("/secret/path: SELECT * FROM vault")

    world = make_face(service, clock=clock, find_store=broken)
    response, body = send(world.face, signed(unsigned("GET", "/-/vaults/v", at=clock.now())))
    request_id = response.header("x-amzn-RequestId")
    assert (response.status, json.loads(body)) == (
        500,
        {
            "code": "ServiceUnavailableException",
            "message": f"The service is unavailable at the moment. Request ID: {request_id}",
            "type": "Server",
        },
    )
    (line,) = world.lines
    logged = json.loads(line)
    assert (logged["request_id"], logged["operation"], logged["error"]) == (request_id, "DescribeVault", "RuntimeError")
    assert "SELECT" in logged["message"]
    assert "\n" not in line


def test_damage_breaks_the_answer(world: FaceWorld, clock: FakeClock, store_folder: str) -> None:
    """An archive that is damaged behind its first chunk breaks off before the wrong byte, and is logged."""
    response = _output_of_a_damaged_archive(world, clock, store_folder, place=2 * _MIB)
    assert response.status == 200
    taken = bytearray()
    with pytest.raises(DamagedArchive):
        _read_into(taken, response)
    response.close()
    assert _DATA.startswith(taken)
    assert len(taken) == 2 * _MIB
    (line,) = world.lines
    assert json.loads(line)["request_id"] == response.header("x-amzn-RequestId")


def test_damage_at_the_start_is_an_error(world: FaceWorld, clock: FakeClock, store_folder: str) -> None:
    """The first bytes are checked before the head is sent, so that damage there is told as a 500."""
    response = _output_of_a_damaged_archive(world, clock, store_folder, place=0)
    assert response.status == 500
    assert _code(b"".join(bytes(buffer) for buffer in response.body)) == "ServiceUnavailableException"


def _output_of_a_damaged_archive(world: FaceWorld, clock: FakeClock, folder: str, *, place: int) -> Response:
    world.store.create_vault("v")
    archive_id = world.store.upload_archive("v", BytesBody(_DATA)).archive_id
    job_id = world.store.initiate_job("v", ArchiveRetrieval(archive_id))
    (path,) = [
        os.path.join(where, name)
        for where, _, names in os.walk(os.path.join(folder, "blobs"))
        for name in names
        if name.endswith(".blob")
    ]
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        file.seek(place)
        file.write(b"\xff")
    target = f"/-/vaults/v/jobs/{job_id}/output"
    return world.face.handle(signed(unsigned("GET", target, at=clock.now())))


def _read_into(taken: bytearray, response: Response) -> None:
    for buffer in response.body:
        taken += buffer


def test_client_in_process_streams(client: Any, tmp_path: Any) -> None:
    """boto3 in process takes bodies from files, and hands outputs out piece by piece."""
    client.create_vault(vaultName="v")
    path = tmp_path / "light.fit"
    path.write_bytes(_DATA)
    with open(path, "rb") as file:
        archive_id = client.upload_archive(vaultName="v", body=file)["archiveId"]
    job = client.initiate_job(vaultName="v", jobParameters={"Type": "archive-retrieval", "ArchiveId": archive_id})
    body = client.get_job_output(vaultName="v", jobId=job["jobId"])["body"]
    assert body.read(10) == _DATA[:10]
    assert body.read(0) == b""
    pieces = list(body.iter_chunks(chunk_size=300_000))
    assert {len(piece) for piece in pieces[:-1]} == {300_000}
    assert _DATA[:10] + b"".join(pieces) == _DATA
    body.close()


def test_store_is_its_own_client(service: VaultService) -> None:
    """A boto3 client straight on a store, with a key made for it alone."""
    client = open_store_client(service, account_id=ACCOUNT, region=REGION)
    assert client.create_vault(vaultName="v")["location"] == f"/{ACCOUNT}/vaults/v"
    assert service.describe_vault("v").vault_name == "v"
    client.close()


def test_client_in_process_sees_broken_answers(service: VaultService, store_folder: str) -> None:
    """An answer that breaks off is to boto3 what a broken connection is."""
    world = make_face(service)
    client = open_client(world.face, key=KEY, region=REGION)
    client.create_vault(vaultName="v")
    archive_id = client.upload_archive(vaultName="v", body=_DATA)["archiveId"]
    job = client.initiate_job(vaultName="v", jobParameters={"Type": "archive-retrieval", "ArchiveId": archive_id})
    body = client.get_job_output(vaultName="v", jobId=job["jobId"])["body"]
    (name,) = _blobs(store_folder)
    path = next(os.path.join(where, name) for where, _, names in os.walk(store_folder) if name in names)
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        file.seek(2 * _MIB)
        file.write(b"\xff")
    with pytest.raises(ResponseStreamingError):
        body.read()
    client.close()
