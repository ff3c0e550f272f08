"""The texts of errors that third-party scripts match, byte for byte (glacier-api 3.3)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from coldframe.errors import InvalidParameterValue, ResourceNotFound
from coldframe.model import MAX_PARTS, MIB, ArchiveRetrieval, ByteRange, InventoryRetrieval, TierWaits
from coldframe.testing.bodies import BytesBody, LyingBody
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.errors import StoreError
    from coldframe.service import VaultService
    from conftest import OpenService

_ARN = "arn:aws:glacier:local:000000000000:vaults"
_HASH, _OTHER = tree_hash(b"x"), "00" * 32


@contextmanager
def refused(kind: type[StoreError], text: str) -> Iterator[None]:
    """Expects that error with exactly that text."""
    with pytest.raises(kind) as caught:
        yield
    assert str(caught.value) == text


@pytest.fixture
def store(service: VaultService) -> VaultService:
    """A store with the vault v."""
    service.create_vault("v")
    return service


def test_missing_vault_is_named_by_its_arn(store: VaultService) -> None:
    """A legal name stands in its ARN, an illegal one raw."""
    with refused(ResourceNotFound, f"Vault not found for ARN: {_ARN}/nowhere"):
        store.describe_vault("nowhere")
    with refused(ResourceNotFound, "Vault not found for ARN: no where"):
        store.describe_vault("no where")


def test_vault_errors(store: VaultService) -> None:
    """Bad names, full vaults, bad limits and markers."""
    store.upload_archive("v", BytesBody(b"x"))
    with refused(InvalidParameterValue, "Invalid vault name: .."):
        store.create_vault("..")
    with refused(InvalidParameterValue, f"Vault not empty or recently written to: {_ARN}/v"):
        store.delete_vault("v")
    with refused(InvalidParameterValue, "Invalid limit: 0"):
        store.list_vaults(limit=0)
    with refused(InvalidParameterValue, "Invalid marker: ?"):
        store.list_vaults(marker="?")


def test_upload_errors(store: VaultService) -> None:
    """Sizes and hashes of a single upload."""
    for size in (0, 38_505_164_800):
        with refused(InvalidParameterValue, f"Invalid Content-Length: {size}"):
            store.upload_archive("v", LyingBody(b"", size))
    with refused(InvalidParameterValue, f"Checksum mismatch: expected {_OTHER}, computed {_HASH}"):
        store.upload_archive("v", BytesBody(b"x"), tree_hash=_OTHER)
    with refused(InvalidParameterValue, "Invalid x-amz-sha256-tree-hash: abc"):
        store.upload_archive("v", BytesBody(b"x"), tree_hash="abc")


def test_deletion_errors(store: VaultService) -> None:
    """Malformed IDs, and those of another vault."""
    store.create_vault("w")
    archive_id = store.upload_archive("v", BytesBody(b"x")).archive_id
    with refused(InvalidParameterValue, "Invalid archive ID: abc"):
        store.delete_archive("v", "abc")
    with refused(InvalidParameterValue, f"Invalid vault name: {_ARN}/w"):
        store.delete_archive("w", archive_id)


def test_part_errors(store: VaultService) -> None:
    """Part sizes, ranges, numbers and hashes."""
    for size in (0, 3 * MIB):
        text = "Part size must not be null, must be a power of two and be between 1048576 and 4294967296 bytes."
        with refused(InvalidParameterValue, f"Invalid part size: {size}. {text}"):
            store.initiate_multipart_upload("v", part_size=size)
    upload_id = store.initiate_multipart_upload("v", part_size=MIB)
    for start, size in [(5, 10), (MIB, MIB + 1)]:
        with refused(InvalidParameterValue, f"Invalid Content-Range: bytes {start}-{start + size - 1}/*"):
            store.upload_multipart_part("v", upload_id, LyingBody(b"", size), start=start)
    text = "This is part number 10001 for the current multipart upload. It exceeds the limit of 10000 parts."
    with refused(InvalidParameterValue, text):
        store.upload_multipart_part("v", upload_id, BytesBody(b"x"), start=MAX_PARTS * MIB)
    with refused(InvalidParameterValue, f"Checksum mismatch: expected {_OTHER}, computed {_HASH}"):
        store.upload_multipart_part("v", upload_id, BytesBody(b"x"), start=0, tree_hash=_OTHER)


def test_completion_errors(store: VaultService) -> None:
    """An unknown upload and a wrong hash."""
    upload_id = store.initiate_multipart_upload("v", part_size=MIB)
    store.upload_multipart_part("v", upload_id, BytesBody(b"x"), start=0)
    with refused(InvalidParameterValue, f"Invalid x-amz-sha256-tree-hash: {_OTHER}"):
        store.complete_multipart_upload("v", upload_id, archive_size=1, tree_hash=_OTHER)
    with refused(ResourceNotFound, "The upload ID was not found: abc"):
        store.complete_multipart_upload("v", "abc", archive_size=1, tree_hash=_HASH)
    store.abort_multipart_upload("v", upload_id)
    with refused(ResourceNotFound, f"The upload ID was not found: {upload_id}"):
        store.list_parts("v", upload_id)


def test_job_errors(open_service: OpenService) -> None:
    """Missing archives and jobs, jobs that are not ready, ranges beyond the end, topics of other regions."""
    store = open_service(waits=TierWaits(standard_seconds=60))
    store.create_vault("v")
    archive_id = store.upload_archive("v", BytesBody(b"x")).archive_id
    with refused(ResourceNotFound, "The archive ID was not found: abc"):
        store.initiate_job("v", ArchiveRetrieval("abc"))
    with refused(ResourceNotFound, "The job ID was not found: abc"):
        store.describe_job("v", "abc")
    job_id = store.initiate_job("v", ArchiveRetrieval(archive_id))
    with refused(InvalidParameterValue, f"The job is not currently available for download: {job_id}"):
        store.get_job_output("v", job_id)
    topic = "arn:aws:sns:us-east-1:123456789012:done"
    with refused(InvalidParameterValue, f"SNS topics must be in the local AWS region: {topic}"):
        store.initiate_job("v", InventoryRetrieval(sns_topic=topic))
    assert store.describe_job("v", job_id).status_message == "Operation in progress."


def test_output_errors(store: VaultService) -> None:
    """A range that starts at or beyond the end."""
    archive_id = store.upload_archive("v", BytesBody(b"x")).archive_id
    job_id = store.initiate_job("v", ArchiveRetrieval(archive_id))
    with refused(InvalidParameterValue, "The start of the range is larger than size of retrieved data: bytes=1-9"):
        store.get_job_output("v", job_id, byte_range=ByteRange(1, 10))
