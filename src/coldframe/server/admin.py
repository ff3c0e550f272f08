"""What is told on the listener for those who run the server: `/health` and `/metrics`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

from coldframe.server.metrics import CONTENT_TYPE
from coldframe.wire.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coldframe.server.metrics import Metrics
    from coldframe.wire.http import Request

_JSON = "application/json"


class HealthStatus(StrEnum):
    """How the server is: `ready`; `degraded`, which needs looking after and serves; or `unavailable`."""

    READY = "ready"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Health:
    """How the server is, and why it is not better."""

    status: HealthStatus
    reasons: Sequence[str] = ()


class AdminFace:
    """Answers whoever runs the server.

    Args:
        examine: Finds out how it is.
        metrics: The figures.
    """

    def __init__(self, examine: Callable[[], Health], metrics: Metrics) -> None:
        """Store the arguments."""
        self._examine = examine
        self._metrics = metrics

    def handle(self, request: Request) -> Response:
        """Answer `GET /health` and `GET /metrics`."""
        if request.method not in {"GET", "HEAD"}:
            return _answer(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b"Only GET.\n")
        if request.path == b"/health":
            return _tell(self._examine())
        if request.path == b"/metrics":
            return _answer(HTTPStatus.OK, CONTENT_TYPE, self._metrics.text())
        return _answer(HTTPStatus.NOT_FOUND, "text/plain", b"There are /health and /metrics.\n")


def _tell(health: Health) -> Response:
    """503 only for a server that is of no use: one that is degraded still answers, and must not be taken away."""
    is_of_use = health.status is not HealthStatus.UNAVAILABLE
    text = json.dumps({"status": health.status.value, "reasons": list(health.reasons)})
    return _answer(HTTPStatus.OK if is_of_use else HTTPStatus.SERVICE_UNAVAILABLE, _JSON, text.encode("ascii"))


def _answer(status: HTTPStatus, kind: str, content: bytes) -> Response:
    headers = [("Content-Type", kind), ("Content-Length", str(len(content))), ("Cache-Control", "no-store")]
    return Response(status=status, headers=headers, body=(content,))
