"""Messages ring; whatever is wrong with them, they do no harm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from coldframe.composition.bell import Bell
from coldframe.errors import BadUsage, ServiceUnavailable
from coldframe.notify.messages import JobMessage, read_message
from coldframe.notify.queues import Message, Service, read_queue
from coldframe.progress import Noted

if TYPE_CHECKING:
    from coldframe.progress import Event
    from coldframe.testing.clock import FakeClock

_JOB = {"JobId": "j1", "ArchiveId": "a1", "StatusCode": "Succeeded", "Completed": True}
_MALFORMED = [
    "",
    "x",
    "[]",
    "1",
    "null",
    '{"Message": 1}',
    '{"Message": "x"}',
    '{"JobId": 5}',
    '{"JobId": ""}',
    "[" * 99999,
]


class _Queue:
    """A queue in memory: a message stays until it is deleted, and comes again and again."""

    name = "ready"

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.trouble: Exception | None = None
        self._sent = 0

    def send(self, body: str) -> None:
        """Put a message in."""
        self._sent += 1
        self.messages[str(self._sent)] = Message(str(self._sent), body, str(self._sent))

    def receive(self) -> list[Message]:
        """All that are there."""
        if self.trouble:
            raise self.trouble
        return list(self.messages.values())

    def delete(self, message: Message) -> None:
        """As SQS: twice is no error."""
        if self.trouble:
            raise self.trouble
        self.messages.pop(message.receipt, None)


class _World:
    """A bell that rings for the archive a1, and its queue."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.told: list[str] = []
        self.queue = _Queue()
        self.bell = Bell([self.queue], lambda said: said.archive_id == "a1", clock=clock, observer=self._hear)

    def listen(self) -> None:
        """Receive once."""
        self.bell.listen_once(self.queue)

    def _hear(self, event: Event) -> None:
        self.told.extend([event.text] if isinstance(event, Noted) else [])


@pytest.fixture
def world(clock: FakeClock) -> _World:
    """A bell and its queue."""
    return _World(clock)


@pytest.mark.parametrize(
    "body", [json.dumps(_JOB), json.dumps({"Type": "Notification", "Message": json.dumps(_JOB), "TopicArn": "x"})]
)
def test_message_rings_and_stays_until_it_is_settled(world: _World, body: str) -> None:
    """Alone, or in the envelope of SNS: deleted only when what follows from it was recorded."""
    world.queue.send(body)
    world.listen()
    assert world.bell.is_ringing()
    heard = world.bell.take()
    assert not world.bell.is_ringing()
    assert len(world.queue.messages) == 1
    world.bell.settle(heard)
    assert world.queue.messages == {}
    assert world.told == []


def test_message_that_was_not_settled_rings_again(world: _World) -> None:
    """A process that dies in between loses nothing."""
    world.queue.send(json.dumps(_JOB))
    world.listen()
    world.bell.take()  # and nobody settles it
    world.clock.advance(300)
    world.listen()
    assert world.bell.is_ringing()


def test_doubled_message_rings_once(world: _World) -> None:
    """The same message twice, and the same text in two messages."""
    for _ in range(2):
        world.queue.send(json.dumps(_JOB))
        world.listen()
    heard = world.bell.take()
    assert len(heard) == 2
    world.bell.settle(heard)
    assert world.queue.messages == {}
    world.clock.advance(60)
    assert not world.bell.is_ringing()


def test_flood_of_messages_rings_seconds_apart(world: _World) -> None:
    """Forged ones that name something of ours cost a look now and then, not one each."""
    rings = 0
    for _ in range(100):
        world.queue.send(json.dumps(_JOB))
        world.listen()
        if world.bell.is_ringing():
            rings += 1
            world.bell.settle(world.bell.take())
        world.clock.advance(0.1)
    assert rings == 2


@pytest.mark.parametrize("body", [*_MALFORMED, json.dumps({**_JOB, "ArchiveId": "other"}), json.dumps({"JobId": "j1"})])
def test_message_that_is_not_ours_is_put_away(world: _World, body: str) -> None:
    """It rings for nobody, and would come again for ever; it is told of once."""
    for _ in range(3):
        world.queue.send(body)
        world.listen()
    assert not world.bell.is_ringing()
    assert world.queue.messages == {}
    assert len(world.told) == 1


def test_queue_that_cannot_be_deleted_from_does_no_harm(world: _World) -> None:
    """It is told, and the message comes again."""
    world.queue.send(json.dumps(_JOB))
    world.listen()
    world.queue.trouble = ServiceUnavailable("away")
    world.bell.settle(world.bell.take())
    assert world.told == ["away"]
    assert len(world.queue.messages) == 1


def test_bell_is_reliable_only_while_its_queues_answer(world: _World) -> None:
    """Else jobs are asked for as often as without it."""
    assert not world.bell.is_reliable
    assert not Bell([], lambda _: True, clock=world.clock).is_reliable


def test_body_is_read_without_trust() -> None:
    """IDs are texts of a sane length, or nothing."""
    assert read_message(json.dumps(_JOB)) == JobMessage("j1", "a1")
    assert read_message(json.dumps({"JobId": "j", "ArchiveId": ["x"]})) == JobMessage("j", None)
    assert read_message(json.dumps({"JobId": "j" * 5000})) is None
    assert read_message(json.dumps({"JobId": "j", "x": "y" * 300_000})) is None


def test_queue_is_named_by_url_or_arn() -> None:
    """Amazon's region is in both; another service is where its URL says, or the configured endpoint."""
    url = "https://sqs.us-west-2.amazonaws.com/111122223333/ready"
    assert read_queue(url, profile="astro").service == Service(region="us-west-2", profile="astro")
    assert read_queue("http://127.0.0.1:5000/1/ready").service == Service(endpoint="http://127.0.0.1:5000")
    arn = read_queue("arn:aws:sqs:us-west-2:111122223333:ready", endpoint="http://x:1")
    assert (arn.service, arn.name, arn.account_id) == (
        Service(endpoint="http://x:1", region="us-west-2"),
        "ready",
        "111122223333",
    )
    assert read_queue("arn:aws:sqs:us-west-2:111122223333:ready", endpoint="amazon").service.endpoint is None


@pytest.mark.parametrize(
    "text", ["", "ready", "arn:aws:sns:us-west-2:111122223333:ready", "https://u:hush@x/1/q", "ftp://x/1/q", "http://x"]
)
def test_what_names_no_queue_is_refused(text: str) -> None:
    """Without showing a password."""
    with pytest.raises(BadUsage, match="is no queue") as caught:
        read_queue(text)
    assert "hush" not in str(caught.value)
