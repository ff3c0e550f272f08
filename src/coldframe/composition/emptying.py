"""A vault deleted with all that is in it, over as many runs as that takes (`vault delete --empty`).

The catalog is the list of what is to be done: what the vault's inventory knows is brought into it first, as by
`inventory rebuild`, and then everything that it lists of the vault is deleted as `delete` does it. So a run may end
anywhere, and the next goes on with what is still listed. A note in the catalog tells which inventory that was, and when
the last archive was deleted. Amazon deletes a vault only when an inventory of after that moment shows it empty.
"""

from __future__ import annotations

import json
from collections import deque
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

from coldframe.archiver.retries import Retries
from coldframe.archiver.stopping import Stop
from coldframe.catalog import Query
from coldframe.catalog.model import UNKNOWN_SIZE
from coldframe.clock import from_milliseconds, to_milliseconds
from coldframe.composition.archives import NamedArchive
from coldframe.composition.deleting import BATCH, Fees, delete_batch, settle_deletions
from coldframe.composition.fees import records_fee
from coldframe.composition.governing import vault_lock
from coldframe.composition.locks import run_lock
from coldframe.composition.spending import Outlay, agree_to_inventory
from coldframe.composition.vaults import find_vault
from coldframe.errors import AccessDenied, InvalidParameterValue, NotReady
from coldframe.inventory.rebuild import rebuild_catalog
from coldframe.progress import Noted, ignore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from coldframe.catalog import ArchiveRecord, Entry
    from coldframe.composition.deleting import Deleted
    from coldframe.composition.fees import EarlyFee
    from coldframe.composition.library import Coldframe
    from coldframe.model import VaultDescription
    from coldframe.ports.admin import VaultLock
    from coldframe.progress import Observer
    from coldframe.retriever.pricing import Price

REMOTE_RATE = 10.0
"""Deletions a second in a store that is somewhere else, unless the caller says otherwise; one's own has no limit."""

WHAT = "vault delete"
"""By which the month's spending knows it."""

