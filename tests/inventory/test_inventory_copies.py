"""Copies of the inventory in folders and in S3, where they count only when they are there."""

from __future__ import annotations

import os
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.errors import (
    AccessDenied,
    BadUsage,
    FormatError,
    ResourceNotFound,
    ServiceUnavailable,
    TreeHashMismatch,
)
from coldframe.files import DiskFiles
from coldframe.inventory import copies
from coldframe.inventory.copies import S3Target, check_target, copy_inventory, read_s3_url
from coldframe.inventory.csv_file import write_inventory
from coldframe.testing.catalogs import a_file, an_archive
from coldframe.testing.faulty import Counting, Fault
from coldframe.testing.recording import TappedFiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "m33.archive_inventory.csv"


@pytest.fixture
def inventory(csv_path: str) -> str:
    """An inventory of one file."""
    write_inventory(csv_path, [a_file("a.fit", an_archive(1))])
    return csv_path


def _bytes(path: str | Path) -> bytes:
    with open(path, "rb") as file:
        return file.read()


# --- folders ----------------------------------------------------------------------------------------------------------


def test_copy_goes_into_a_folder(inventory: str, tmp_path: Path) -> None:
    """A folder takes a copy of the same name, and takes it again when the inventory has grown."""
    folder = tmp_path / "disk"
    folder.mkdir()
    assert copy_inventory(inventory, str(folder)) == str(folder / NAME)
    write_inventory(inventory, [a_file("b.fit", an_archive(2))])
    copy_inventory(inventory, str(folder))
    assert _bytes(folder / NAME) == _bytes(inventory)
    assert os.listdir(folder) == [NAME]


def test_copy_goes_to_a_file(inventory: str, tmp_path: Path) -> None:
    """A path that is no folder is the copy's own."""
    assert copy_inventory(inventory, str(tmp_path / "copy.csv")) == str(tmp_path / "copy.csv")
    assert _bytes(tmp_path / "copy.csv") == _bytes(inventory)


def test_folder_that_is_not_there_is_no_file(inventory: str, tmp_path: Path) -> None:
    """`--inventory-copy ./papers` means a folder: no file of that name is made in its place."""
    for target in (tmp_path / "papers", tmp_path / "papers/2026"):
        with pytest.raises(BadUsage, match=r"papers.* is not there; make it first"):
            copy_inventory(inventory, str(target))
    assert not (tmp_path / "papers").exists()


def test_copy_never_replaces_another_file(inventory: str, tmp_path: Path) -> None:
    """A file that is no inventory is not overwritten."""
    (tmp_path / "notes.txt").write_text("important")
    with pytest.raises(FormatError, match="not an inventory"):
        copy_inventory(inventory, str(tmp_path / "notes.txt"))
    assert (tmp_path / "notes.txt").read_text() == "important"


def test_copy_onto_itself_is_refused(inventory: str) -> None:
    """A copy that is the original protects nothing."""
    with pytest.raises(BadUsage, match="onto itself"):
        copy_inventory(inventory, os.path.dirname(inventory))


@pytest.mark.parametrize("number", [28, 5], ids=["ENOSPC", "EIO"])
def test_older_copy_survives_every_failing_operation(inventory: str, tmp_path: Path, number: int) -> None:
    """Whichever operation fails, the old copy or the whole new one is there."""
    copy = tmp_path / "copy.csv"
    copy_inventory(inventory, str(copy))
    old = _bytes(copy)
    write_inventory(inventory, [a_file("b.fit", an_archive(2))])
    counting = Counting()
    copy_inventory(inventory, str(copy), files=TappedFiles(DiskFiles(), counting))
    assert counting.struck_by(number) >= 4
    for nth in range(1, counting.struck_by(number) + 1):
        copy.write_bytes(old)
        with pytest.raises(OSError, match=str(number)):
            copy_inventory(inventory, str(copy), files=TappedFiles(DiskFiles(), Fault(number, nth)))
        assert _bytes(copy) in {old, _bytes(inventory)}


@pytest.mark.parametrize(
    "target", ["gs://bucket/", "s3:///key", "s3://user@bucket/", "s3://bucket/?class=x", "/nowhere/at/all.csv"]
)
def test_impossible_target_is_refused_beforehand(target: str) -> None:
    """What can never work is known before anything is archived."""
    with pytest.raises(BadUsage):
        check_target(target)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("s3://b", NAME),
        ("s3://b/", NAME),
        ("s3://b/astro/", f"astro/{NAME}"),
        ("s3://b/astro/x.csv", "astro/x.csv"),
        ("S3://b/a%20b/", f"a b/{NAME}"),
    ],
)
def test_s3_url_names_a_folder_or_an_object(url: str, key: str) -> None:
    """A key that is empty or ends in a slash is a folder."""
    check_target(url)
    assert read_s3_url(url).named(NAME) == S3Target("b", key)


