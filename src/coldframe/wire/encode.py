"""From the model's values to the protocol's keys, and from those to JSON and headers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from coldframe.clock import format_moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from coldframe.model import (
        ByteRange,
        InventoryRetrieval,
        JobDescription,
        PartDescription,
        UploadDescription,
        VaultDescription,
    )
    from coldframe.ports.admin import DataRetrievalPolicy, ProvisionedCapacity, VaultLock, VaultNotifications
    from coldframe.wire.operations import Message, Shape

Members = dict[str, Any]


def encode_content(message: Message, members: Mapping[str, Any]) -> bytes | None:
    """The JSON body of an answer, every key of the model present; None if the model gives it none."""
    shape = message.content
    if not shape.members and message.payload is None:
        return None
    value = members[message.payload.name] if message.payload is not None else members
    inside = value if message.payload is not None else {name: value.get(name) for name in shape.members}
    return json.dumps(_complete(inside, shape), separators=(",", ":")).encode("ascii")


def encode_headers(message: Message, members: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The headers of an answer; members that are None are left out."""
    found = [(member.wire_name, members.get(member.name)) for member in message.at("header")]
    return [(name, str(value)) for name, value in found if value is not None]


def vault(description: VaultDescription) -> Members:
    """DescribeVault's object."""
    return {
        "CreationDate": format_moment(description.created_at),
        "LastInventoryDate": _moment(description.last_inventory_at),
        "NumberOfArchives": description.number_of_archives,
        "SizeInBytes": description.size,
        "VaultARN": description.vault_arn,
        "VaultName": description.vault_name,
    }


def upload(description: UploadDescription) -> Members:
    """One of ListMultipartUploads' objects, and most of ListParts' answer."""
    return {
        "ArchiveDescription": description.description,
        "CreationDate": format_moment(description.created_at),
        "MultipartUploadId": description.upload_id,
        "PartSizeInBytes": description.part_size,
        "VaultARN": description.vault_arn,
    }


def part(description: PartDescription) -> Members:
    """One of ListParts' objects; both ends of the range are included."""
    return {"RangeInBytes": _range(description.range), "SHA256TreeHash": description.tree_hash}


def job(description: JobDescription) -> Members:
    """DescribeJob's object, which notifications carry too (glacier-api 9.2)."""
    return {
        "Action": description.action.value,
        "ArchiveId": description.archive_id,
        "ArchiveSHA256TreeHash": description.archive_tree_hash,
        "ArchiveSizeInBytes": description.archive_size,
        "Completed": description.completed,
        "CompletionDate": _moment(description.completed_at),
        "CreationDate": format_moment(description.created_at),
        "InventorySizeInBytes": description.inventory_size,
        "JobDescription": description.description,
        "JobId": description.job_id,
        "RetrievalByteRange": _range(description.range),
        "SHA256TreeHash": description.tree_hash,
        "SNSTopic": description.sns_topic,
        "StatusCode": description.status.value,
        "StatusMessage": description.status_message,
        "VaultARN": description.vault_arn,
        "Tier": None if description.tier is None else description.tier.value,
        "InventoryRetrievalParameters": None if description.inventory is None else _inventory(description.inventory),
        "JobOutputPath": None,
        "OutputLocation": None,
        "SelectParameters": None,
    }


def job_message(description: JobDescription) -> str:
    """What a topic is told of a job that has ended: compact and in ASCII, for crude readers (glacier-api 14)."""
    return json.dumps(job(description), separators=(",", ":"))


def notifications(configuration: VaultNotifications) -> Members:
    """The notification configuration."""
    return {"Events": [event.value for event in configuration.events], "SNSTopic": configuration.sns_topic}


def lock(found: VaultLock) -> Members:
    """GetVaultLock's answer."""
    return {
        "CreationDate": format_moment(found.created_at),
        "ExpirationDate": _moment(found.expires_at),
        "Policy": found.policy,
        "State": found.state.value,
    }


def retrieval_policy(policy: DataRetrievalPolicy) -> Members:
    """GetDataRetrievalPolicy's answer: always one rule."""
    return {"Policy": {"Rules": [{"BytesPerHour": policy.bytes_per_hour, "Strategy": policy.strategy.value}]}}


def capacity(unit: ProvisionedCapacity) -> Members:
    """One of ListProvisionedCapacity's objects."""
    return {
        "CapacityId": unit.capacity_id,
        "StartDate": format_moment(unit.started_at),
        "ExpirationDate": format_moment(unit.expires_at),
    }


def _inventory(request: InventoryRetrieval) -> Members:
    return {
        "EndDate": _date(request.end_at),
        "Format": request.format.value,
        "Limit": None if request.limit is None else str(request.limit),
        "Marker": request.marker,
        "StartDate": _date(request.start_at),
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else format_moment(at)


def _date(at: datetime | None) -> str | None:
    """A date that somebody asked for, as he is likely to have written it."""
    return None if at is None else format_moment(at).replace(".000Z", "Z")


def _range(found: ByteRange | None) -> str | None:
    return None if found is None else f"{found.start}-{found.end - 1}"


def _complete(value: Any, shape: Shape) -> Any:
    """The value with every key that the model knows; boto 2 reads them unguarded."""
    if value is None:
        return None
    if shape.kind == "structure":
        unknown = set(value) - set(shape.members)
        if unknown:
            msg = f"the model knows no {sorted(unknown)}"
            raise KeyError(msg)
        known = [*value, *(name for name in shape.members if name not in value)]
        return {name: _complete(value.get(name), shape.members[name].shape) for name in known}
    if shape.kind == "list" and shape.of is not None:
        return [_complete(each, shape.of) for each in value]
    return value
