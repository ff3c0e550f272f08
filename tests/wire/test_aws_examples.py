"""The examples that AWS prints for each operation, as botocore ships them: read, answered and written as printed."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from coldframe.wire import encode
from coldframe.wire.operations import API_VERSION, load_operations
from wire.test_codec import read_back
from wire.world import ACCOUNT, REGION

if TYPE_CHECKING:
    from coldframe.service import VaultService

_EXAMPLES: dict[str, list[dict[str, Any]]] = Loader().load_service_model("glacier", "examples-1", API_VERSION)[
    "examples"
]

_EXPECTED = {
    "AbortMultipartUpload": "ResourceNotFoundException",
    "CompleteMultipartUpload": "ResourceNotFoundException",
    "CompleteVaultLock": "ResourceNotFoundException",
    "DeleteArchive": "InvalidParameterValueException",
    "DescribeJob": "ResourceNotFoundException",
    "GetJobOutput": "ResourceNotFoundException",
    "GetVaultAccessPolicy": "ResourceNotFoundException",
    "GetVaultLock": "ResourceNotFoundException",
    "GetVaultNotifications": "ResourceNotFoundException",
    "ListParts": "ResourceNotFoundException",
    "UploadMultipartPart": "ResourceNotFoundException",
}
"""What an example gets that names something that nobody made here."""


@pytest.mark.parametrize("name", sorted(_EXAMPLES))
def test_example_is_answered(client: Any, service: VaultService, name: str) -> None:
    """Each example's request is carried out on a vault of its name, or refused for the one right reason."""
    for example in _EXAMPLES[name]:
        wanted = dict(example["input"])
        if "vaultName" in wanted:
            service.create_vault(wanted["vaultName"])
        for holder in {"jobParameters", "vaultNotificationConfig", "policy"} & wanted.keys():
            wanted[holder] = {
                key: _as_ours(value, wanted.get("vaultName", "")) for key, value in wanted[holder].items()
            }
        if "body" in wanted:  # the example's range is longer than its body, and its checksum is no tree hash
            wanted["body"] = io.BytesIO(bytes(2**20))
            wanted.pop("checksum", None)
        operation = getattr(client, _method(client, name))
        expected = _EXPECTED.get(name, load_operations()[name].status)
        assert _outcome(operation, {**wanted, "accountId": "-"}) == expected


@pytest.mark.parametrize("name", sorted(_EXAMPLES))
def test_example_answer_is_written_as_printed(name: str) -> None:
    """Each example's answer, written by us, is read by botocore as it was printed."""
    for example in _EXAMPLES[name]:
        printed = {key: value for key, value in example.get("output", {}).items() if key not in {"body", "status"}}
        if not load_operations()[name].answer.is_streaming:
            assert read_back(name, printed) == printed
        else:
            headers = dict(encode.encode_headers(load_operations()[name].answer, printed))
            assert headers["Accept-Ranges"] == printed["acceptRanges"]


def _as_ours(value: Any, vault_name: str) -> Any:
    """A topic must be of the region that we are, and a policy about the vault on which it is hung."""
    if not isinstance(value, str):
        return value
    ours = f"arn:aws:glacier:{REGION}:{ACCOUNT}:vaults/{vault_name}"
    return re.sub(r"arn:aws:glacier:us-west-2:\d{12}:vaults/\w+", ours, value).replace("us-west-2", REGION)


def _outcome(operation: Any, parameters: dict[str, Any]) -> object:
    """The status of an answer, or the code of an error."""
    try:
        return operation(**parameters)["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        return error.response["Error"]["Code"]


def _method(client: Any, name: str) -> str:
    mapping: dict[str, str] = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
    return mapping[name]
