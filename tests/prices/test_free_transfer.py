"""The free transfer of a month is there once, whatever the number of commands (ADR 49)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog import Query, database, open_catalog
from coldframe.catalog.database import SCHEMA
from coldframe.catalog.spending import Commitment, Spendings
from coldframe.clock import month_of
from coldframe.composition.estimating import estimate_retrieval
from coldframe.composition.library import Coldframe
from coldframe.composition.resuming import resume_offer
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.composition.spending import Outlay, this_month
from coldframe.composition.transfer import used_transfer
from coldframe.errors import LimitRefused
from coldframe.model import GIB, Tier
from coldframe.retriever.pricing import Price, Work
from coldframe.settings import Home, Settings
from coldframe.testing.catalogs import a_file, an_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cli.conftest import Ran
    from coldframe.testing.clock import FakeClock

EACH = 60 * GIB
_PER_GB = Decimal("0.09")


@pytest.fixture
def money(tmp_path: Path, prices: Path, clock: FakeClock) -> Iterator[Coldframe]:
    """A coldframe whose store charges, and whose catalog knows four archives of 60 GiB there."""
    home = Home(str(tmp_path / "home"), str(tmp_path / "home"))
    with Coldframe(home, Settings(prices=str(prices)), clock=clock) as coldframe:
        coldframe.create_store().create_vault("v")
        for number in range(4):
            archive = replace(an_archive(number, size=EACH), store=coldframe.store.identity, vault_name="v")
            coldframe.catalog.record(archive, (a_file(f"{number}.fit", archive),))
        yield coldframe


def run(money: Coldframe, number: int) -> RetrieveRun:
    """The retrieval of one of them."""
    into = f"{money.home.data_folder}/back{number}"
    return RetrieveRun(money, RetrieveJob(into=into, query=Query(text=f"{number}.fit")))


def transfer(money: Coldframe, number: int) -> Decimal:
    """What the transfer of one of them costs now."""
    job = RetrieveJob(into="", query=Query(text=f"{number}.fit"))
    return estimate_retrieval(money, job).charges[Tier.BULK].transfer_out.amount


def place(money: Coldframe, number: int) -> tuple[int, Price]:
    """Order one of them; its number and its price."""
    mine = run(money, number)
    plan = mine.plan()
    price = plan.offer(Tier.BULK).price
    return mine.order(plan, tier=Tier.BULK), price


def test_orders_of_one_month_share_what_is_free(money: Coldframe) -> None:
    """The first is free, of the second 20 GB are paid, of the third all; price, estimate and budget say the same."""
    assert (transfer(money, 0), used_transfer(money)) == (Decimal(0), 0)
    _, first = place(money, 0)
    assert (transfer(money, 1), used_transfer(money)) == (20 * _PER_GB, EACH)
    _, second = place(money, 1)
    assert transfer(money, 2) == 60 * _PER_GB
    assert (second.amount or 0) - (first.amount or 0) == 20 * _PER_GB
    amounts = [each.amount for each in this_month(money).commitments]
    assert amounts == [first.amount, second.amount]
    assert [each.transfer_size for each in this_month(money).commitments] == [EACH, EACH]


def test_budget_sees_the_transfer_of_repeated_orders(money: Coldframe) -> None:
    """What the free bytes no longer cover is refused beyond the budget, and nothing of it is written down."""
    place(money, 0)
    money.settings = replace(money.settings, budget=Decimal(500))
    left = this_month(money).left or Decimal(0)
    money.settings = replace(money.settings, budget=Decimal(500) - left + Decimal(1))
    with pytest.raises(LimitRefused, match="budget"):
        place(money, 1)
    assert used_transfer(money) == EACH


def test_what_was_not_placed_gives_its_bytes_back(money: Coldframe) -> None:
    """A limit refuses the order after its money was noted."""
    mine = run(money, 0)
    with pytest.raises(LimitRefused, match="at most"):
        mine.order(mine.plan(), tier=Tier.BULK, max_cost=Decimal(0))
    assert used_transfer(money) == 0


def test_what_costs_nothing_is_counted_and_never_refused(money: Coldframe) -> None:
    """Free bytes are used up all the same."""
    money.settings = replace(money.settings, budget=Decimal(0))
    Outlay(money, "job output", Price(), "v", transfer_size=EACH).commit()
    assert used_transfer(money) == EACH
    assert transfer(money, 0) == 20 * _PER_GB


def test_open_order_counts_in_every_month_until_it_is_closed(money: Coldframe, clock: FakeClock) -> None:
    """Nobody knows in which month its bytes travel; a closed one counts in the month in which that happened."""
    number, _ = place(money, 0)
    clock.advance(days=62)
    assert used_transfer(money) == EACH
    money.orders.cancel(number, clock.now())
    assert used_transfer(money) == EACH
    clock.advance(days=31)
    assert used_transfer(money) == 0


def test_price_of_an_order_does_not_count_itself(money: Coldframe, clock: FakeClock) -> None:
    """What may be asked for again is held against the price that was agreed to, also in a later month."""
    work = [Work(Tier.BULK, 1, EACH, order=money.orders.order(place(money, each)[0]).token) for each in range(3)]
    expected = [0, 20 * _PER_GB, 60 * _PER_GB]
    without = money.pricing(Work(Tier.BULK, 1, 0)).amount or Decimal(0)
    for _ in range(2):
        found = [(money.pricing(each).amount or 0) - without for each in work]
        assert found == [pytest.approx(price, abs=Decimal("0.1")) for price in expected]
        assert money.pricing(replace(work[0], order=None)).amount != money.pricing(work[0]).amount
        clock.advance(days=31)
        money.__dict__.pop("pricing")  # as another process would begin
    unknown = money.pricing(replace(work[0], order="nobody noted it"))
    assert unknown.amount == money.pricing(replace(work[0], order=None)).amount


def test_resuming_begins_where_the_order_began(money: Coldframe) -> None:
    """Its price in all is that of the order alone, whatever came after it."""
    number, price = place(money, 0)
    place(money, 1)
    money.catalog.database.write(lambda connection: connection.execute("UPDATE orders SET state = 'paused'"))
    money.catalog.database.write(lambda connection: connection.execute("UPDATE order_job SET asked = 1"))
    assert resume_offer(money, number).price == price


def test_regions_of_one_account_share(money: Coldframe, clock: FakeClock) -> None:
    """At Amazon; another account, another host and one's own store do not."""
    spendings, now = Spendings(money.catalog.database), clock.now()
    since, _ = month_of(now)

    def commit(store: str, size: int) -> None:
        wanted = Commitment(
            store=store, vault_name="v", what="x", committed_at=now, amount=None, most=None, transfer_size=size
        )
        spendings.commit(wanted, since=since, check=lambda _: None)

    commit("glacier:us-east-1:111122223333", 1)
    commit("glacier:eu-west-1:111122223333", 2)
    commit("glacier:us-east-1:444455556666", 4)
    commit("glacier:us-east-1:111122223333@example.org", 8)
    commit("coldframe:0123456789abcdef", 16)
    assert spendings.transferred("glacier:us-west-2:111122223333", since=since) == 3
    assert spendings.transferred("glacier:us-east-1:444455556666", since=since) == 4
    assert spendings.transferred("glacier:us-east-1:111122223333@example.org", since=since) == 8
    assert spendings.transferred("coldframe:0123456789abcdef", since=since) == 16


