"""The verbs for vaults, archives and multipart uploads (glacier-api 8.1, 8.5 and 8.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.wire import decode, encode
from coldframe.wire.call import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coldframe.model import Receipt
    from coldframe.wire.call import Answer, Call, Verb

_TREE_HASH = "x-amz-sha256-tree-hash"


def _create_vault(call: Call) -> Answer:
    call.store.create_vault(call.vault_name)
    return {"location": call.location()}


def _describe_vault(call: Call) -> Answer:
    return encode.vault(call.store.describe_vault(call.vault_name))


def _list_vaults(call: Call) -> Answer:
    page = call.store.list_vaults(limit=decode.limit(call.parameters), marker=call.parameters.get("marker"))
    return {"Marker": page.marker, "VaultList": [encode.vault(vault) for vault in page.items]}


def _delete_vault(call: Call) -> Answer:
    call.store.delete_vault(call.vault_name)
    return NOTHING


def _upload_archive(call: Call) -> Answer:
    receipt = call.store.upload_archive(
        call.vault_name,
        call.body,
        tree_hash=call.need("checksum", _TREE_HASH),
        description=call.parameters.get("archiveDescription", ""),
    )
    return _created(call, receipt)


def _delete_archive(call: Call) -> Answer:
    call.store.delete_archive(call.vault_name, call.parameters["archiveId"])
    return NOTHING


def _initiate_multipart_upload(call: Call) -> Answer:
    upload_id = call.store.initiate_multipart_upload(
        call.vault_name,
        part_size=decode.part_size(call.need("partSize", "x-amz-part-size")),
        description=call.parameters.get("archiveDescription", ""),
    )
    return {"location": call.location("multipart-uploads", upload_id), "uploadId": upload_id}


def _upload_multipart_part(call: Call) -> Answer:
    place = decode.content_range(call.need("range", "Content-Range"), call.body.size)
    tree_hash = call.store.upload_multipart_part(
        call.vault_name,
        call.parameters["uploadId"],
        call.body,
        start=place.start,
        tree_hash=call.need("checksum", _TREE_HASH),
    )
    return {"checksum": tree_hash}


def _complete_multipart_upload(call: Call) -> Answer:
    size = call.need("archiveSize", "x-amz-archive-size")
    receipt = call.store.complete_multipart_upload(
        call.vault_name,
        call.parameters["uploadId"],
        archive_size=decode.number(size, "x-amz-archive-size"),
        tree_hash=call.need("checksum", _TREE_HASH),
    )
    return _created(call, receipt)


def _abort_multipart_upload(call: Call) -> Answer:
    call.store.abort_multipart_upload(call.vault_name, call.parameters["uploadId"])
    return NOTHING


def _list_parts(call: Call) -> Answer:
    page = call.store.list_parts(
        call.vault_name,
        call.parameters["uploadId"],
        limit=decode.limit(call.parameters),
        marker=call.parameters.get("marker"),
    )
    return {**encode.upload(page.upload), "Marker": page.marker, "Parts": [encode.part(part) for part in page.parts]}


def _list_multipart_uploads(call: Call) -> Answer:
    page = call.store.list_multipart_uploads(
        call.vault_name, limit=decode.limit(call.parameters), marker=call.parameters.get("marker")
    )
    return {"Marker": page.marker, "UploadsList": [encode.upload(upload) for upload in page.items]}


def _created(call: Call, receipt: Receipt) -> Answer:
    location = call.location("archives", receipt.archive_id)
    return {"location": location, "archiveId": receipt.archive_id, "checksum": receipt.tree_hash}


ARCHIVE_VERBS: Mapping[str, Verb] = {
    "CreateVault": _create_vault,
    "DescribeVault": _describe_vault,
    "ListVaults": _list_vaults,
    "DeleteVault": _delete_vault,
    "UploadArchive": _upload_archive,
    "DeleteArchive": _delete_archive,
    "InitiateMultipartUpload": _initiate_multipart_upload,
    "UploadMultipartPart": _upload_multipart_part,
    "CompleteMultipartUpload": _complete_multipart_upload,
    "AbortMultipartUpload": _abort_multipart_upload,
    "ListParts": _list_parts,
    "ListMultipartUploads": _list_multipart_uploads,
}
