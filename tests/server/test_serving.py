"""A folder served to ordinary boto3 clients, with real keys, over real sockets."""

from __future__ import annotations

import io
import json
import os
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import urlopen

import boto3
import botocore.exceptions
import pytest
import trustme

from coldframe.clock import SystemClock
from coldframe.composition.accounts import open_accounts
from coldframe.composition.health import Examiner
from coldframe.composition.serving import ServeRequest, Serving
from coldframe.composition.stores import open_embedded
from coldframe.composition.sweeping import Sweeper
from coldframe.errors import BadUsage, Busy, CredentialsProblem
from coldframe.files import DiskFiles
from coldframe.model import AMAZON_WAITS
from coldframe.server.address import Address, parse_address
from coldframe.settings import Settings
from coldframe.testing.bodies import BytesBody
from server.world import Client, head, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coldframe.wire.access import Key

LOOPBACK = Address("127.0.0.1", 0)
SETTINGS = Settings(listen=LOOPBACK, admin_listen=LOOPBACK)


@contextmanager
def serving(folder: Path | str, settings: Settings = SETTINGS, **options: Any) -> Iterator[Serving]:
    """A folder that is served."""
    with Serving(ServeRequest(folder=str(folder), settings=settings, **options)) as served:
        served.start()
        try:
            yield served
        finally:
            served.stop(5)


@contextmanager
def client_of(
    served: Serving, key: Key | None = None, *, region: str = "us-east-1", verify: str | bool = True
) -> Iterator[Any]:
    """An ordinary boto3 client; by default with the key that was just made."""
    key = key or served.new_key
    assert key is not None
    client = boto3.client(
        "glacier",
        endpoint_url=served.url,
        region_name=region,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        verify=verify,
    )
    yield client
    client.close()


def stranger_of(served: Serving) -> Client:
    """A client without a key."""
    return Client(parse_address(served.url.removeprefix("http://")).port)


def fetch(url: str) -> tuple[int, bytes]:
    """What the admin listener answers."""
    try:
        with urlopen(url) as answer:  # noqa: S310 - our own URL
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def test_the_first_serving_makes_a_store_and_a_key(tmp_path: Path) -> None:
    """Once: the second finds both, and the key still works."""
    with serving(tmp_path / "store") as served, client_of(served) as client:
        assert served.is_new_store
        client.create_vault(vaultName="astrodata")
        key = served.new_key
    with serving(tmp_path / "store") as served, client_of(served, key) as client:
        assert (served.is_new_store, served.new_key) == (False, None)
        vaults = client.list_vaults()["VaultList"]
    assert [vault["VaultARN"] for vault in vaults] == ["arn:aws:glacier:us-east-1:000000000000:vaults/astrodata"]


def test_an_archive_goes_in_and_comes_out(tmp_path: Path) -> None:
    """Uploaded in one request and in parts, retrieved, streamed back byte for byte."""
    body = os.urandom(3 * 2**20 + 5)
    with serving(tmp_path / "store") as served, client_of(served) as client:
        client.create_vault(vaultName="v")
        single = client.upload_archive(vaultName="v", body=io.BytesIO(body))
        upload = client.initiate_multipart_upload(vaultName="v", partSize=str(2**20))["uploadId"]
        for at in range(0, len(body), 2**20):
            part = body[at : at + 2**20]
            span = f"bytes {at}-{at + len(part) - 1}/*"
            client.upload_multipart_part(vaultName="v", uploadId=upload, range=span, body=io.BytesIO(part))
        parts = client.complete_multipart_upload(
            vaultName="v", uploadId=upload, archiveSize=str(len(body)), checksum=single["checksum"]
        )
        for archive_id in (single["archiveId"], parts["archiveId"]):
            job = {"Type": "archive-retrieval", "ArchiveId": archive_id}
            job_id = client.initiate_job(vaultName="v", jobParameters=job)["jobId"]
            output = client.get_job_output(vaultName="v", jobId=job_id)
            assert sha256(output["body"].read()).digest() == sha256(body).digest()