def test_catalog_of_an_earlier_version_has_transferred_nothing(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sums stay as they are."""
    path = str(tmp_path / "catalog.sqlite")
    earlier = SCHEMA.scripts[: SCHEMA.scripts.index("0010_transfer.sql")]
    monkeypatch.setattr(database, "SCHEMA", replace(SCHEMA, scripts=earlier))
    with open_catalog(path, clock=clock) as catalog:
        catalog.database.write(
            lambda connection: connection.execute(
                "INSERT INTO spending (store, vault_name, what, committed_at, amount, most, is_settled)"
                " VALUES ('s', 'v', 'retrieve', 5, '1.5', '2', 0)"
            )
        )
    monkeypatch.undo()
    with open_catalog(path, clock=clock) as catalog:
        spendings = Spendings(catalog.database)
        (found,) = spendings.between(*month_of(clock.now().replace(year=1970, month=1)))
        assert (found.amount, found.transfer_size) == (Decimal("1.5"), 0)
        assert spendings.transferred("s", since=found.committed_at) == 0


def test_price_says_what_is_not_known(
    cli: Callable[..., Ran], subs: Path, prices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a transfer is priced: what is taken from here, and that other machines are not known."""
    monkeypatch.setenv("COLDFRAME_PRICES", str(prices))
    assert cli("vault", "create", "astro").code == 0
    assert cli("archive", "Subs/Light/Blue", "-v", "astro", "--yes").code == 0
    free, taken = "A month's first 100 GB of transfer are free: ", "nothing of it is taken from here."
    assert free + taken + " What other machines" in cli("estimate", "retrieve", "Blue").err
    assert free + taken in cli("drill", "-v", "astro", "--dry-run").err
    ran = cli("retrieve", "Blue", "--into", "back", "--yes")
    assert (ran.code, free + taken in ran.err) == (0, True), ran.err
    assert free + taken not in cli("retrieve", "Blue", "--into", "again", "--dry-run").err
    ran = cli("retrieve", "Blue", "--into", "again", "--dry-run")
    assert " of it are taken from here. What other machines" in ran.err
    rows = {row["item"]: row for row in cli("estimate", "budget", "-o", "json").rows}
    assert rows["retrieve"]["transfer_size"] > 0
    assert cli("job", "start", "-v", "astro", "--inventory", "--yes").code == 0
    job_id = cli("job", "list", "-v", "astro", "-o", "json").rows[-1]["job_id"]
    assert free in cli("job", "output", "-v", "astro", "--into", "back", "--", job_id).err
    call = ("api", "get-job-output", "--vault-name", "astro", "--job-id", job_id, "--output-file", "-")
    assert free in cli(*call).err
    monkeypatch.delenv("COLDFRAME_PRICES")
    assert free not in cli("estimate", "retrieve", "Blue").err
