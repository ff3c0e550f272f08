"""An answer whose head breaks off is no answer: http.client takes what came for the whole of it, and so half an ID."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from clients.unsteady import Cut, unsteady
from coldframe.errors import ServiceUnavailable
from coldframe.model import MIB, ArchiveRetrieval, InventoryRetrieval
from coldframe.stores.opening import open_glacier
from coldframe.testing.bodies import BytesBody, read_output
from stores.loopback import listening
from wire.world import KEY, REGION, make_face

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.service import VaultService
    from coldframe.stores.glacier import GlacierStore

_CUTS = [Cut(received=size) for size in range(1, 700, 13)]
"""From the first byte of an answer to beyond every head."""
_LIGHT = b"a light"
_ASK: dict[str, Callable[[GlacierStore, str], str]] = {
    "upload an archive": lambda store, _: store.upload_archive("v", BytesBody(_LIGHT)).archive_id,
    "begin an upload": lambda store, _: store.initiate_multipart_upload("v", part_size=MIB),
    "start a job": lambda store, archive_id: store.initiate_job("v", ArchiveRetrieval(archive_id)),
}


@pytest.fixture
def store(service: VaultService, monkeypatch: pytest.MonkeyPatch) -> Iterator[GlacierStore]:
    """A store with a vault, at the far end of a line whose connections break one after another."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY.secret_access_key)
    service.create_vault("v")
    with listening(make_face(service).face) as url, unsteady(url, *_CUTS) as line:
        store = open_glacier(f"{line.url}?region={REGION}")
        yield store
        store.close()


@pytest.mark.parametrize("what", list(_ASK))
def test_no_id_that_broke_off_is_taken(service: VaultService, store: GlacierStore, what: str) -> None:
    """Wherever the connection breaks, an ID that is answered is one that the store knows."""
    light = service.upload_archive("v", BytesBody(_LIGHT)).archive_id
    taken = set()
    for _ in _CUTS:
        with suppress(ServiceUnavailable):
            taken.add(_ASK[what](store, light))
    assert taken, "no answer came whole: its head is longer than this test thinks"
    assert taken <= _known(service)


def test_tree_hash_that_broke_off_is_no_mismatch(service: VaultService, store: GlacierStore) -> None:
    """Half a tree hash is a broken answer, to be asked for again, and does not mean that bytes were damaged."""
    upload_id = service.initiate_multipart_upload("v", part_size=MIB)
    store._part_sizes[upload_id] = MIB  # known, so that every answer is one to a part
    for _ in _CUTS:
        with suppress(ServiceUnavailable):
            store.upload_multipart_part("v", upload_id, BytesBody(_LIGHT), start=0)


def _known(service: VaultService) -> set[str]:
    """The IDs of all archives, uploads and jobs."""
    inventory = json.loads(read_output(service, "v", service.initiate_job("v", InventoryRetrieval())))
    known = {archive["ArchiveId"] for archive in inventory["ArchiveList"]}
    for list_page in (service.list_multipart_uploads, service.list_jobs):
        marker = None
        while True:
            page = list_page("v", marker=marker)
            known |= {getattr(one, "upload_id", "") or getattr(one, "job_id", "") for one in page.items}
            marker = page.marker
            if marker is None:
                break
    return known