def test_vaults_are_served_encrypted(tmp_path: Path) -> None:
    """With a certificate and its key from files, to a client that trusts whoever has issued it."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    names = {name: str(tmp_path / name) for name in ("authority", "certificate", "key")}
    authority.cert_pem.write_to_path(names["authority"])
    issued.private_key_and_cert_chain_pem.write_to_path(names["key"])
    issued.cert_chain_pems[0].write_to_path(names["certificate"])
    with serving(tmp_path / "store", certificate=names["certificate"], certificate_key=names["key"]) as served:
        assert served.url.startswith("https://")
        with client_of(served, verify=names["authority"]) as client:
            client.create_vault(vaultName="v")
            assert client.upload_archive(vaultName="v", body=b"x" * 100_000)["archiveId"]
        with client_of(served, verify=True) as stranger, pytest.raises(botocore.exceptions.SSLError):
            stranger.list_vaults()


def test_the_folder_can_be_used_while_it_is_served(tmp_path: Path) -> None:
    """What the embedded store takes is seen over the network at once, and the other way round."""
    folder = str(tmp_path / "store")
    with serving(folder) as served, client_of(served) as client:
        store = open_embedded(folder, create=False)
        store.create_vault("embedded")
        client.create_vault(vaultName="served")
        assert [vault["VaultName"] for vault in client.list_vaults()["VaultList"]] == ["embedded", "served"]
        store.upload_archive("served", BytesBody(b"embedded bytes"))
        assert client.describe_vault(vaultName="served")["NumberOfArchives"] == 1
        store.close()


def test_keys_made_and_revoked_meanwhile_count_at_once(tmp_path: Path) -> None:
    """As `coldframe key` does it, in another process."""
    folder = str(tmp_path / "store")
    with serving(folder) as served, open_accounts(folder) as accounts:
        key = accounts.create_key()
        with client_of(served, key) as client:
            client.list_vaults()
            accounts.keyring.revoke(key.access_key_id)
            with pytest.raises(botocore.exceptions.ClientError, match="UnrecognizedClient"):
                client.list_vaults()


def test_a_lost_sealing_key_is_told_before_anybody_is_served(tmp_path: Path) -> None:
    """A server that nobody can use does not start."""
    with serving(tmp_path / "store"):
        pass
    os.rename(tmp_path / "store" / "seal.key", tmp_path / "elsewhere")
    with pytest.raises(CredentialsProblem, match=r"seal\.key is not there"), serving(tmp_path / "store"):
        pass
    with serving(tmp_path / "store", replace(SETTINGS, seal_key=str(tmp_path / "elsewhere"))):
        pass


def test_an_account_whose_store_is_lost_keeps_nobody_out(tmp_path: Path) -> None:
    """It is told at the start and by /health; the others are served."""
    with open_accounts(str(tmp_path / "store")) as accounts:
        own, lost = accounts.create_key(), accounts.create_key(account_id="123456789012")
    os.rename(tmp_path / "store" / "accounts", tmp_path / "elsewhere")
    with serving(tmp_path / "store") as served:
        assert "123456789012" in served.problems[0]
        status, text = fetch(f"{served.admin_url}/health")
        assert (status, b'"degraded"' in text, b"123456789012" in text) == (200, True, True)
        with client_of(served, own) as client:
            assert client.list_vaults()["VaultList"] == []
        with client_of(served, lost) as client:
            client.meta.events.register("needs-retry.glacier", lambda **_: None)
            with pytest.raises(botocore.exceptions.ClientError, match="ServiceUnavailable"):
                client.list_vaults()


def test_the_owner_of_a_store_stays(tmp_path: Path) -> None:
    """Whose it is was settled with its first key; who asks for another account is told."""
    with serving(tmp_path / "store"):
        pass
    settings = replace(SETTINGS, account="123456789012")
    with pytest.raises(BadUsage, match="000000000000"), serving(tmp_path / "store", settings):
        pass


def test_a_chunked_upload_is_refused_in_the_protocols_words(tmp_path: Path) -> None:
    """Content-Length is what is missing."""
    with (
        serving(tmp_path / "store") as served,
        Client(parse_address(served.url.removeprefix("http://")).port) as client,
    ):
        sent = head("POST", "/-/vaults/v/archives", Transfer_Encoding="chunked") + b"1\r\nx\r\n0\r\n\r\n"
        answer = client.ask(sent)
        assert (answer.status, answer.json["code"]) == (400, "MissingParameterValueException")
        assert "Content-Length" in str(answer.json["message"])


def test_settings_reach_the_service(tmp_path: Path) -> None:
    """Account, region and waits."""
    settings = replace(SETTINGS, account="123456789012", region="eu-west-1", tiers=AMAZON_WAITS)
    with serving(tmp_path / "store", settings) as served, client_of(served, region="eu-west-1") as client:
        client.create_vault(vaultName="v")
        vault = client.describe_vault(vaultName="v")
        assert vault["VaultARN"] == "arn:aws:glacier:eu-west-1:123456789012:vaults/v"
        archive_id = client.upload_archive(vaultName="v", body=b"x")["archiveId"]
        job = {"Type": "archive-retrieval", "ArchiveId": archive_id, "Tier": "Expedited"}
        job_id = client.initiate_job(vaultName="v", jobParameters=job)["jobId"]
        assert client.describe_job(vaultName="v", jobId=job_id)["StatusCode"] == "InProgress"
        assert "LastInventoryDate" not in client.describe_vault(vaultName="v")  # the first is taken after a day


def test_expedited_can_be_scarce(tmp_path: Path) -> None:
    """Without provisioned capacity it is refused then."""
    settings = replace(SETTINGS, scarce_expedited=True)
    with serving(tmp_path / "store", settings) as served, client_of(served) as client:
        client.meta.events.register("needs-retry.glacier", lambda **_: None)
        client.create_vault(vaultName="v")
        archive_id = client.upload_archive(vaultName="v", body=b"x")["archiveId"]
        job = {"Type": "archive-retrieval", "ArchiveId": archive_id, "Tier": "Expedited"}
        with pytest.raises(botocore.exceptions.ClientError, match="InsufficientCapacity"):
            client.initiate_job(vaultName="v", jobParameters=job)


def test_the_access_log_tells_who_did_what(tmp_path: Path) -> None:
    """Operation, vault and key of those who proved it; nothing of a signature."""
    lines: list[str] = []
    with serving(tmp_path / "store", access_log=lines.append) as served, client_of(served) as client:
        assert served.new_key is not None
        client.create_vault(vaultName="v")
        with stranger_of(served) as stranger:
            forged = (
                f"AWS4-HMAC-SHA256 Credential={served.new_key.access_key_id}/20400101/us-east-1/glacier/aws4_request"
            )
            assert stranger.ask(head(target="/-/vaults", Authorization=forged)).status == 403
        wait_until(lambda: len(lines) == 2)
        secret = served.new_key.secret_access_key
    created, refused = sorted(map(json.loads, lines), key=lambda line: str(line["at"]))  # logged as they end
    assert (created["operation"], created["vault_name"], created["status"]) == ("CreateVault", "v", 201)
    assert created["access_key_id"].startswith("AKIA")
    assert (refused["operation"], refused["access_key_id"], refused["status"]) == ("ListVaults", None, 403)
    assert secret not in "".join(lines)
    assert "Signature" not in "".join(lines)


def test_failures_inside_are_logged_with_the_request_id(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The client hears only the ID; the log holds the rest as one JSON line."""
    with serving(tmp_path / "store") as served, client_of(served) as client:
        client.create_vault(vaultName="v")
        archive_id = client.upload_archive(vaultName="v", body=b"x" * 1000)["archiveId"]
        for blob in (tmp_path / "store" / "blobs").rglob("*.blob"):
            blob.write_bytes(b"y" * blob.stat().st_size)
        job = {"Type": "archive-retrieval", "ArchiveId": archive_id}
        job_id = client.initiate_job(vaultName="v", jobParameters=job)["jobId"]
        client.meta.events.register("needs-retry.glacier", lambda **_: None)
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            client.get_job_output(vaultName="v", jobId=job_id)["body"].read()
    request_id = caught.value.response["ResponseMetadata"]["RequestId"]
    told = [json.loads(line.message) for line in caplog.records if line.name == "coldframe.wire"]
    assert request_id in [line["request_id"] for line in told]
    assert str(tmp_path) not in str(caught.value)


