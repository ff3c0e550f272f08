"""Which notifier a topic's notices go to."""

from __future__ import annotations

import json
import logging
from threading import Lock
from typing import TYPE_CHECKING

from coldframe.clock import format_moment
from coldframe.ports.notices import NoRoute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coldframe.clock import Clock
    from coldframe.ports.notices import Notice, Notifier

_MOST_TOPICS = 1000
"""So many topics are remembered as told of; anybody may name any number."""


def log_line(line: str) -> None:
    """Hand a line to Python's logging, under the name `coldframe.notify`."""
    logging.getLogger("coldframe.notify").warning("%s", line)


class Routes:
    """Implements `ports.notices.Notifier`: web hooks for the topics that have one, SNS for the others.

    Args:
        hooks: The web hook of a topic.
        sns: Where the other topics' notices go; None drops them.
        clock: Dates the lines.
        log: Takes one JSON line for each topic whose notices are dropped.
    """

    def __init__(
        self,
        hooks: Mapping[str, Notifier],
        *,
        sns: Notifier | None,
        clock: Clock,
        log: Callable[[str], None] = log_line,
    ) -> None:
        """Nothing has been dropped yet."""
        self._hooks = hooks
        self._sns = sns
        self._clock = clock
        self._log = log
        self._told: set[str] = set()
        self._lock = Lock()

    def deliver(self, notice: Notice) -> None:
        """Hand the notice on."""
        notifier = self._hooks.get(notice.topic_arn) or self._sns
        if notifier is None:
            self._tell(notice.topic_arn)
            raise NoRoute(f"nothing is configured for the topic {notice.topic_arn}")
        notifier.deliver(notice)

    def _tell(self, topic_arn: str) -> None:
        with self._lock:
            if topic_arn in self._told or len(self._told) >= _MOST_TOPICS:
                return
            self._told.add(topic_arn)
        advice = "notifications to this topic are dropped; set sns_endpoint, or a web hook for it in [webhooks]"
        line = {"event": "no route for notifications", "sns_topic": topic_arn, "message": advice}
        self._log(json.dumps({"at": format_moment(self._clock.now()), **line}))
