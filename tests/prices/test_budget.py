"""The month's budget: what commands may spend is written down first, and what would lead beyond it is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from coldframe.archiver.request import ArchiveRequest
from coldframe.catalog.spending import Commitment, Spendings
from coldframe.cli.exits import Exit
from coldframe.clock import month_of
from coldframe.composition.archives import find_archives
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.deleting import delete_archives
from coldframe.composition.library import Coldframe
from coldframe.composition.spending import ARCHIVE, Outlay, this_month
from coldframe.errors import BadSettings, LimitExceeded, LimitRefused, StoreUnreachable
from coldframe.model import Tier
from coldframe.retriever.pricing import UNKNOWN, Price
from coldframe.settings import Home, Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cli.conftest import Ran
    from coldframe.testing.clock import FakeClock


@pytest.fixture
def money(tmp_path: Path, prices: Path, clock: FakeClock) -> Iterator[Coldframe]:
    """A coldframe whose store charges, with an empty vault `v` and a budget of ten dollars."""
    home = Home(str(tmp_path / "home"), str(tmp_path / "home"))
    settings = Settings(prices=str(prices), budget=Decimal(10))
    with Coldframe(home, settings, clock=clock) as coldframe:
        coldframe.create_store().create_vault("v")
        yield coldframe


def archive(coldframe: Coldframe, path: Path, price: Price) -> None:
    """Archive into the vault, at a price that was agreed to."""
    job = ArchiveJob(request=ArchiveRequest(paths=(str(path),), vault_name="v"), price=price)
    with coldframe.archive(job) as run:
        list(run.results())


def limited(coldframe: Coldframe, budget: str) -> Coldframe:
    """The same coldframe with another budget."""
    coldframe.settings = replace(coldframe.settings, budget=Decimal(budget))
    return coldframe


# --- the rule ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "since", "until"),
    [
        (datetime(2026, 11, 25, 12, tzinfo=UTC), (2026, 11), (2026, 12)),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), (2026, 12), (2027, 1)),
        (datetime(2027, 1, 1, tzinfo=UTC), (2027, 1), (2027, 2)),
    ],
)
def test_months_are_those_of_the_calendar(moment: datetime, since: tuple[int, int], until: tuple[int, int]) -> None:
    """In UTC, with the first moment and without the last."""
    assert month_of(moment) == (datetime(*since, 1, tzinfo=UTC), datetime(*until, 1, tzinfo=UTC))


def test_what_is_promised_counts_until_the_month_is_over(money: Coldframe, clock: FakeClock) -> None:
    """Up to the last cent; what is refused is not written down; the next month begins with nothing."""
    Outlay(money, "retrieve", Price(Decimal(6), at_most=Decimal(7))).commit()
    with pytest.raises(LimitRefused, match=r"may cost \$3.01, and \$3 is left") as refused:
        Outlay(money, "retrieve", Price(Decimal("3.01"))).commit()
    assert "2040-02-01" in str(refused.value)
    Outlay(money, "delete", Price(Decimal(3))).check()
    Outlay(money, "delete", Price(Decimal(3))).commit()
    month = this_month(money)
    assert (month.committed, month.left, len(month.commitments)) == (Decimal(10), Decimal(0), 2)
    Outlay(money, "delete", Price()).commit()  # costs nothing
    clock.advance(days=31)
    assert this_month(money).left == Decimal(10)
    with pytest.raises(LimitRefused, match="nobody knows the price"):
        Outlay(money, "retrieve", UNKNOWN).check()


def test_what_the_store_refuses_was_not_spent(money: Coldframe) -> None:
    """An answer that is no is taken back; of one that never came nobody knows."""
    for error, kept in ((LimitExceeded("two units already"), 0), (StoreUnreachable("away"), 5)):
        with pytest.raises(type(error)), Outlay(money, "capacity purchase", Price(Decimal(5))).committed():
            raise error
        assert this_month(money).committed == kept


def test_storage_counts_and_keeps_no_deletion(money: Coldframe, tmp_path: Path) -> None:
    """A month of all that lies there; what costs nothing is done all the same."""
    (tmp_path / "a.fit").write_bytes(bytes(1000))
    archive(money, tmp_path / "a.fit", Price())
    (stored,) = this_month(money).storage
    expected = (Decimal(1000) + 32768) / 2**30 * Decimal("0.36")
    assert stored.price.amount == pytest.approx(expected, abs=Decimal("0.000001"))
    limited(money, "0.000001")
    assert (this_month(money).left or 0) < 0
    with pytest.raises(LimitRefused, match="storage takes"):
        Outlay(money, "job start", Price(Decimal("0.01"))).check()
    Outlay(money, "delete", Price()).check()


def test_two_that_begin_at_once_share_what_is_left(money: Coldframe) -> None:
    """Who comes second is refused although both have looked before."""
    one, other = (Outlay(money, "retrieve", Price(Decimal(6))) for _ in range(2))
    one.check()
    other.check()
    one.commit()
    with pytest.raises(LimitRefused):
        other.commit()


def test_an_archive_run_pays_what_it_sent(money: Coldframe, tmp_path: Path) -> None:
    """Agreed to before, counted again afterwards; also for a run that was killed, by the next one."""
    for name in ("a.fit", "b.fit"):
        (tmp_path / name).write_bytes(name.encode() * 100)
    upload = Decimal("0.00003")
    archive(money, tmp_path / "a.fit", Price(Decimal(5)))
    assert [each.amount for each in this_month(money).commitments] == [upload]
    spendings = Spendings(money.catalog.database)
    killed = Outlay(money, ARCHIVE, Price(Decimal(4)), "v")
    killed.commit()
    assert this_month(money).committed == 4 + upload
    limited(money, "4.5")
    with pytest.raises(LimitRefused):
        Outlay(money, "retrieve", Price(Decimal(1))).check()
    archive(money, tmp_path / "b.fit", Price(Decimal("0.1")))
    assert spendings.unsettled(money.store_identity, ARCHIVE) == []
    assert [each.amount for each in this_month(money).commitments] == [upload, 0, upload]


def test_nothing_is_sent_beyond_the_budget(money: Coldframe, tmp_path: Path) -> None:
    """The run itself asks again, under its lock."""
    (tmp_path / "a.fit").write_bytes(b"light")
    with pytest.raises(LimitRefused):
        archive(money, tmp_path / "a.fit", Price(Decimal(11)))
    assert list(money.catalog.archives(money.store_identity, "v")) == []
    archive(money, tmp_path / "a.fit", Price(Decimal(9)))


def test_an_order_that_is_refused_costs_nothing(money: Coldframe, tmp_path: Path) -> None:
    """Neither by the budget nor by a limit."""
    from coldframe.catalog import Query  # noqa: PLC0415 - only here
    from coldframe.composition.retrieving import RetrieveJob, RetrieveRun  # noqa: PLC0415 - likewise

    (tmp_path / "a.fit").write_bytes(bytes(1000))
    archive(money, tmp_path / "a.fit", Price())
    run = RetrieveRun(money, RetrieveJob(into=str(tmp_path / "back"), query=Query(text="*")))
    limited(money, "0.005")
    with pytest.raises(LimitRefused, match="budget"):
        run.order(run.plan(), tier=Tier.EXPEDITED)
    limited(money, "1")
    with pytest.raises(LimitRefused, match="at most"):
        run.order(run.plan(), tier=Tier.EXPEDITED, max_cost=Decimal("0.001"))
    assert this_month(money).committed == 0
    run.order(run.plan(), tier=Tier.EXPEDITED)
    assert this_month(money).committed == pytest.approx(Decimal("0.01"), rel=Decimal("0.1"))


def test_deleting_early_is_paid_a_batch_at_a_time(money: Coldframe, tmp_path: Path, clock: FakeClock) -> None:
    """Written down before the batch is deleted; what the budget does not allow stays; a month later it does."""
    (tmp_path / "night").mkdir()
    for number in range(25):
        (tmp_path / "night" / f"{number}.fit").write_bytes(bytes([number]) * 1_000_000)
    archive(money, tmp_path / "night", Price())
    limited(money, "1000")
    fee = Decimal(1_000_000 + 32768) / 2**30 * Decimal("0.36") * 3
    ids = [each.archive_id for each in money.catalog.archives(money.store_identity, "v")]
    stored = this_month(money).stored
    limited(money, str(stored + fee * 21))
    with pytest.raises(LimitRefused):
        list(delete_archives(money, find_archives(money, "v", ids)))
    assert len(list(money.catalog.archives(money.store_identity, "v"))) == len(ids) - 20
    assert this_month(money).committed == pytest.approx(fee * 20, rel=Decimal("0.001"))
    clock.advance(days=31)
    left = [each.archive_id for each in money.catalog.archives(money.store_identity, "v")]
    assert all(each.error is None for each in delete_archives(money, find_archives(money, "v", left)))
    assert 0 < this_month(money).committed < fee * len(left)


def test_commitments_survive_as_they_were(money: Coldframe) -> None:
    """Sums to the last digit, and those that nobody knew."""
    spendings = Spendings(money.catalog.database)
    start = datetime(2040, 1, 1, tzinfo=UTC)
    known = Commitment(
        store="s", vault_name="v", what="w", committed_at=start, amount=Decimal("0.1000001"), most=Decimal(3)
    )
    unknown = replace(known, amount=None, most=None, after=7)
    written = [spendings.commit(each, since=start, check=lambda _: None) for each in (known, unknown)]
    assert spendings.between(*month_of(start)) == written


# --- the configuration and the commands -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "budget"),
    [("[budget]\nper_month = '10.00'\n", "10.00"), ("budget = {per_month = 7}\n", "7"), ("budget = '$3'\n", "3")],
)
def test_the_budget_is_configured(tmp_path: Path, text: str, budget: str) -> None:
    """As a table, or as the sum itself."""
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    assert load_settings(Home(str(tmp_path), str(tmp_path)), {}).budget == Decimal(budget)


@pytest.mark.parametrize("text", ["[budget]\nper_year = 1\n", "budget = {}\n", "budget = 'a lot'\n", "budget = true\n"])
def test_what_is_no_budget_is_told(tmp_path: Path, text: str) -> None:
    """With file and line."""
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadSettings, match="line 1: budget"):
        load_settings(Home(str(tmp_path), str(tmp_path)), {})


@pytest.fixture
def charged(cli: Callable[..., Ran], subs: Path, prices: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that charges, with the blue lights in its vault `astro`."""
    monkeypatch.setenv("COLDFRAME_PRICES", str(prices))
    assert cli("vault", "create", "astro").code == Exit.DONE
    assert cli("archive", "Subs/Light/Blue", "-v", "astro", "--yes").code == Exit.DONE
    return subs


