"""The contract of multipart uploads (glacier-api 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coldframe.errors import InvalidParameterValue, ResourceNotFound
from coldframe.model import GIB, MAX_PARTS, MIB, ArchiveRetrieval, ByteRange
from coldframe.testing.bodies import BrokenBody, BytesBody, pattern, read_output
from coldframe.testing.contract.world import VAULT, StoreWorld, all_items, inventory
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from coldframe.model import PartDescription, Receipt
    from coldframe.ports import ColdStore

_DATA = pattern(2.5)


class MultipartContract(StoreWorld):
    """Parts come in any order, and become an archive in one step."""

    @pytest.fixture
    def upload_id(self, store: ColdStore, vault: str) -> str:
        """An open upload with parts of 1 MiB."""
        return store.initiate_multipart_upload(vault, part_size=MIB, description="M33")

    def test_upload_becomes_an_archive(self, store: ColdStore, vault: str, upload_id: str) -> None:
        """Parts in any order, the last one short, are the archive that they make in the order of their starts."""
        for start in (2 * MIB, 0, MIB):
            _send(store, upload_id, _DATA, start)
        receipt = _complete(store, upload_id, _DATA)
        assert receipt.tree_hash == tree_hash(_DATA)
        job_id = store.initiate_job(vault, ArchiveRetrieval(receipt.archive_id))
        assert read_output(store, vault, job_id) == _DATA
        (item,) = inventory(store)
        assert (item["ArchiveDescription"], item["Size"]) == ("M33", len(_DATA))

    def test_part_is_answered_with_its_tree_hash(self, store: ColdStore, upload_id: str) -> None:
        """The answer to a part is the tree hash of its bytes."""
        assert _send(store, upload_id, _DATA, 2 * MIB) == tree_hash(_DATA[2 * MIB :])

    def test_single_short_part_is_an_archive(self, store: ColdStore, upload_id: str) -> None:
        """One part, shorter than the part size, is enough."""
        _send(store, upload_id, b"x", 0)
        assert _complete(store, upload_id, b"x").tree_hash == tree_hash(b"x")

    def test_upload_hides_until_it_is_complete(self, store: ColdStore, vault: str, upload_id: str) -> None:
        """Parts without a completion are in no inventory and no count."""
        _send(store, upload_id, _DATA, 0)
        assert inventory(store) == []
        assert store.describe_vault(vault).number_of_archives == 0

    @pytest.mark.parametrize("part_size", [0, -1, 1, MIB - 1, MIB + 1, 3 * MIB, 8 * GIB])
    def test_part_size_is_checked(self, store: ColdStore, vault: str, part_size: int) -> None:
        """Powers of two from 1 MiB to 4 GiB."""
        with pytest.raises(InvalidParameterValue):
            store.initiate_multipart_upload(vault, part_size=part_size)

    def test_all_legal_part_sizes_are_taken(self, store: ColdStore, vault: str) -> None:
        """There are 13 of them."""
        for power in range(13):
            store.initiate_multipart_upload(vault, part_size=MIB << power)
        sizes = {upload.part_size for upload in store.list_multipart_uploads(vault).items}
        assert sizes == {MIB << power for power in range(13)}

    def test_description_of_an_upload_is_checked(self, store: ColdStore, vault: str) -> None:
        """The rules for an archive's description hold when the upload is opened."""
        with pytest.raises(InvalidParameterValue):
            store.initiate_multipart_upload(vault, part_size=MIB, description="ä")

    @pytest.mark.parametrize(
        ("start", "size"), [(1, 10), (MIB // 2, 10), (-MIB, 10), (0, 0), (0, MIB + 1), (MAX_PARTS * MIB, 10)]
    )
    def test_part_must_have_a_place(self, store: ColdStore, vault: str, upload_id: str, start: int, size: int) -> None:
        """A part starts at a multiple of the part size, holds 1 byte up to it, and is one of 10,000."""
        body = BrokenBody(b"", size, AssertionError("the body was read"))
        with pytest.raises(InvalidParameterValue):
            store.upload_multipart_part(vault, upload_id, body, start=start)
        assert store.list_parts(vault, upload_id).parts == []

    def test_last_possible_part_is_taken(self, store: ColdStore, upload_id: str) -> None:
        """The 10,000th part has a place."""
        start = (MAX_PARTS - 1) * MIB
        store.upload_multipart_part(VAULT, upload_id, BytesBody(b"x"), start=start)
        assert _parts(store, upload_id)[0].range == ByteRange(start, start + 1)

    def test_tree_hash_of_a_part_is_compared(self, store: ColdStore, vault: str, upload_id: str) -> None:
        """Other bytes than were promised are refused, and the part before them stays."""
        _send(store, upload_id, _DATA, 0)
        with pytest.raises(InvalidParameterValue):
            store.upload_multipart_part(vault, upload_id, BytesBody(b"x"), start=0, tree_hash=tree_hash(b"y"))
        assert _parts(store, upload_id)[0].tree_hash == tree_hash(_DATA[:MIB])

    def test_later_part_replaces_the_earlier(self, store: ColdStore, vault: str, upload_id: str) -> None:
        """The newest data for a start win, be they shorter or longer."""
        for data in (b"first", b"the second", b"3rd"):
            store.upload_multipart_part(vault, upload_id, BytesBody(data), start=0)
        (part,) = _parts(store, upload_id)
        assert (part.range, part.tree_hash) == (ByteRange(0, 3), tree_hash(b"3rd"))
        receipt = _complete(store, upload_id, b"3rd")
        job_id = store.initiate_job(vault, ArchiveRetrieval(receipt.archive_id))
        assert read_output(store, vault, job_id) == b"3rd"

    def test_error_of_a_parts_body_is_the_callers_own(self, store: ColdStore, vault: str, upload_id: str) -> None:
        """What the body raises goes on as it is, and the upload is as before."""
        error = OSError(5, "the source cannot be read")
        with pytest.raises(OSError, match="source") as caught:
            store.upload_multipart_part(vault, upload_id, BrokenBody(b"x", 10, error), start=0)
        assert caught.value is error
        assert store.list_parts(vault, upload_id).parts == []

    def test_wrong_completion_leaves_the_upload_open(self, store: ColdStore, vault: str, upload_id: str) -> None:
        """Another size, another hash, a malformed hash: refused, and the right one still works."""
        for start in (0, MIB, 2 * MIB):
            _send(store, upload_id, _DATA, start)
        right = tree_hash(_DATA)
        for size, sent in [(len(_DATA) - 1, right), (0, right), (len(_DATA), "00" * 32), (len(_DATA), "nonsense")]:
            with pytest.raises(InvalidParameterValue):
                store.complete_multipart_upload(vault, upload_id, archive_size=size, tree_hash=sent)
        assert inventory(store) == []
        assert _complete(store, upload_id, _DATA).tree_hash == right

    def test_completion_wants_every_part(self, store: ColdStore, upload_id: str) -> None:
        """No part at all, a missing first, a gap, and a short part in the middle are refused; mending them helps."""
        _refuse(store, upload_id, _DATA)
        _send(store, upload_id, _DATA, 2 * MIB)
        _refuse(store, upload_id, _DATA[2 * MIB :])
        _send(store, upload_id, _DATA, 0)
        _refuse(store, upload_id, _DATA[:MIB] + _DATA[2 * MIB :])
        store.upload_multipart_part(VAULT, upload_id, BytesBody(_DATA[MIB : 2 * MIB - 1]), start=MIB)
        _refuse(store, upload_id, _DATA)
        _send(store, upload_id, _DATA, MIB)
        _complete(store, upload_id, _DATA)

    def test_completion_may_be_repeated(self, store: ColdStore, vault: str, upload_id: str) -> None:
        """The same completion answers the same receipt, even when the archive is deleted; another one is refused."""
        _send(store, upload_id, b"x", 0)
        receipt = _complete(store, upload_id, b"x")
        assert _complete(store, upload_id, b"x") == receipt
        _refuse(store, upload_id, b"y")
        _refuse(store, upload_id, b"xx")
        assert len(inventory(store)) == 1
        store.delete_archive(vault, receipt.archive_id)
        assert _complete(store, upload_id, b"x") == receipt
        assert inventory(store) == []

    def test_completed_upload_is_gone(self, store: ColdStore, vault: str, upload_id: str) -> None:
        """After its completion an upload takes no part, lists none, and cannot be aborted."""
        _send(store, upload_id, b"x", 0)
        receipt = _complete(store, upload_id, b"x")
        _expect_gone(store, vault, upload_id)
        with pytest.raises(ResourceNotFound):
            store.abort_multipart_upload(vault, upload_id)
        job_id = store.initiate_job(vault, ArchiveRetrieval(receipt.archive_id))
        assert read_output(store, vault, job_id) == b"x"

    def test_aborted_upload_is_gone(self, store: ColdStore, vault: str, upload_id: str) -> None:
        """After its abortion an upload takes no part, lists none, and is not completed; aborting again is no error."""
        _send(store, upload_id, b"x", 0)
        store.abort_multipart_upload(vault, upload_id)
        store.abort_multipart_upload(vault, upload_id)
        _expect_gone(store, vault, upload_id)
        with pytest.raises(ResourceNotFound):
            _complete(store, upload_id, b"x")
        assert inventory(store) == []

    def test_unknown_upload_is_not_found(self, store: ColdStore, vault: str, upload_id: str) -> None:
        """Neither a malformed ID, nor another kind's, nor one of another vault."""
        store.create_vault("other")
        for place, wanted in [("other", upload_id), (vault, upload_id[:-1]), (vault, "nonsense"), (vault, "")]:
            _expect_gone(store, place, wanted)
            with pytest.raises(ResourceNotFound):
                store.abort_multipart_upload(place, wanted)
            with pytest.raises(ResourceNotFound):
                store.complete_multipart_upload(place, wanted, archive_size=1, tree_hash=tree_hash(b"x"))
        assert len(store.list_multipart_uploads(vault).items) == 1

    def test_parts_are_listed_by_start(self, store: ColdStore, vault: str, upload_id: str) -> None:
        """Parts come by start, both ends right, however the pages are cut."""
        starts = [number * MIB for number in (0, 1, 2, 5, 7)]
        for start in reversed(starts):
            store.upload_multipart_part(vault, upload_id, BytesBody(b"x" * (start // MIB + 1)), start=start)
        for limit in (None, 1, 2, 5):
            found = _parts(store, upload_id, limit=limit)
            assert [part.range for part in found] == [ByteRange(start, start + start // MIB + 1) for start in starts]
        page = store.list_parts(vault, upload_id, limit=2)
        assert page.upload.upload_id == upload_id
        assert (page.upload.part_size, page.upload.description) == (MIB, "M33")
        assert page.upload == store.list_multipart_uploads(vault).items[0]

    def test_uploads_are_listed_oldest_first(self, store: ColdStore, vault: str) -> None:
        """Open uploads come in the order of their creation, fifty a page at most; ended ones are absent."""
        ids = [store.initiate_multipart_upload(vault, part_size=MIB) for _ in range(53)]
        store.abort_multipart_upload(vault, ids[1])
        del ids[1]
        page = store.list_multipart_uploads(vault, limit=1000)
        assert len(page.items) == 50
        for limit in (None, 7, 50):
            uploads = all_items(
                lambda limit=limit, **wanted: store.list_multipart_uploads(vault, limit=limit, **wanted)
            )
            assert {upload.upload_id for upload in uploads} == set(ids)
            assert [upload.created_at for upload in uploads] == sorted(upload.created_at for upload in uploads)
        assert page.items[0].description is None

    def test_multipart_lists_refuse_nonsense(self, store: ColdStore, vault: str, upload_id: str) -> None:
        """A limit below one and a marker that the store did not make are refused."""
        with pytest.raises(InvalidParameterValue):
            store.list_parts(vault, upload_id, limit=0)
        with pytest.raises(InvalidParameterValue):
            store.list_parts(vault, upload_id, marker="nonsense")
        with pytest.raises(InvalidParameterValue):
            store.list_multipart_uploads(vault, limit=0)
        with pytest.raises(InvalidParameterValue):
            store.list_multipart_uploads(vault, marker="nonsense")
        assert store.list_parts(vault, upload_id, marker="").parts == []


def _send(store: ColdStore, upload_id: str, data: bytes, start: int) -> str:
    """Send the part of `data` at `start`."""
    piece = data[start : start + MIB]
    return store.upload_multipart_part(VAULT, upload_id, BytesBody(piece), start=start, tree_hash=tree_hash(piece))


def _complete(store: ColdStore, upload_id: str, data: bytes) -> Receipt:
    return store.complete_multipart_upload(VAULT, upload_id, archive_size=len(data), tree_hash=tree_hash(data))


def _refuse(store: ColdStore, upload_id: str, data: bytes) -> None:
    with pytest.raises(InvalidParameterValue):
        _complete(store, upload_id, data)


def _expect_gone(store: ColdStore, vault: str, upload_id: str) -> None:
    with pytest.raises(ResourceNotFound):
        store.list_parts(vault, upload_id)
    with pytest.raises(ResourceNotFound):
        store.upload_multipart_part(vault, upload_id, BytesBody(b"x"), start=0)
    assert upload_id not in {upload.upload_id for upload in store.list_multipart_uploads(vault).items}


def _parts(store: ColdStore, upload_id: str, *, limit: int | None = None) -> list[PartDescription]:
    """All parts, page by page."""
    found: list[PartDescription] = []
    marker: str | None = None
    while True:
        page = store.list_parts(VAULT, upload_id, limit=limit, marker=marker)
        found += page.parts
        marker = page.marker
        if marker is None:
            return found
