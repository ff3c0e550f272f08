"""The month's money: what commands were allowed to spend, what storage costs, and the budget that both must stay in.

A month is that of the calendar, in UTC, as Amazon bills. Storage counts with a whole month of all that the catalog
knows to lie in stores that charge; what a command adds counts with a whole month too. So a budget is held against what
the bill may come to, and can only be kept too early, never too late (ADR 36).
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from coldframe.catalog.spending import Commitment, Spendings
from coldframe.clock import month_of
from coldframe.composition.pricing import price_of
from coldframe.composition.terms import terms_of
from coldframe.errors import (
    AccessDenied,
    CredentialsProblem,
    InsufficientCapacity,
    InvalidParameterValue,
    LimitExceeded,
    LimitRefused,
    MissingParameterValue,
    NoLongerSupported,
    PolicyEnforced,
    ResourceNotFound,
)
from coldframe.quantities import decimal_of
from coldframe.retriever.pricing import Price

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from coldframe.catalog import Attempt
    from coldframe.catalog.spending import Stored
    from coldframe.composition.library import Coldframe

_FREE = Price()
_NOTHING = Decimal(0)
_REFUSALS = (
    AccessDenied,
    CredentialsProblem,
    InsufficientCapacity,
    InvalidParameterValue,
    LimitExceeded,
    MissingParameterValue,
    NoLongerSupported,
    PolicyEnforced,
    ResourceNotFound,
)
"""Answers after which nothing was begun, and nothing has to be paid."""

ARCHIVE = "archive"
"""The command whose requests are counted again when it has ended."""


@dataclass(frozen=True, slots=True)
class StorageCost:
    """What lies in one store, and what a month of it costs; `price` is unknown where nobody knows."""

    stored: Stored
    price: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month's money so far.

    Args:
        since: Its first moment.
        until: The first moment of the next.
        budget: US dollars that may be spent in it; None if nobody has set that.
        commitments: What commands were allowed to spend.
        storage: What storage costs, store by store.
    """

    since: datetime
    until: datetime
    budget: Decimal | None
    commitments: Sequence[Commitment]
    storage: Sequence[StorageCost]

    @property
    def committed(self) -> Decimal:
        """What the commands may come to, as far as that was known."""
        return sum((each.most or _NOTHING for each in self.commitments), _NOTHING)

    @property
    def stored(self) -> Decimal:
        """What storage may come to, as far as that is known."""
        return sum((each.price.limit or _NOTHING for each in self.storage), _NOTHING)

    @property
    def left(self) -> Decimal | None:
        """What of the budget is left; below zero if it is spent."""
        return None if self.budget is None else self.budget - self.committed - self.stored

    @property
    def unknown(self) -> int:
        """How many commands and stores there are of which nobody knows what they cost."""
        return sum(each.most is None for each in self.commitments) + sum(
            each.price.limit is None for each in self.storage
        )


def this_month(coldframe: Coldframe) -> Month:
    """What is spent, promised and stored now.

    Raises:
        BadSettings: The price file cannot be read.
    """
    since, until = month_of(coldframe.clock.now())
    spendings = Spendings(coldframe.catalog.database)
    return Month(
        since=since,
        until=until,
        budget=coldframe.settings.budget,
        commitments=spendings.between(since, until),
        storage=_storage(coldframe, spendings),
    )