# --- health -------------------------------------------------------------------------------------------------------


def test_health_and_metrics_are_told_apart_from_the_vaults(tmp_path: Path) -> None:
    """On a listener of their own; the vaults' own listener knows neither."""
    with serving(tmp_path / "store") as served, client_of(served) as client:
        client.list_vaults()
        assert fetch(f"{served.admin_url}/health") == (200, b'{"status": "ready", "reasons": []}')
        counted = b'coldframe_requests_total{operation="ListVaults",status="200"} 1.0'
        wait_until(lambda: counted in fetch(f"{served.admin_url}/metrics")[1])
        assert fetch(f"{served.url}/health")[0] == 404
        assert fetch(f"{served.url}/metrics")[0] == 404


class ReadOnlyFiles(DiskFiles):
    """A disk that went read-only."""

    def create(self, path: str, *, folder: int | None = None, is_private: bool = False) -> int:  # noqa: ARG002 - nothing
        """No."""
        raise OSError(30, "Read-only file system")


def examine(folder: Path, files: DiskFiles | None = None) -> tuple[str, str]:
    """How a folder is, and why."""
    with open_accounts(str(folder)) as accounts:
        health = Examiner(str(folder), accounts, clock=SystemClock(), files=files or DiskFiles())()
    return health.status.value, " ".join(health.reasons)


def test_a_folder_that_cannot_be_written_is_degraded(tmp_path: Path) -> None:
    """It still serves what it has."""
    status, why = examine(tmp_path / "store", ReadOnlyFiles())
    assert (status, why) == ("degraded", "The store's folder cannot be written: Read-only file system.")
    assert examine(tmp_path / "store") == ("ready", "")


