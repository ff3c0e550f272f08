"""Real SNS and SQS by moto's server: what the vault's users subscribe is what they get."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.clock import SystemClock
from coldframe.composition.notifying import open_deliverer, open_notifier
from coldframe.model import InventoryRetrieval
from coldframe.notify.sns import SnsNotifier, client_opener
from coldframe.ports.notices import NotDelivered, Notice, Undeliverable
from coldframe.settings import Settings
from coldframe.wire.access import AccountAuthorizer, Key, StaticKeyring
from coldframe.wire.encode import job_message
from coldframe.wire.face import Face
from coldframe.wire.in_process import open_client
from notify.receiver import receiving
from notify.world import ACCOUNT, OWN, REGION, VAULTS

if TYPE_CHECKING:
    from coldframe.testing.clock import FakeClock
    from notify.subscribing import Subscriber
    from notify.world import World

pytestmark = pytest.mark.usefixtures("aws_configuration")

_KEY = Key(
    access_key_id="AKIDEXAMPLE", secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", account_id=ACCOUNT
)


@pytest.fixture
def published(endpoint: str, world: World) -> World:
    """A store whose notices go to that server."""
    notifier = open_notifier(Settings(sns_endpoint=endpoint))
    world.listener.trouble = notifier.deliver
    return world


def test_queue_gets_the_exact_message(published: World, subscriber: Subscriber) -> None:
    """The job's own topic and the vault's each pass on the job's description, in SNS's envelope, without a subject."""
    published.listen()
    job_id = published.retrieve(OWN)
    assert published.deliver() == 2
    envelopes = subscriber.envelopes()
    assert sorted(envelope["TopicArn"] for envelope in envelopes) == [OWN, VAULTS]
    wanted = job_message(published.store.describe_job("v", job_id))
    assert [envelope["Message"] for envelope in envelopes] == [wanted, wanted]
    assert {envelope["Type"] for envelope in envelopes} == {"Notification"}
    assert all("Subject" not in envelope for envelope in envelopes)


def test_client_of_the_face_gets_its_message(
    endpoint: str, world: World, subscriber: Subscriber, clock: FakeClock
) -> None:
    """With boto3 alone: configure the vault, start jobs, read the queue; the message is DescribeJob's answer."""
    face = Face(
        lambda account_id: world.store if account_id == ACCOUNT else None,
        keyring=StaticKeyring({_KEY.access_key_id: _KEY}),
        authorizer=AccountAuthorizer(),
        clock=SystemClock(),
        region=REGION,
    )
    client = open_client(face, key=_KEY, region=REGION)
    configuration = {"SNSTopic": VAULTS, "Events": ["ArchiveRetrievalCompleted", "InventoryRetrievalCompleted"]}
    client.set_vault_notifications(vaultName="v", vaultNotificationConfig=configuration)
    archive = {"Type": "archive-retrieval", "ArchiveId": world.archive_id, "SNSTopic": OWN, "Tier": "Bulk"}
    jobs = [client.initiate_job(vaultName="v", jobParameters=archive)["jobId"]]
    jobs.append(client.initiate_job(vaultName="v", jobParameters={"Type": "inventory-retrieval"})["jobId"])
    notifier = open_notifier(Settings(sns_endpoint=endpoint))
    assert open_deliverer(lambda: [world.store], notifier).round()
    told = [json.loads(envelope["Message"]) for envelope in subscriber.envelopes()]
    assert sorted(each["JobId"] for each in told) == sorted([jobs[0], *jobs])
    for each in told:
        answer = client.describe_job(vaultName="v", jobId=each["JobId"])
        del answer["ResponseMetadata"]
        assert {name: value for name, value in each.items() if value is not None} == _without_nulls(answer, each)


