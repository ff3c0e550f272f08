"""Kills a run at every operation that changes the disk, and lets another process find what is left.

This goes through the real file system and the real recovery, but the page cache survives a kill: it proves that every
step can be the last one, not that syncs are there (reliability 0.1; for that there is the explorer). All is imported
once; each kill point is a fork.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import traceback
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coldframe.testing.faulty import Counting, KillPoint
from coldframe.testing.recording import CHANGES, Channel, Verb
from crash.bench import carefully, differences, observe, plain_bench, prepare, ram_folder, resume, run, tapped_bench
from crash.disk import Disk, Policy
from crash.expectations import Expectations

if TYPE_CHECKING:
    from crash.bench import Observation, Scenario

_PATIENCE_SECONDS = 60.0
_FAILED = 3


@dataclass(slots=True)
class Kills:
    """What the kills of one scenario came to: points, and how many of them were in the middle of a write."""

    points: int = 0
    torn: int = 0
    violations: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _End:
    """How a child ended: the marks it had told, and whether it was killed."""

    marks: list[object]
    is_killed: bool
    trouble: str = ""


class Killer:
    """Runs a scenario again and again from the same start, each time a little further.

    Args:
        scenario: What is killed.
        every: Only every so manieth point is tried; 1 tries all.
    """

    def __init__(self, scenario: Scenario, *, every: int = 1) -> None:
        self.kills = Kills()
        self._scenario = scenario
        self._every = every
        self._known: list[object] = []

    def kill(self) -> Kills:
        """Kill at all points."""
        with ram_folder() as folder:
            root = os.path.join(folder, "disk")
            self._known = prepare(self._scenario, root)
            start = Disk(root).image(Policy.ALL)
            is_write = self._rehearse(root)
            for nth in range(1, len(is_write) + 1, self._every):
                for is_torn in {False, is_write[nth - 1]}:
                    start.write(root)
                    self._kill_at(root, nth, is_torn=is_torn)
        return self.kills

    def _rehearse(self, root: str) -> list[bool]:
        """Run once unharmed: which changes there are, and which of them are writes."""
        counting = Counting()
        with tapped_bench(root, counting, _hear_nothing, self._scenario.checkpoint_pages) as bench:
            run(self._scenario, bench)
        return [o.verb is Verb.WRITE for o in counting.operations if o.verb in CHANGES and o.channel in _COUNTED]

    def _kill_at(self, root: str, nth: int, *, is_torn: bool) -> None:
        end = _fork(self._scenario, root, KillPoint(nth, is_torn=is_torn))
        where = f"{self._scenario.name}, {'in the middle of' if is_torn else 'before'} change {nth}"
        if end.trouble:
            self.kills.violations.append(f"{where}: {end.trouble}")
        self.kills.points += end.is_killed
        self.kills.torn += end.is_killed and is_torn
        with plain_bench(root) as bench:
            self._judge(where, carefully(observe, self._scenario, bench), end)
            done = carefully(resume, self._scenario, bench)
        wrong = differences(done, self._scenario.finished())
        self.kills.violations += [f"{where}, resumed: {message}" for message in wrong]

    def _judge(self, where: str, found: Observation, end: _End) -> None:
        wrong = found.faults + Expectations([*self._known, *end.marks]).violations(found.facts)
        self.kills.violations += [f"{where}: {message}" for message in wrong]


_COUNTED = frozenset(Channel) - {Channel.KERNEL}


def _hear_nothing(_: object) -> None:
    pass


def _fork(scenario: Scenario, root: str, kill_point: KillPoint) -> _End:
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of other threads; the child uses none of them
        child = os.fork()
    if child == 0:
        os.close(reader)
        _run_and_leave(scenario, root, (kill_point, writer))
    os.close(writer)
    try:
        told, is_late = _read(reader, child)
    finally:
        os.close(reader)
    _, status = os.waitpid(child, 0)
    marks = _unpickled(told)
    is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and not is_late
    trouble = "hangs" if is_late else "" if is_killed or status == 0 else f"ended by itself: {marks[-1:]}"
    return _End(marks, is_killed=is_killed, trouble=trouble)


def _run_and_leave(scenario: Scenario, root: str, how: tuple[KillPoint, int]) -> None:
    """The child's whole life. It must not return: it would go on with the parent's tests."""
    kill_point, writer = how
    try:
        with tapped_bench(root, kill_point, lambda mark: _tell(writer, mark), scenario.checkpoint_pages) as bench:
            run(scenario, bench)
        os._exit(0)
    except BaseException:  # noqa: BLE001 - nothing may get out of here
        _tell(writer, traceback.format_exc())
        os._exit(_FAILED)
    finally:
        os._exit(_FAILED)


def _tell(writer: int, mark: object) -> None:
    os.write(writer, pickle.dumps(mark))


def _read(reader: int, child: int) -> tuple[bytes, bool]:
    """All that the child says until it ends; one that says nothing for long is killed."""
    told = bytearray()
    while True:
        ready, _, _ = select.select([reader], [], [], _PATIENCE_SECONDS)
        if not ready:
            os.kill(child, signal.SIGKILL)
            return bytes(told), True
        data = os.read(reader, 1 << 16)
        if not data:
            return bytes(told), False
        told += data


def _unpickled(told: bytes) -> list[object]:
    marks: list[object] = []
    while told:
        mark = pickle.loads(told)  # noqa: S301 - our own child wrote it
        told = told[len(pickle.dumps(mark)) :]
        marks.append(mark)
    return marks


CAN_FORK = sys.platform != "win32"
