"""The values of an order: what a user asked to retrieve, and how far it is.

Paths are the text of `coldframe.names.write_path`, sizes are bytes, ranges are half-open, moments are aware UTC
datetimes.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from coldframe.model import ByteRange

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from decimal import Decimal

    from coldframe.catalog.model import Cut
    from coldframe.model import Tier


class OrderState(StrEnum):
    """How far an order is."""

    OPEN = "open"  # jobs are to be started, waited for or fetched: carry it on
    PAUSED = "paused"  # outputs have expired, and asking again would cost more than was agreed: it wants consent
    DONE = "done"  # every file is in place, verified
    INCOMPLETE = "incomplete"  # nothing is left to do, but some files could not be retrieved; the others are in place
    CANCELLED = "cancelled"  # given up by the user; files that were in place by then stay


class WantedState(StrEnum):
    """How far one archive, or one range of one, of an order is."""

    WANTED = "wanted"  # no living job is known: recognise or start one
    STARTED = "started"  # a job is in progress at the store
    READY = "ready"  # the job has succeeded: its output can be fetched
    HELD = "held"  # its job has expired, and another would cost more than was agreed
    AT_HAND = "at hand"  # a verified copy lies at the destination already: no job is needed
    DONE = "done"  # every file that needed it is closed
    FAILED = "failed"  # it cannot be had; the detail says why


class PlacementState(StrEnum):
    """What became of one file of an order."""

    WAITING = "waiting"  # its bytes are not there yet
    PLACED = "placed"  # retrieved, verified, durable under its name
    PRESENT = "present"  # it was at the destination already, and verified
    FAILED = "failed"  # it cannot be retrieved or placed; the detail says why


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One file to make at the destination, whole or a member.

    `placed_as` is where it is, below the destination, once it is there: usually its path. A `size` of None is not known
    until a job tells it.
    """

    path: str
    size: int | None
    modified_ns: int | None = None
    cut: Cut | None = None
    state: PlacementState = PlacementState.WAITING
    placed_as: str | None = None
    detail: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One archive, or one megabyte-aligned range of one, that an order needs: one job.

    Args:
        range: None is the whole archive.
        description: The job's, by which it is recognised at the store: the file name.
        asked: How many jobs were asked for, for it.
        agreed: How many were agreed to, whatever they cost.
        job_id: The living job, adopted or our own.
    """

    vault_name: str
    archive_id: str
    archive_size: int | None
    tree_hash: str | None
    description: str
    range: ByteRange | None = None
    state: WantedState = WantedState.WANTED
    job_id: str | None = None
    asked: int = 0
    agreed: int = 1
    detail: str = ""
    order_number: int = 0
    row: int = 0

    @property
    def size(self) -> int | None:
        """How many bytes the job's output holds."""
        return self.archive_size if self.range is None else self.range.size

    def is_same_range(self, job_range: ByteRange | None, archive_size: int | None) -> bool:
        """Whether a job over `job_range` of the archive offers exactly these bytes."""
        size = self.archive_size or archive_size
        whole = ByteRange(0, size) if size else None
        return (self.range or whole) == (job_range or whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many files and bytes of an order are in which state, and how many jobs."""

    files: int = 0
    size: int = 0
    placed_files: int = 0
    placed_size: int = 0
    failed_files: int = 0
    jobs: dict[WantedState, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a user asked to retrieve: many jobs, one price, one destination.

    Args:
        store: The store's identity.
        destination: The absolute path of the folder to fill.
        mount_point: Of the destination's file system when the order was placed, so that a missing disk is noticed.
        token: Random; part of the names of the order's unfinished files.
        max_cost: The most that was agreed to, for all its jobs.
        overwrite: Whether a different file at the destination is replaced.
        is_told: Whether the files that were settled when it was placed were answered to whoever carries it on.
    """

    store: str
    destination: str
    mount_point: str
    token: str
    tier: Tier
    max_cost: Decimal
    overwrite: bool = False
    is_told: bool = False
    state: OrderState = OrderState.OPEN
    placed_at: datetime
    closed_at: datetime | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """So many jobs that bring so many bytes, and `unknown_sizes` of them that bring who knows."""

    jobs: int
    size: int
    unknown_sizes: int = 0


@dataclass(frozen=True, slots=True)
class WantedChange:
    """A new state of one wanted archive or range."""

    row: int
    state: WantedState
    job_id: str | None = None
    detail: str = ""
    archive_size: int | None = None
    tree_hash: str | None = None


@dataclass(frozen=True, slots=True)
class PlacementChange:
    """A new state of one placement."""

    row: int
    state: PlacementState
    placed_as: str | None = None
    detail: str = ""
    size: int | None = None


Batch = tuple[Wanted | None, "Iterable[Placement]"]
"""A wanted archive or range with the files that it fills; None with files that need no bytes."""


def place_key(placed_as: str) -> str:
    """What a case-insensitive, normalisation-insensitive file system takes for the same name."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", placed_as).casefold())