def test_a_disk_that_is_nearly_full_is_degraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before uploads fail."""
    usage = type("Usage", (), {"total": 10**12, "used": 0, "free": 9 * 10**9})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    status, why = examine(tmp_path / "store")
    assert status == "degraded"
    assert why.startswith("The disk is nearly full")


def test_damage_that_a_scrub_found_is_degraded(tmp_path: Path) -> None:
    """Until another scrub finds none."""
    folder = tmp_path / "store"
    with open_accounts(str(folder)) as accounts:
        store = accounts.all()[0]
        store.create_vault("v")
        store.upload_archive("v", BytesBody(b"x" * 1000))
        (blob,) = (folder / "blobs").rglob("*.blob")
        blob.write_bytes(b"y" * blob.stat().st_size)
        SystemClock().sleep(0.002)  # a scrub leaves what was made in its first millisecond to the next
        assert len(list(store.scrub())) == 1
    status, why = examine(folder)
    assert (status, "A scrub found damaged" in why) == ("degraded", True)


def test_a_ledger_that_cannot_be_read_is_unavailable(tmp_path: Path) -> None:
    """Nothing can be served then."""
    with open_accounts(str(tmp_path / "store")) as accounts:
        examiner = Examiner(str(tmp_path / "store"), accounts, clock=SystemClock(), files=DiskFiles())
    assert examiner().status.value == "unavailable"


# --- what is refused ----------------------------------------------------------------------------------------------


def test_plain_http_beyond_this_machine_must_be_wanted(tmp_path: Path) -> None:
    """It is refused, without a trace, unless it is allowed in so many words."""
    settings = replace(SETTINGS, listen=Address("0.0.0.0", 0), admin_listen=None)  # noqa: S104 - that is what is tested
    with pytest.raises(BadUsage, match="--plain-http"), serving(tmp_path / "store", settings):
        pass
    assert not (tmp_path / "store").exists()
    with serving(tmp_path / "store", settings, is_plain_allowed=True) as served:
        assert served.url.startswith("http://0.0.0.0:")


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    """With the address, and before a store is made."""
    with serving(tmp_path / "first") as served:
        taken = parse_address(served.url.removeprefix("http://"))
        with pytest.raises(Busy, match=str(taken)), serving(tmp_path / "second", replace(SETTINGS, listen=taken)):
            pass
    assert not (tmp_path / "second").exists()


@pytest.mark.parametrize("address", [Address("192.0.2.1", 0), Address("nowhere.invalid", 0)])
def test_addresses_of_others_are_told(tmp_path: Path, address: Address) -> None:
    """Nobody can listen there."""
    with pytest.raises(BadUsage, match=address.host), serving(tmp_path, replace(SETTINGS, listen=address)):
        pass


@pytest.mark.parametrize(
    "text", ["8377", ":8377", "host", "host:http", "host:99999", "::1:8377", "http://a:1", "a b:1"]
)
def test_what_is_no_address_is_told(text: object) -> None:
    """With what one looks like."""
    with pytest.raises(ValueError, match="HOST:PORT"):
        parse_address(text)


@pytest.mark.parametrize("text", ["127.0.0.1:0", "localhost:8377", "[::1]:8377", "[fe80::1%eth0]:1"])
def test_addresses_are_read_and_shown_alike(text: str) -> None:
    """In the form that users write."""
    assert str(parse_address(text)) == text


def test_the_stores_are_swept_now_and_then(tmp_path: Path) -> None:
    """In the background, again and again, and a sweep that fails is logged and not the last."""
    swept: list[str] = []

    class Store:
        def sweep(self) -> None:
            swept.append("swept")
            if len(swept) == 1:
                raise RuntimeError("not this time")

    class Accounts:
        def usable(self) -> tuple[list[Store], list[str]]:
            return [Store()], []

    sweeper = Sweeper(Accounts(), seconds=0.01, clock=SystemClock())  # type: ignore[arg-type]  # all that it asks
    sweeper.start()
    wait_until(lambda: len(swept) >= 3)
    sweeper.stop()


def test_a_store_that_cannot_be_swept_keeps_no_other_from_it(tmp_path: Path) -> None:
    """Each store's time passes with its sweep, also beside one that always fails."""
    swept: list[str] = []

    class Broken:
        def sweep(self) -> None:
            raise RuntimeError("never")

    class Store:
        def sweep(self) -> None:
            swept.append("swept")

    class Accounts:
        def usable(self) -> tuple[list[Broken | Store], list[str]]:
            return [Broken(), Store()], []

    sweeper = Sweeper(Accounts(), seconds=0.01, clock=SystemClock())  # type: ignore[arg-type]  # all that it asks
    sweeper.start()
    wait_until(lambda: len(swept) >= 2)
    sweeper.stop()
