"""Explores what power cuts can leave of a run: at every point of its trace, in every way that POSIX allows.

Each state is put on a RAM disk, at the very path at which the run worked, opened by the product's own recovery, and
looked at. States that are byte for byte the same are recovered once. Every choice comes from the seed, the scenario,
the point and the number of the state, so a state that failed can be made again alone.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coldframe.testing.recording import CHANGES, Chain, Trace, Verb
from crash.bench import carefully, differences, observe, plain_bench, ram_folder, resume, run, tapped_bench
from crash.disk import Disk, Policy
from crash.expectations import Expectations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coldframe.testing.recording import Operation, Tap
    from crash.bench import Look, Observation, Scenario
    from crash.disk import Image

_FIXED = (Policy.ALL, Policy.NONE, Policy.NAMES, Policy.SIZES, Policy.BYTES)
_WORTH_A_CUT = CHANGES | {Verb.MARK}


@dataclass(frozen=True, slots=True)
class Violation:
    """A state in which a promise is broken."""

    scenario: str
    point: int
    policy: Policy
    variant: int
    after: str
    message: str

    @property
    def where(self) -> str:
        """What tells this state from all others of the same seed."""
        return f"{self.scenario}:{self.point}:{self.policy}:{self.variant}"

    def __str__(self) -> str:
        """What broke, and how to see it again."""
        return f"{self.message}\n    after: {self.after}\n    again: --crash-only='{self.where}'"


@dataclass(slots=True)
class Findings:
    """What an exploration came to."""

    states: int = 0
    recovered: int = 0
    repeated: int = 0
    resumed: int = 0
    chained: int = 0
    points: int = 0
    violations: list[Violation] = field(default_factory=list)

    def __str__(self) -> str:
        """The figures on one line."""
        return (
            f"{self.states} states at {self.points} points, {self.recovered} different ones recovered, "
            f"{self.repeated} twice, {self.resumed} resumed to the end, {self.chained} cut again while recovering"
        )


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to look: how many states, and every how manieth is recovered twice, resumed, or cut again."""

    states: int
    seed: int = 0
    repeat_every: int = 20
    resume_every: int = 40
    chain_every: int = 400
    only: str = ""


class Recording:
    """A scenario run once on a bench of its own, with `tap` between the program and its disk."""

    def __init__(self, scenario: Scenario, tap: Tap | None = None, trace: Trace | None = None) -> None:
        self.scenario = scenario
        self.trace = trace or Trace()
        self._tap = tap or _do_nothing_else

    @contextmanager
    def recorded(self) -> Iterator[Disk]:
        """Run it; gives the disk as it was before, at the path at which states may be put."""
        with ram_folder() as folder:
            root = os.path.join(folder, "disk")
            os.mkdir(root)
            with tapped_bench(root, self.trace, self.trace.mark) as bench, self.trace.paused():
                self.scenario.prepare(bench)
            disk = Disk(root)
            with tapped_bench(root, Chain(self._tap, self.trace), self.trace.mark) as bench:
                run(self.scenario, bench)
            yield disk


class Explorer:
    """Makes the states of one recorded run and judges them."""

    def __init__(self, scenario: Scenario, disk: Disk, operations: Sequence[Operation], effort: Effort) -> None:
        self.findings = Findings()
        self._scenario = scenario
        self._disk = disk
        self._operations = operations
        self._effort = effort
        self._seen: dict[bytes, Observation] = {}

    def explore(self) -> Findings:
        """Go through the whole trace."""
        expected = Expectations()
        variants = self._variants_a_point()
        for point, operation in enumerate(self._operations):
            self._disk.apply(operation)
            expected.apply(operation)
            if operation.verb in _WORTH_A_CUT:
                self._cut(point, expected, variants if self._disk.unsafe() else 0)
        return self.findings

    def _variants_a_point(self) -> int:
        points = sum(o.verb in _WORTH_A_CUT for o in self._operations)
        return max(1, self._effort.states // max(1, points) - len(_FIXED))

    def _cut(self, point: int, expected: Expectations, variants: int) -> None:
        self.findings.points += 1
        states = [(policy, 0) for policy in (_FIXED if variants else _FIXED[:1])]
        states += [((Policy.RANDOM, Policy.SCATTERED)[n % 4 == 3], n) for n in range(variants)]
        for policy, variant in states:
            where = f"{self._scenario.name}:{point}:{policy}:{variant}"
            if self._effort.only in {"", where}:
                self._judge(point, expected, (policy, variant))

    def _judge(self, point: int, expected: Expectations, state: tuple[Policy, int]) -> None:
        policy, variant = state
        where = f"{self._effort.seed}:{self._scenario.name}:{point}:{policy}:{variant}"
        image = self._disk.image(policy, random.Random(where))
        self.findings.states += 1
        found = self._observed(image)
        for message in [*found.faults, *expected.violations(found.facts)]:
            after = str(self._operations[point])
            self.findings.violations.append(Violation(self._scenario.name, point, policy, variant, after, message))

    def _observed(self, image: Image) -> Observation:
        digest = image.digest
        if digest not in self._seen:
            self.findings.recovered += 1
            self._seen[digest] = self._recover(image)
        return self._seen[digest]

    def _recover(self, image: Image) -> Observation:
        number, effort = self.findings.recovered, self._effort
        found = self._look(image, observe)
        if number % effort.repeat_every == 0:
            self.findings.repeated += 1
            with plain_bench(self._disk.root) as bench:
                again = carefully(observe, self._scenario, bench)
            if again != found:
                found.faults.append(f"recovery is not idempotent: {found} and then {again}")
        if number % effort.resume_every == 0:
            self.findings.resumed += 1
            done = self._look(image, resume)
            found.faults += [f"resumed: {m}" for m in differences(done, self._scenario.finished())]
        return found

    def _look(self, image: Image, how: Look) -> Observation:
        image.write(self._disk.root)
        with plain_bench(self._disk.root) as bench:
            return carefully(how, self._scenario, bench)


def explore(recording: Recording, effort: Effort) -> Findings:
    """Run a scenario, and explore what power cuts may leave of it."""
    with recording.recorded() as disk:
        return Explorer(recording.scenario, disk, recording.trace.operations, effort).explore()


def _do_nothing_else(operation: Operation, perform: Callable[[Operation], None]) -> None:
    perform(operation)


def by_message(violations: Sequence[Violation]) -> Counter[str]:
    """How often each kind of violation was found."""
    return Counter(violation.message for violation in violations)
