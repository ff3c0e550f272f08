"""Web hooks: a notice as a POST, in the form in which SNS itself delivers raw messages.

The body is the message alone. The headers `x-amz-sns-message-id` and `x-amz-sns-topic-arn` tell what it is; a hook with
a secret also gets `x-coldframe-signature: t=<seconds since 1970>,v1=<hex>`, the HMAC-SHA256 over those seconds, a dot,
and the body.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from coldframe.ports.notices import NotDelivered, Undeliverable

if TYPE_CHECKING:
    from coldframe.clock import Clock
    from coldframe.notify.network import Network
    from coldframe.notify.targets import WebHook
    from coldframe.ports.notices import Notice

_OK = range(200, 300)
_PASSING = frozenset({408, 425, 429}) | frozenset(range(500, 600))
"""Answers after which SNS tries again; others, redirects among them, it takes for final."""


class WebHookNotifier:
    """Implements `ports.notices.Notifier` for one web hook.

    Args:
        hook: Where to.
        network: The way there.
        clock: Dates signatures.
    """

    def __init__(self, hook: WebHook, *, network: Network, clock: Clock) -> None:
        """Keep the arguments."""
        self._hook = hook
        self._network = network
        self._clock = clock

    def deliver(self, notice: Notice) -> None:
        """Post the message."""
        body = notice.text.encode("utf-8")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "coldframe",
            "x-amz-sns-message-type": "Notification",
            "x-amz-sns-message-id": notice.message_id,
            "x-amz-sns-topic-arn": notice.topic_arn,
            "x-amz-sns-rawdelivery": "true",
        }
        if self._hook.secret is not None:
            headers["x-coldframe-signature"] = sign(self._hook.secret, int(self._clock.now().timestamp()), body)
        status = self._network.post(self._hook.target, headers=headers, body=body)
        if status in _OK:
            return
        kind = NotDelivered if status in _PASSING else Undeliverable
        raise kind(f"the web hook at {self._hook.target.host} answered {status}")


def sign(secret: str, at_seconds: int, body: bytes) -> str:
    """The value of the header that proves who sent a body, and when."""
    code = hmac.new(secret.encode("utf-8"), b"%d.%s" % (at_seconds, body), "sha256")
    return f"t={at_seconds},v1={code.hexdigest()}"
