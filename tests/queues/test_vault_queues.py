"""A server that publishes, moto's SNS and SQS between, and a watch that listens: real messages all the way."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from agents.world import PlannedClock, World
from cli.conftest import cli, home, subs  # noqa: F401 - fixtures
from coldframe.catalog import Query
from coldframe.catalog.vault_queues import VaultQueues
from coldframe.clock import SystemClock
from coldframe.composition.bell import Bell
from coldframe.composition.library import open_coldframe
from coldframe.composition.ordering import Watch
from coldframe.composition.queueing import plan_queue
from coldframe.composition.serving import ServeRequest, Serving
from coldframe.model import Tier, TierWaits
from coldframe.notify.plumbing import TAG, Plumber
from coldframe.notify.queues import Service, SqsQueue, read_queue
from coldframe.server.address import parse_address
from coldframe.settings import Settings
from notify.conftest import aws_configuration, endpoint  # noqa: F401 - fixtures
from notify.world import ACCOUNT, REGION
from remote.conftest import use_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cli.conftest import Ran


@pytest.fixture
def aws(endpoint: str, aws_configuration: None) -> dict[str, Any]:  # noqa: F811 - the fixtures
    """Clients of SNS and SQS, and nothing left of earlier tests."""
    clients = {name: boto3.client(name, region_name=REGION, endpoint_url=endpoint) for name in ("sns", "sqs")}
    for url in clients["sqs"].list_queues().get("QueueUrls", []):
        clients["sqs"].delete_queue(QueueUrl=url)
    for topic in clients["sns"].list_topics()["Topics"]:
        clients["sns"].delete_topic(TopicArn=topic["TopicArn"])
    return clients


def _left(aws: dict[str, Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """Topics, subscriptions and queues."""
    sns, sqs = aws["sns"], aws["sqs"]
    return (
        sns.list_topics()["Topics"],
        sns.list_subscriptions()["Subscriptions"],
        sqs.list_queues().get("QueueUrls", []),
    )


@pytest.fixture
def served(
    tmp_path: Path,
    home: Path,  # noqa: F811 - the fixture
    endpoint: str,  # noqa: F811 - the fixture
    aws: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Serving]:
    """A server whose jobs are ready at once, which publishes to moto; the store of all commands."""
    settings = Settings(listen=parse_address("127.0.0.1:0"), region=REGION, account=ACCOUNT, sns_endpoint=endpoint)
    with Serving(ServeRequest(folder=str(tmp_path / "served"), settings=settings)) as serving:
        serving.start()
        assert serving.new_key is not None
        use_key(monkeypatch, serving.new_key)
        monkeypatch.setenv("COLDFRAME_STORE", serving.url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        yield serving
        serving.stop(10)


def _queue(cli: Callable[..., Ran], endpoint: str) -> str:  # noqa: F811 - the fixtures
    ran = cli("vault", "notifications", "set", "astro", "--with-queue", "--sns-endpoint", endpoint)
    assert ran.code == 0, ran.err
    return ran.out.strip()


def test_queue_is_made_rings_and_is_taken_away(
    cli: Callable[..., Ran],  # noqa: F811 - the fixture
    served: Serving,
    subs: Path,  # noqa: F811 - the fixture
    endpoint: str,  # noqa: F811 - the fixture
    aws: dict[str, Any],
) -> None:
    """From `set --with-queue` over a real message of the server to `delete --with-queue`; nothing is left."""
    assert cli("vault", "create", "astro").code == 0
    assert cli("archive", "Subs/Light", "-v", "astro", "--yes").code == 0
    url = _queue(cli, endpoint)
    assert _queue(cli, endpoint) == url
    assert [len(each) for each in _left(aws)] == [1, 1, 1]
    (row,) = cli("ls", "Blue", "frame1", "-o", "json").rows
    with open_coldframe() as coldframe:
        queue = SqsQueue(read_queue(url), wait_seconds=1)
        heard_of: list[str] = []

        def is_ours(said: Any) -> bool:
            heard_of.append(said.archive_id)
            return True

        bell = Bell([queue], is_ours, clock=coldframe.clock)
        ran = cli("job", "start", row["archive_id"], "-v", "astro", "--yes")
        assert ran.code == 0, ran.err
        until = SystemClock().monotonic() + 30
        while not bell.is_ringing() and SystemClock().monotonic() < until:
            bell.listen_once(queue)
        assert heard_of == [row["archive_id"]]
        bell.settle(bell.take())
        attributes = aws["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert attributes["ApproximateNumberOfMessages"] == attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
        statement = json.loads(attributes["Policy"])["Statement"][0]
        assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": _left(aws)[0][0]["TopicArn"]}}
    assert cli("vault", "notifications", "delete", "astro", "--with-queue", "--dry-run").code == 0
    assert cli("vault", "notifications", "delete", "astro", "--with-queue").code == 0
    assert _left(aws) == ([], [], [])
    assert cli("vault", "notifications", "get", "astro").code == 4
    assert cli("vault", "notifications", "delete", "astro", "--with-queue").code == 4


def test_watch_listens_until_the_order_is_done(
    cli: Callable[..., Ran],  # noqa: F811 - the fixture
    served: Serving,
    subs: Path,  # noqa: F811 - the fixture
    endpoint: str,  # noqa: F811 - the fixture
) -> None:
    """The whole way by commands, foreign and malformed messages among them."""
    assert cli("vault", "create", "astro").code == 0
    assert cli("archive", "Subs/Light", "-v", "astro", "--yes").code == 0
    url = _queue(cli, endpoint)
    sqs = boto3.client("sqs", region_name=REGION, endpoint_url=endpoint)
    for body in ("no message", json.dumps({"JobId": "forged", "ArchiveId": "forged"})):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    with open_coldframe() as coldframe:
        retriever = coldframe.retriever()
        retriever.place_order(retriever.plan(Query(text="Blue"), into="back"), tier=Tier.STANDARD)
    assert cli("watch", "--queue", url).code == 0
    assert len(list((subs.parent / "back").rglob("*.fit"))) == 3


def test_message_ends_an_hour_s_pause(
    tmp_path: Path,
    endpoint: str,  # noqa: F811 - the fixture
    aws: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the queue answers, jobs are looked at once an hour; a message brings the look forward."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    url = aws["sqs"].create_queue(QueueName="ready")["QueueUrl"]
    world = World(tmp_path, tiers=TierWaits(standard_seconds=5 * 3600))
    world.order()
    (entry,) = world.coldframe.catalog.select(world.everything())
    watch, clock = Watch(world.coldframe, queues=[url]), world.clock
    body = json.dumps({"JobId": "x", "ArchiveId": entry.archive.archive_id})

    def listened() -> None:
        _until(lambda: watch.bell is not None and watch.bell.is_reliable)

    def send() -> None:
        aws["sqs"].send_message(QueueUrl=url, MessageBody=body)
        _until(lambda: watch.bell is not None and bool(watch.bell._heard))

    forged_at, done_at = 2 * 3600.0, 5 * 3600.0 + 10
    clock.plans = [(1.0, listened), (forged_at, send), (done_at, send)]
    found = [clock.monotonic() for _ in watch.carry_on(wait=True)]
    assert len(found) == 1
    assert 0 <= found[0] - done_at < 20
    world.coldframe.close()


def _until(ask: Callable[[], bool]) -> None:
    clock = SystemClock()
    until = clock.monotonic() + 30
    while not ask():
        assert clock.monotonic() < until
        clock.sleep(0.01)


def test_queue_that_is_away_leaves_polling(
    tmp_path: Path,
    aws_configuration: None,  # noqa: F811 - the fixture
) -> None:
    """A lost queue costs nothing but the news: jobs are looked at as often as ever."""
    world = World(tmp_path, tiers=TierWaits(standard_seconds=3600))
    world.order()
    watch = Watch(world.coldframe, queues=["http://127.0.0.1:9/1/ready"])
    (found,) = [world.clock.monotonic() for _ in watch.carry_on(wait=True)]
    assert 3600 <= found < 3600 + 400
    world.coldframe.close()


def test_only_what_we_made_is_removed(
    cli: Callable[..., Ran],  # noqa: F811 - the fixture
    served: Serving,
    endpoint: str,  # noqa: F811 - the fixture
    aws: dict[str, Any],
) -> None:
    """A vault that tells another topic by now keeps it; a queue whose tag is another's stays."""
    assert cli("vault", "create", "astro").code == 0
    url = _queue(cli, endpoint)
    other = aws["sns"].create_topic(Name="other")["TopicArn"]
    assert cli("vault", "notifications", "set", "astro", other).code == 0
    aws["sqs"].tag_queue(QueueUrl=url, Tags={TAG: "another"})
    ran = cli("vault", "notifications", "delete", "astro", "--with-queue")
    assert ran.code == 0
    assert "The queue of that name stays" in ran.err
    assert f"tells {other}, which was not made here" in ran.err
    topics, _, queues = _left(aws)
    assert ([topic["TopicArn"] for topic in topics], queues) == ([other], [url])
    assert [row["sns_topic"] for row in cli("vault", "notifications", "get", "astro", "-o", "json").rows] == [other] * 2


