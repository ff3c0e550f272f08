"""A queue of a real SQS that hears of topics of a real SNS, both by moto's server."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import boto3

from notify.world import ACCOUNT, REGION

_numbers = count()


class Subscriber:
    """A queue that hears of topics."""

    def __init__(self, endpoint: str) -> None:
        self.kept: list[dict[str, Any]] = []
        self._sns, self._sqs = (
            boto3.client(name, region_name=REGION, endpoint_url=endpoint) for name in ("sns", "sqs")
        )
        self._name = f"jobs-{next(_numbers)}"
        self._queue = self._sqs.create_queue(QueueName=self._name)["QueueUrl"]

    def subscribe(self, topic_arn: str) -> None:
        """Make the topic and listen to it."""
        made = self._sns.create_topic(Name=topic_arn.rpartition(":")[2])["TopicArn"]
        assert made == topic_arn
        queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self._name}"
        self._sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)

    def envelopes(self) -> list[dict[str, Any]]:
        """What has come, as Java's and .NET's helpers read it."""
        found = []
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def keep(self) -> list[dict[str, Any]]:
        """All that has come since the first time that somebody asked so."""
        self.kept += self.envelopes()
        return self.kept
