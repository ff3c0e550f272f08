"""A topic of SNS, a queue of SQS that hears of it, and the leave to do so: made, and taken away again.

Both have a name that nobody else uses, and a tag that says whose they are; without it nothing is removed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coldframe.notify.queues import WAIT_SECONDS, translated

if TYPE_CHECKING:
    from coldframe.notify.queues import Service

TAG = "coldframe"
_RETENTION_SECONDS = 14 * 24 * 3600
"""The longest that SQS keeps a message: a laptop may sleep for long."""
_GONE = frozenset(
    {
        "NotFound",
        "NotFoundException",
        "ResourceNotFound",
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
    }
)


@dataclass(frozen=True, slots=True)
class Plumbing:
    """What was made.

    Args:
        topic_arn: What vaults tell.
        queue_url: Where messages are fetched.
        queue_arn: Its other name.
    """

    topic_arn: str
    queue_url: str
    queue_arn: str


class Plumber:
    """Makes and removes topic and queue of one name.

    Args:
        name: Of both.
        token: The tag that they carry.
        sns: Where topics are.
        sqs: Where queues are.
    """

    def __init__(self, name: str, token: str, *, sns: Service, sqs: Service) -> None:
        """Store the arguments; nothing is asked yet."""
        self._name = name
        self._token = token
        self._services = {"sns": sns, "sqs": sqs}
        self._clients: dict[str, Any] = {}

    def make(self) -> Plumbing:
        """Make what is not there yet; done twice, it is as if done once.

        Raises:
            AccessDenied, CredentialsProblem, ServiceUnavailable: Something could not be made.
        """
        with translated(f"The topic {self._name} could not be made"):
            topic = self._client("sns").create_topic(Name=self._name, Tags=[{"Key": TAG, "Value": self._token}])
            topic_arn = str(topic["TopicArn"])
        with translated(f"The queue {self._name} could not be made"):
            sqs = self._client("sqs")
            made = sqs.create_queue(QueueName=self._name, tags={TAG: self._token})
            url = str(made["QueueUrl"])
            queue_arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            sqs.set_queue_attributes(QueueUrl=url, Attributes=_attributes(topic_arn, queue_arn))
        with translated(f"The queue {self._name} could not be subscribed"):
            self._client("sns").subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)
        return Plumbing(topic_arn, url, queue_arn)

    def find_topic(self) -> str | None:
        """The ARN of the topic, if it is there; raises as :meth:`make`."""
        with translated(f"The topic {self._name} could not be looked for"):
            for page in self._client("sns").get_paginator("list_topics").paginate():
                for topic in page.get("Topics", []):
                    if topic["TopicArn"].rpartition(":")[2] == self._name:
                        return str(topic["TopicArn"])
        return None

    def remove(self) -> list[str]:
        """Take away what is there and ours; raises as :meth:`make`.

        Returns:
            What was left alone, since its tag is not ours.
        """
        return [kind for kind, is_left in (("topic", self._remove_topic()), ("queue", self._remove_queue())) if is_left]

    def _remove_topic(self) -> bool:
        topic_arn = self.find_topic()
        if topic_arn is None:
            return False
        with translated(f"The topic {self._name} could not be removed"):
            sns = self._client("sns")
            tags = sns.list_tags_for_resource(ResourceArn=topic_arn)["Tags"]
            if {TAG: self._token}.items() - {tag["Key"]: tag["Value"] for tag in tags}.items():
                return True
            for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn):
                for subscription in page.get("Subscriptions", []):
                    if subscription["SubscriptionArn"].startswith("arn:"):  # else it waits to be confirmed
                        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
            sns.delete_topic(TopicArn=topic_arn)
        return False

    def _remove_queue(self) -> bool:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - heavy

        with translated(f"The queue {self._name} could not be removed"):
            sqs = self._client("sqs")
            try:
                url = sqs.get_queue_url(QueueName=self._name)["QueueUrl"]
                if sqs.list_queue_tags(QueueUrl=url).get("Tags", {}).get(TAG) != self._token:
                    return True
                sqs.delete_queue(QueueUrl=url)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") not in _GONE:
                    raise
        return False

    def _client(self, name: str) -> Any:
        if name not in self._clients:
            self._clients[name] = self._services[name].client(name)
        return self._clients[name]


def _attributes(topic_arn: str, queue_arn: str) -> dict[str, str]:
    """Only this topic may write; messages are kept as long as can be."""
    statement = {
        "Sid": "coldframe",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    return {
        "Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        "MessageRetentionPeriod": str(_RETENTION_SECONDS),
        "ReceiveMessageWaitTimeSeconds": str(WAIT_SECONDS),
    }
