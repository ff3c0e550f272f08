"""Counters for Prometheus, in a registry of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from coldframe.ports import NoticeState

if TYPE_CHECKING:
    from coldframe.server.records import Record

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
"""From the answer to a list up to a part of 4 GiB over a slow line."""
_NO_OPERATION = "none"


class Metrics:
    """Implements `records.Watch` by counting."""

    def __init__(self) -> None:
        """Nothing has happened."""
        self._registry = CollectorRegistry(auto_describe=True)
        self._requests = Counter(
            "coldframe_requests",
            "Requests that were answered, by operation and HTTP status.",
            ("operation", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "coldframe_request_seconds",
            "From the head of a request to the last byte of its answer.",
            ("operation",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._received = Counter("coldframe_received_bytes", "Bytes of requests.", registry=self._registry)
        self._sent = Counter("coldframe_sent_bytes", "Bytes of answers.", registry=self._registry)
        self._broken = Counter(
            "coldframe_broken_answers", "Answers that could not be finished.", registry=self._registry
        )
        self._connections = Gauge("coldframe_connections", "Connections that are open.", registry=self._registry)
        self._refused = Counter(
            "coldframe_refused",
            "Connections and requests that were turned away: address, full, tls, malformed, too-large, slow.",
            ("reason",),
            registry=self._registry,
        )
        self._notices = Counter(
            "coldframe_notices",
            "Attempts to tell of a job, by how they ended: delivered, failed, given_up, undeliverable.",
            ("outcome",),
            registry=self._registry,
        )
        for state in NoticeState:
            self._notices.labels(_outcome(state))

    def opened(self) -> None:
        """Count a connection."""
        self._connections.inc()

    def closed(self) -> None:
        """Count it no more."""
        self._connections.dec()

    def refused(self, reason: str) -> None:
        """Count what was turned away."""
        self._refused.labels(reason).inc()

    def answered(self, record: Record) -> None:
        """Count a request."""
        operation = record.subject.operation or _NO_OPERATION
        self._requests.labels(operation, str(record.status)).inc()
        self._seconds.labels(operation).observe(record.seconds)
        self._received.inc(record.received)
        self._sent.inc(record.sent)
        if not record.is_complete:
            self._broken.inc()

    def noticed(self, state: NoticeState) -> None:
        """Count an attempt to tell of a job, by how the notice stands after it."""
        self._notices.labels(_outcome(state)).inc()

    def text(self) -> bytes:
        """All figures, as Prometheus reads them."""
        return generate_latest(self._registry)


def _outcome(state: NoticeState) -> str:
    """A notice that waits after an attempt has failed, and is tried again."""
    return "failed" if state is NoticeState.WAITING else state.value.replace(" ", "_")
