"""The contract of archive retrieval jobs and of outputs (glacier-api 7 and 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coldframe.errors import InvalidParameterValue, ResourceNotFound
from coldframe.model import (
    MIB,
    Action,
    ArchiveRetrieval,
    ByteRange,
    InventoryRetrieval,
    JobStatus,
    Tier,
)
from coldframe.testing.bodies import BytesBody, pattern, read_output
from coldframe.testing.contract.world import SMALL, VAULT, StoreWorld, all_items, keep
from coldframe.tree_hash import is_tree_hash_aligned, tree_hash

if TYPE_CHECKING:
    from coldframe.ports import ColdStore

SEVEN = pattern(6.5)
"""Seven leaves, the last half as long: the worked example of glacier-api 6.2."""


class JobsContract(StoreWorld):
    """Jobs are asked for, described, listed, and their output is read in ranges."""

    @pytest.fixture
    def seven(self, store: ColdStore, vault: str) -> str:
        """The ID of an archive of seven leaves, kept as one part."""
        return keep(store, SEVEN, description="seven leaves", vault=vault)

    @pytest.fixture
    def seven_in_parts(self, store: ColdStore, vault: str) -> str:
        """The same bytes, kept as parts of 2 MiB."""
        upload_id = store.initiate_multipart_upload(vault, part_size=2 * MIB)
        for start in range(0, len(SEVEN), 2 * MIB):
            body = BytesBody(SEVEN[start : start + 2 * MIB])
            store.upload_multipart_part(vault, upload_id, body, start=start)
        return store.complete_multipart_upload(
            vault, upload_id, archive_size=len(SEVEN), tree_hash=tree_hash(SEVEN)
        ).archive_id

    def test_job_describes_itself(self, store: ColdStore, vault: str, seven: str) -> None:
        """Every field of an archive retrieval that has succeeded, and none of an inventory's."""
        request = ArchiveRetrieval(seven, tier=Tier.BULK, description="m33.fit")
        job_id = store.initiate_job(vault, request)
        job = store.describe_job(vault, job_id)
        assert (job.job_id, job.action, job.status) == (job_id, Action.ARCHIVE_RETRIEVAL, JobStatus.SUCCEEDED)
        assert (job.completed, job.status_message, job.description) == (True, "Succeeded", "m33.fit")
        assert (job.archive_id, job.archive_size, job.tier) == (seven, len(SEVEN), Tier.BULK)
        assert job.archive_tree_hash == job.tree_hash == tree_hash(SEVEN)
        assert (job.range, job.inventory, job.inventory_size) == (ByteRange(0, len(SEVEN)), None, None)
        assert job.completed_at is not None
        assert job.completed_at >= job.created_at
        assert job.vault_arn == store.describe_vault(vault).vault_arn

    def test_each_request_is_a_job(self, store: ColdStore, vault: str, seven: str) -> None:
        """The same request twice is two jobs; the tier is Standard unless another is named."""
        first, second = (store.initiate_job(vault, ArchiveRetrieval(seven)) for _ in range(2))
        assert first != second
        assert len(first) == len(second) == 92
        assert store.describe_job(vault, first).tier is Tier.STANDARD

    def test_job_wants_an_archive_of_its_vault(self, store: ColdStore, vault: str, seven: str) -> None:
        """An archive of another vault, a malformed ID, and a vault that is not there are not found."""
        store.create_vault("other")
        for place, archive_id in [("other", seven), (vault, "nonsense"), (vault, seven[:-1]), ("nowhere", seven)]:
            with pytest.raises(ResourceNotFound):
                store.initiate_job(place, ArchiveRetrieval(archive_id))

    @pytest.mark.parametrize(
        ("start", "end"),
        [(1, MIB), (0, MIB + 1), (0, 7 * MIB), (7 * MIB, 8 * MIB), (MIB, MIB), (2 * MIB, MIB), (-MIB, MIB)],
    )
    def test_job_range_is_checked(self, store: ColdStore, vault: str, seven: str, start: int, end: int) -> None:
        """A range is megabyte aligned, not empty, and ends within the archive."""
        with pytest.raises(InvalidParameterValue):
            store.initiate_job(vault, ArchiveRetrieval(seven, ByteRange(start, end)))

    @pytest.mark.parametrize("text", ["x" * 1025, "ä", "a\nb"])
    def test_job_description_is_checked(self, store: ColdStore, vault: str, seven: str, text: str) -> None:
        """1,024 printable ASCII characters at most, for both kinds of job; an empty one is none."""
        for request in (ArchiveRetrieval(seven, description=text), InventoryRetrieval(description=text)):
            with pytest.raises(InvalidParameterValue):
                store.initiate_job(vault, request)
        job_id = store.initiate_job(vault, ArchiveRetrieval(seven, description=""))
        assert store.describe_job(vault, job_id).description is None

    def test_topic_is_checked(self, store: ColdStore, vault: str, seven: str) -> None:
        """What is no topic, or a topic of another region, is refused."""
        for topic in ("nonsense", "arn:aws:sns:elsewhere-9:000000000000:done"):
            with pytest.raises(InvalidParameterValue):
                store.initiate_job(vault, ArchiveRetrieval(seven, sns_topic=topic))

    @pytest.mark.parametrize("first", range(7))
    def test_every_job_range_has_its_hash(self, store: ColdStore, vault: str, seven: str, first: int) -> None:
        """A job's range has a tree hash exactly if it is a node of the archive's tree, and its output is its bytes."""
        for last in range(first + 1, 8):
            wanted = ByteRange(first * MIB, min(last * MIB, len(SEVEN)))
            data = SEVEN[wanted.start : wanted.end]
            expected = tree_hash(data) if is_tree_hash_aligned(wanted, len(SEVEN)) else None
            job_id = store.initiate_job(vault, ArchiveRetrieval(seven, wanted))
            job = store.describe_job(vault, job_id)
            assert (job.range, job.tree_hash, job.archive_tree_hash) == (wanted, expected, tree_hash(SEVEN))
            with store.get_job_output(vault, job_id) as output:
                assert (output.range, output.total_size) == (ByteRange(0, len(data)), len(data))
                assert output.tree_hash == expected
                assert b"".join(map(bytes, output)) == data

    @pytest.mark.parametrize("kept_as", ["seven", "seven_in_parts"])
    def test_every_download_range_has_its_hash(
        self, store: ColdStore, vault: str, kept_as: str, request: pytest.FixtureRequest
    ) -> None:
        """A range of the output has a tree hash exactly if it is a node, however the archive was uploaded."""
        job_id = store.initiate_job(vault, ArchiveRetrieval(request.getfixturevalue(kept_as)))
        for first in range(7):
            for last in range(first + 1, 8):
                wanted = ByteRange(first * MIB, min(last * MIB, len(SEVEN)))
                data = SEVEN[wanted.start : wanted.end]
                with store.get_job_output(vault, job_id, byte_range=wanted) as output:
                    is_node = is_tree_hash_aligned(wanted, len(SEVEN))
                    assert output.tree_hash == (tree_hash(data) if is_node else None)
                    assert (output.range, output.total_size) == (wanted, len(SEVEN))
                    assert b"".join(map(bytes, output)) == data

    def test_range_of_a_range(self, store: ColdStore, vault: str, seven_in_parts: str) -> None:
        """Offsets of a download begin at the job's range; an aligned one keeps its hashes (glacier-api 7)."""
        job_id = store.initiate_job(vault, ArchiveRetrieval(seven_in_parts, ByteRange(4 * MIB, len(SEVEN))))
        data = SEVEN[4 * MIB :]
        with store.get_job_output(vault, job_id, byte_range=ByteRange(2 * MIB, 9 * MIB)) as output:
            assert output.range == ByteRange(2 * MIB, len(data))
            assert output.tree_hash == tree_hash(data[2 * MIB :])
            assert b"".join(map(bytes, output)) == data[2 * MIB :]

    def test_unaligned_job_has_no_hashes(self, store: ColdStore, vault: str, seven: str) -> None:
        """A job's range that is no node gives none to any download of it, not to a single MiB (glacier-api 7)."""
        job_id = store.initiate_job(vault, ArchiveRetrieval(seven, ByteRange(MIB, 3 * MIB)))
        with store.get_job_output(vault, job_id, byte_range=ByteRange(0, MIB)) as output:
            assert output.tree_hash is None
            assert b"".join(map(bytes, output)) == SEVEN[MIB : 2 * MIB]

    @pytest.mark.parametrize(
        ("start", "end"), [(0, 1), (5, 6), (MIB - 1, MIB + 1), (1, len(SEVEN)), (len(SEVEN) - 1, len(SEVEN))]
    )
    def test_output_may_be_read_from_anywhere(
        self, store: ColdStore, vault: str, seven_in_parts: str, start: int, end: int
    ) -> None:
        """Any range of the output can be read, aligned or not, over the borders of chunks and parts."""
        job_id = store.initiate_job(vault, ArchiveRetrieval(seven_in_parts))
        assert read_output(store, vault, job_id, ByteRange(start, end)) == SEVEN[start:end]

    def test_range_beyond_the_end_is_clipped(self, store: ColdStore, vault: str, seven: str) -> None:
        """A range is cut at the end before its alignment is judged; one that starts there is refused."""
        job_id = store.initiate_job(vault, ArchiveRetrieval(seven))
        with store.get_job_output(vault, job_id, byte_range=ByteRange(4 * MIB, 8 * MIB)) as output:
            assert output.range == ByteRange(4 * MIB, len(SEVEN))
            assert output.tree_hash == tree_hash(SEVEN[4 * MIB :])
        for wanted in (ByteRange(len(SEVEN), len(SEVEN) + 1), ByteRange(-1, 5), ByteRange(5, 5), ByteRange(6, 5)):
            with pytest.raises(InvalidParameterValue):
                store.get_job_output(vault, job_id, byte_range=wanted)

    def test_output_describes_itself(self, store: ColdStore, vault: str, seven: str) -> None:
        """The media type and the archive's description come with the bytes, any number of times."""
        job_id = store.initiate_job(vault, ArchiveRetrieval(seven))
        for _ in range(2):
            with store.get_job_output(vault, job_id) as output:
                assert output.content_type == "application/octet-stream"
                assert output.archive_description == "seven leaves"
                assert sum(map(len, output)) == len(SEVEN)

    def test_output_may_be_left_in_the_middle(self, store: ColdStore, vault: str, seven_in_parts: str) -> None:
        """Whoever has read enough closes the output, and others are not disturbed."""
        job_id = store.initiate_job(vault, ArchiveRetrieval(seven_in_parts))
        with store.get_job_output(vault, job_id) as output:
            assert bytes(next(iter(output)))[:1] == b"\0"
        output.close()
        assert read_output(store, vault, job_id) == SEVEN

    def test_unknown_job_is_not_found(self, store: ColdStore, vault: str, seven: str) -> None:
        """Neither a malformed ID nor one of another vault."""
        store.create_vault("other")
        job_id = store.initiate_job(vault, ArchiveRetrieval(seven))
        for place, wanted in [("other", job_id), (vault, job_id[:-1]), (vault, seven), (vault, "")]:
            with pytest.raises(ResourceNotFound):
                store.describe_job(place, wanted)
            with pytest.raises(ResourceNotFound):
                store.get_job_output(place, wanted)

    def test_jobs_are_listed_newest_first(self, store: ColdStore, vault: str) -> None:
        """All jobs come, the newest first, fifty a page at most, as describe_job tells them."""
        archive_id = keep(store, SMALL)
        ids = [store.initiate_job(vault, ArchiveRetrieval(archive_id)) for _ in range(53)]
        assert len(store.list_jobs(vault, limit=1000).items) == 50
        for limit in (None, 11, 50):
            jobs = all_items(lambda limit=limit, **wanted: store.list_jobs(VAULT, limit=limit, **wanted))
            assert {job.job_id for job in jobs} == set(ids)
            moments = [job.created_at for job in jobs]
            assert moments == sorted(moments, reverse=True)
        assert store.describe_job(vault, jobs[0].job_id) == jobs[0]

    def test_jobs_are_filtered(self, store: ColdStore, vault: str, seven: str) -> None:
        """By whether they have ended and by their status; both filters must agree."""
        job_id = store.initiate_job(vault, ArchiveRetrieval(seven))
        for completed, status, is_found in [
            (True, None, True),
            (False, None, False),
            (None, JobStatus.SUCCEEDED, True),
            (None, JobStatus.IN_PROGRESS, False),
            (None, JobStatus.FAILED, False),
            (True, JobStatus.SUCCEEDED, True),
            (False, JobStatus.SUCCEEDED, False),
        ]:
            found = store.list_jobs(vault, completed=completed, status=status).items
            assert [job.job_id for job in found] == ([job_id] if is_found else [])

    def test_job_list_refuses_nonsense(self, store: ColdStore, vault: str) -> None:
        """A limit below one and a marker that the store did not make are refused; an empty marker counts as none."""
        with pytest.raises(InvalidParameterValue):
            store.list_jobs(vault, limit=0)
        with pytest.raises(InvalidParameterValue):
            store.list_jobs(vault, marker="nonsense")
        assert store.list_jobs(vault, marker="").items == []
