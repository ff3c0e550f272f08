"""Nothing that Amazon charges for is called free, or begun without somebody's consent (ADR 29)."""

from __future__ import annotations

import os
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from coldframe.composition.pricing import is_amazon
from coldframe.composition.terms import terms_of
from coldframe.model import AMAZON_WAITS, Tier, TierWaits
from coldframe.retriever.pricing import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran

_AMAZON = "glacier://us-east-1"


@pytest.fixture
def amazon(cli: Callable[..., Ran], url: str, subs: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Amazon, whose place the server takes, with a vault that holds the blue lights."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("COLDFRAME_STORE", _AMAZON)
    assert cli("vault", "create", "astro").code == 0
    ran = cli("archive", "Subs/Light", "-v", "astro", "--include", "*Blue*", "--yes")
    assert ran.code == 0, ran.err
    assert "as of 2026-09-28" in ran.err
    return _AMAZON


def test_archiving_needs_consent(cli: Callable[..., Ran], amazon: str) -> None:
    """Without --yes and without a terminal nothing is sent; a rehearsal says what it would cost, and a limit holds."""
    ran = cli("archive", "Subs/Light", "-v", "astro")
    assert ran.code == 2
    assert "--yes" in ran.err
    ran = cli("archive", "Subs/Light", "-v", "astro", "--dry-run")
    assert ran.code == 0
    assert "2 archives, 879 KiB" in ran.err
    assert "in the first year" in ran.err
    ran = cli("archive", "Subs/Light", "-v", "astro", "--yes", "--max-cost", "0.00001")
    assert ran.code == 8
    assert "more than --max-cost" in ran.err
    assert cli("archive", "Subs/Light", "-v", "astro", "--yes", "--max-cost", "1").code == 0


def test_unknown_price_of_archiving_is_no_promise(
    cli: Callable[..., Ran], subs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a region without prices a limit is a refusal, and without one it takes consent."""
    monkeypatch.setenv("COLDFRAME_STORE", "glacier://cn-north-1")
    ran = cli("archive", "Subs/Light", "-v", "astro", "--yes", "--max-cost", "1000")
    assert ran.code == 8
    assert "cannot be promised" in ran.err
    ran = cli("archive", "Subs/Light", "-v", "astro")
    assert ran.code == 2
    assert "Amazon charges for this" in ran.err


def test_retrieving_needs_consent(cli: Callable[..., Ran], amazon: str) -> None:
    """The price is told, with what of it is not verified; the usual waits are known."""
    ran = cli("retrieve", "Blue", "--into", "back")
    assert ran.code == 2
    assert "as of 2026-09-28" in ran.err
    assert "Not verified: vault.get, vault.retrieval.Standard.per_1000." in ran.err
    offers = cli("retrieve", "Blue", "--into", "back", "--dry-run", "-o", "json").rows
    size = Decimal(offers[0]["job_size"]) / 2**30
    prices = [Decimal("0.01") * 3 + size * Decimal("0.03"), Decimal("0.00005") * 3 + size * Decimal("0.01"), Decimal(0)]
    outputs = Decimal("0.00003") * 3
    for offer, price in zip(offers, prices, strict=True):
        assert Decimal(offer["price"]) == pytest.approx(price + outputs, abs=Decimal("0.000001"))
    assert Decimal(offers[2]["at_most"]) > Decimal(offers[2]["price"])
    assert len({offer["ready_at"] for offer in offers}) == 3
    assert {offer["here_at"] for offer in offers} == {None}  # what the line brings nobody has measured
    estimate = cli("estimate", "retrieve", "Blue")
    assert [line.split()[-1] for line in estimate.out.splitlines()[1:]] == ["unknown"] * 3
    ran = cli("retrieve", "Blue", "--into", "back", "--yes")
    assert ran.code == 0, ran.err
    assert len(list(Path("back").rglob("*.fit"))) == 3


def test_highest_price_is_kept(cli: Callable[..., Ran], amazon: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What costs more is refused, --yes or not, flag or configuration; a tier that costs less is not."""
    ran = cli("retrieve", "Blue", "--into", "back", "--tier", "Expedited", "--max-cost", "0.03", "--yes")
    assert ran.code == 8
    assert "more than --max-cost" in ran.err
    monkeypatch.setenv("COLDFRAME_MAX_COST", "0.03")
    assert cli("retrieve", "Blue", "--into", "back", "--tier", "Expedited", "--yes").code == 8
    assert not Path("back").exists()
    assert cli("retrieve", "Blue", "--into", "back", "--tier", "Standard", "--yes").code == 0


def test_limit_is_held_against_what_it_may_come_to(cli: Callable[..., Ran], amazon: str) -> None:
    """A price that should be below a limit and might not be is refused."""
    offer = cli("retrieve", "Blue", "--into", "back", "--dry-run", "-o", "json").rows[2]
    ran = cli("retrieve", "Blue", "--into", "back", "--tier", "Bulk", "--max-cost", offer["price"], "--yes")
    assert ran.code == 8
    assert "may come to" in ran.err
    assert (
        cli("retrieve", "Blue", "--into", "back", "--tier", "Bulk", "--max-cost", offer["at_most"], "--yes").code == 0
    )


def test_tier_without_a_price_cannot_be_limited(
    cli: Callable[..., Ran], amazon: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's own file comes before ours, and what it does not say is unknown, not free."""
    text = resources.files("coldframe.prices").joinpath("amazon.toml").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("Bulk = ")]
    (tmp_path / "own.toml").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("COLDFRAME_PRICES", str(tmp_path / "own.toml"))
    offers = cli("retrieve", "Blue", "--into", "back", "--dry-run", "-o", "json").rows
    assert [offer["price"] is None for offer in offers] == [False, False, True]
    ran = cli("retrieve", "Blue", "--into", "back", "--tier", "Bulk", "--max-cost", "1000", "--yes")
    assert ran.code == 8
    assert "cannot be promised" in ran.err


def test_raw_operation_needs_consent(cli: Callable[..., Ran], amazon: str) -> None:
    """So does a job that is started by hand, but no question."""
    job = ("api", "initiate-job", "--vault-name", "astro", "--job-parameters", '{"Type": "inventory-retrieval"}')
    ran = cli(*job)
    assert ran.code == 2
    assert "InitiateJob costs < $0.0001" in ran.err
    assert "Not verified: vault.retrieval.Standard.per_1000." in ran.err
    assert cli(*job, "--yes").code == 0
    assert cli("api", "list-jobs", "--vault-name", "astro").code == 0


@pytest.mark.parametrize(
    ("url", "charges"),
    [
        ("glacier:", True),
        ("glacier://us-west-2?profile=astro", True),
        ("https://glacier.us-east-1.amazonaws.com", True),
        ("https://GLACIER.us-east-1.amazonaws.com.:443?region=us-east-1", True),
        ("https://glacier.cn-north-1.amazonaws.com.cn", True),
        ("https://vpce-1.glacier.us-east-1.vpce.amazonaws.com", True),
        ("http://127.0.0.1:8377", False),
        ("https://vault.example.org?account=123456789012", False),
        ("https://amazonaws.com.example.org", False),
    ],
)
def test_charges_are_known_by_the_url(url: str, *, charges: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Amazon, by any of its names, and nobody else; its prices by the region."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    terms = terms_of(url, TierWaits(1, 2, 3, 4))
    assert (is_amazon(url), terms.is_charging) == (charges, charges)
    price = terms.pricing(Work(Tier.STANDARD, 1, 1))
    is_known = any(region in url.lower() for region in ("us-east-1", "us-west-2"))
    assert (price.amount is None) == (charges and not is_known)
    assert price.is_within(Decimal(10**9)) == (price.amount is not None)
    assert (price.amount == 0) == (not charges)
    assert terms.pricing(Work(Tier.STANDARD, 1, 0, 1)).amount == (None if charges else 0)
    assert terms.waits == (AMAZON_WAITS if charges else None)
    assert terms.pricing(Work(Tier.BULK, 0, 0)).amount == 0


def test_own_disk_waits_as_long_as_was_decided() -> None:
    """The embedded store is free, and ready when its user wants to rehearse that."""
    terms = terms_of("/srv/store", TierWaits(1, 2, 3, 4))
    assert (terms.is_charging, terms.waits) == (False, TierWaits(1, 2, 3, 4))
    assert terms.pricing(Work(Tier.BULK, 1, 1)).amount == 0


def test_emptying_a_vault_names_the_fee(cli: Callable[..., Ran], amazon: str) -> None:
    """At Amazon as everywhere; beyond a limit nothing is deleted."""
    confirmed = ("vault", "delete", "astro", "--empty", "--confirm", "astro", "--rate", "1000")
    ran = cli(*confirmed, "--max-cost", "0.00000001")
    assert (ran.code, "Deleting now costs" in ran.err) == (8, True), ran.err
    assert len(cli("ls", "-v", "astro", "-o", "json").rows) == 3
    ran = cli(*confirmed)
    assert (ran.code, "The vault astro is deleted." in ran.err) == (0, True), ran.err
    assert cli("vault", "show", "astro").code == 1


def test_a_budget_is_kept_at_amazon(cli: Callable[..., Ran], amazon: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was spent there so far; in a region without prices nothing can be promised."""
    rows = {row["item"]: row for row in cli("estimate", "budget", "-o", "json").rows}
    assert (rows["archive"]["amount"], rows["storage"]["store_url"]) == ("0.00009", amazon)
    monkeypatch.setenv("COLDFRAME_BUDGET", "0.01")
    ran = cli("retrieve", "Blue", "--into", "back", "--tier", "Expedited", "--yes")
    assert (ran.code, "The budget of $0.01 a month does not allow this" in ran.err) == (8, True), ran.err
    monkeypatch.setenv("COLDFRAME_STORE", "glacier://cn-north-1")
    ran = cli("archive", "Subs/Light", "-v", "astro", "--yes")
    assert (ran.code, "cannot be kept" in ran.err) == (8, True), ran.err
