"""Who hears of a job that has ended, and what (glacier-api 8.2, 9.2 and 14)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from coldframe.clock import format_moment
from coldframe.errors import ResourceNotFound
from coldframe.model import InventoryRetrieval
from coldframe.ports.admin import VaultEvent
from coldframe.testing.bodies import read_output
from coldframe.wire.encode import job_message
from notify.world import EVENTS, OWN, VAULTS, open_one

if TYPE_CHECKING:
    from coldframe.testing.clock import FakeClock
    from notify.world import World

_FIRST_KEYS = [  # in the order of a message that the original sent in 2013 (glacier-api 14)
    "Action",
    "ArchiveId",
    "ArchiveSHA256TreeHash",
    "ArchiveSizeInBytes",
    "Completed",
    "CompletionDate",
    "CreationDate",
    "InventorySizeInBytes",
    "JobDescription",
    "JobId",
    "RetrievalByteRange",
    "SHA256TreeHash",
    "SNSTopic",
    "StatusCode",
    "StatusMessage",
    "VaultARN",
]
_LATER_KEYS = {"Tier", "InventoryRetrievalParameters", "JobOutputPath", "OutputLocation", "SelectParameters"}


def test_own_topic_and_the_vaults_both_hear(world: World) -> None:
    """The topic of the request and that of the configuration get a message each."""
    world.listen()
    job_id = world.retrieve(OWN)
    assert world.deliver() == 2
    assert world.listener.topics == [OWN, VAULTS]
    assert world.states(job_id) == ["delivered", "delivered"]
    assert world.deliver() == 0


def test_one_topic_of_both_hears_once(world: World) -> None:
    """A topic that the request and the configuration both name gets one message."""
    world.listen(OWN)
    world.retrieve(OWN)
    assert world.deliver() == 1


def test_nobody_listening_costs_no_row(world: World) -> None:
    """A job without any topic leaves nothing to do."""
    job_id = world.retrieve()
    assert not world.outbox().is_due()
    assert world.rows(job_id) == []


@pytest.mark.parametrize(
    ("events", "heard"),
    [
        (EVENTS, ["ArchiveRetrieval", "InventoryRetrieval"]),
        ([VaultEvent.ARCHIVE_RETRIEVAL_COMPLETED], ["ArchiveRetrieval"]),
        ([VaultEvent.INVENTORY_RETRIEVAL_COMPLETED], ["InventoryRetrieval"]),
    ],
    ids=["both", "archives", "inventories"],
)
def test_configuration_chooses_the_events(world: World, events: list[VaultEvent], heard: list[str]) -> None:
    """The vault's topic hears of the kinds of jobs that it asked for; a job's own topic of its job anyway."""
    world.listen(events=events)
    world.retrieve(OWN)
    world.store.initiate_job("v", InventoryRetrieval(sns_topic=OWN))
    world.deliver()
    actions = sorted(json.loads(n.text)["Action"] for n in world.listener.heard if n.topic_arn == VAULTS)
    assert actions == heard
    assert world.listener.topics.count(OWN) == 2


def test_message_is_the_jobs_description(world: World) -> None:
    """The text is DescribeJob's object, keys in the original's order, the topic that of the request alone."""
    world.listen()
    job_id = world.retrieve()
    world.deliver()
    text = world.listener.heard[0].text
    job = world.store.describe_job("v", job_id)
    assert text == job_message(job)
    told = json.loads(text)
    assert list(told)[: len(_FIRST_KEYS)] == _FIRST_KEYS
    assert set(told) - set(_FIRST_KEYS) == _LATER_KEYS
    assert told["SNSTopic"] is None
    assert (told["StatusCode"], told["StatusMessage"], told["Completed"]) == ("Succeeded", "Succeeded", True)
    assert told["RetrievalByteRange"] == "0-699"
    assert text.isascii()
    assert "\n" not in text
    assert '": ' not in text


def test_inventory_is_written_before_it_is_told_of(world: World) -> None:
    """The message of an inventory job names the size of its output, and nulls where an archive's has values."""
    job_id = world.store.initiate_job("v", InventoryRetrieval(sns_topic=OWN))
    world.deliver()
    told = world.listener.told[0]
    assert told["InventorySizeInBytes"] == len(read_output(world.store, "v", job_id))
    assert told["InventoryRetrievalParameters"] == {
        "EndDate": None,
        "Format": "JSON",
        "Limit": None,
        "Marker": None,
        "StartDate": None,
    }
    nothing = ("ArchiveId", "ArchiveSHA256TreeHash", "ArchiveSizeInBytes", "RetrievalByteRange", "SHA256TreeHash")
    assert [told[key] for key in nothing] == [None] * 5
    assert told["SNSTopic"] == OWN


