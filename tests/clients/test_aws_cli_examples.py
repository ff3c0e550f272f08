"""The examples that Amazon prints for the AWS CLI work on coldframe's server: all 33 operations and both waiters.

The commands, the files they name and the shape of what they answer are read from the documentation that the installed
AWS CLI brings along; see `Examples.show`. The tests add what examples cannot know: that the bytes and values are right.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clients.aws_cli import Refused, examples_folder
from clients.reporting import CLIENT
from coldframe.model import MIB
from coldframe.testing.bodies import pattern
from coldframe.tree_hash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from clients.aws_cli import AwsCli, Examples

_ARCHIVE = pattern(3)
_VAULT = ("--account-id", "-", "--vault-name", "my-vault")


@pytest.fixture
def vault(examples: Examples) -> None:
    """The vault of most examples."""
    examples.show("create-vault")


def test_aws_cli_is_the_pinned_one(
    aws: AwsCli, aws_program: Path, record_property: Callable[[str, object], None]
) -> None:
    """The version that ran is told at the end of the run, and is the one that the requirements pin."""
    version = aws.version()
    record_property(CLIENT, version)
    pins = (Path(__file__).parent / "aws-cli.txt").read_text(encoding="utf-8")
    assert f"awscli=={version.split()[0].removeprefix('aws-cli/')} " in pins


def test_every_operation_has_its_example_run_here(aws_program: Path) -> None:
    """Nothing of the documentation is left out: 33 operations and two waiters."""
    folder = examples_folder(aws_program)
    printed = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob("**/*.rst")}
    run = set(re.findall(r'examples\.show\("([a-z/-]+)"', Path(__file__).read_text(encoding="utf-8")))
    assert run == printed
    assert len(run) == 33 + 2


def test_vaults_and_tags(examples: Examples, vault: None) -> None:
    """A vault is made, described, listed, tagged and deleted."""
    assert examples.show("describe-vault")["VaultARN"].endswith(f":{examples.cli.account.account_id}:vaults/my-vault")
    examples.show("add-tags-to-vault")
    assert examples.show("list-tags-for-vault") == {"Tags": {"id": "1234", "date": "july2015"}}
    examples.show("remove-tags-from-vault")
    assert examples.cli.glacier("list-tags-for-vault", *_VAULT) == {"Tags": {"id": "1234"}}
    examples.show("delete-vault")
    assert examples.cli.glacier("list-vaults", "--account-id", "-") == {"VaultList": []}


def test_archive_and_inventory(examples: Examples, vault: None) -> None:
    """An archive goes up; jobs bring it and the inventory back, byte for byte."""
    (examples.cli.folder / "archive.zip").write_bytes(_ARCHIVE)
    uploaded = examples.show("upload-archive")
    assert uploaded["checksum"] == tree_hash(_ARCHIVE)
    assert examples.show("initiate-job", 1)["location"].endswith(examples.known["--job-id"])
    answer = examples.show("get-job-output")
    assert (answer["checksum"], answer["contentType"]) == (tree_hash(_ARCHIVE), "application/octet-stream")
    assert (examples.cli.folder / "output.json").read_bytes() == _ARCHIVE
    examples.show("initiate-job", 0)
    assert examples.show("describe-job")["StatusCode"] == "Succeeded"
    examples.show("get-job-output")
    inventory = json.loads((examples.cli.folder / "output.json").read_text(encoding="utf-8"))
    assert [one["ArchiveId"] for one in inventory["ArchiveList"]] == [uploaded["archiveId"]]
    assert {job["Action"] for job in examples.cli.glacier("list-jobs", *_VAULT)["JobList"]} == {
        "ArchiveRetrieval",
        "InventoryRetrieval",
    }


def test_jobs_and_vaults_are_listed_as_printed(examples: Examples, vault: None) -> None:
    """The lists have every key that the documentation shows, for an archive's job and for a vault with an inventory."""
    (examples.cli.folder / "archive.zip").write_bytes(b"a light of 180 seconds")
    examples.show("upload-archive")
    examples.show("initiate-job", 1)
    assert examples.show("list-jobs")["JobList"][0]["JobDescription"] == "Retrieve archive on 2015-07-17"
    examples.show("initiate-job", 0)
    assert examples.show("list-vaults")["VaultList"][0]["NumberOfArchives"] == 1


