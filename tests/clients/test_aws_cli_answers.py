"""What scripts around the AWS CLI rely on beyond the examples: errors word for word, pages, queries, ranges."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from clients.aws_cli import AwsCli, Refused
from clients.serving import REGION
from coldframe.model import MIB
from coldframe.testing.bodies import pattern
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clients.serving import Account, Served

_MINE = ("--account-id", "-")
_V = (*_MINE, "--vault-name", "v")
_CLIENT_ERROR = 255
_AWAY = "zbxcm3Z_3z5UkoroF7SuZKrxgGoDc3RloGduS7Eg-RO47Yc6FxsdGBgf_Q2DK5Ejh18CnTS5XW4_XqlNHS61dsO4CnMW"
_PART_SIZES = "Part size must not be null, must be a power of two and be between 1048576 and 4294967296 bytes."
_REFUSALS = {
    ("describe-vault", *_MINE, "--vault-name", "none"): (
        "ResourceNotFoundException",
        "Vault not found for ARN: arn:aws:glacier:{region}:{account}:vaults/none",
    ),
    ("describe-job", *_V, "--job-id", _AWAY): ("ResourceNotFoundException", f"The job ID was not found: {_AWAY}"),
    ("list-vaults", "--account-id", "123456789012"): (
        "AccessDeniedException",
        "Access denied for account ID: 123456789012",
    ),
    ("upload-archive", *_V, "--body", "empty"): ("InvalidParameterValueException", "Invalid Content-Length: 0"),
    ("upload-archive", *_V, "--body", "light", "--checksum", "0" * 64): (
        "InvalidParameterValueException",
        f"Checksum mismatch: expected {'0' * 64}, computed {tree_hash(b'a light')}",
    ),
    ("initiate-multipart-upload", *_V, "--part-size", "1000"): (
        "InvalidParameterValueException",
        f"Invalid part size: 1000. {_PART_SIZES}",
    ),
    ("delete-vault", *_V): (
        "InvalidParameterValueException",
        "Vault not empty or recently written to: arn:aws:glacier:{region}:{account}:vaults/v",
    ),
    ("list-jobs", *_V, "--statuscode", "Lost"): (
        "InvalidParameterValueException",
        "The job status code is not valid: Lost",
    ),
}


def test_errors_read_as_amazons(aws: AwsCli) -> None:
    """Exit code, error code and message are those that scripts match on."""
    (aws.folder / "empty").touch()
    (aws.folder / "light").write_bytes(b"a light")
    aws.glacier("create-vault", *_V)
    aws.glacier("upload-archive", *_V, "--body", "light")
    with ThreadPoolExecutor(2) as pool:
        refusals = dict(zip(_REFUSALS, pool.map(lambda words: refusal(aws, *words), _REFUSALS), strict=True))
    for words, (code, message) in _REFUSALS.items():
        operation = "".join(part.capitalize() for part in words[0].split("-"))
        told = message.format(region=REGION, account=aws.account.account_id)
        said = f"An error occurred ({code}) when calling the {operation} operation: {told}"
        assert refusals[words].message == said
        assert refusals[words].exit_code == _CLIENT_ERROR


def test_wrong_secret_and_unknown_key_are_refused(aws: AwsCli, served: Served, tmp_path: Path) -> None:
    """A signature that does not fit, a key that nobody made, and a key that may only read."""
    reader = AwsCli(aws.program, served.open_account("--read-only"), tmp_path)
    impostor = AwsCli(aws.program, _with(aws, secret_access_key="x" * 40), tmp_path)
    stranger = AwsCli(aws.program, _with(aws, access_key_id="AKIAIOSFODNN7EXAMPLE"), tmp_path)
    assert "(InvalidSignatureException)" in refusal(impostor, "list-vaults", *_MINE).message
    assert "(UnrecognizedClientException)" in refusal(stranger, "list-vaults", *_MINE).message
    assert "(AccessDeniedException)" in refusal(reader, "create-vault", *_V).message
    assert reader.glacier("list-vaults", *_MINE) == {"VaultList": []}


def test_lists_come_in_pages(aws: AwsCli, connect: Callable[..., Any]) -> None:
    """The AWS CLI goes through all pages by itself, or through as many as it is asked for, and goes on from there."""
    names = [f"night-{number:02}" for number in range(12)]
    client = connect(aws.account)
    for name in names:
        client.create_vault(vaultName=name)
    assert aws.run("list-vaults", *_MINE, "--query", "VaultList[].VaultName", "--output", "text").split() == names
    first = aws.glacier("list-vaults", *_MINE, "--max-items", "5")
    second = aws.glacier("list-vaults", *_MINE, "--starting-token", first["NextToken"])
    assert [vault["VaultName"] for page in (first, second) for vault in page["VaultList"]] == names


def test_jobs_are_filtered_and_ranges_are_fetched(aws: AwsCli) -> None:
    """A job of a part of an archive, found among the completed ones by its description, and a range of its output."""
    data = pattern(5)
    (aws.folder / "frames.zip").write_bytes(data)
    aws.glacier("create-vault", *_V)
    archive = aws.glacier("upload-archive", *_V, "--body", "frames.zip", "--archive-description", "M33  Blue")
    aws.glacier(
        "initiate-job", *_V, "--job-parameters", f"Type=archive-retrieval,ArchiveId={archive['archiveId']},"
        f"RetrievalByteRange={MIB}-{3 * MIB - 1},Tier=Bulk,Description=frames.zip",
    )  # fmt: skip
    done = (
        "--completed",
        "true",
        "--statuscode",
        "Succeeded",
        "--query",
        "JobList[?JobDescription=='frames.zip'].JobId",
    )
    (job_id,) = aws.glacier("list-jobs", *_V, *done)
    answer = aws.glacier("get-job-output", *_V, f"--job-id={job_id}", "--range", f"bytes=0-{MIB - 1}", "out")
    assert (answer["status"], answer["contentRange"]) == (206, f"bytes 0-{MIB - 1}/{2 * MIB}")
    assert answer["archiveDescription"] == "M33  Blue"
    assert (aws.folder / "out").read_bytes() == data[MIB : 2 * MIB]


def refusal(aws: AwsCli, *words: str) -> Refused:
    """How a command ends that may not succeed."""
    with pytest.raises(Refused) as caught:
        aws.glacier(*words)
    return caught.value


def _with(aws: AwsCli, **changed: str) -> Account:
    return replace(aws.account, **changed)
