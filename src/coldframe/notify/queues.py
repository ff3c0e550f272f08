"""Amazon SQS, or a service that speaks like it: messages out of a queue, and which queue is meant."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from coldframe.errors import AccessDenied, BadUsage, CredentialsProblem, ServiceUnavailable
from coldframe.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

AMAZON = "amazon"
WAIT_SECONDS = 20
"""The longest that SQS lets one request wait for a message."""
_HIDDEN_SECONDS = 300
_ARN = re.compile(r"arn:[a-z-]+:sqs:([a-z0-9-]+):([0-9]{12}):([A-Za-z0-9_-]{1,80})", re.ASCII)
_AMAZON_HOST = re.compile(r"sqs\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?", re.ASCII)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})
_UNKNOWN_CALLER = frozenset(
    {
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where SNS or SQS is, and who asks.

    Args:
        endpoint: A URL; None is Amazon's own.
        region: The region; None is that of the AWS configuration.
        profile: The profile of the AWS configuration; None is the usual one.
    """

    endpoint: str | None = None
    region: str | None = None
    profile: str | None = None

    def client(self, name: str) -> Any:
        """A boto3 client of `sns` or `sqs`; tries are not repeated: whoever asks does that."""
        import boto3  # noqa: PLC0415 - heavy
        from botocore.config import Config  # noqa: PLC0415 - as above

        config = Config(connect_timeout=10, read_timeout=WAIT_SECONDS + 10, retries={"total_max_attempts": 1})
        session = boto3.session.Session(profile_name=self.profile, region_name=self.region)
        region = session.region_name or ("us-east-1" if self.endpoint else None)
        return session.client(name, region_name=region, endpoint_url=self.endpoint, config=config)


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """A queue as a user names it: by its URL, or by the name and the account of its ARN."""

    service: Service
    url: str | None
    name: str
    account_id: str | None


def read_queue(text: str, *, endpoint: str | None = None, profile: str | None = None) -> QueuePlace:
    """The queue that a URL or an ARN names.

    Args:
        text: The URL or the ARN.
        endpoint: Where a queue of an ARN is: a URL; `amazon` or None for Amazon's own.
        profile: The AWS profile to ask with.

    Raises:
        BadUsage: It names none.
    """
    arn = _ARN.fullmatch(text)
    if arn is not None:
        place = None if endpoint in {None, AMAZON} else endpoint
        return QueuePlace(Service(endpoint=place, region=arn[1], profile=profile), None, arn[3], arn[2])
    parts = urlsplit(text)
    name = parts.path.rstrip("/").rpartition("/")[2]
    if parts.scheme not in {"http", "https"} or not parts.hostname or not name or "@" in parts.netloc:
        shown = printable(re.sub("//[^/@]*@", "//", text))
        raise BadUsage(f"{shown} is no queue: write its URL, or arn:aws:sqs:REGION:ACCOUNT:NAME.")
    amazon = _AMAZON_HOST.fullmatch(parts.hostname)
    if amazon is not None:
        return QueuePlace(Service(region=amazon[1], profile=profile), text, name, None)
    return QueuePlace(Service(endpoint=f"{parts.scheme}://{parts.netloc}", profile=profile), text, name, None)


@dataclass(frozen=True, slots=True)
class Message:
    """One message: what tells it apart, what it says, and what deletes it."""

    message_id: str
    body: str
    receipt: str


class SqsQueue:
    """A queue.

    Args:
        place: Which.
        wait_seconds: How long one request waits for a message.
    """

    def __init__(self, place: QueuePlace, *, wait_seconds: int = WAIT_SECONDS) -> None:
        """Store the arguments; nothing is asked yet."""
        self.name = place.name
        self._place = place
        self._wait_seconds = wait_seconds
        self._is_known = False
        self._client: Any = None
        self._url = place.url

    def receive(self) -> list[Message]:
        """Some messages, hidden from others for minutes; waits for the first, and answers none if none comes.

        The first time it does not wait, so that a queue that cannot be asked is known at once.

        Raises:
            AccessDenied, CredentialsProblem, ServiceUnavailable: It cannot be asked.
        """
        with translated(f"The queue {self.name}"):
            answer = self._open().receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=self._wait_seconds if self._is_known else 0,
                VisibilityTimeout=_HIDDEN_SECONDS,
            )
        self._is_known = True
        return [Message(each["MessageId"], each["Body"], each["ReceiptHandle"]) for each in answer.get("Messages", [])]

    def delete(self, message: Message) -> None:
        """Have a message never come again; one that has gone is no error. Raises as :meth:`receive`."""
        with translated(f"The queue {self.name}"):
            self._open().delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)

    def _open(self) -> Any:
        if self._client is None:
            self._client = self._place.service.client("sqs")
        if self._url is None:
            owner = {"QueueOwnerAWSAccountId": self._place.account_id} if self._place.account_id else {}
            self._url = self._client.get_queue_url(QueueName=self._place.name, **owner)["QueueUrl"]
        return self._client


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn boto3's errors into ours.

    Args:
        what: Begins the message: what could not be asked.
    """
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ProfileNotFound  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        code, text = (str(error.response.get("Error", {}).get(name, "")) for name in ("Code", "Message"))
        kind = (
            AccessDenied if code in _DENIED else CredentialsProblem if code in _UNKNOWN_CALLER else ServiceUnavailable
        )
        raise kind(f"{what}: {code}: {text}") from error
    except (NoCredentialsError, ProfileNotFound) as error:
        raise CredentialsProblem(f"{what}: {error}. Set up the AWS configuration, or name a profile.") from error
    except BotoCoreError as error:
        raise ServiceUnavailable(f"{what}: {error}") from error