def test_multipart_upload(examples: Examples, vault: None) -> None:
    """Three parts of 1 MiB become one archive; another upload is aborted."""
    cli = examples.cli
    for number in range(3):
        (cli.folder / f"part{number + 1}").write_bytes(_ARCHIVE[number * MIB : (number + 1) * MIB])
    examples.show("initiate-multipart-upload")
    examples.show("upload-multipart-part")
    for number in (1, 2):
        extent = f"bytes {number * MIB}-{(number + 1) * MIB - 1}/*"
        examples.show("upload-multipart-part", body=f"part{number + 1}", range=extent)
    listed = examples.show("list-parts", 0, "--no-paginate")["Parts"]  # else today's AWS CLI prints the parts alone
    assert [part["RangeInBytes"] for part in listed] == ["0-1048575", "1048576-2097151", "2097152-3145727"]
    done = examples.show("complete-multipart-upload", checksum=tree_hash(_ARCHIVE))
    assert done["checksum"] == tree_hash(_ARCHIVE)
    examples.show("initiate-multipart-upload")
    listed = examples.show("list-multipart-uploads")["UploadsList"]
    assert [one["MultipartUploadId"] for one in listed] == [examples.known["--upload-id"]]
    examples.show("abort-multipart-upload")
    assert cli.glacier("list-multipart-uploads", *_VAULT) == {"UploadsList": []}


def test_vault_lock(examples: Examples) -> None:
    """A lock is begun, aborted, begun again, completed, and keeps its archive."""
    examples.show("create-vault", vault_name="MyVaultName")
    examples.show("initiate-vault-lock")
    examples.show("abort-vault-lock")
    examples.show("initiate-vault-lock")
    examples.show("complete-vault-lock")
    assert examples.show("get-vault-lock")["State"] == "Locked"
    with pytest.raises(Refused, match="AccessDeniedException"):
        examples.show("abort-vault-lock")


def test_access_policy_notifications_and_deletion(examples: Examples) -> None:
    """What is hung on a vault comes back as it was set; an archive is deleted."""
    cli = examples.cli
    examples.show("create-vault", vault_name="example_vault")
    examples.show("wait/vault-exists")
    examples.show("set-vault-access-policy")
    assert json.loads(examples.show("get-vault-access-policy")["policy"]["Policy"])["Version"] == "2012-10-17"
    examples.show("delete-vault-access-policy")
    examples.show("set-vault-notifications", vault_name="example_vault")
    config = examples.show("get-vault-notifications", vault_name="example_vault")["vaultNotificationConfig"]
    assert sorted(config["Events"]) == ["ArchiveRetrievalCompleted", "InventoryRetrievalCompleted"]
    examples.show("delete-vault-notifications")
    (cli.folder / "archive.zip").write_bytes(b"a flat")
    examples.show("upload-archive", vault_name="example_vault")
    examples.show("delete-archive")
    cli.glacier("delete-vault", "--account-id", "-", "--vault-name", "example_vault")
    examples.show("wait/vault-not-exists")


def test_account(examples: Examples) -> None:
    """The data retrieval policy and provisioned capacity belong to the account."""
    examples.show("set-data-retrieval-policy", 0)
    assert examples.show("get-data-retrieval-policy")["Policy"]["Rules"] == [
        {"BytesPerHour": 10737418240, "Strategy": "BytesPerHour"}
    ]
    examples.show("set-data-retrieval-policy", 1)
    bought = examples.show("purchase-provisioned-capacity")["capacityId"]
    listed = examples.show("list-provisioned-capacity")["ProvisionedCapacityList"]
    assert [unit["CapacityId"] for unit in listed] == [bought]
