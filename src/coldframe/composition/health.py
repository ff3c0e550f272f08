"""How a served folder is: what `/health` tells, and what the log says when it changes."""

from __future__ import annotations

import os
import shutil
from threading import Lock
from typing import TYPE_CHECKING

from coldframe.files import temporary_name
from coldframe.quantities import format_size
from coldframe.server.admin import Health, HealthStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.clock import Clock
    from coldframe.composition.accounts import Accounts
    from coldframe.files import Files

LEAST_FREE = 10 * 10**9
LEAST_FREE_SHARE = 0.05
"""Less free space than both of these makes a server degraded: a disk of any size should hold some parts more."""
_FRESH_SECONDS = 2.0


class Examiner:
    """Finds out how a served folder is, at most every two seconds, however often it is asked.

    Args:
        folder: The folder.
        accounts: Its stores.
        clock: Measures the two seconds.
        files: Writes, to see whether that is possible.
    """

    def __init__(self, folder: str, accounts: Accounts, *, clock: Clock, files: Files) -> None:
        """Nothing is known yet."""
        self._folder = folder
        self._accounts = accounts
        self._clock = clock
        self._files = files
        self._lock = Lock()
        self._known: tuple[float, Health] | None = None
        self._is_stopping = False

    def stopping(self) -> None:
        """Take note that the server takes no more requests."""
        self._is_stopping = True

    def __call__(self) -> Health:
        """How it is now, or was a moment ago."""
        if self._is_stopping:
            return Health(HealthStatus.UNAVAILABLE, ("The server is stopping.",))
        with self._lock:
            now = self._clock.monotonic()
            if self._known is None or now - self._known[0] >= _FRESH_SECONDS:
                self._known = (now, self._examine())
            return self._known[1]

    def _examine(self) -> Health:
        try:
            stores, problems = self._accounts.usable()
            damaged = [store for store in stores if store.has_findings()]
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing can be served
            return Health(HealthStatus.UNAVAILABLE, (f"The ledger cannot be read: {type(error).__name__}.",))
        reasons = [*problems, *self._space(), *self._writing()]
        if damaged:
            reasons.append("A scrub found damaged or missing bytes; `coldframe verify --deep` lists them.")
        return Health(HealthStatus.DEGRADED if reasons else HealthStatus.READY, tuple(reasons))

    def _space(self) -> Iterator[str]:
        usage = shutil.disk_usage(self._folder)
        if usage.free < min(LEAST_FREE, LEAST_FREE_SHARE * usage.total):
            yield f"The disk is nearly full: {format_size(usage.free)} of {format_size(usage.total)} are free."

    def _writing(self) -> Iterator[str]:
        """Make a file and remove it again: permissions alone do not tell of a disk that went read-only."""
        path = os.path.join(self._folder, temporary_name())
        try:
            descriptor = self._files.create(path)
            try:
                self._files.write(descriptor, b"\0", 0)
            finally:
                self._files.close(descriptor)
                self._files.unlink(path)
        except OSError as error:
            yield f"The store's folder cannot be written: {error.strerror}."