def test_nobody_hears_before_the_job_has_ended(slow_world: World, clock: FakeClock) -> None:
    """A Standard job of four hours is told of when they are over, to the millisecond."""
    slow_world.listen()
    slow_world.retrieve(OWN)
    clock.advance(hours=4, seconds=-0.001)
    assert not slow_world.outbox().is_due()
    assert slow_world.outbox().deliver() == 0
    clock.advance(0.001)
    assert slow_world.deliver() == 2
    assert {told["CompletionDate"] for told in slow_world.listener.told} == {format_moment(clock.now())}


def test_job_that_fails_is_told_of_at_once(slow_world: World, clock: FakeClock) -> None:
    """A deleted archive ends its job in failure, and that is what is told, once."""
    slow_world.listen()
    slow_world.retrieve(OWN)
    clock.advance(hours=1)
    slow_world.store.delete_archive("v", slow_world.archive_id)
    assert slow_world.deliver() == 2
    told = slow_world.listener.told[0]
    assert (told["StatusCode"], told["StatusMessage"], told["Completed"]) == ("Failed", "Failed", True)
    assert told["CompletionDate"] == format_moment(clock.now())
    assert told["ArchiveId"] == slow_world.archive_id
    clock.advance(hours=4)
    assert slow_world.deliver() == 0


def test_configuration_at_the_end_of_the_job_counts(slow_world: World, clock: FakeClock) -> None:
    """Who listens when a job ends hears of it, whatever was configured when it began."""
    slow_world.listen(OWN)
    slow_world.retrieve()
    slow_world.listen(VAULTS)
    clock.advance(hours=4)
    slow_world.deliver()
    assert slow_world.listener.topics == [VAULTS]


@pytest.mark.parametrize("change", ["replaced", "deleted", "vault deleted"])
def test_change_after_the_end_of_the_job_changes_nothing(slow_world: World, clock: FakeClock, change: str) -> None:
    """A configuration that goes after a job has ended, but before anybody could be told, still counts for that job."""
    slow_world.store.delete_archive("v", slow_world.archive_id)
    slow_world.listen(VAULTS)
    slow_world.store.initiate_job("v", InventoryRetrieval())
    clock.advance(hours=4)
    if change == "replaced":
        slow_world.listen(OWN)
    elif change == "deleted":
        slow_world.store.delete_vault_notifications("v")
    else:
        slow_world.store.delete_vault("v")
    slow_world.deliver()
    assert slow_world.listener.topics == [VAULTS]
    assert slow_world.listener.told[0]["VaultARN"].endswith(":vaults/v")


def test_job_of_a_vault_that_is_gone_is_told_to_its_own_topic(slow_world: World, clock: FakeClock) -> None:
    """Whoever waits for the end of a job is not left waiting because its vault was deleted."""
    slow_world.store.delete_archive("v", slow_world.archive_id)
    slow_world.listen(VAULTS)
    slow_world.store.initiate_job("v", InventoryRetrieval(sns_topic=OWN))
    slow_world.store.delete_vault("v")
    clock.advance(hours=4)
    slow_world.deliver()
    assert slow_world.listener.topics == [OWN]
    with pytest.raises(ResourceNotFound):
        slow_world.store.describe_vault("v")


def test_many_jobs_are_settled_before_a_configuration_goes(
    slow_world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many have ended unseen, each is told to the topic that was configured at its end."""
    monkeypatch.setattr("coldframe.service.notices._PAGE", 4)
    slow_world.listen(VAULTS)
    for _ in range(9):
        slow_world.retrieve()
    clock.advance(hours=4)
    slow_world.store.delete_vault_notifications("v")
    assert slow_world.deliver() == 9
    assert set(slow_world.listener.topics) == {VAULTS}


def test_job_that_was_refused_is_told_to_nobody(slow_world: World, clock: FakeClock) -> None:
    """No job, no notice: both are one transaction."""
    with pytest.raises(ResourceNotFound):
        slow_world.store.initiate_job("nowhere", InventoryRetrieval(sns_topic=OWN))
    clock.advance(hours=4)
    assert not slow_world.outbox().is_due()


def test_notices_survive_a_restart(store_folder: str, slow_world: World, clock: FakeClock) -> None:
    """Another process that opens the store after the job has ended delivers."""
    slow_world.retrieve(OWN)
    slow_world.store.close()
    clock.advance(hours=5)
    slow_world.store = open_one(store_folder, clock)
    assert slow_world.deliver() == 1
