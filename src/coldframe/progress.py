"""What a long job tells whoever watches it.

The archiver and the retriever take an :data:`Observer` and hand it events; they never print. Events may come from any
thread, one at a time for each file, and an observer must be quick.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one file."""

    ARCHIVED = "archived"
    RECORDED = "recorded"  # known content under a new path: nothing was sent
    UNCHANGED = "unchanged"
    LEFT_OUT = "left out"  # a symlink, a FIFO, a device: nothing that an archive can hold
    RETRIEVED = "retrieved"
    PRESENT = "present"  # there already, and verified
    VERIFIED = "verified"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Planned:
    """More work is known: so many files and bytes, added to what was known before."""

    files: int
    size: int


@dataclass(frozen=True, slots=True)
class Started:
    """Work on one file begins."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Advanced:
    """So many more bytes of a file are safe. Negative when bytes must be sent again."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Finished:
    """Work on one file has ended; `detail` says why where the outcome alone does not."""

    path: str
    size: int
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """Something worth a line: a wait, a retry, an inventory written."""

    text: str


Event = Planned | Started | Advanced | Finished | Noted
Observer = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """The observer that does not care."""