# --- S3 ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A real HTTP server that speaks S3."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - seconds that only these tests need

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The user's AWS configuration, and a client to look behind the scenes."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = copies._s3_client()
    client.create_bucket(Bucket="myastrodata")
    return client


def test_copy_goes_to_s3(inventory: str, s3: Any) -> None:
    """The object is the inventory, and S3 keeps its checksum."""
    assert copy_inventory(inventory, "s3://myastrodata/m33/") == f"s3://myastrodata/m33/{NAME}"
    answer = s3.get_object(Bucket="myastrodata", Key=f"m33/{NAME}")
    content = answer["Body"].read()
    head = s3.head_object(Bucket="myastrodata", Key=f"m33/{NAME}", ChecksumMode="ENABLED")
    assert content == _bytes(inventory)
    assert head["ChecksumSHA256"] == b64encode(sha256(content).digest()).decode()
    assert head["ContentType"] == "text/csv"


def test_bucket_that_is_not_there_says_so(inventory: str, s3: Any) -> None:
    """The message names the bucket."""
    with pytest.raises(ResourceNotFound, match="there is no bucket nowhere"):
        copy_inventory(inventory, "s3://nowhere/")


def test_missing_credentials_say_so(inventory: str, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials the message says how to get some."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AccessDenied, match="aws configure"):
        copy_inventory(inventory, "s3://myastrodata/")


def test_profile_that_is_not_there_says_so(inventory: str, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped profile is a matter of credentials."""
    monkeypatch.setenv("AWS_PROFILE", "astro")
    with pytest.raises(AccessDenied, match="astro"):
        copy_inventory(inventory, "s3://myastrodata/")


def test_missing_network_says_so(inventory: str, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody answers, it can be tried again later."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(ServiceUnavailable, match="cannot be reached"):
        copy_inventory(inventory, "s3://myastrodata/")


def test_impossible_bucket_name_says_so(inventory: str, s3: Any) -> None:
    """A name that no bucket can have is the caller's mistake."""
    with pytest.raises(BadUsage, match="no S3 place"):
        copy_inventory(inventory, "s3://no~bucket/")


class _LyingClient:
    """An S3 that answers what the test says about what it keeps."""

    def __init__(self, client: Any, **head: Any) -> None:
        self._client = client
        self._head = head

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def head_object(self, **arguments: Any) -> dict[str, Any]:
        """The true answer but for what the test changes; None takes a key away."""
        changed = {**self._client.head_object(**arguments), **self._head}
        return {key: value for key, value in changed.items() if value is not None}


@pytest.mark.parametrize("lie", [{"ContentLength": 1}, {"ChecksumSHA256": "AAAA"}])
def test_copy_that_differs_does_not_count(
    inventory: str, s3: Any, monkeypatch: pytest.MonkeyPatch, lie: dict[str, Any]
) -> None:
    """An object of another size or checksum is an error, not a copy."""
    monkeypatch.setattr(copies, "_s3_client", lambda: _LyingClient(s3, **lie))
    with pytest.raises(TreeHashMismatch, match="does not count"):
        copy_inventory(inventory, "s3://myastrodata/")


def test_store_without_checksums_is_read_back(inventory: str, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a HEAD tells no checksum the whole object is read and compared."""
    monkeypatch.setattr(copies, "_s3_client", lambda: _LyingClient(s3, ChecksumSHA256=None))
    assert copy_inventory(inventory, "s3://myastrodata/plain.csv") == "s3://myastrodata/plain.csv"

    class Damaging(_LyingClient):
        """Keeps other bytes of the same length."""

        def put_object(self, **arguments: Any) -> Any:
            """Put them."""
            body = bytes(len(arguments.pop("Body").read()))
            arguments.pop("ChecksumSHA256")
            return self._client.put_object(Body=body, **arguments)

    monkeypatch.setattr(copies, "_s3_client", lambda: Damaging(s3, ChecksumSHA256=None))
    with pytest.raises(TreeHashMismatch):
        copy_inventory(inventory, "s3://myastrodata/plain.csv")
