"""What is cut off, killed and starved: scenarios, the bench they work on, and what is found afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Protocol

from coldframe.files import DiskFiles
from coldframe.testing.recording import TappedFiles, TappedVfs
from crash.expectations import Confirm, Intend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from coldframe.files import Files
    from coldframe.testing.recording import Tap
    from crash.expectations import Subject, Value

_vfs_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Bench:
    """What a scenario works with: a disk, the two channels to it, and someone to tell what is promised."""

    root: str
    files: Files
    vfs: str
    tell: Callable[[object], None]

    def path(self, *names: str) -> str:
        """A path on the disk."""
        return os.path.join(self.root, *names)

    def intend(self, subject: Subject, value: Value) -> None:
        """Say that `subject` is about to become `value`."""
        self.tell(Intend(subject, value))

    def confirm(self, subject: Subject, value: Value) -> None:
        """Say that the caller was told that `subject` is `value`."""
        self.tell(Confirm(subject, value))


@dataclass(slots=True)
class Observation:
    """What is there after recovery: values by subject, and whatever is wrong by itself."""

    facts: dict[Subject, Value] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class Session(Protocol):
    """The product opened on a bench, which includes its recovery."""

    def run(self) -> None:
        """Do the work for the first time, telling the bench what is promised."""
        ...

    def finish(self) -> None:
        """Do what is missing of the work, whatever there is of it already."""
        ...

    def observe(self) -> Observation:
        """Look at everything, with the product's own means; twice in a row it sees the same."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class Scenario(Protocol):
    """A piece of work that may be cut off anywhere."""

    @property
    def name(self) -> str:
        """What it is called in reports."""
        ...

    @property
    def typed(self) -> tuple[type[Exception], ...]:
        """What may be raised when a disk fails."""
        ...

    def prepare(self, bench: Bench) -> None:
        """Make what is there, safe, before the run."""
        ...

    def open(self, bench: Bench) -> Session:
        """Open the product."""
        ...

    def finished(self) -> Mapping[Subject, Value]:
        """What is there when all is done."""
        ...


class Look(Protocol):
    """A way to see what is there."""

    def __call__(self, scenario: Scenario, bench: Bench, /) -> Observation:
        """Look."""
        ...


def run(scenario: Scenario, bench: Bench) -> None:
    """Open, do the work, close."""
    with closing(scenario.open(bench)) as session:
        session.run()


def observe(scenario: Scenario, bench: Bench) -> Observation:
    """Recover and look."""
    with closing(scenario.open(bench)) as session:
        return session.observe()


def resume(scenario: Scenario, bench: Bench) -> Observation:
    """Recover, do what is missing, and look."""
    with closing(scenario.open(bench)) as session:
        session.finish()
        return session.observe()


def carefully(how: Look, scenario: Scenario, bench: Bench) -> Observation:
    """Look; an error is a finding too."""
    try:
        return how(scenario, bench)
    except Exception as error:  # noqa: BLE001 - whatever recovery raises is a finding, and the next state is tried
        return Observation(faults=[f"recovery failed: {type(error).__name__}: {error}"])


def differences(found: Observation, wanted: Mapping[Subject, Value]) -> list[str]:
    """Where what was found is not exactly what was wanted."""
    wrong = [
        f"{subject} is {found.facts.get(subject)!r}, not {wanted.get(subject)!r}"
        for subject in {*found.facts, *wanted}
        if found.facts.get(subject) != wanted.get(subject)
    ]
    return found.faults + wrong


@contextmanager
def ram_folder() -> Iterator[str]:
    """A folder of our own, in memory where the system offers that."""
    parent = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - mkdtemp makes a private folder in it
    folder = os.path.realpath(tempfile.mkdtemp(prefix="coldframe-crash-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def tapped_bench(root: str, tap: Tap, tell: Callable[[object], None]) -> Iterator[Bench]:
    """A bench whose disk operations pass through a tap."""
    vfs = TappedVfs(f"crash{next(_vfs_numbers)}", tap)
    try:
        yield Bench(root, TappedFiles(DiskFiles(), tap), vfs.vfs_name, tell)
    finally:
        vfs.unregister()


@contextmanager
def plain_bench(root: str) -> Iterator[Bench]:
    """A bench on the disk as it is."""
    yield Bench(root, DiskFiles(), "", lambda _: None)
