"""Deleting archives for ever, so that the catalog never lists one that is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from coldframe.catalog import Kind
from coldframe.catalog.deleting import Deletions
from coldframe.composition.fees import early_fee
from coldframe.composition.locks import run_lock
from coldframe.composition.spending import Outlay
from coldframe.errors import AccessDenied, InvalidParameterValue, PolicyEnforced, ResourceNotFound
from coldframe.retriever.pricing import UNKNOWN, Price

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coldframe.archiver.retries import Retries
    from coldframe.composition.archives import NamedArchive
    from coldframe.composition.library import Coldframe
    from coldframe.errors import StoreError

EARLY = timedelta(days=90)
"""Amazon charges for the rest of this time when an archive is deleted before it is so old (glacier-api 8)."""

BATCH = 20
"""So many deletions are noted in one transaction."""

_REFUSALS = (AccessDenied, InvalidParameterValue, PolicyEnforced)
"""Answers after which the archive is certainly still there."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What became of one archive; `error` is why it is still there. One that was gone already counts as deleted."""

    archive: NamedArchive
    error: StoreError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionPlan:
    """What deleting some archives would mean.

    Args:
        size: Their bytes, as far as the catalog knows them.
        paths: How many files and bundles the catalog lists as their content.
        members: How many files lie in those bundles, as far as the catalog knows.
        unknown: How many of the archives the catalog does not know.
        early: How many are younger than `EARLY`.
    """

    archives: Sequence[NamedArchive]
    size: int
    paths: int
    members: int
    unknown: int
    early: int


def plan_deletion(coldframe: Coldframe, archives: Sequence[NamedArchive]) -> DeletionPlan:
    """Look up what would be lost; nothing is asked of the store."""
    since = coldframe.clock.now() - EARLY
    entries = [entry for archive in archives for entry in archive.entries]
    bundles = [entry for entry in entries if entry.kind is Kind.BUNDLE]
    return DeletionPlan(
        archives=archives,
        size=sum(archive.size or 0 for archive in archives),
        paths=len({entry.path for entry in entries}),
        members=sum(1 for bundle in bundles for _ in coldframe.catalog.members(bundle)),
        unknown=sum(not archive.entries for archive in archives),
        early=sum(any(entry.archive.archived_at > since for entry in archive.entries) for archive in archives),
    )


class Fees:
    """What a command pays for deleting early, agreed to a batch at a time and written down before anything is deleted.

    Args:
        coldframe: Whose prices and budget.
        what: The command.
    """

    def __init__(self, coldframe: Coldframe, what: str) -> None:
        """Nothing is agreed to yet."""
        self._coldframe = coldframe
        self._outlay = Outlay(coldframe, what, Price())

    def agree(self, archives: Sequence[NamedArchive]) -> None:
        """Agree to the fee of these.

        Raises:
            LimitRefused: The month's budget does not allow it, or nobody knows the fee.
        """
        self._outlay.vault_name = archives[0].vault_name
        self._outlay.grow(self._fee(archives))

    def take_back(self, archives: Sequence[NamedArchive]) -> None:
        """These were agreed to and are still there."""
        if archives:
            self._outlay.shrink(self._fee(archives))

    def _fee(self, archives: Sequence[NamedArchive]) -> Price:
        prices = self._coldframe.terms.prices
        if prices is None:
            return UNKNOWN
        return early_fee(prices, archives, now=self._coldframe.clock.now()).agreed


def delete_archives(coldframe: Coldframe, archives: Sequence[NamedArchive]) -> Iterator[Deleted]:
    """Delete archives of one vault, and tell of each as soon as it is done.

    What the store refuses stays in the catalog. When the store breaks off, what was not asked for is not deleted; the
    one that was asked for is, by whatever deletes or archives next.

    Raises:
        Busy: An archive run, which might count on them, is under way.
        LimitRefused: The month's budget does not allow the fee of those that come next.
    """
    lock = run_lock(coldframe.home.locks, "archive", clock=coldframe.clock, files=coldframe.files, command="delete")
    fees = Fees(coldframe, "delete")
    with lock:
        settle_deletions(coldframe)
        for start in range(0, len(archives), BATCH):
            yield from delete_batch(coldframe, archives[start : start + BATCH], fees=fees)


def settle_deletions(coldframe: Coldframe) -> int:
    """Finish what a killed run has begun, under the lock of the caller; answers how many archives that were.

    Raises:
        StoreError: The store cannot be asked; what may be gone stays noted.
    """
    deletions = Deletions(coldframe.catalog.database, coldframe.store.identity)
    pending = deletions.pending()
    for vault_name, archive_id in pending:
        if _delete_one(coldframe, vault_name, archive_id) is None:
            deletions.finish(vault_name, [archive_id], at=coldframe.clock.now())
        else:
            deletions.give_up(vault_name, [archive_id])
    return len(pending)


def delete_batch(
    coldframe: Coldframe,
    batch: Sequence[NamedArchive],
    *,
    fees: Fees,
    before: Callable[[], bool] = lambda: True,
    retry: Retries | None = None,
) -> Iterator[Deleted]:
    """Delete a few archives of one vault under the caller's lock, and tell of each.

    Args:
        coldframe: Whose store and catalog.
        batch: The archives.
        fees: What deleting them early costs, which is agreed to before they are noted.
        before: Called before each; ends the batch by answering False, and what was not asked for is not deleted.
        retry: Asks again where the trouble may pass.
    """
    deletions = Deletions(coldframe.catalog.database, coldframe.store.identity)
    vault_name, ids = batch[0].vault_name, [archive.archive_id for archive in batch]
    fees.agree(batch)
    deletions.begin(vault_name, ids)
    asked, kept = 0, []
    try:
        for archive in batch:
            if not before():
                return
            asked += 1
            delete = partial(_delete_one, coldframe, vault_name, archive.archive_id)
            error = retry(delete) if retry is not None else delete()
            if error is None:
                deletions.finish(vault_name, [archive.archive_id], at=coldframe.clock.now())
            else:
                kept.append(archive)
                deletions.give_up(vault_name, [archive.archive_id])
            yield Deleted(archive, error)
    finally:
        if untried := ids[asked:]:
            deletions.give_up(vault_name, untried)
        fees.take_back([*kept, *batch[asked:]])


def _delete_one(coldframe: Coldframe, vault_name: str, archive_id: str) -> StoreError | None:
    """Why an archive is certainly still there, None if it is certainly gone; anything else is raised."""
    try:
        coldframe.store.delete_archive(vault_name, archive_id)
    except ResourceNotFound:
        return None
    except _REFUSALS as error:
        return error
    return None
