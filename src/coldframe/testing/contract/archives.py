"""The contract of single uploads and of deletion."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import InvalidParameterValue, ResourceNotFound
from coldframe.model import MAX_DESCRIPTION, MAX_SINGLE_UPLOAD, MIB, ArchiveRetrieval, JobStatus
from coldframe.testing.bodies import BrokenBody, BytesBody, LyingBody, read_output
from coldframe.testing.contract.world import SMALL, StoreWorld, inventory, keep
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from coldframe.ports import ColdStore

_OTHER_HASH = "00" * 32


class ArchivesContract(StoreWorld):
    """Archives come in whole, or not at all."""

    @pytest.mark.parametrize("size", [1, MIB - 1, MIB, MIB + 1, 3 * MIB + 5])
    def test_archive_comes_back(self, store: ColdStore, vault: str, size: int) -> None:
        """What was uploaded is what is read, and the receipt holds its tree hash."""
        data = bytes(number % 251 for number in range(size)) if size < MIB else (b"frame %d" % size * size)[:size]
        receipt = store.upload_archive(vault, BytesBody(data, step=70_000))
        assert receipt.tree_hash == tree_hash(data)
        job_id = store.initiate_job(vault, ArchiveRetrieval(receipt.archive_id))
        assert read_output(store, vault, job_id) == data

    @pytest.mark.usefixtures("vault")
    def test_receipts_differ(self, store: ColdStore) -> None:
        """Each upload is a new archive, be the bytes the same."""
        ids = {keep(store) for _ in range(5)}
        assert len(ids) == 5
        assert {item["ArchiveId"] for item in inventory(store)} == ids

    @pytest.mark.usefixtures("vault")
    def test_archive_id_has_the_protocols_form(self, store: ColdStore) -> None:
        """138 characters of base64url."""
        archive_id = keep(store)
        assert len(archive_id) == 138
        assert set(archive_id) <= set(string.ascii_letters + string.digits + "-_")

    def test_tree_hash_of_the_sender_is_compared(self, store: ColdStore, vault: str) -> None:
        """Bytes with another tree hash than was sent are not kept; upper case is the same hash."""
        with pytest.raises(InvalidParameterValue):
            store.upload_archive(vault, BytesBody(SMALL), tree_hash=_OTHER_HASH)
        assert inventory(store) == []
        receipt = store.upload_archive(vault, BytesBody(SMALL), tree_hash=tree_hash(SMALL).upper())
        assert receipt.tree_hash == tree_hash(SMALL)

    @pytest.mark.parametrize("sent", ["", "abc", "g" * 64, "0" * 63, "0" * 65])
    def test_malformed_tree_hash_is_refused(self, store: ColdStore, vault: str, sent: str) -> None:
        """What is not 64 hex digits is no tree hash."""
        with pytest.raises(InvalidParameterValue):
            store.upload_archive(vault, BytesBody(SMALL), tree_hash=sent)

    @pytest.mark.parametrize("size", [0, -1, MAX_SINGLE_UPLOAD + 1])
    def test_archive_size_is_checked_first(self, store: ColdStore, vault: str, size: int) -> None:
        """An empty or a too large archive is refused before its bytes are read."""
        with pytest.raises(InvalidParameterValue):
            store.upload_archive(vault, BrokenBody(b"", size, AssertionError("the body was read")))

    @pytest.mark.parametrize("size", [len(SMALL) - 1, len(SMALL) + 1])
    def test_body_must_be_as_long_as_it_says(self, store: ColdStore, vault: str, size: int) -> None:
        """A body that holds fewer or more bytes than it says is refused."""
        with pytest.raises(InvalidParameterValue):
            store.upload_archive(vault, LyingBody(SMALL, size))
        assert inventory(store) == []

    def test_error_of_the_body_is_the_callers_own(self, store: ColdStore, vault: str) -> None:
        """What the body raises goes on to the caller as it is, and nothing is kept."""
        for error in (OSError(5, "the source cannot be read"), ValueError("the source has changed")):
            with pytest.raises(type(error)) as caught:
                store.upload_archive(vault, BrokenBody(SMALL, 1000, error))
            assert caught.value is error
        assert inventory(store) == []

    @pytest.mark.parametrize(
        ("sent", "kept"), [("", ""), ("  M33  Blue", "M33  Blue"), ('a"b\\', 'a"b\\'), ("%20", "%20"), (" ", "")]
    )
    def test_description_is_kept(self, store: ColdStore, vault: str, sent: str, kept: str) -> None:
        """A description loses its leading blanks; blanks at its end do not travel in a header (RFC 9110, 5.5)."""
        archive_id = keep(store, description=sent)
        assert inventory(store)[0]["ArchiveDescription"] == kept
        job_id = store.initiate_job(vault, ArchiveRetrieval(archive_id))
        with store.get_job_output(vault, job_id) as output:
            assert output.archive_description == (kept or None)

    @pytest.mark.usefixtures("vault")
    def test_description_is_checked(self, store: ColdStore) -> None:
        """1,024 printable ASCII characters at most."""
        keep(store, description="x" * MAX_DESCRIPTION)
        keep(store, description="".join(map(chr, range(0x20, 0x7F))))
        for text in ("x" * (MAX_DESCRIPTION + 1), "ä", "a\tb", "a\n", "\x7f", "\x1f"):
            with pytest.raises(InvalidParameterValue):
                keep(store, description=text)

    def test_archive_is_deleted(self, store: ColdStore, vault: str) -> None:
        """A deleted archive is in no inventory and cannot be retrieved; deleting it again is no error."""
        archive_id = keep(store)
        other = keep(store)
        store.delete_archive(vault, archive_id)
        store.delete_archive(vault, archive_id)
        assert [item["ArchiveId"] for item in inventory(store)] == [other]
        with pytest.raises(ResourceNotFound):
            store.initiate_job(vault, ArchiveRetrieval(archive_id))

    def test_output_outlives_its_archive(self, store: ColdStore, vault: str) -> None:
        """What a job that has succeeded offers stays readable when the archive is deleted."""
        archive_id = keep(store)
        job_id = store.initiate_job(vault, ArchiveRetrieval(archive_id))
        assert store.describe_job(vault, job_id).status is JobStatus.SUCCEEDED
        store.delete_archive(vault, archive_id)
        assert read_output(store, vault, job_id) == SMALL
        assert store.describe_job(vault, job_id).status is JobStatus.SUCCEEDED

    def test_deletion_names_its_archive(self, store: ColdStore, vault: str) -> None:
        """A malformed ID, one of another vault, and one that was never given out are told apart from a deleted one."""
        archive_id = keep(store)
        store.create_vault("other")
        with pytest.raises(InvalidParameterValue):
            store.delete_archive("other", archive_id)
        for malformed in ("", "nonsense", archive_id[:-1], archive_id + "A", archive_id.swapcase(), "ä" * 138):
            with pytest.raises(InvalidParameterValue):
                store.delete_archive(vault, malformed)
        assert len(inventory(store)) == 1