_PAGE = 500
_SLICE_SECONDS = 0.25
_MOST_REFUSALS = 20
"""So many refusals one after the other end a run: the rest would be refused as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyingPlan:
    """What is known of a vault that is to be deleted with its archives.

    Args:
        vault: The vault, with the numbers of its last inventory.
        inventory_at: The inventory that the catalog was completed from; None if it was not, or the vault has none.
        is_surveyed: Whether all that the store can tell is in the catalog.
        archives: How many archives the catalog lists.
        size: Their bytes, as far as they are known.
        fee: What deleting them now costs; None where nobody charges, or the prices are not known.
        lock: The vault's lock, if it has one: what it protects is refused.
        was_begun: Whether an earlier run has deleted archives.
    """

    vault: VaultDescription
    inventory_at: datetime | None
    is_surveyed: bool
    archives: int
    size: int
    fee: EarlyFee | None
    lock: VaultLock | None
    was_begun: bool


@dataclass(slots=True)
class _State:
    """What one run leaves for the next; moments in milliseconds. Of a vault that was made anew it says nothing."""

    created_ms: int
    inventory_ms: int | None = None
    is_surveyed: bool = False
    was_begun: bool = False
    emptied_ms: int | None = None


class VaultEmptying:
    """Deletes a vault with its archives: :meth:`plan`, :meth:`survey`, :meth:`delete`, :meth:`finish`.

    Args:
        coldframe: Whose store and catalog.
        vault_name: The vault.
        rate: Deletions a second at most; None for what suits the store.
        observer: Hears of waits.

    Raises:
        ResourceNotFound: There is no such vault.
    """

    def __init__(
        self, coldframe: Coldframe, vault_name: str, *, rate: float | None = None, observer: Observer = ignore
    ) -> None:
        """Look at the vault."""
        self.deleted = self.refused = 0
        self.vault_name = vault_name
        self._coldframe = coldframe
        self._stop = Stop()
        self._rate = rate or (REMOTE_RATE if coldframe.is_remote else None)
        self._free_at = coldframe.clock.monotonic()
        self._retries = Retries(clock=coldframe.clock, stop=self._stop, observer=observer)
        self._observer = observer
        self._fees = Fees(coldframe, WHAT)
        self._refused_in_a_row = 0
        self._vault = find_vault(coldframe.store, vault_name)
        self._state = self._read_state()

    @property
    def needs_inventory(self) -> bool:
        """Whether the vault's inventory has to be read before all that can be deleted is known."""
        return not self._state.is_surveyed and self._vault.number_of_archives > 0

    @property
    def has_given_up(self) -> bool:
        """Whether :meth:`delete` has ended because the store refused one archive after the other."""
        return self._refused_in_a_row >= _MOST_REFUSALS

    @property
    def is_stopped(self) -> bool:
        """Whether somebody asked to stop."""
        return self._stop.is_asked

    def stop(self) -> None:
        """Begin no further deletion; may be called from a signal handler."""
        self._stop.ask()

    def plan(self) -> EmptyingPlan:
        """What is known now. Nothing is asked of the store but for the vault's lock."""
        archives = size = 0

        def counted() -> Iterator[ArchiveRecord]:
            nonlocal archives, size
            for archive in self._coldframe.catalog.archives(self._coldframe.store.identity, self.vault_name):
                archives += 1
                size += archive.size if archive.size != UNKNOWN_SIZE else 0
                yield archive

        prices, fee = self._coldframe.terms.prices, None
        if prices is not None:
            fee = records_fee(prices, counted(), now=self._coldframe.clock.now())
        else:
            deque(counted(), maxlen=0)
        state = self._state
        return EmptyingPlan(
            vault=self._vault,
            inventory_at=None if state.inventory_ms is None else from_milliseconds(state.inventory_ms),
            is_surveyed=not self.needs_inventory,
            archives=archives,
            size=size,
            fee=fee,
            lock=self._lock(),
            was_begun=state.was_begun,
        )

    def archives(self) -> Iterator[NamedArchive]:
        """What the catalog lists of the vault."""
        last = 0
        while page := self._page(last):
            last = page[-1].row
            yield from self._named(page)

    def survey(self) -> EmptyingPlan:
        """Bring all that the vault's inventory knows into the catalog, unless an earlier run has done so.

        Raises:
            NotReady: The inventory job is in progress; call again later, also from another process.
            LimitRefused: A job for it may cost more than `max_cost` of the settings, or than the budget allows.
            FormatError: The inventory cannot be read.
        """
        if self.needs_inventory:
            report = rebuild_catalog(
                self._coldframe.store,
                self._coldframe.catalog,
                self.vault_name,
                before=partial(agree_to_inventory, self._coldframe, WHAT, self.vault_name),
            )
            if report.unreadable:
                self._observer(
                    Noted(f"{report.unreadable:,} lines of the inventory cannot be read: {report.problems[0]}")
                )
            self._state.inventory_ms = to_milliseconds(report.inventory_at)
            self._state.is_surveyed = True
            self._keep_state()
        return self.plan()

    def outlay(self, price: Price) -> Outlay:
        """The money that the deletions take, for whoever asks before they begin."""
        return Outlay(self._coldframe, WHAT, price, self.vault_name)

    def delete(self) -> Iterator[Deleted]:
        """Delete every archive that the catalog lists of the vault, and tell of each as soon as it is done.

        Raises:
            Busy: An archive run is under way.
            StoreError: The store breaks off; what is left is done by the next run.
        """
        with self._held():
            self._state.was_begun = True
            self._keep_state()
            last = 0
            while page := self._page(last):
                last = page[-1].row
                for start in range(0, len(page), BATCH):
                    if not self._may_go_on():
                        return
                    yield from self._delete(page[start : start + BATCH])

    def finish(self) -> None:
        """Delete the vault itself, if the store knows that it is empty.

        Raises:
            NotReady: It does not know that yet; the message says when to come again.
            AccessDenied: The caller may not, or a lock forbids it.
        """
        store, state = self._coldframe.store, self._state
        if state.emptied_ms is None or self.deleted:
            state.emptied_ms = to_milliseconds(self._coldframe.clock.now())
            self._keep_state()
        try:
            store.delete_vault(self.vault_name)
        except InvalidParameterValue as error:
            raise NotReady(self._why_not()) from error
        self._coldframe.catalog.drop_note(self._note())

    # --- one archive after the other ----------------------------------------------------------------------------------

    @contextmanager
    def _held(self) -> Iterator[None]:
        """No archive run may count on what goes now, and what an earlier run has begun is finished first."""
        coldframe = self._coldframe
        folder, files = coldframe.home.locks, coldframe.files
        with run_lock(folder, "archive", clock=coldframe.clock, files=files, command="vault delete"):
            self.deleted += self._retries(lambda: settle_deletions(coldframe))
            yield

    def _delete(self, batch: Sequence[ArchiveRecord]) -> Iterator[Deleted]:
        for deleted in delete_batch(
            self._coldframe, self._named(batch), fees=self._fees, before=self._take_turn, retry=self._retries
        ):
            is_gone = deleted.error is None
            self.deleted += is_gone
            self.refused += not is_gone
            self._refused_in_a_row = 0 if is_gone else self._refused_in_a_row + 1
            yield deleted

    def _take_turn(self) -> bool:
        """Wait for the next deletion's turn; False if there is to be none."""
        if self._rate is None or not self._may_go_on():
            return self._may_go_on()
        clock = self._coldframe.clock
        start = max(self._free_at, clock.monotonic())
        self._free_at = start + 1 / self._rate
        while (left := start - clock.monotonic()) > 0 and self._may_go_on():
            clock.sleep(min(left, _SLICE_SECONDS))
        return self._may_go_on()

    def _may_go_on(self) -> bool:
        return not (self._stop.is_asked or self.has_given_up)

    def _page(self, after: int) -> list[ArchiveRecord]:
        identity = self._coldframe.store.identity
        return self._coldframe.catalog.next_archives(identity, self.vault_name, after=after, limit=_PAGE)

    def _named(self, batch: Sequence[ArchiveRecord]) -> list[NamedArchive]:
        """Archives with all the entries that they are the content of."""
        entries: dict[str, list[Entry]] = {archive.archive_id: [] for archive in batch}
        query = Query(store=batch[0].store, vault_name=self.vault_name, archive_ids=tuple(entries), all_versions=True)
        for entry in self._coldframe.catalog.select(query):
            entries[entry.archive.archive_id].append(entry)
        return [
            NamedArchive(vault_name=self.vault_name, archive_id=archive_id, entries=tuple(found))
            for archive_id, found in entries.items()
        ]

    # --- what the store says ------------------------------------------------------------------------------------------

    def _lock(self) -> VaultLock | None:
        try:
            return vault_lock(self._coldframe.store, self.vault_name)
        except AccessDenied:
            return None  # whoever may not see it is told of it when it refuses something

    def _why_not(self) -> str:
        """Why the store does not delete the vault, and what to do."""
        vault = find_vault(self._coldframe.store, self.vault_name)
        if _has_more(vault, self._state):
            return (
                f"{self.vault_name} holds {vault.number_of_archives:,} more, which came after the inventory that was "
                "read. The same command deletes them too"
            )
        counted = "it has made none yet" if vault.last_inventory_at is None else f"its last is of {_day(vault)}"
        return (
            f"{self.vault_name} is empty as far as can be known, but the store deletes a vault only when its own "
            f"inventory shows it empty, and {counted}. It makes one about once a day: run the same command again "
            "tomorrow. What others have uploaded since that inventory cannot be seen, or deleted, before"
        )

    # --- what one run leaves for the next -----------------------------------------------------------------------------

    def _read_state(self) -> _State:
        """What the run before has left, unless a newer inventory has made it worthless."""
        text, vault = self._coldframe.catalog.note(self._note()), self._vault
        fresh = _State(to_milliseconds(vault.created_at))
        state = _State(**json.loads(text)) if text else fresh
        if state.created_ms != fresh.created_ms or _has_more(vault, state):
            return fresh
        return state

    def _keep_state(self) -> None:
        self._coldframe.catalog.set_note(self._note(), json.dumps(asdict(self._state)))

    def _note(self) -> str:
        return f"emptying {self._coldframe.store.identity} {self.vault_name}"


def _has_more(vault: VaultDescription, state: _State) -> bool:
    """Whether an inventory that is newer than what was read shows archives that it could not show.

    While archives are being deleted, every new inventory still shows some: then only the one that follows the last
    deletion counts.
    """
    if vault.last_inventory_at is None or not vault.number_of_archives:
        return False
    read_ms = state.emptied_ms if state.was_begun else state.inventory_ms
    return read_ms is not None and to_milliseconds(vault.last_inventory_at) > read_ms


def _day(vault: VaultDescription) -> str:
    return f"{vault.last_inventory_at:%Y-%m-%d %H:%M} UTC"
