"""A restore drill: a sample of a vault is brought back as one would after a fire, and compared.

It begins with nothing but the store's URL and the credentials: a home of its own with an empty catalog, which is filled
from the vault's inventory. What comes back counts only if its bytes are those that the user's own catalog knows, and
those of the local file where that is here and unchanged. A drill may take days; its home stays until it has ended.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

from coldframe.catalog import Query
from coldframe.catalog.drills import Drills
from coldframe.clock import to_milliseconds
from coldframe.composition.comparing import clock_margin
from coldframe.composition.library import Coldframe
from coldframe.composition.locks import run_lock
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.composition.sameness import Compared, compare_archive
from coldframe.composition.sampling import choose
from coldframe.composition.spending import Outlay, agree_to_inventory
from coldframe.errors import NothingMatched, NotReady, RequestTimeout, ServiceUnavailable, Throttled
from coldframe.files import durable_write, ensure_folder
from coldframe.inventory.rebuild import rebuild_catalog
from coldframe.names import read_path
from coldframe.progress import Noted, Outcome, ignore
from coldframe.retriever.pace import Pace, Stop
from coldframe.retriever.pricing import Price
from coldframe.settings import Home, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from decimal import Decimal
    from types import TracebackType

    from coldframe.catalog import ArchiveRecord
    from coldframe.model import Tier
    from coldframe.progress import Observer
    from coldframe.retriever.plan import Plan
    from coldframe.retriever.results import RetrievedFile

DEFAULT_SAMPLE = 5
_PLAN = "drill.json"
_DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Drilled:
    """How one archive of the sample came back; `why` it was chosen: oldest, newest, largest, smallest or random."""

    archive_id: str
    why: str
    path: str
    size: int
    compared: Compared


@dataclass(slots=True)
class Drill:
    """One drill: use it in a `with`, :meth:`prepare`, then :meth:`plan` and :meth:`order` once, then :meth:`finish`.

    A drill that was begun goes on with the sample that it has chosen.

    Args:
        coldframe: Whose store and catalog.
        vault_name: The vault.
        sample: How many archives: the oldest, the newest, the largest, the smallest, and others at random.
        seed: For the choice at random.
        observer: Is told of progress.

    Raises:
        Busy: Another process holds the same drill.
    """

    coldframe: Coldframe
    vault_name: str
    sample: int = DEFAULT_SAMPLE
    seed: int = 0
    observer: Observer = ignore
    chosen: dict[str, str] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)
    _stop: Stop = field(default_factory=Stop)
    _running: RetrieveRun | None = None
    _clean: Coldframe | None = None
    _token: str = ""

    def __enter__(self) -> Self:
        """Hold the drill's home."""
        mine = self.coldframe
        name = f"drill-{os.path.basename(self.folder)}"
        with ExitStack() as opening:
            opening.enter_context(run_lock(mine.home.locks, name, clock=mine.clock, files=mine.files, command="drill"))
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of it; a drill that has not ended is carried on another time."""
        self._close()
        self._open.close()

    @property
    def folder(self) -> str:
        """The drill's own home, which is there as long as it is under way."""
        key = sha256(f"{self.coldframe.store_identity} {self.vault_name}".encode()).hexdigest()[:12]
        return os.path.join(self.coldframe.home.data_folder, "drills", key)

    @property
    def is_under_way(self) -> bool:
        """Whether its jobs were ordered already."""
        return bool(self._clean_home().orders.orders())

    def stop(self) -> None:
        """Finish what is being fetched and record it; called again, leave it at once. For signal handlers."""
        self._stop.request()
        if self._running is not None:
            self._running.stop()

    def restart(self) -> None:
        """Forget a drill that was begun; jobs at the store cannot be stopped and expire."""
        self._close()
        files = self.coldframe.files
        if os.path.exists(os.path.join(self.folder, _PLAN)):  # first, and for good: what is left is no drill any more
            files.unlink(os.path.join(self.folder, _PLAN))
            files.sync_folder(self.folder)
        with suppress(FileNotFoundError):
            shutil.rmtree(self.folder)

    def prepare(self, *, wait: bool = False, wait_until: datetime | None = None) -> None:
        """Make the clean home, fill its catalog from the vault's inventory, and choose the sample.

        Args:
            wait: Wait until the inventory is made.
            wait_until: Wait no longer than this.

        Raises:
            NotReady: The inventory is being made, and nobody wants to wait any longer; call again later.
            LimitRefused: A job for it may cost more than `max_cost` of the settings, or than the budget allows.
            NothingMatched: The vault holds nothing.
        """
        now = to_milliseconds(self.coldframe.clock.now())
        plan = self._read_plan()
        if plan is not None and self._drills.has_ended(_token(plan)):
            plan = None  # whoever noted its end did not live to put it away
        if plan is not None and self.is_under_way:
            self.seed, self.chosen, self._token = int(plan["seed"]), dict(plan["chosen"]), _token(plan)
            return
        if plan is None or now - int(plan["at"]) > _DAY_MS:
            self.restart()
            self._read_inventory(wait=wait, wait_until=wait_until)
        clean, now = self._clean_home(), to_milliseconds(self.coldframe.clock.now())
        archives = clean.catalog.archives(clean.store.identity, self.vault_name)
        self.chosen = choose(archives, sample=self.sample, seed=self.seed)
        if not self.chosen:
            raise NothingMatched(f"The vault {self.vault_name} holds nothing that could be brought back.")
        self._token = secrets.token_hex(8)
        text = json.dumps({"at": now, "seed": self.seed, "chosen": self.chosen, "token": self._token})
        durable_write(clean.files, self.folder, _PLAN, [text.encode()])

    def plan(self) -> Plan:
        """What bringing the sample back means; nothing is asked of the store."""
        return self._run().plan()

    def outlay(self, plan: Plan, tier: Tier) -> Outlay:
        """The money that it takes, of the user's budget."""
        price = plan.offer(tier).price
        return Outlay(self.coldframe, "drill", price, self.vault_name, transfer_size=plan.job_size)

    def described(self, archive_id: str) -> tuple[str, int]:
        """The path and the size of an archive of the sample, as the vault's inventory tells."""
        for entry in self._clean_home().catalog.select(self._query()):
            if entry.archive.archive_id == archive_id:
                return entry.path, entry.size
        return "", 0

    def order(self, plan: Plan, *, tier: Tier, max_cost: Decimal | None = None) -> None:
        """Order the sample.

        Raises:
            LimitRefused: It costs more than `max_cost`, or than the month's budget allows.
        """
        outlay = self.outlay(plan, tier)
        outlay.commit()
        try:
            number = self._run().order(plan, tier=tier, max_cost=max_cost)
        except BaseException:
            outlay.settle(Price())
            raise
        outlay.set_order(self._clean_home().orders.order(number).token)

    def finish(self, *, wait: bool = False, wait_until: datetime | None = None) -> Iterator[Drilled]:
        """Carry the order on, and when all is there, compare it and note how the drill ended.

        Args:
            wait: Wait for the jobs until all is there.
            wait_until: Wait no longer than this.

        Raises:
            NotReady: Jobs are in progress, and nobody wants to wait any longer; call again later.
        """
        clean = self._clean_home()
        (order, *_) = clean.orders.orders()
        self._running = run = self._run()
        with suppress(NotReady):  # told below, of the drill
            for _ in run.carry_on(order.number, wait=wait, wait_until=wait_until):
                pass
        if run.is_open(order.number):
            raise NotReady("the store is still preparing the sample; run the same command again later")
        outcomes: dict[str, bool] = {}
        for result in list(clean.retriever().results(order.number)):
            drilled = self._compare(result)
            outcomes[drilled.archive_id] = drilled.compared.is_same and outcomes.get(drilled.archive_id, True)
            yield drilled
        for archive_id in [each for each in self.chosen if each not in outcomes]:  # whose path cannot be placed here
            outcomes[archive_id] = False
            path, size = self.described(archive_id)
            compared = Compared(is_same=False, is_there=False, detail="it was not brought back")
            yield Drilled(archive_id, self.chosen[archive_id], path, size, compared)
        self._drills.record(outcomes, seed=self.seed, at=self.coldframe.clock.now(), token=self._token)
        self.restart()

    def _read_inventory(self, *, wait: bool, wait_until: datetime | None) -> None:
        """Fill the clean catalog, in which a waiting job is found again however often one looks."""
        clean, clock = self._clean_home(), self.coldframe.clock
        agree = partial(agree_to_inventory, self.coldframe, "drill", self.vault_name)
        pace, margin, is_told = Pace(clock, self._stop), clock_margin(clean), False
        while True:
            try:
                rebuild_catalog(clean.store, clean.catalog, self.vault_name, margin=margin, before=agree)
            except (NotReady, RequestTimeout, ServiceUnavailable, Throttled) as error:
                if not wait or self._stop.soon or (wait_until is not None and clock.now() >= wait_until):
                    raise
                if not isinstance(error, NotReady):
                    self.observer(Noted(f"the store has trouble, and is asked again later: {error}"))
                elif not is_told:
                    self.observer(Noted(f"the store is preparing the inventory of {self.vault_name}; waiting for it"))
                    is_told = True
            else:
                return
            pace.pause(wait_until)

    # --- the clean home -----------------------------------------------------------------------------------------------

    def _compare(self, result: RetrievedFile) -> Drilled:
        archive = self._archive_of(result)
        if result.placed_at is None or result.outcome is Outcome.FAILED:
            compared = Compared(is_same=False, is_there=False, detail=result.detail or "it did not come back")
        else:
            place = os.path.join(self._files, read_path(result.placed_at).replace("/", os.sep))
            compared = compare_archive(self.coldframe, archive, place)
        why = self.chosen.get(archive.archive_id, "")
        return Drilled(archive.archive_id, why, result.path, result.size, compared)

    def _archive_of(self, result: RetrievedFile) -> ArchiveRecord:
        entries = list(self._clean_home().catalog.select(self._query()))
        for entry in entries:
            if result.archive_id in {entry.archive.archive_id, ""} and entry.path == result.path:
                return entry.archive
        raise NothingMatched(f"The drill has brought {result.path}, which it did not ask for.")

    def _run(self) -> RetrieveRun:
        job = RetrieveJob(into=self._files, query=self._query(), vault_name=self.vault_name)
        return RetrieveRun(self._clean_home(), job, observer=self.observer)

    def _query(self) -> Query:
        store = self._clean_home().store.identity
        return Query(store=store, vault_name=self.vault_name, archive_ids=tuple(self.chosen), all_versions=True)

    @property
    def _drills(self) -> Drills:
        return Drills(self.coldframe.catalog.database, self.coldframe.store_identity, self.vault_name)

    @property
    def _files(self) -> str:
        return os.path.join(self.folder, "files")

    def _clean_home(self) -> Coldframe:
        """A coldframe that knows the store's URL, and how long it takes and what it charges, and nothing else."""
        if self._clean is None:
            mine = self.coldframe
            ensure_folder(mine.files, self.folder)
            known = mine.settings
            settings = Settings(
                store=mine.store.url,
                tier=known.tier,
                tiers=known.tiers,
                prices=known.prices,
                jobs=known.jobs,
                limit_rate=known.limit_rate,
            )
            home = Home(self.folder, self.folder)
            self._clean = Coldframe(home, settings, clock=mine.clock, files=mine.files, vfs=mine.vfs)
            self._clean.pricing = mine.pricing  # the money is the user's, and so is the month
        return self._clean

    def _close(self) -> None:
        clean, self._clean = self._clean, None
        if clean is not None:
            clean.close()

    def _read_plan(self) -> dict[str, Any] | None:
        """What was chosen last, and when the clean catalog was made; None if there is nothing of the kind."""
        try:
            with open(os.path.join(self.folder, _PLAN), encoding="utf-8") as file:
                plan: dict[str, Any] = json.load(file)
        except (FileNotFoundError, ValueError):
            return None
        return plan


def _token(plan: dict[str, Any]) -> str:
    """What tells a drill from all others; one of an earlier version has no token, but a moment of its own."""
    return str(plan.get("token") or plan["at"])
