"""Fails every operation of a run, one after the other, and looks at what is promised, and what is there.

No checkpoints within the run: SQLite keeps their errors to itself, since the commit before stands, but apsw raises what
a VFS in Python raised, as if the commit had failed.
"""

from __future__ import annotations

import errno
import os
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coldframe.testing.faulty import Counting, Fault, retried_syncs
from coldframe.testing.recording import Chain, Trace
from crash.bench import carefully, differences, observe, plain_bench, prepare, ram_folder, run, tapped_bench
from crash.disk import Disk, Policy
from crash.expectations import Expectations

if TYPE_CHECKING:
    from crash.bench import Bench, Observation, Scenario, Session
    from crash.disk import Image

NUMBERS = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EMFILE)


@dataclass(slots=True)
class Failures:
    """What the faults of one scenario came to: how many, and how many of them ended the work with a typed error."""

    injected: int = 0
    refused: int = 0
    violations: list[str] = field(default_factory=list)


class Failer:
    """Runs a scenario again and again from the same start, each time with another operation failing.

    Args:
        scenario: What is failed.
        every: Only every so manieth operation is tried; 1 tries all.
    """

    def __init__(self, scenario: Scenario, *, every: int = 1) -> None:
        self.failures = Failures()
        self._scenario = scenario
        self._every = every
        self._known: list[object] = []

    def fail(self, number: int, *, is_lasting: bool) -> Failures:
        """Fail all operations that the errno `number` can strike."""
        with ram_folder() as folder:
            root = os.path.join(folder, "disk")
            self._known = prepare(self._scenario, root)
            start = Disk(root).image(Policy.ALL)
            counting = Counting()
            with tapped_bench(root, counting, lambda _: None) as bench:
                run(self._scenario, bench)
            for nth in range(1, counting.struck_by(number) + 1, self._every):
                trace = Trace()
                fault = Fault(number, nth, is_lasting=is_lasting, tell=trace.add)
                self._fail_at(root, start, _Trial(fault, trace, f"{errno.errorcode[number]} at {nth}"))
        return self.failures

    def _fail_at(self, root: str, start: Image, trial: _Trial) -> None:
        start.write(root)
        with tapped_bench(
            root, Chain(trial.fault, trial.trace), trial.trace.mark, self._scenario.checkpoint_pages
        ) as bench:
            messages = self._try(bench, trial)
        with plain_bench(root) as bench:
            reopened = carefully(observe, self._scenario, bench)
        messages += [f"opened again: {m}" for m in differences(reopened, self._scenario.finished())]
        struck = trial.fault.struck
        self.failures.injected += bool(struck)
        after = f"{self._scenario.name}, {trial.what} ({struck[0] if struck else 'never struck'})"
        self.failures.violations += [f"{after}: {message}" for message in messages]

    def _try(self, bench: Bench, trial: _Trial) -> list[str]:
        """Run into the fault, look, lift it, go on in the same process, look again."""
        messages: list[str] = []
        session: Session | None = None
        try:
            session = self._scenario.open(bench)
            session.run()
            if not trial.fault.struck:  # it waits for the closing
                closed, session = session, None
                closed.close()
        except self._scenario.typed:
            self.failures.refused += 1
        except Exception as error:  # noqa: BLE001 - an untyped error is the finding
            messages.append(f"an error that is not typed: {error!r}")
        finally:
            trial.fault.lift()
        if session is not None and any(map(self._scenario.stops_at, trial.fault.struck)):
            session.close()
            session = None
        try:
            with closing(session or self._scenario.open(bench)) as session:
                messages += self._go_on(session, trial)
        except Exception as error:  # noqa: BLE001 - likewise
            messages.append(f"does not work again: {error!r}")
        return messages + [f"tried again: {o}" for o in retried_syncs(trial.trace.operations)]

    def _go_on(self, session: Session, trial: _Trial) -> list[str]:
        expected = Expectations([*self._known, *(o.mark for o in trial.trace.operations)])
        found = session.observe()
        messages = found.faults + expected.violations(found.facts)
        session.finish()
        done: Observation = session.observe()
        return messages + [f"finished: {m}" for m in differences(done, self._scenario.finished())]


@dataclass(frozen=True, slots=True)
class _Trial:
    """One fault and the trace behind it."""

    fault: Fault
    trace: Trace
    what: str
