"""All orders in which the steps of a few operations can follow each other, one by one and for certain.

An operation of the service is a few steps: a look at the ledger, a blob written, a transaction. Each operation runs in
a thread of its own that stops before each step, and a schedule says whose turn is next. Schedules are tried as a search
goes through a tree: the first choice everywhere, then the last choice that can still be changed.
"""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from coldframe.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coldframe.service import VaultService

_PATIENCE_SECONDS = 60


class _Turn:
    """One operation's thread, and whether it waits for its turn."""

    def __init__(self, act: Callable[[], object], turns: Turns) -> None:
        self.go = threading.Semaphore(0)
        self.is_done = False
        self.answer: object = None
        self._act = act
        self._turns = turns
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self._turns.current.turn = self
        try:
            self.answer = self._act()
        except StoreError as error:
            self.answer = error
        except BaseException as error:  # noqa: BLE001 - it is the judge's to see
            self.answer = error
        self.is_done = True
        self._turns.stopped.release()


class Turns:
    """Lets operations take their steps in an order that is given. Only those of its own threads wait for anything."""

    def __init__(self) -> None:
        self.current = threading.local()
        self.stopped = threading.Semaphore(0)

    def wait(self) -> None:
        """Wait for the next turn; called before each step, and by nobody before the first one of them."""
        turn = getattr(self.current, "turn", None)
        if turn is not None:
            self.stopped.release()
            turn.go.acquire()

    def run(self, acts: Sequence[Callable[[], object]], choose: Callable[[int], int]) -> list[object]:
        """Run operations to their ends. `choose` is asked for each step, of how many may be next, which it is."""
        turns = [_Turn(act, self) for act in acts]
        for turn in turns:
            turn.thread.start()
            self._until_it_stops()
        while waiting := [turn for turn in turns if not turn.is_done]:
            waiting[choose(len(waiting))].go.release()
            self._until_it_stops()
        for turn in turns:
            turn.thread.join()
        return [turn.answer for turn in turns]

    def _until_it_stops(self) -> None:
        if not self.stopped.acquire(timeout=_PATIENCE_SECONDS):
            msg = "an operation waits for another one: a deadlock"
            raise AssertionError(msg)


def all_schedules() -> Iterator[Callable[[int], int]]:
    """One chooser after the other, until every order was tried. Each must be used up before the next is asked for."""
    path: list[list[int]] = []  # choice, alternatives
    while True:
        depth = 0

        def choose(count: int) -> int:
            nonlocal depth
            if depth == len(path):  # used up before the next one is made
                path.append([0, count])
            depth += 1
            return path[depth - 1][0]

        yield choose
        while path and path[-1][0] + 1 == path[-1][1]:
            path.pop()
        if not path:
            return
        path[-1][0] += 1


def some_schedules(count: int, seed: int) -> Iterator[Callable[[int], int]]:
    """As many at random, where there are too many to try all."""
    rng = random.Random(seed)
    for _ in range(count):
        yield rng.randrange


class _Paced:
    """Hands on everything, and waits for its turn before some of it."""

    def __init__(self, inner: Any, turns: Turns, names: frozenset[str]) -> None:
        self._inner = inner
        self._turns = turns
        self._names = names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        def act(*given: Any, **named: Any) -> Any:
            self._turns.wait()
            return found(*given, **named)

        return act


def pace(service: VaultService, turns: Turns) -> None:
    """Make every look at the ledger, every transaction and every blob that is written or removed a step."""
    core = service._core
    ledger = _Paced(core.ledger, turns, frozenset({"read", "write", "write_alone"}))
    blobs = _Paced(core.blobs, turns, frozenset({"put"}))
    service._core = replace(core, ledger=ledger, blobs=blobs)
