"""Nothing that Amazon charges for is called free, or begun without somebody's consent (ADR 29)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from coldframe.composition.terms import is_amazon, terms_of
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
    assert "Amazon charges for this" in ran.err
    return _AMAZON


def test_archiving_needs_consent(cli: Callable[..., Ran], amazon: str) -> None:
    """Without --yes and without a terminal nothing is sent; a rehearsal says that it would cost."""
    ran = cli("archive", "Subs/Light", "-v", "astro")
    assert ran.code == 2
    assert "--yes" in ran.err
    ran = cli("archive", "Subs/Light", "-v", "astro", "--dry-run")
    assert ran.code == 0
    assert "Amazon charges for this" in ran.err


def test_retrieving_needs_consent(cli: Callable[..., Ran], amazon: str) -> None:
    """The price is unknown, and said to be; the usual waits are known."""
    ran = cli("retrieve", "Blue", "--into", "back")
    assert ran.code == 2
    assert "free" not in ran.err
    assert "unknown" in ran.err
    assert "Amazon charges for this" in ran.err
    offers = cli("retrieve", "Blue", "--into", "back", "--dry-run", "-o", "json").rows
    assert [offer["price"] for offer in offers] == [None] * 3
    assert len({offer["ready_at"] for offer in offers}) == 3
    ran = cli("retrieve", "Blue", "--into", "back", "--yes")
    assert ran.code == 0, ran.err
    assert len(list(Path("back").rglob("*.fit"))) == 3


def test_highest_price_cannot_be_kept(cli: Callable[..., Ran], amazon: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit whose keeping nobody can promise is a refusal, --yes or not, flag or configuration."""
    ran = cli("retrieve", "Blue", "--into", "back", "--max-cost", "1000", "--yes")
    assert ran.code == 8
    assert "cannot be promised" in ran.err
    monkeypatch.setenv("COLDFRAME_MAX_COST", "1000")
    assert cli("retrieve", "Blue", "--into", "back", "--yes").code == 8
    assert not Path("back").exists()


def test_raw_operation_needs_consent(cli: Callable[..., Ran], amazon: str) -> None:
    """So does a job that is started by hand, but no question."""
    job = ("api", "initiate-job", "--vault-name", "astro", "--job-parameters", '{"Type": "inventory-retrieval"}')
    ran = cli(*job)
    assert ran.code == 2
    assert "Amazon charges for this" in ran.err
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
def test_charges_are_known_by_the_url(url: str, *, charges: bool) -> None:
    """Amazon, by any of its names, and nobody else."""
    terms = terms_of(url, TierWaits(1, 2, 3, 4))
    assert (is_amazon(url), terms.is_charging) == (charges, charges)
    price = terms.pricing(Work(Tier.BULK, 1, 1))
    assert price.amount == (None if charges else Decimal(0))
    assert not charges or not price.is_within(Decimal(10**9))
    assert terms.waits == (AMAZON_WAITS if charges else None)
    assert terms.pricing(Work(Tier.BULK, 0, 0)).amount == 0


def test_own_disk_waits_as_long_as_was_decided() -> None:
    """The embedded store is free, and ready when its user wants to rehearse that."""
    terms = terms_of("/srv/store", TierWaits(1, 2, 3, 4))
    assert (terms.is_charging, terms.waits) == (False, TierWaits(1, 2, 3, 4))
    assert terms.pricing(Work(Tier.BULK, 1, 1)).amount == 0
