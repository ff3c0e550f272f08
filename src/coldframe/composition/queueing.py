"""Queues that hear of a vault's jobs: made for it, taken away again, and listened to."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.catalog.vault_queues import VaultQueue, VaultQueues
from coldframe.composition.bell import Bell
from coldframe.composition.governing import vault_notifications
from coldframe.composition.stores import LOCAL_REGION
from coldframe.composition.vaults import find_vault
from coldframe.errors import BadUsage, NothingMatched, ResourceNotFound
from coldframe.notify.plumbing import Plumber
from coldframe.notify.queues import AMAZON, Service, SqsQueue, read_queue
from coldframe.ports.admin import VaultNotifications
from coldframe.progress import ignore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.composition.library import Coldframe
    from coldframe.notify.messages import JobMessage
    from coldframe.notify.plumbing import Plumbing
    from coldframe.ports.admin import VaultEvent
    from coldframe.progress import Observer

_REGION = 3


@dataclass(frozen=True, slots=True)
class QueueRemoval:
    """What became of a vault's topic and queue.

    Args:
        name: Of both.
        tells_another: The topic that the vault tells now, which is not ours and stays; None if it tells nobody.
        left_alone: `topic` or `queue`, whose tag is not ours any more.
    """

    name: str
    tells_another: str | None
    left_alone: tuple[str, ...]


def plan_queue(coldframe: Coldframe, vault_name: str) -> VaultQueue:
    """The topic and the queue that a vault has or would have; nothing is made.

    Raises:
        ResourceNotFound: There is no such vault.
        BadUsage: The store is not served, or nobody said where SNS and SQS are.
    """
    arn = find_vault(coldframe.store, vault_name).vault_arn
    region, settings = arn.split(":")[_REGION], coldframe.settings
    if region == LOCAL_REGION:
        raise BadUsage(
            "A store in a folder tells nobody by itself: `coldframe serve` does, and then --store is the server's URL."
        )
    known = VaultQueues(coldframe.catalog.database).find(coldframe.store.identity, vault_name)
    if known is not None:
        return known
    sns = settings.sns_endpoint or (AMAZON if coldframe.store_url.startswith("glacier:") else None)
    if sns is None:
        raise BadUsage(
            "Where are SNS and SQS? Name what the server publishes to: --sns-endpoint URL, or --sns-endpoint amazon."
        )
    sqs = settings.sqs_endpoint or sns
    return VaultQueue(
        store=coldframe.store.identity,
        vault_name=vault_name,
        token=secrets.token_hex(6),
        region=region,
        sns_endpoint=None if sns == AMAZON else sns,
        sqs_endpoint=None if sqs == AMAZON else sqs,
        profile=settings.aws_profile,
    )


def make_queue(coldframe: Coldframe, planned: VaultQueue, events: Sequence[VaultEvent]) -> Plumbing:
    """Make topic, queue, policy and subscription, and have the vault tell the topic. Done twice, it is done once.

    It is recorded before anything is made, so that :func:`remove_queue` finds whatever a killed run has left.

    Raises:
        AccessDenied, CredentialsProblem, ServiceUnavailable: Something could not be made.
    """
    queue = VaultQueues(coldframe.catalog.database).add(planned)
    made = _plumber(queue).make()
    coldframe.store.set_vault_notifications(queue.vault_name, VaultNotifications(made.topic_arn, tuple(events)))
    return made


def find_queue(coldframe: Coldframe, vault_name: str) -> VaultQueue:
    """The topic and the queue that we made for a vault.

    Raises:
        NothingMatched: We made none.
    """
    queue = VaultQueues(coldframe.catalog.database).find(coldframe.store.identity, vault_name)
    if queue is None:
        raise NothingMatched(f"No queue was made from here for the vault {vault_name}; nothing was changed.")
    return queue


def remove_queue(coldframe: Coldframe, vault_name: str) -> QueueRemoval:
    """Take away the topic and the queue that we made for a vault, and have it tell them nothing any more.

    The vault may be gone; a topic of somebody else that it tells stays.

    Raises:
        NothingMatched: We made none.
        AccessDenied, CredentialsProblem, ServiceUnavailable: Something could not be removed; do it again.
    """
    queue = find_queue(coldframe, vault_name)
    plumber = _plumber(queue)
    another = _untell(coldframe, queue)
    left_alone = tuple(plumber.remove())
    VaultQueues(coldframe.catalog.database).forget(queue)
    return QueueRemoval(queue.name, another, left_alone)


def _untell(coldframe: Coldframe, queue: VaultQueue) -> str | None:
    """Have the vault tell our topic nothing any more; answer another topic that it tells."""
    try:
        told = vault_notifications(coldframe.store, queue.vault_name)
    except ResourceNotFound:
        return None
    if told is None:
        return None
    if told.sns_topic.rpartition(":")[2] != queue.name:
        return told.sns_topic
    coldframe.store.delete_vault_notifications(queue.vault_name)
    return None


def _plumber(queue: VaultQueue) -> Plumber:
    sns, sqs = (
        Service(endpoint=endpoint, region=queue.region, profile=queue.profile)
        for endpoint in (queue.sns_endpoint, queue.sqs_endpoint)
    )
    return Plumber(queue.name, queue.token, sns=sns, sqs=sqs)


def open_bell(coldframe: Coldframe, names: Sequence[str], *, observer: Observer = ignore) -> Bell:
    """Listen to queues for messages about what open orders wait for; stop it at the end.

    Args:
        coldframe: Whose orders.
        names: URLs or ARNs of queues; none is a bell that never rings.
        observer: Is told of trouble.

    Raises:
        BadUsage: One of them names no queue.
    """
    settings, orders = coldframe.settings, coldframe.orders
    endpoint = settings.sqs_endpoint or settings.sns_endpoint
    queues = [SqsQueue(read_queue(name, endpoint=endpoint, profile=settings.aws_profile)) for name in names]

    def is_ours(said: JobMessage) -> bool:
        numbers = [order.number for order in orders.orders(open_only=True)]
        return said.archive_id is not None and bool(orders.find_wanted(numbers, [said.archive_id]))

    bell = Bell(queues, is_ours, clock=coldframe.clock, observer=observer)
    bell.start()
    return bell
