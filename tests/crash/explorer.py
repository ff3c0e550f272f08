"""Explores what power cuts can leave of a run: at every point of its trace, in every way that POSIX allows.

Each state is put on a RAM disk, at the very path at which the run worked, opened by the product's own recovery, and
looked at. States that are byte for byte the same are recovered once. Every choice comes from the seed, the scenario,
the point and the number of the state, so a state that failed can be made again alone.
"""

from __future__ import annotations

import copy
import math
import os
import random
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coldframe.testing.recording import CHANGES, Chain, Trace, Verb
from crash.bench import (
    age,
    carefully,
    differences,
    lasting,
    observe,
    plain_bench,
    prepare,
    ram_folder,
    resume,
    run,
    run_through,
    tapped_bench,
)
from crash.disk import Disk, Policy
from crash.expectations import Expectations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coldframe.testing.recording import Operation, Tap
    from crash.bench import Look, Observation, Scenario
    from crash.disk import Image

_FIXED = (Policy.ALL, Policy.NONE, Policy.NAMES, Policy.SIZES, Policy.BYTES)
_WORTH_A_CUT = CHANGES | {Verb.MARK}
_MOST_WEIGHT = 12
FIGURES = ("states", "recovered", "repeated", "resumed", "points")


@dataclass(frozen=True, slots=True)
class Violation:
    """A state in which a promise is broken."""

    scenario: str
    point: int
    policy: Policy
    variant: int
    after: str
    message: str
    seed: int

    @property
    def where(self) -> str:
        """What tells this state from all others of the same seed."""
        return f"{self.scenario}:{self.point}:{self.policy}:{self.variant}"

    def __str__(self) -> str:
        """What broke, and how to see it again."""
        again = f"--crash-seed={self.seed} --crash-only='{self.where}'"
        return f"{self.message}\n    after: {self.after}\n    again: {again}"


@dataclass(slots=True)
class Findings:
    """What an exploration came to."""

    states: int = 0
    recovered: int = 0
    repeated: int = 0
    resumed: int = 0
    points: int = 0
    violations: list[Violation] = field(default_factory=list)

    def add(self, other: Findings) -> None:
        """Count another exploration in."""
        for name in FIGURES:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.violations += other.violations

    def report(self) -> str:
        """The first violations, each with the way to see it again."""
        return f"{len(self.violations)} violations\n" + "\n".join(map(str, self.violations[:5]))


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to look: how many states, and every how manieth is recovered twice or resumed."""

    states: int
    seed: int = 0
    repeat_every: int = 5
    resume_every: int = 40
    only: str = ""


class Recording:
    """A scenario run once on a bench of its own, with `tap` between the program and its disk.

    If it `goes_on`, it may run into an error, after which the same session finishes the work.
    """

    def __init__(
        self, scenario: Scenario, tap: Tap | None = None, trace: Trace | None = None, *, goes_on: bool = False
    ) -> None:
        self.scenario = scenario
        self._run = run_through if goes_on else run
        self.trace = trace or Trace()
        self.known: list[object] = []
        self._tap = tap or _do_nothing_else

    @contextmanager
    def recorded(self) -> Iterator[Disk]:
        """Run it; gives the disk as it was before, at the path at which states may be put."""
        with ram_folder() as folder:
            root = os.path.join(folder, "disk")
            self.known = prepare(self.scenario, root)
            disk = Disk(root)
            with tapped_bench(
                root, Chain(self._tap, self.trace), self.trace.mark, self.scenario.checkpoint_pages
            ) as bench:
                self._run(self.scenario, bench)
            yield disk


class Explorer:
    """Makes the states of one recorded run and judges them."""

    def __init__(self, recording: Recording, disk: Disk, effort: Effort) -> None:
        self.findings = Findings()
        self._scenario = recording.scenario
        self._disk = disk
        self._known = recording.known
        self._operations = recording.trace.operations
        self._effort = effort
        self._seen: dict[bytes, Observation] = {}

    def explore(self) -> Findings:
        """Go through the whole trace."""
        expected = Expectations(self._known)
        weights = self._weights()
        fixed = len(_FIXED) * sum(weight > 0 for weight in weights)
        share = max(0, self._effort.states - fixed) / max(1, sum(weights))
        chance = self._effort.states / max(1, fixed)  # below 1: too little effort for all points
        for point, operation in enumerate(self._operations):
            self._disk.apply(operation)
            expected.apply(operation)
            if operation.verb in _WORTH_A_CUT and self._rng(point).random() < chance:
                self._cut(point, expected, math.ceil(weights[point] * share))
        return self.findings

    def _weights(self) -> list[int]:
        """For each point, how much there is to choose: the changes that a power cut may lose, up to a bound."""
        disk = copy.deepcopy(self._disk)
        weights: list[int] = []
        for operation in self._operations:
            disk.apply(operation)
            weights.append(min(disk.unsafe(), _MOST_WEIGHT) if operation.verb in _WORTH_A_CUT else 0)
        return weights

    def _rng(self, *choice: object) -> random.Random:
        return random.Random(":".join(map(str, (self._effort.seed, self._scenario.name, *choice))))

    def _cut(self, point: int, expected: Expectations, variants: int) -> None:
        self.findings.points += 1
        is_safe = not self._disk.unsafe()
        states = [(policy, 0) for policy in (_FIXED[:1] if is_safe else _FIXED)]
        states += [((Policy.RANDOM, Policy.SCATTERED)[n % 4 == 3], n) for n in range(variants)]
        for policy, variant in states:
            where = f"{self._scenario.name}:{point}:{policy}:{variant}"
            if self._effort.only in {"", where}:
                self._judge(point, expected, (policy, variant))

    def _judge(self, point: int, expected: Expectations, state: tuple[Policy, int]) -> None:
        policy, variant = state
        image = self._disk.image(policy, self._rng(point, policy, variant))
        self.findings.states += 1
        found = self._observed(image)
        for message in [*found.faults, *expected.violations(found.facts)]:
            after, seed = str(self._operations[point]), self._effort.seed
            violation = Violation(self._scenario.name, point, policy, variant, after, message, seed)
            self.findings.violations.append(violation)

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
            found.faults += self._look_again(found)
        if number % effort.resume_every == 0:
            self.findings.resumed += 1
            done = self._look(image, resume)
            found.faults += [f"resumed: {m}" for m in differences(done, self._scenario.finished())]
        return found

    def _look_again(self, found: Observation) -> list[str]:
        """Recover what is recovered, let time pass, clear away: the same things stay there."""
        with plain_bench(self._disk.root) as bench:
            again = carefully(observe, self._scenario, bench)
            aged = carefully(age, self._scenario, bench)
        wrong = [] if again == found else [f"recovery is not idempotent: {found} and then {again}"]
        return wrong + [f"after days: {message}" for message in differences(aged, lasting(found.facts))]

    def _look(self, image: Image, how: Look) -> Observation:
        image.write(self._disk.root)
        with plain_bench(self._disk.root) as bench:
            return carefully(how, self._scenario, bench)


def explore(recording: Recording, effort: Effort) -> Findings:
    """Run a scenario, and explore what power cuts may leave of it."""
    with recording.recorded() as disk:
        return Explorer(recording, disk, effort).explore()


def _do_nothing_else(operation: Operation, perform: Callable[[Operation], None]) -> None:
    perform(operation)


def by_message(violations: Sequence[Violation]) -> Counter[str]:
    """How often each kind of violation was found."""
    return Counter(violation.message for violation in violations)
