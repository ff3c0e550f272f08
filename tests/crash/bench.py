"""What is cut off, killed and starved: scenarios, the bench they work on, and what is found afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Protocol

import apsw

from coldframe.files import DiskFiles
from coldframe.testing.recording import Channel, TappedFiles, TappedVfs, Verb
from crash.expectations import UNANNOUNCED, Confirm, Intend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from coldframe.files import Files
    from coldframe.testing.recording import Operation, Tap
    from crash.expectations import Subject, Value

CHECKPOINT_PAGES = 1000
"""SQLite's default: longer than any scenario's write-ahead log."""

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

    def age(self) -> None:
        """Let so much time pass that jobs and uploads have ended, and clear away what is left over."""
        ...

    def leftovers(self) -> list[str]:
        """What is on the disk and belongs to nothing."""
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
    def checkpoint_pages(self) -> int:
        """After how many pages in the write-ahead log SQLite copies them into the database."""
        ...

    @property
    def typed(self) -> tuple[type[Exception], ...]:
        """What may be raised when a disk fails."""
        ...

    def prepare(self, bench: Bench) -> None:
        """Make what is there, safe, before the run."""
        ...

    def stops_at(self, failed: Operation, /) -> bool:
        """Whether the product means to write nothing more, once this operation has failed, until it is opened again."""
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


def is_database_sync(operation: Operation) -> bool:
    """Whether a ledger or a catalog is synced: once that has failed, it is written no more until it is opened again."""
    return operation.verb is Verb.SYNC and operation.channel is Channel.SQLITE


def run(scenario: Scenario, bench: Bench) -> None:
    """Open, do the work, close."""
    with closing(scenario.open(bench)) as session:
        session.run()


def run_through(scenario: Scenario, bench: Bench) -> None:
    """Open, do the work, go on with it after an error, close."""
    try:
        run(scenario, bench)
    except scenario.typed:
        with closing(scenario.open(bench)) as session:
            session.finish()


def observe(scenario: Scenario, bench: Bench) -> Observation:
    """Recover and look."""
    with closing(scenario.open(bench)) as session:
        return session.observe()


def resume(scenario: Scenario, bench: Bench) -> Observation:
    """Recover, do what is missing, and look."""
    with closing(scenario.open(bench)) as session:
        session.finish()
        return session.observe()


def age(scenario: Scenario, bench: Bench) -> Observation:
    """Let time pass, clear away, and look: what was safe is still there, and nothing else is."""
    with closing(scenario.open(bench)) as session:
        session.age()
        left = session.leftovers()
        found = session.observe()
    found.faults += [f"left over for ever: {name}" for name in left]
    return found


def lasting(facts: Mapping[Subject, Value]) -> dict[Subject, Value]:
    """Of some facts those that time does not end: no jobs, and no uploads, which are tuples."""
    return {subject: value for subject, value in facts.items() if subject[0] != "job" and not isinstance(value, tuple)}


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
        if subject[0] not in UNANNOUNCED and found.facts.get(subject) != wanted.get(subject)
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
def tapped_bench(
    root: str, tap: Tap, tell: Callable[[object], None], checkpoint_pages: int = CHECKPOINT_PAGES
) -> Iterator[Bench]:
    """A bench whose disk operations pass through a tap, and whose databases are checkpointed so often."""

    def hook(connection: apsw.Connection) -> None:
        connection.wal_autocheckpoint(checkpoint_pages)

    vfs = TappedVfs(f"crash{next(_vfs_numbers)}", tap)
    apsw.connection_hooks.append(hook)
    try:
        yield Bench(root, TappedFiles(DiskFiles(), tap), vfs.vfs_name, tell)
    finally:
        apsw.connection_hooks.remove(hook)
        vfs.unregister()


@contextmanager
def plain_bench(root: str, tell: Callable[[object], None] = lambda _: None) -> Iterator[Bench]:
    """A bench on the disk as it is."""
    yield Bench(root, DiskFiles(), "", tell)


def prepare(scenario: Scenario, root: str) -> list[object]:
    """Make the folder and what a scenario begins with; answers what has been told of it."""
    os.mkdir(root)
    told: list[object] = []
    with plain_bench(root, told.append) as bench:
        scenario.prepare(bench)
    return told
