"""Scenarios that are a row of steps, whatever the steps are done to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from coldframe.errors import ColdframeError
from crash.bench import CHECKPOINT_PAGES, is_database_sync

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coldframe.testing.recording import Operation
    from crash.bench import Bench, Observation
    from crash.expectations import Subject, Value

WorkT = TypeVar("WorkT")
_WorkT_contra = TypeVar("_WorkT_contra", contravariant=True)


class Step(Protocol[_WorkT_contra]):
    """One thing done; tells what it promises, and can be done again after a crash."""

    def do(self, work: _WorkT_contra) -> None:
        """Do it for the first time."""
        ...

    def finish(self, work: _WorkT_contra) -> None:
        """Do it unless it is done."""
        ...

    def leaves(self) -> Mapping[Subject, Value]:
        """What is there, or not there, when it is done."""
        ...


@dataclass(frozen=True)
class SteppedScenario(ABC, Generic[WorkT]):
    """Steps, after others that are safe already; without any of those even the store is not there yet."""

    name: str
    steps: tuple[Step[WorkT], ...]
    before: tuple[Step[WorkT], ...] = ()
    typed: tuple[type[Exception], ...] = (ColdframeError,)
    checkpoint_pages: int = CHECKPOINT_PAGES
    is_long: bool = False
    """Only every so manieth point of it is tried, unless a run asks for all."""

    def prepare(self, bench: Bench) -> None:
        """Do what is safe before."""
        if self.before:
            with closing(self.open(bench)) as session:
                for step in self.before:
                    step.do(session.work)

    def stops_at(self, failed: Operation, /) -> bool:
        """Nothing is trusted that would be written after a failed sync (reliability 0.2)."""
        return is_database_sync(failed)

    @abstractmethod
    def open(self, bench: Bench) -> SteppedSession[WorkT]:
        """Open what the steps are done to, which recovers it."""
        ...

    def finished(self) -> Mapping[Subject, Value]:
        """What all steps together leave."""
        found: dict[Subject, Value] = {}
        for step in (*self.before, *self.steps):
            found |= step.leaves()
        return {subject: value for subject, value in found.items() if value is not None}


class SteppedSession(ABC, Generic[WorkT]):
    """What the steps are done to, opened."""

    def __init__(self, steps: Sequence[Step[WorkT]], work: WorkT) -> None:
        self.work = work
        self._steps = steps

    def run(self) -> None:
        """Take all steps."""
        for step in self._steps:
            step.do(self.work)

    def finish(self) -> None:
        """Take the steps that are not taken yet."""
        for step in self._steps:
            step.finish(self.work)

    @abstractmethod
    def observe(self) -> Observation:
        """Look at everything."""
        ...

    @abstractmethod
    def age(self) -> None:
        """Let days pass, and sweep."""
        ...

    @abstractmethod
    def leftovers(self) -> list[str]:
        """What is on the disk and belongs to nothing."""
        ...

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections."""
        ...
