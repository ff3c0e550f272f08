"""Sweeping the stores of a folder while it is served."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from coldframe.clock import format_moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.clock import Clock
    from coldframe.composition.accounts import Accounts

SWEEP_SECONDS = 3600.0
_FIRST_SECONDS = 60.0
"""A server that is started often sweeps too, and none while it starts."""
_log = logging.getLogger("coldframe.sweeping")


class Sweeper:
    """Sweeps all stores now and then, in a thread of its own.

    Args:
        accounts: The stores.
        seconds: How long it rests in between.
        clock: Dates what is logged.
    """

    def __init__(self, accounts: Accounts, *, seconds: float, clock: Clock) -> None:
        """Nothing runs yet."""
        self._accounts = accounts
        self._seconds = seconds
        self._clock = clock
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="coldframe-sweeper", daemon=True)

    def start(self) -> None:
        """Begin. Once only."""
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Begin no more sweeps, and wait for one that is under way; a sweep that is cut off is no harm."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        rest = min(_FIRST_SECONDS, self._seconds)
        while not self._stopping.wait(rest):
            rest = self._seconds
            self._sweep_all()

    def _sweep_all(self) -> None:
        """Sweep each store, whatever becomes of the others: with it passes the time of a store that nobody uses."""
        with self._telling():
            for store in self._accounts.usable()[0]:
                with self._telling():
                    store.sweep()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Tell what fails, and go on: the next sweep takes what this one could not."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - as above
            told = {"at": format_moment(self._clock.now()), "event": "sweep failed", "message": str(error)}
            _log.error("%s", json.dumps({**told, "error": type(error).__name__}))