def test_killed_making_is_found_again(
    cli: Callable[..., Ran],  # noqa: F811 - the fixture
    served: Serving,
    endpoint: str,  # noqa: F811 - the fixture
    aws: dict[str, Any],
) -> None:
    """Whatever step it had reached: made again it is completed, and removed it leaves nothing."""
    assert cli("vault", "create", "astro").code == 0
    with open_coldframe() as coldframe:
        coldframe.settings = replace(coldframe.settings, sns_endpoint=endpoint)
        planned = VaultQueues(coldframe.catalog.database).add(plan_queue(coldframe, "astro"))
        aws["sns"].create_topic(Name=planned.name, Tags=[{"Key": TAG, "Value": planned.token}])  # and is killed
    assert cli("vault", "notifications", "delete", "astro", "--with-queue").code == 0
    assert _left(aws) == ([], [], [])
    service = Service(endpoint=endpoint, region=REGION)
    plumber = Plumber("coldframe-x-1", "1", sns=service, sqs=service)
    assert plumber.make() == plumber.make()
    assert plumber.remove() == plumber.remove() == []
    assert _left(aws) == ([], [], [])


def test_places_that_cannot_have_a_queue_are_told(
    cli: Callable[..., Ran],  # noqa: F811 - the fixture
    served: Serving,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server whose SNS nobody named, a store in a folder, a topic and a queue at once, neither."""
    assert cli("vault", "create", "astro").code == 0
    ran = cli("vault", "notifications", "set", "astro", "--with-queue")
    assert (ran.code, "Where are SNS and SQS?" in ran.err) == (2, True)
    assert cli("vault", "notifications", "set", "astro", "arn:x", "--with-queue").code == 2
    assert cli("vault", "notifications", "set", "astro").code == 2
    monkeypatch.delenv("COLDFRAME_STORE")
    assert cli("vault", "create", "astro").code == 0
    ran = cli("vault", "notifications", "set", "astro", "--with-queue")
    assert (ran.code, "coldframe serve" in ran.err) == (2, True)


def test_clock_of_these_tests_is_planned(tmp_path: Path) -> None:
    """What is planned happens in a sleep, once."""
    clock, done = PlannedClock(), []
    clock.plans = [(1.0, lambda: done.append(1))]
    clock.sleep(5)
    clock.sleep(5)
    assert done == [1]