def test_every_command_that_spends_is_refused(
    cli: Callable[..., Ran], charged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With exit code 8 and the figures, --yes or not; and each by --max-cost of its own."""
    archive_id = cli("ls", "-o", "json").rows[0]["archive_id"]
    assert cli("job", "start", "-v", "astro", "--inventory", "--yes").code == Exit.DONE
    job_id = cli("job", "list", "-v", "astro", "-o", "json").rows[0]["job_id"]
    commands = (
        ("archive", "Subs/Light/Red", "-v", "astro", "--yes"),
        ("retrieve", "Blue", "--into", "back", "--yes", "--tier", "Expedited"),
        ("job", "start", "-v", "astro", "--yes", "--", archive_id),
        ("job", "output", "-v", "astro", "--into", "back", "--yes", "--", job_id),
        ("delete", "-v", "astro", "--yes", "--", archive_id),
        ("vault", "delete", "astro", "--empty", "--confirm", "astro"),
        ("capacity", "purchase", "--yes"),
        ("inventory", "rebuild", "-v", "astro"),
        (
            "api",
            "initiate-job",
            "--vault-name",
            "astro",
            "--job-parameters",
            '{"Type": "inventory-retrieval"}',
            "--yes",
        ),
        ("api", "purchase-provisioned-capacity", "--yes"),
    )
    monkeypatch.setenv("COLDFRAME_BUDGET", "0.000001")
    for command in commands:
        ran = cli(*command)
        assert (ran.code, "budget" in ran.err) == (Exit.REFUSED, True), (command, ran.err)
    monkeypatch.delenv("COLDFRAME_BUDGET")
    for command in commands[:7]:
        place = command.index("--") if "--" in command else len(command)
        ran = cli(*command[:place], "--max-cost", "0.00000001", *command[place:])
        assert (ran.code, "--max-cost" in ran.err) == (Exit.REFUSED, True), (command, ran.err)
    assert len(cli("ls", "-o", "json").rows) == 3


def test_the_month_can_be_seen(cli: Callable[..., Ran], charged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was spent on what, what storage costs, and what is left."""
    assert cli("capacity", "purchase", "--yes").code == Exit.DONE
    ran = cli("estimate", "budget", "-o", "json")
    assert ran.code == Exit.DONE, ran.err
    assert "There is no budget" in ran.err
    rows = {row["item"]: row for row in ran.rows}
    assert set(rows) == {"archive", "capacity purchase", "storage", "total"}
    assert (rows["archive"]["amount"], rows["capacity purchase"]["amount"]) == ("0.00009", "100")
    assert rows["storage"]["count"] == 3
    monkeypatch.setenv("COLDFRAME_BUDGET", "150")
    ran = cli("estimate", "budget", "-o", "json")
    left = Decimal(ran.rows[-1]["at_most"])
    assert Decimal("49.9") < left < 50
    assert f"What may cost more than ${left:f} is refused" in ran.err
    monkeypatch.setenv("COLDFRAME_BUDGET", "15")
    assert "The budget is spent" in cli("estimate", "budget").err


def test_a_free_store_knows_no_budget(cli: Callable[..., Ran], subs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written down, and nothing refused."""
    monkeypatch.setenv("COLDFRAME_BUDGET", "0")
    assert cli("vault", "create", "astro").code == Exit.DONE
    assert cli("archive", "Subs", "-v", "astro").code == Exit.DONE
    assert cli("retrieve", "Blue", "--into", "back", "--yes").code == Exit.DONE
    rows = cli("estimate", "budget", "-o", "json").rows
    assert [json.dumps(row["amount"]) for row in rows if row["item"] == "total"] == ['"0"']
