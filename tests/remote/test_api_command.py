"""`coldframe api`: every operation, raw, on any store."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.composition.operations import command_name, load_api
from coldframe.testing.bodies import pattern
from coldframe.wire.operations import load_operations
from remote.every_operation import EveryOperation

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran

_JOB = '{"Type": "inventory-retrieval"}'


@pytest.mark.parametrize("is_remote", [False, True], ids=["embedded", "server"])
@pytest.mark.usefixtures("url")
def test_every_operation_can_be_called(
    cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, *, is_remote: bool
) -> None:
    """All 33, under both forms of their names, bodies in and out of files, and JSON with the protocol's own keys."""
    if not is_remote:
        monkeypatch.delenv("COLDFRAME_STORE")

    def call(operation: str, **parameters: Any) -> dict[str, Any]:
        arguments = ["api", operation if len(operation) % 2 else command_name(operation)]
        for name, value in parameters.items():
            if isinstance(value, bytes):
                Path("body").write_bytes(value)
            shown = "body" if isinstance(value, bytes) else value if isinstance(value, str) else json.dumps(value)
            arguments += [f"--{command_name(name)}", shown]
        gives_bytes = operation == "GetJobOutput"
        ran = cli(*arguments, *(["--output-file", "output"] if gives_bytes else []))
        assert ran.code == 0, ran.err
        answer: dict[str, Any] = json.loads(ran.out)
        return {**answer, "body": Path("output").read_bytes()} if gives_bytes else answer

    every = EveryOperation(call)
    every.run()
    assert every.called == set(load_operations())


def test_operations_are_the_models() -> None:
    """As many as the face knows, each with what it requires."""
    assert {operation.name for operation in load_api().values()} == set(load_operations())
    upload = load_api()["upload-multipart-part"]
    assert [parameter.option for parameter in upload.parameters if parameter.is_required] == [
        "vault-name",
        "upload-id",
        "body",
    ]


def test_every_operation_has_help_with_an_example(cli: Callable[..., Ran]) -> None:
    """What it does, in a sentence that does not end in the middle of markup, and a line to copy."""
    listed = cli("api", "--help").out
    for name, operation in load_api().items():
        assert name in listed
        ran = cli("api", name, "--help")
        assert ran.code == 0
        assert operation.name in ran.out
        assert f"coldframe api {name}" in ran.out.split("Examples:")[1]
        assert not set("<>") & set(operation.meaning)


def test_streams_take_the_place_of_files(program: Callable[..., Ran], url: str, cli: Callable[..., Ran]) -> None:
    """A body from standard input, an output to standard output; then the answer itself is talk."""
    assert cli("api", "CreateVault", "--vaultName", "v").code == 0
    ran = program("api", "UploadArchive", "--vault-name", "v", "--body", "-", "-o", "json", stdin="light")
    assert ran.code == 0, ran.err
    (answer,) = ran.rows
    wanted = json.dumps({"Type": "archive-retrieval", "ArchiveId": answer["archiveId"]})
    job = cli("api", "InitiateJob", "--vault-name", "v", "--job-parameters", wanted, "-o", "json").rows[0]
    ran = program("api", "GetJobOutput", "--vault-name", "v", "--job-id", job["jobId"], "--output-file", "-")
    assert (ran.code, ran.out) == (0, "light")
    assert json.loads(ran.err)["checksum"] == answer["checksum"]


