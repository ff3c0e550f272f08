"""`coldframe.boto3_client`: an ordinary boto3 client of any store (design 1.3)."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config

import coldframe
from coldframe.composition.clients import client_of
from coldframe.composition.operations import command_name
from coldframe.errors import BadUsage, ResourceNotFound
from coldframe.settings import Home, Settings
from coldframe.testing.bodies import pattern
from coldframe.wire.operations import load_operations
from remote.every_operation import EveryOperation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.wire.access import Key


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Where an embedded store may be made."""
    return str(tmp_path / "store")


@pytest.mark.parametrize("is_remote", [False, True], ids=["embedded", "server"])
def test_every_operation_can_be_called(folder: str, url: str, *, is_remote: bool) -> None:
    """All 33, with boto3's own methods, parameters and answers."""
    with closing(coldframe.boto3_client(url if is_remote else folder)) as client:

        def call(operation: str, **parameters: Any) -> dict[str, Any]:
            answer: dict[str, Any] = getattr(client, command_name(operation).replace("-", "_"))(**parameters)
            return {**answer, "body": answer["body"].read()} if "body" in answer else answer

        every = EveryOperation(call)
        every.run()
    assert every.called == set(load_operations())


def test_client_has_what_boto3s_has(folder: str) -> None:
    """Paginators, waiters, and errors by their names."""
    with closing(coldframe.boto3_client(folder, config=Config(max_pool_connections=3))) as client:
        for number in range(12):
            client.create_vault(vaultName=f"v{number}")
        pages = client.get_paginator("list_vaults").paginate(PaginationConfig={"PageSize": 5})
        assert len(list(pages.search("VaultList[].VaultName"))) == 12
        client.get_waiter("vault_exists").wait(vaultName="v1")
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.describe_vault(vaultName="none")


def test_embedded_client_needs_no_configuration(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No keys, no region, and a profile that is not there: nobody is asked."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with closing(coldframe.boto3_client(folder)) as client:
        assert client.list_vaults()["VaultList"] == []


def test_closed_client_has_closed_its_store(folder: str) -> None:
    """And closing it twice does no harm."""
    client = coldframe.boto3_client(folder, config=Config(retries={"total_max_attempts": 1}))
    client.create_vault(vaultName="v")
    client.close()
    client.close()
    with pytest.raises(client.exceptions.ServiceUnavailableException):
        client.list_vaults()


def test_answer_outlives_its_client(folder: str) -> None:
    """What is still being read keeps the store open; nothing is open when nobody uses it any more."""
    with closing(coldframe.boto3_client(folder)) as client:
        client.create_vault(vaultName="v")
        archive_id = client.upload_archive(vaultName="v", body=pattern(3))["archiveId"]
        wanted = {"Type": "archive-retrieval", "ArchiveId": archive_id}
        job_id = client.initiate_job(vaultName="v", jobParameters=wanted)["jobId"]
    before = _open_files(folder)
    body = coldframe.boto3_client(folder).get_job_output(vaultName="v", jobId=job_id)["body"]
    gc.collect()
    assert body.read() == pattern(3)
    del body
    assert _open_files(folder) == before


def _open_files(folder: str) -> int:
    """How many files below a folder this process has open; only Linux tells."""
    gc.collect()
    if sys.platform != "linux":
        return 0
    return sum(folder in link for link in _links())


def _links() -> Iterator[str]:
    for name in os.listdir("/proc/self/fd"):
        try:
            yield os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue


def test_account_of_the_url_is_meant(url: str, key: Key) -> None:
    """`?account=` holds for calls that name none; another's is refused."""
    with closing(coldframe.boto3_client(f"{url}?account={key.account_id}")) as client:
        assert client.create_vault(vaultName="v")["location"] == f"/{key.account_id}/vaults/v"
    with closing(coldframe.boto3_client(f"{url}?account=999999999999")) as client:
        with pytest.raises(client.exceptions.ClientError, match="999999999999"):
            client.list_vaults()
        assert client.list_vaults(accountId="-")["VaultList"]


def test_client_of_nothing_is_refused(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL of no store, a store that is not there, a profile that is not there: as `open_store` refuses them."""
    with pytest.raises(BadUsage, match="no kind of store"):
        coldframe.boto3_client("ftp://host")
    with pytest.raises(ResourceNotFound, match="vault create"):
        coldframe.boto3_client(str(tmp_path / "none"), create=False)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(BadUsage, match="nobody"):
        coldframe.boto3_client(url)


def test_coldframes_own_client_leaves_its_store_open(tmp_path: Path) -> None:
    """`api` uses it beside what else a command does."""
    home = Home(str(tmp_path), str(tmp_path))
    with coldframe.open_coldframe(home=home, settings=Settings()) as opened:
        opened.create_store()
        with closing(client_of(opened)) as client:
            client.create_vault(vaultName="v")
        assert opened.store.describe_vault("v").vault_name == "v"
