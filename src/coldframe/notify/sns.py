"""Amazon SNS, or an endpoint that speaks like it."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from coldframe.ports.notices import NotDelivered, Undeliverable

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.ports.notices import Notice

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
_FINAL = frozenset({"InvalidParameter", "InvalidParameterValue", "NotFound", "ValidationError"})
"""What SNS says of a topic or message that no repetition mends. Permissions and keys somebody may mend in time."""
_REGION = 3

if TYPE_CHECKING:
    OpenClient = Callable[[str], Any]


class SnsNotifier:
    """Implements `ports.notices.Notifier`. The original sets no subject, as far as is known, and neither does this.

    Args:
        open_client: Makes the client for a region; see :func:`client_opener`.
    """

    def __init__(self, open_client: OpenClient) -> None:
        """Start without clients."""
        self._open_client = open_client
        self._clients: dict[str, Any] = {}
        self._lock = Lock()

    def deliver(self, notice: Notice) -> None:
        """Publish the message."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - heavy

        try:
            client = self._client(notice.topic_arn.split(":")[_REGION])
            client.publish(TopicArn=notice.topic_arn, Message=notice.text)
        except ClientError as error:
            code, text = (str(error.response.get("Error", {}).get(name, "")) for name in ("Code", "Message"))
            kind = Undeliverable if code in _FINAL else NotDelivered
            raise kind(f"SNS refused the message: {code}: {text}") from error
        except BotoCoreError as error:
            raise NotDelivered(f"SNS cannot be reached: {error}") from error

    def _client(self, region: str) -> Any:
        """The client of a region, made once; boto3 makes only one at a time safely."""
        with self._lock:
            if region not in self._clients:
                self._clients[region] = self._open_client(region)
            return self._clients[region]


def client_opener(endpoint: str | None) -> OpenClient:
    """Makes SNS clients with the AWS configuration that the user has; None is Amazon's own endpoint of the region.

    Tries are not repeated here: the outbox does that (style: retries live in one place).
    """

    def open_client(region: str) -> Any:
        import boto3  # noqa: PLC0415 - heavy
        from botocore.config import Config  # noqa: PLC0415 - as above

        config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 1})
        return boto3.session.Session().client("sns", region_name=region, endpoint_url=endpoint, config=config)

    return open_client
