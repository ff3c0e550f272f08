"""The access log: one JSON object per line and request, with nothing secret in it."""

from __future__ import annotations

import json
from threading import Lock
from typing import TYPE_CHECKING

from coldframe.clock import format_moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from coldframe.server.records import Record


class LineWriter:
    """Writes whole lines to a stream, from many threads. What cannot be written is lost: no request fails for it.

    Args:
        stream: Where to; stays the caller's to close.
    """

    def __init__(self, stream: TextIO) -> None:
        """Store the argument."""
        self._stream = stream
        self._lock = Lock()

    def __call__(self, line: str) -> None:
        """Write one line, at once."""
        with self._lock:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                return  # the disk is full, or nobody reads; health tells of the first


class AccessLog:
    """Implements `records.Watch` by a line for each request.

    Args:
        write: Takes the lines.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        """Store the argument."""
        self._write = write

    def opened(self) -> None:
        """Say nothing."""

    def closed(self) -> None:
        """Say nothing."""

    def refused(self, reason: str) -> None:
        """Say nothing: there may be thousands a second, and the metrics count them."""

    def answered(self, record: Record) -> None:
        """Write the line. Path, query and headers stay out of it: names that clients chose, and signatures."""
        subject = record.subject
        line = {
            "at": format_moment(record.at),
            "request_id": subject.request_id,
            "peer": record.peer,
            "access_key_id": subject.access_key_id,
            "operation": subject.operation,
            "vault_name": subject.vault_name,
            "status": record.status,
            "bytes_in": record.received,
            "bytes_out": record.sent,
            "milliseconds": round(1000 * record.seconds, 1),
            "is_complete": record.is_complete,
        }
        self._write(json.dumps(line))
