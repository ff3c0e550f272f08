"""GetJobOutput and the Range header (glacier-api 8.7 and 7)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from coldframe.model import ArchiveRetrieval, InventoryRetrieval
from coldframe.testing.bodies import BytesBody, pattern
from coldframe.tree_hash import tree_hash
from wire.signing import send, signed, unsigned
from wire.world import make_face

if TYPE_CHECKING:
    from coldframe.service import VaultService
    from coldframe.testing.clock import FakeClock
    from coldframe.wire.http import Response
    from wire.world import FaceWorld

_MIB = 2**20
_DATA = pattern(6.5)
_LAST = len(_DATA) - 1


@pytest.fixture
def target(world: FaceWorld) -> str:
    """The path of the output of a job for seven leaves."""
    world.store.create_vault("v")
    archive_id = world.store.upload_archive("v", BytesBody(_DATA), description="seven").archive_id
    return f"/-/vaults/v/jobs/{world.store.initiate_job('v', ArchiveRetrieval(archive_id))}/output"


def _get(world: FaceWorld, clock: FakeClock, target: str, wanted: str | None = None) -> tuple[Response, bytes]:
    headers = {} if wanted is None else {"Range": wanted}
    response, body = send(world.face, signed(unsigned("GET", target, at=clock.now(), headers=headers)))
    if response.status < 300:
        assert response.header("Content-Length") == str(len(body))
        assert response.header("Accept-Ranges") == "bytes"
    return response, body


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-1048575", 0, _MIB),
        ("bytes=0-", 0, len(_DATA)),
        (f"bytes=0-{_LAST}", 0, len(_DATA)),
        ("bytes=0-99999999999", 0, len(_DATA)),
        ("bytes=6291456-10485759", 6 * _MIB, len(_DATA)),
        (f"bytes={_LAST}-", _LAST, len(_DATA)),
        ("bytes=-1", _LAST, len(_DATA)),
        ("bytes=-99999999999", 0, len(_DATA)),
        ("bytes=5-5", 5, 6),
        ("bytes = 5 - 5", 5, 6),
        ("Bytes=5-5", 5, 6),
    ],
)
def test_usable_range_is_partial_content(
    world: FaceWorld, clock: FakeClock, target: str, *, wanted: str, start: int, end: int
) -> None:
    """206 with a usable Range, also for everything, clipped at the end; the total is the job's output."""
    response, body = _get(world, clock, target, wanted)
    assert (response.status, body) == (206, _DATA[start:end])
    assert response.header("Content-Range") == f"bytes {start}-{end - 1}/{len(_DATA)}"


@pytest.mark.parametrize(
    "wanted", [None, "", "bytes 0-41/235", "bytes=5-4", "bytes=", "bytes=-", "0-5", "bytes=0-1,5-6", "lines=0-5"]
)
def test_unusable_range_counts_for_nothing(world: FaceWorld, clock: FakeClock, target: str, wanted: str | None) -> None:
    """200 and everything without a Range, and with a malformed one or several."""
    response, body = _get(world, clock, target, wanted)
    assert (response.status, body == _DATA, response.header("Content-Range")) == (200, True, None)


@pytest.mark.parametrize("wanted", [f"bytes={len(_DATA)}-", f"bytes={len(_DATA)}-{len(_DATA)}", "bytes=-0"])
def test_range_past_the_end_is_refused(world: FaceWorld, clock: FakeClock, target: str, wanted: str) -> None:
    """400, never 416, in the original's words."""
    response, body = _get(world, clock, target, wanted)
    assert response.status == 400
    assert json.loads(body) == {
        "code": "InvalidParameterValueException",
        "message": f"The start of the range is larger than size of retrieved data: {wanted}",
        "type": "Client",
    }


@pytest.mark.parametrize(
    ("wanted", "is_hashed"),
    [
        (None, True),
        ("bytes=0-1048575", True),
        ("bytes=0-4194303", True),
        ("bytes=4194304-8388607", True),
        ("bytes=1048576-3145727", False),
        ("bytes=0-5", False),
        ("bytes=0-", True),
    ],
)
def test_aligned_range_has_its_tree_hash(
    world: FaceWorld, clock: FakeClock, target: str, *, wanted: str | None, is_hashed: bool
) -> None:
    """The header is there exactly for nodes of the tree, after clipping (glacier-api 7)."""
    response, body = _get(world, clock, target, wanted)
    assert response.header("x-amz-sha256-tree-hash") == (tree_hash(body) if is_hashed else None)
    assert response.header("x-amz-archive-description") == "seven"
    assert response.header("Content-Type") == "application/octet-stream"


@pytest.mark.parametrize("hashes_inventories", [True, False])
def test_inventory_may_have_its_tree_hash(service: VaultService, clock: FakeClock, *, hashes_inventories: bool) -> None:
    """The tree hash of an inventory is sent unless the face is strict (glacier-api 19.13)."""
    world = make_face(service, clock=clock, hashes_inventories=hashes_inventories)
    service.create_vault("v")
    job_id = service.initiate_job("v", InventoryRetrieval())
    response, body = _get(world, clock, f"/-/vaults/v/jobs/{job_id}/output")
    assert response.header("x-amz-sha256-tree-hash") == (tree_hash(body) if hashes_inventories else None)
    assert (response.header("Content-Type"), response.header("x-amz-archive-description")) == ("application/json", None)


def test_unfinished_output_is_refused(world: FaceWorld, clock: FakeClock) -> None:
    """A job that is not there is not found, before and after its vault is."""
    assert _get(world, clock, "/-/vaults/v/jobs/x/output")[0].status == 404
    world.store.create_vault("v")
    response, body = _get(world, clock, "/-/vaults/v/jobs/x/output")
    assert (response.status, json.loads(body)["message"]) == (404, "The job ID was not found: x")