def _without_nulls(answer: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """Botocore leaves out keys that are null; inside the inventory parameters too."""
    parameters = answer.get("InventoryRetrievalParameters")
    if parameters is not None:
        answer["InventoryRetrievalParameters"] = {**told["InventoryRetrievalParameters"], **parameters}
    return answer


def test_inventory_message_is_in_the_queue(published: World, subscriber: Subscriber) -> None:
    """An inventory's size is known to whoever reads the message."""
    published.listen()
    job_id = published.store.initiate_job("v", InventoryRetrieval())
    published.deliver()
    (envelope,) = subscriber.envelopes()
    told = json.loads(envelope["Message"])
    assert (told["JobId"], told["Action"], told["SNSTopic"]) == (job_id, "InventoryRetrieval", None)
    assert told["InventorySizeInBytes"] > 0


def test_topic_that_is_not_there_is_final(published: World, endpoint: str) -> None:
    """As with the original nobody checks at the request; the message is lost, and the log says why."""
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:never-made"
    job_id = published.retrieve(topic)
    published.deliver()
    assert published.states(job_id) == ["undeliverable"]
    assert "NotFound" in published.lines[0]["message"]


def test_endpoint_that_is_not_there_is_tried_again(world: World) -> None:
    """A server that is down is not the end of a message."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    world.listener.trouble = SnsNotifier(client_opener(f"http://127.0.0.1:{port}")).deliver
    job_id = world.retrieve(OWN)
    world.deliver()
    assert world.states(job_id) == ["waiting"]
    assert "SNS cannot be reached" in world.lines[0]["message"]


def test_missing_credentials_are_tried_again(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys may be configured within the day."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(NotDelivered, match=r"credentials") as caught:
        SnsNotifier(client_opener(endpoint)).deliver(Notice("an-id", OWN, "{}"))
    assert not isinstance(caught.value, Undeliverable)


def _answer(status: int, code: str) -> bytes:
    xml = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    head = f"HTTP/1.1 {status} No\r\nContent-Type: text/xml\r\nContent-Length: {len(xml)}\r\n\r\n"
    return (head + xml).encode()


@pytest.mark.parametrize(
    ("status", "code", "is_final"),
    [
        (404, "NotFound", True),
        (400, "InvalidParameter", True),
        (400, "ValidationError", True),
        (403, "AuthorizationError", False),
        (403, "InvalidClientTokenId", False),
        (403, "SignatureDoesNotMatch", False),
        (400, "ExpiredToken", False),
        (400, "Throttling", False),
        (500, "InternalError", False),
        (503, "ServiceUnavailable", False),
    ],
)
def test_refusal_of_sns_is_final_or_not(status: int, code: str, *, is_final: bool) -> None:
    """What permissions, keys or patience mend is tried again, and each try is one request: retries are the outbox's."""
    with receiving() as receiver:
        receiver.answer = _answer(status, code)
        with pytest.raises(NotDelivered, match=code) as caught:
            SnsNotifier(client_opener(f"http://127.0.0.1:{receiver.port}")).deliver(Notice("an-id", OWN, "{}"))
        assert isinstance(caught.value, Undeliverable) is is_final
        assert len(receiver.received) == 1


def test_client_is_made_once_for_each_region() -> None:
    """The topic's region signs and chooses the endpoint; making a client takes a moment."""
    made: list[str] = []

    class Client:
        def publish(self, **_: str) -> None:
            """Take it."""

    def open_client(region: str) -> Client:
        made.append(region)
        return Client()

    notifier = SnsNotifier(open_client)
    for region in ("us-east-1", "eu-west-1", "us-east-1"):
        notifier.deliver(Notice("an-id", f"arn:aws:sns:{region}:{ACCOUNT}:t", "{}"))
    assert made == ["us-east-1", "eu-west-1"]


def test_amazon_is_the_endpoint_of_the_region() -> None:
    """Without an endpoint boto3 finds Amazon's own."""
    client = client_opener(None)("eu-west-1")
    assert client.meta.endpoint_url == "https://sns.eu-west-1.amazonaws.com"
    client.close()