@dataclass(slots=True)
class Outlay:
    """The money of one command: :meth:`check` before anybody is asked, :meth:`commit` before it is spent.

    Args:
        coldframe: Whose catalog, store and budget.
        what: The command.
        price: What it costs.
        vault_name: For which vault.
        per_month: What it adds to each month's storage.
        transfer_size: The bytes that it transfers to the internet.
    """

    coldframe: Coldframe
    what: str
    price: Price
    vault_name: str = ""
    per_month: Price = _FREE
    transfer_size: int = 0
    _commitment: Commitment | None = None
    _stored: Sequence[StorageCost] | None = None

    def require_within(self, max_cost: Decimal | None, what: str) -> None:
        """See that it costs no more than `max_cost`; None is no limit. `what` names it in the refusal.

        Raises:
            LimitRefused: It may cost more, or nobody knows what it costs.
        """
        if max_cost is None or not self.coldframe.terms.is_charging or self.price.is_within(max_cost):
            return
        if self.price.limit is None:
            raise LimitRefused(
                f"{what} costs nobody knows how much, so that it stays within ${max_cost:f} cannot be promised. "
                "Without --max-cost, and `max_cost` in the configuration, there is no such limit"
            )
        raise LimitRefused(f"{what} may cost ${self.price.limit:f}, more than --max-cost {max_cost}. Nothing is done")

    def check(self) -> None:
        """See that the month's budget allows it; nothing is written.

        Raises:
            LimitRefused: It does not, or nobody knows what this costs.
        """
        if self._counts and self.coldframe.settings.budget is not None:
            self._check(self._month())

    def commit(self) -> None:
        """Write it down durably, if the month's budget allows it. What costs nothing is neither refused nor written.

        Raises:
            LimitRefused: It does not, or nobody knows what this costs.
        """
        if not self._counts:
            return
        coldframe, spendings = self.coldframe, Spendings(self.coldframe.catalog.database)
        now = coldframe.clock.now()
        since, until = month_of(now)
        budget = coldframe.settings.budget
        storage = self._storage() if budget is not None else ()

        def check(commitments: Sequence[Commitment]) -> None:
            self._check(Month(since=since, until=until, budget=budget, commitments=commitments, storage=storage))

        wanted = Commitment(
            store=coldframe.store_identity,
            vault_name=self.vault_name,
            what=self.what,
            committed_at=now,
            amount=self.price.amount,
            most=self.price.limit,
            after=spendings.last_archive() if self.what == ARCHIVE else None,
            transfer_size=self.transfer_size,
        )
        self._commitment = spendings.commit(wanted, since=since, check=check)

    @contextmanager
    def committed(self) -> Iterator[None]:
        """Commit for the block in which it is spent; what the store refuses in it was not spent.

        Raises:
            LimitRefused: As by :meth:`commit`.
        """
        self.commit()
        try:
            yield
        except _REFUSALS:
            self.settle(_FREE)
            raise

    def grow(self, price: Price) -> None:
        """Commit to more, for a command that learns step by step what it costs.

        Raises:
            LimitRefused: The month's budget does not allow it, or nobody knows what this costs.
        """
        if price.limit == 0 or not self.coldframe.terms.is_charging:
            return
        commitment = self._commitment
        if commitment is None or month_of(commitment.committed_at) != month_of(self.coldframe.clock.now()):
            self.price = price
            self.commit()
            return
        if self.coldframe.settings.budget is not None:
            step = Outlay(self.coldframe, self.what, price, self.vault_name)
            step._check(self._month())
        self.price = sum_of(self.price, price)
        self._change(self.price, settled=False)

    def shrink(self, price: Price) -> None:
        """Take back what the last :meth:`grow` agreed to and nobody had to pay."""
        if None in {price.amount, price.limit, self.price.amount, self.price.limit} or self._commitment is None:
            return
        self.price = sum_of(self.price, Price(-(price.amount or _NOTHING), at_most=-(price.limit or _NOTHING)))
        self._change(self.price, settled=False)

    def settle(self, price: Price) -> None:
        """Write down what was spent in the end, where that is less than was agreed; for nothing, nothing travels."""
        if self._commitment is not None:
            self._change(price, settled=True)

    def set_order(self, token: str) -> None:
        """Write down for which order it is."""
        if self._commitment is not None:
            Spendings(self.coldframe.catalog.database).set_order(self._commitment, token)

    def _month(self) -> Month:
        coldframe = self.coldframe
        since, until = month_of(coldframe.clock.now())
        return Month(
            since=since,
            until=until,
            budget=coldframe.settings.budget,
            commitments=Spendings(coldframe.catalog.database).between(since, until),
            storage=self._storage(),
        )

    def _storage(self) -> Sequence[StorageCost]:
        """Summed up once: a command that deletes a hundred thousand archives asks often."""
        if self._stored is None:
            self._stored = _storage(self.coldframe, Spendings(self.coldframe.catalog.database))
        return self._stored

    @property
    def _counts(self) -> bool:
        is_free = self.price.limit == 0 and self.per_month.limit == 0 and not self.transfer_size
        return self.coldframe.terms.is_charging and not is_free

    def _change(self, price: Price, *, settled: bool) -> None:
        if self._commitment is not None:
            spendings = Spendings(self.coldframe.catalog.database)
            size = 0 if settled and price.limit == 0 else None
            spendings.change(
                self._commitment, amount=price.amount, most=price.limit, settled=settled, transfer_size=size
            )

    def _check(self, month: Month) -> None:
        if month.left is None:
            return
        name = f"The budget of ${month.budget:f} a month"
        if self.price.limit is None or self.per_month.limit is None:
            raise LimitRefused(
                f"{name} cannot be kept by what nobody knows the price of: {self.what}. Nothing is done. With a price "
                "file, or without `[budget]` in the configuration, it can be"
            )
        wanted = self.price.limit + self.per_month.limit
        if not wanted or wanted <= month.left:
            return
        kept = f", ${self.per_month.limit:f} of it for a month of storage" if self.per_month.limit else ""
        spent = f"${month.committed:f} is spent or promised, and storage takes ${month.stored:f}"
        raise LimitRefused(
            f"{name} does not allow this: it may cost ${wanted:f}{kept}, and ${max(month.left, _NOTHING):f} is left "
            f"of this month: {spent}. Nothing is done. `coldframe estimate budget` shows it in detail; the next month "
            f"begins on {month.until:%Y-%m-%d}"
        )


