"""Health, metrics and the access log."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from coldframe.ports import NoticeState
from coldframe.server.access_log import AccessLog, LineWriter
from coldframe.server.admin import AdminFace, Health, HealthStatus
from coldframe.server.metrics import Metrics
from coldframe.server.records import Record
from coldframe.wire.http import Request, Subject

if TYPE_CHECKING:
    from coldframe.wire.http import Response

READY = Health(HealthStatus.READY)
SUBJECT = Subject("the-request", access_key_id="AKIA1", operation="UploadArchive", vault_name="astrodata")


def record(subject: Subject = SUBJECT, *, status: int = 201, is_complete: bool = True) -> Record:
    """A request that is over."""
    return Record(
        at=datetime(2040, 1, 1, 12, tzinfo=UTC),
        peer="192.0.2.7",
        method="POST",
        subject=subject,
        status=status,
        received=4096,
        sent=512,
        seconds=0.0254,
        is_complete=is_complete,
    )


def ask(path: bytes, health: Health = READY, *, method: str = "GET", metrics: Metrics | None = None) -> Response:
    """What the admin face answers."""
    face = AdminFace(lambda: health, metrics or Metrics())
    return face.handle(Request(method=method, path=path))


@pytest.mark.parametrize(
    ("health", "status"),
    [
        (READY, 200),
        (Health(HealthStatus.DEGRADED, ("The disk is nearly full.",)), 200),
        (Health(HealthStatus.UNAVAILABLE, ("The server is stopping.",)), 503),
    ],
)
def test_health_is_told_with_its_reasons(health: Health, status: int) -> None:
    """In JSON; only a server that is of no use answers with an error."""
    response = ask(b"/health", health)
    assert response.status == status
    assert json.loads(b"".join(response.body)) == {"status": health.status.value, "reasons": list(health.reasons)}


def test_there_is_nothing_else() -> None:
    """Other paths are 404, other methods 405; the path must be the very one."""
    assert [ask(path).status for path in (b"/", b"/healthy", b"/health/", b"//health", b"/%68ealth")] == [404] * 5
    assert ask(b"/health", method="POST").status == 405
    assert ask(b"/health", method="HEAD").status == 200


def test_metrics_count_requests_bytes_and_seconds() -> None:
    """By operation and status, as Prometheus reads them."""
    metrics = Metrics()
    metrics.opened()
    metrics.opened()
    metrics.closed()
    metrics.answered(record())
    metrics.answered(record(is_complete=False))
    metrics.answered(record(Subject("another"), status=404))
    metrics.refused("slow")
    metrics.noticed(NoticeState.WAITING)
    metrics.noticed(NoticeState.GIVEN_UP)
    lines = b"".join(ask(b"/metrics", metrics=metrics).body).decode().splitlines()
    assert 'coldframe_requests_total{operation="UploadArchive",status="201"} 2.0' in lines
    assert 'coldframe_requests_total{operation="none",status="404"} 1.0' in lines
    assert 'coldframe_request_seconds_bucket{le="0.025",operation="UploadArchive"} 0.0' in lines
    assert 'coldframe_request_seconds_bucket{le="0.05",operation="UploadArchive"} 2.0' in lines
    assert "coldframe_received_bytes_total 12288.0" in lines
    assert "coldframe_sent_bytes_total 1536.0" in lines
    assert "coldframe_broken_answers_total 1.0" in lines
    assert "coldframe_connections 1.0" in lines
    assert 'coldframe_refused_total{reason="slow"} 1.0' in lines
    assert [line for line in lines if line.startswith("coldframe_notices_total")] == [
        'coldframe_notices_total{outcome="failed"} 1.0',
        'coldframe_notices_total{outcome="delivered"} 0.0',
        'coldframe_notices_total{outcome="given_up"} 1.0',
        'coldframe_notices_total{outcome="undeliverable"} 0.0',
    ]


def test_each_server_counts_for_itself() -> None:
    """No figure is shared by two in one process."""
    Metrics().answered(record())
    assert b'operation="UploadArchive"' not in Metrics().text()


def test_the_access_log_holds_a_json_line_for_each_request() -> None:
    """With stable keys."""
    stream = io.StringIO()
    log = AccessLog(LineWriter(stream))
    log.answered(record())
    log.answered(record(Subject("another"), status=400, is_complete=False))
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first == {
        "at": "2040-01-01T12:00:00.000Z",
        "request_id": "the-request",
        "peer": "192.0.2.7",
        "access_key_id": "AKIA1",
        "operation": "UploadArchive",
        "vault_name": "astrodata",
        "status": 201,
        "bytes_in": 4096,
        "bytes_out": 512,
        "milliseconds": 25.4,
        "is_complete": True,
    }
    assert (second["operation"], second["access_key_id"], second["is_complete"]) == (None, None, False)


def test_names_cannot_break_a_line_of_the_log() -> None:
    """Line ends and terminal escapes that a client put into a name stay escaped (reliability H9)."""
    stream = io.StringIO()
    AccessLog(LineWriter(stream)).answered(record(Subject("x", vault_name='a\r\n{"at": 0}\x1b[2J\u2028é')))
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().rstrip("\n").isprintable()
    assert stream.getvalue().isascii()


class FullStream(io.StringIO):
    """A file on a full disk."""

    def write(self, _text: str, /) -> int:
        """No."""
        raise OSError(28, "No space left on device")


def test_a_log_that_cannot_be_written_fails_nothing() -> None:
    """The line is lost, the request is not; the same for a stream that was closed."""
    LineWriter(FullStream())("line")
    closed = io.StringIO()
    closed.close()
    LineWriter(closed)("line")