def test_answer_stands_on_one_line_if_wanted(cli: Callable[..., Ran], url: str) -> None:
    """For whatever reads lines; otherwise it is for people. Both are JSON, also where the answer says nothing."""
    assert cli("api", "CreateVault", "--vault-name", "v", "-o", "json").out.count("\n") == 1
    assert cli("api", "ListVaults").out.count("\n") > 5
    assert cli("api", "DeleteVault", "--vault-name", "v", "-o", "json").out == "{}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ListVault"], "list-vaults"),
        (["Nonsense"], "lists all"),
        (["DescribeVault"], "Missing option '--vault-name'"),
        (["DescribeVault", "--valt-name", "v"], "Did you mean '--vault-name'?"),
        (["InitiateJob", "--vault-name", "v", "--job-parameters", '{"Type"'], "not JSON"),
        (["InitiateJob", "--vault-name", "v", "--job-parameters", '{"Typ": "x"}'], "must be one of: Format, Type"),
        (["InitiateJob", "--vault-name", "v", "--job-parameters", "file://nowhere"], "No such file"),
        (["AddTagsToVault", "--vault-name", "v", "--tags", '["x"]'], "Invalid type for parameter Tags"),
        (["UploadArchive", "--vault-name", "v", "--body", "nowhere"], "No such file"),
        (["GetJobOutput", "--vault-name", "v", "--job-id", "x"], "--output-file"),
        (["GetJobOutput", "--vault-name", "v", "--job-id", "x", "--output-file", "no/such/file"], "no folder"),
        (["ListVaults", "-o", "table"], "json"),
    ],
)
def test_wrong_use_is_told(cli: Callable[..., Ran], archived: None, arguments: list[str], words: str) -> None:
    """Exit 2, before anything is asked of the store; what was meant, where it can be guessed."""
    ran = cli("api", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


@pytest.fixture
def archived(cli: Callable[..., Ran]) -> None:
    """An embedded store with the vault `v`."""
    assert cli("vault", "create", "v").code == 0


def test_refusals_of_the_store_are_told(cli: Callable[..., Ran], archived: None) -> None:
    """The store's own words, and the exit code of their kind."""
    ran = cli("api", "DescribeVault", "--vault-name", "none")
    assert ran.code == 1
    assert "Vault not found" in ran.err
    ran = cli("api", "InitiateJob", "--vault-name", "v", "--job-parameters", '{"Type": "x"}')
    assert ran.code == 1
    ran = cli("api", "ListVaults", "--account-id", "123456789012")
    assert ran.code == 6


def test_only_create_vault_makes_a_store(cli: Callable[..., Ran], home: Path) -> None:
    """As everywhere (ADR 20)."""
    assert cli("api", "ListVaults").code == 1
    assert not (home / "store").exists()
    assert cli("api", "CreateVault", "--vault-name", "v").code == 0
    assert (home / "store").exists()


def test_rehearsal_calls_nothing(cli: Callable[..., Ran], archived: None) -> None:
    """What would be sent, as JSON; a wrong parameter is told all the same."""
    ran = cli("api", "InitiateJob", "--vault-name", "v", "--job-parameters", _JOB, "--dry-run", "-o", "json")
    assert (ran.code, ran.rows) == (0, [{"vaultName": "v", "jobParameters": json.loads(_JOB)}])
    assert json.loads(cli("api", "ListJobs", "--vault-name", "v").out) == {"JobList": []}
    assert cli("api", "InitiateJob", "--vault-name", "v", "--job-parameters", "[]", "--dry-run").code == 2


def test_structures_can_lie_in_files(cli: Callable[..., Ran], archived: None) -> None:
    """For shells that make JSON hard to write."""
    Path("job.json").write_text(f"\ufeff{_JOB}", encoding="utf-8")
    ran = cli("api", "InitiateJob", "--vault-name", "v", "--job-parameters", "file://job.json")
    assert ran.code == 0, ran.err


def test_damaged_output_gets_no_name(cli: Callable[..., Ran], archived: None, home: Path) -> None:
    """An output that breaks off, or is not what was promised, replaces nothing."""
    Path("frame.fit").write_bytes(pattern(2.5))
    Path("output").write_bytes(b"older")
    archive_id = json.loads(cli("api", "UploadArchive", "--vault-name", "v", "--body", "frame.fit").out)["archiveId"]
    wanted = json.dumps({"Type": "archive-retrieval", "ArchiveId": archive_id})
    job_id = json.loads(cli("api", "InitiateJob", "--vault-name", "v", "--job-parameters", wanted).out)["jobId"]
    (blob,) = (home / "store/blobs").rglob("*.blob")
    with open(blob, "r+b") as file:
        file.seek(2**21 + 5)
        file.write(b"\x00\x01")
    ran = cli("api", "GetJobOutput", "--vault-name", "v", "--job-id", job_id, "--output-file", "output")
    assert ran.code == 5, ran.err
    assert Path("output").read_bytes() == b"older"
    assert sorted(os.listdir()) == ["frame.fit", "output"]


def test_shell_completes_operations(program: Callable[..., Ran]) -> None:
    """From the model alone."""
    words = {"COMP_WORDS": "coldframe api list-", "COMP_CWORD": "2", "_COLDFRAME_COMPLETE": "bash_complete"}
    found = program(env=words).out.split()
    assert {"plain,list-vaults", "plain,list-jobs"} <= set(found)