def agree_to_inventory(coldframe: Coldframe, what: str, vault_name: str) -> None:
    """Commit to the price of one job for a vault's inventory, which is a request (prices.md, 2).

    Raises:
        LimitRefused: It may cost more than `max_cost` of the settings, or the month's budget does not allow it.
    """
    prices = coldframe.terms.prices
    price = price_of(prices.calculator.inventory_job()) if prices is not None else Price(None)
    outlay = Outlay(coldframe, what, price, vault_name)
    outlay.require_within(decimal_of(coldframe.settings.max_cost), "A job for the inventory")
    outlay.commit()


def settle_archiving(coldframe: Coldframe) -> None:
    """Write down what archive runs have cost that are over, also killed ones, under the lock that keeps others out.

    An archive run agrees to the price of all that it would send. What it has sent is in the catalog: the archives that
    were recorded until the next run agreed, and the uploads that it has begun. Of an attempt that ended without a word
    nobody knows whether it has arrived: it counts, and its run stays unsettled until a later one has found that out.
    """
    if coldframe.terms.prices is None:
        return
    followers: dict[str, Commitment] = {}
    for run in reversed(Spendings(coldframe.catalog.database).unsettled(coldframe.store_identity, ARCHIVE)):
        _settle_run(coldframe, run, followers.get(run.vault_name))
        followers[run.vault_name] = run


def _settle_run(coldframe: Coldframe, run: Commitment, follower: Commitment | None) -> None:
    """Write down what one archive run has cost, up to the moment at which the next of the vault agreed."""
    from coldframe.archiver.cut import cut  # noqa: PLC0415 - with the archiver, which few need; start-up time

    prices = coldframe.terms.prices
    if prices is None:
        return
    spendings, identity = Spendings(coldframe.catalog.database), coldframe.store_identity
    recorded = spendings.archived_since(
        identity, run.vault_name, run.after or 0, until=None if follower is None else follower.after
    )
    attempts = [each for each in coldframe.catalog.attempts(identity, run.vault_name) if _is_of(each, run, follower)]
    sizes = (*recorded, *(each.size for each in attempts))
    sent = [cut(max(1, size), part_size=coldframe.settings.part_size) for size in sizes]
    in_parts = [pieces.count for pieces in sent if not pieces.is_single]
    spent = price_of(prices.calculator.upload(len(sent), in_parts=len(in_parts), parts=sum(in_parts)))
    agreed = Price(run.amount, at_most=run.most)
    less = spent if spent.is_within(agreed.limit or _NOTHING) or agreed.limit is None else agreed
    spendings.change(run, amount=less.amount, most=less.limit, settled=all(each.upload_id for each in attempts))


def _is_of(attempt: Attempt, run: Commitment, follower: Commitment | None) -> bool:
    """Whether an attempt was begun by this run."""
    is_late = follower is not None and attempt.started_at >= follower.committed_at
    return attempt.started_at >= run.committed_at and not is_late


def sum_of(one: Price, other: Price) -> Price:
    """Two prices together; unknown if either is."""
    if one.amount is None or other.amount is None or one.limit is None or other.limit is None:
        return Price(None)
    unverified = tuple(sorted({*one.unverified, *other.unverified}))
    return Price(one.amount + other.amount, at_most=one.limit + other.limit, unverified=unverified)


def _storage(coldframe: Coldframe, spendings: Spendings) -> list[StorageCost]:
    """What a month of all that the catalog knows costs, in stores that charge."""
    found: list[StorageCost] = []
    for stored in spendings.stored():
        url = stored.url or _url_of(stored.store)
        if url is None:
            continue
        terms = terms_of(url, coldframe.settings.tiers, price_file=coldframe.settings.prices)
        if not terms.is_charging:
            continue
        charge = terms.prices.calculator.storage(stored.size, stored.archives) if terms.prices is not None else None
        found.append(StorageCost(stored, Price(None) if charge is None else price_of(charge)))
    return found


def _url_of(identity: str) -> str | None:
    """The URL of a store that was never opened from here, as far as its name tells: Amazon's."""
    kind, _, rest = identity.partition(":")
    region = rest.partition(":")[0]
    return f"glacier://{region}" if kind == "glacier" and "@" not in identity and region else None
