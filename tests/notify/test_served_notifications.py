"""The server itself: a client over HTTP starts a job, and the queue and the web hook hear of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest

from coldframe.clock import SystemClock
from coldframe.composition.serving import ServeRequest, Serving
from coldframe.notify.targets import WebHook, parse_target
from coldframe.server.address import parse_address
from coldframe.settings import Settings
from notify.receiver import receiving
from notify.world import ACCOUNT, OWN, REGION, VAULTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notify.subscribing import Subscriber

pytestmark = pytest.mark.usefixtures("aws_configuration")


def _soon(ask: Callable[[], bool]) -> bool:
    """Whether something comes true within seconds."""
    clock = SystemClock()
    until = clock.monotonic() + 20
    while not ask():
        if clock.monotonic() > until:
            return False
        clock.sleep(0.02)
    return True


def test_server_tells_queue_and_web_hook(tmp_path: Path, endpoint: str, subscriber: Subscriber) -> None:
    """One job, two topics: the vault's is SNS's, the job's own is mapped to a web hook."""
    with receiving() as receiver:
        settings = Settings(
            listen=parse_address("127.0.0.1:0"),
            region=REGION,
            account=ACCOUNT,
            sns_endpoint=endpoint,
            webhooks={OWN: WebHook(parse_target(f"http://127.0.0.1:{receiver.port}/"))},
            webhooks_allow_private=True,
        )
        with Serving(ServeRequest(folder=str(tmp_path / "store"), settings=settings)) as serving:
            serving.start()
            key = serving.new_key
            assert key is not None
            client = boto3.client(
                "glacier",
                region_name=REGION,
                endpoint_url=serving.url,
                aws_access_key_id=key.access_key_id,
                aws_secret_access_key=key.secret_access_key,
            )
            client.create_vault(vaultName="v")
            events = ["ArchiveRetrievalCompleted"]
            configuration = {"SNSTopic": VAULTS, "Events": events}
            client.set_vault_notifications(vaultName="v", vaultNotificationConfig=configuration)
            archive_id = client.upload_archive(vaultName="v", body=b"a light")["archiveId"]
            wanted = {"Type": "archive-retrieval", "ArchiveId": archive_id, "SNSTopic": OWN}
            job_id = client.initiate_job(vaultName="v", jobParameters=wanted)["jobId"]
            assert _soon(lambda: bool(receiver.received))
            assert _soon(lambda: bool(subscriber.keep()))
            client.close()
            assert serving.stop(10)
    told = [json.loads(receiver.received[0].body), *(json.loads(each["Message"]) for each in subscriber.kept)]
    assert [each["JobId"] for each in told] == [job_id, job_id]
