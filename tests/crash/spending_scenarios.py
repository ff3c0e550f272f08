"""The month's money cut off: what was agreed to is written down before it is spent, and paid once.

A sum that is too high is safe; one that is too low is a bill that nobody expected. So at any time what the catalog
counts is at least what the store has done, and when all is done it is exactly that.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from coldframe.catalog import Query
from coldframe.catalog.order_model import WantedState
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.composition.spending import ARCHIVE, this_month
from coldframe.model import Tier
from coldframe.retriever.pricing import Work as Paying
from coldframe.tree_hash import tree_hash
from crash.home_scenarios import FRAMES, LARGE, SMALL, VAULT, Archive, HomeScenario, archives_of, names_of
from crash.store_steps import jobs

if TYPE_CHECKING:
    from datetime import datetime

    from crash.bench import Observation
    from crash.expectations import Subject, Value
    from crash.home_scenarios import Work

RETRIEVE = "retrieve"
EXACTLY, MORE = "exactly what was done", "more than was done"
_INTO = "into"
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Paid:
    """A step whose cost is written down before it, and corrected after it."""

    step: Archive

    def do(self, work: Work) -> None:
        """Do it: in between, more may be counted than was done, and never less."""
        for value in (MORE, EXACTLY):
            work.bench.intend(("spent", ARCHIVE), value)
        self.step.do(work)
        work.bench.confirm(("spent", ARCHIVE), EXACTLY)

    finish = do

    def leaves(self) -> dict[Subject, Value]:
        """What the step leaves, and its cost."""
        return {**self.step.leaves(), ("spent", ARCHIVE): EXACTLY}


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Order files, and carry the order on until they are here."""

    names: tuple[str, ...]

    def do(self, work: Work) -> None:
        """Say the command, which goes on with an order that is open."""
        for subject, value in self.leaves().items():
            work.bench.intend(subject, value)
        query = Query(vault_name=VAULT, archive_ids=tuple(_ids(work, self.names)))
        run = RetrieveRun(work.coldframe, RetrieveJob(into=work.bench.path(_INTO), query=query, vault_name=VAULT))
        with closing(run.plan()) as plan:
            order = run.open_order(plan)
            number = order.number if order is not None else run.order(plan, tier=Tier.STANDARD)
        for result in run.carry_on(number, wait_until=patience(work)):
            name = os.path.basename(result.path)
            work.bench.confirm(("placed", name), tree_hash(FRAMES[name]))

    def finish(self, work: Work) -> None:
        """Say the command again unless all files are here: that may be of a run which did not live to hear it."""
        self.do(work)

    def leaves(self) -> dict[Subject, Value]:
        """The files, each for the price of one job."""
        placed: dict[Subject, Value] = {("placed", name): tree_hash(FRAMES[name]) for name in self.names}
        return placed | {("job", VAULT, name): 1 for name in self.names}


def patience(work: Work) -> datetime:
    """A store that fails for ever is waited for until then."""
    return work.clock.now() + timedelta(hours=6)


def look_at_money(work: Work, found: Observation) -> None:
    """The month counts at least what the store has been asked for."""
    agreed = agreed_sums(work)
    require_sum(agreed[ARCHIVE], _sent(work), ARCHIVE, found)
    asked = _jobs(work)
    done = sum(asked.values()), sum(len(FRAMES[name]) * times for name, times in asked.items())
    price = work.prices.price(Paying(Tier.STANDARD, *done))
    require_sum(agreed[RETRIEVE], price.amount or _NOTHING, RETRIEVE, found)


def look_at_archiving(work: Work, found: Observation) -> None:
    """Whether the month counts exactly what was sent; after a run that ended in the middle it may be more."""
    found.facts["spent", ARCHIVE] = EXACTLY if agreed_sums(work)[ARCHIVE] == _sent(work) else MORE


def agreed_sums(work: Work) -> defaultdict[str, Decimal]:
    """What the month's account has for each command."""
    agreed: defaultdict[str, Decimal] = defaultdict(Decimal)
    for commitment in this_month(work.coldframe).commitments:
        agreed[commitment.what] += commitment.most or _NOTHING
    return agreed


def look_at_orders(work: Work, found: Observation) -> None:
    """Every job that the store has was counted before it was asked for; files have their names only when whole."""
    asked, orders = _jobs(work), work.coldframe.orders
    for name, times in asked.items():
        found.facts["job", VAULT, name] = times
    counted = sum(each.asked for order in orders.orders() for each in orders.wanted(order.number, *WantedState))
    if counted < asked.total():
        found.faults.append(f"the store has {asked.total()} jobs, and the orders know of {counted}")
    for folder, _, names in os.walk(work.bench.path(_INTO)):
        for name in names:
            if not name.startswith("."):
                with open(os.path.join(folder, name), "rb") as file:
                    found.facts["placed", name] = tree_hash(file.read())


def require_sum(agreed: Decimal, done: Decimal, what: str, found: Observation) -> None:
    """The sum that is counted for a command is enough."""
    if agreed < done:
        found.faults.append(f"the month has forgotten ${done - agreed:f} of ${done:f} for {what}")


def _sent(work: Work) -> Decimal:
    """What sending all that the store holds has cost."""
    return work.upload_price(int(str(archive["Size"])) for archive in archives_of(work).values()).limit or _NOTHING


def _jobs(work: Work) -> Counter[str]:
    """How many jobs the store has for each file; those of whoever looks here have no description."""
    ids = {archive_id: name for (_, archive_id), name in names_of(work).items()}
    found = [ids[job.archive_id] for job in jobs(work.service, VAULT) if job.archive_id and job.description is not None]
    return Counter(found)


def _ids(work: Work, names: tuple[str, ...]) -> list[str]:
    """The IDs of archives, by the names of their files."""
    return [archive_id for (_, archive_id), name in names_of(work).items() if name in names]


SCENARIOS = (
    HomeScenario(
        "budget of archiving",
        (Paid(Archive(("frame2.fit", "frame3.fit"))),),
        before=(Paid(Archive(("frame1.fit",))),),
        looks=(look_at_money, look_at_archiving),
        is_charging=True,
    ),
    HomeScenario(
        "budget of parts",
        (Archive((LARGE,)),),
        before=(Archive(("frame1.fit",)),),
        looks=(look_at_money,),
        is_charging=True,
    ),
    HomeScenario(
        "budget of an order",
        (Retrieve(("frame1.fit", "frame2.fit")),),
        before=(Archive(SMALL),),
        looks=(look_at_money, look_at_orders),
        is_charging=True,
    ),
)
