"""What a job costs is told before it is begun, and telling it begins nothing."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from importlib import resources
from typing import TYPE_CHECKING

import pytest

from coldframe.model import GIB

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran

KIB = 1024
VIRGINIA = ("--store", "glacier://us-east-1")


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody could ask Amazon anything."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


@pytest.fixture
def own_prices(tmp_path: Path) -> str:
    """Amazon's figures of us-east-1 as a user's own file, for every store."""
    text = resources.files("coldframe.prices").joinpath("amazon.toml").read_text("utf-8")
    path = tmp_path / "own.toml"
    path.write_text(text.replace("[regions.us-east-1", "[regions.default"), encoding="utf-8")
    return str(path)


def items(ran: Ran) -> dict[str, dict[str, object]]:
    """The rows of an estimate by what they are for."""
    assert ran.code == 0, ran.err
    return {str(row["item"]): row for row in ran.rows}


def test_archiving_is_estimated_without_a_store(cli: Callable[..., Ran], subs: Path) -> None:
    """Requests, storage, overhead and total of what a scan finds; there is no key, vault or network."""
    rows = items(cli("estimate", "archive", "Subs", *VIRGINIA, "-o", "json"))
    sizes = [max(1, path.stat().st_size) for path in subs.rglob("*") if path.is_file()]
    assert (rows["storage"]["count"], rows["storage"]["size"]) == (len(sizes), sum(sizes))
    assert (rows["upload requests"]["count"], rows["upload requests"]["once"]) == (10, "0.0003")
    assert rows["per-archive overhead"]["size"] == 10 * 32 * KIB
    year = Decimal(sum(sizes) + 10 * 32 * KIB) / GIB * Decimal("0.0036") * 12
    assert Decimal(str(rows["total"]["per_year"])) == pytest.approx(year, abs=Decimal("0.000001"))
    assert rows["total"]["once"] == "0.0003"


def test_zips_cost_fewer_requests(cli: Callable[..., Ran], subs: Path) -> None:
    """Bundling saves what the estimate said that it would save, up to what a zip adds to its files."""
    (subs / "Dark").mkdir()
    for number in range(4):
        (subs / "Dark" / f"d{number}.fit").write_bytes(bytes(10_000))
    loose = items(cli("estimate", "archive", "Subs/Dark", *VIRGINIA, "-o", "json"))
    zipped = items(cli("estimate", "archive", "Subs/Dark", "--zip", "Dark", *VIRGINIA, "-o", "json"))
    assert (loose["total"]["count"], zipped["total"]["count"]) == (4, 1)
    assert loose["saved by zipping"]["count"] == 3
    once = [Decimal(str(rows["total"]["once"])) for rows in (loose, zipped)]
    assert once[0] - once[1] == Decimal(str(loose["saved by zipping"]["once"]))
    assert "saved by zipping" not in zipped


def test_parts_are_counted(cli: Callable[..., Ran], subs: Path) -> None:
    """A file above the part size takes one request to begin, one for each part and one to complete."""
    ran = cli("estimate", "archive", "Subs/Bias/b2.fit", "--part-size", "1MiB", *VIRGINIA, "-o", "json")
    rows = items(ran)
    size = (subs / "Bias" / "b2.fit").stat().st_size
    parts = -(-size // (KIB * KIB))
    requests = 2 + parts if parts > 1 else 1
    assert rows["upload requests"]["count"] == requests
    assert parts == 1 or "Not verified: vault.part." in ran.err


def test_what_is_archived_already_is_not_paid_again(cli: Callable[..., Ran], subs: Path, own_prices: str) -> None:
    """Where the vault is known, only what is new is counted; zips are known by their signature."""
    assert cli("vault", "create", "astro").code == 0
    assert cli("archive", "Subs", "-v", "astro", "--zip", "Bias").code == 0
    (subs / "new.fit").write_bytes(b"new")
    ran = cli("estimate", "archive", "Subs", "-v", "astro", "--zip", "Bias", "-o", "json")
    assert items(ran)["total"]["count"] == 1
    assert "9 are archived already" in ran.err
    assert "This store costs nothing." in ran.err


def test_retrieval_is_estimated_by_tier(
    cli: Callable[..., Ran], subs: Path, own_prices: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests, retrieval and transfer of each tier, with what is not certain; no order is placed."""
    assert cli("vault", "create", "astro").code == 0
    assert cli("archive", "Subs/Light", "-v", "astro").code == 0
    free = cli("estimate", "retrieve", "Blue", "-o", "json")
    assert [row["price"] for row in free.rows] == ["0"] * 3
    assert "This store costs nothing." in free.err
    monkeypatch.setenv("COLDFRAME_PRICES", own_prices)
    ran = cli("estimate", "retrieve", "Blue", "-o", "json")
    assert ran.code == 0, ran.err
    expedited, standard, bulk = ran.rows
    size = Decimal(expedited["job_size"]) / GIB
    assert expedited["archives"] == 3
    assert Decimal(expedited["requests"]) == 3 * (Decimal("0.01") + Decimal("0.00003"))
    assert Decimal(standard["retrieval"]) == pytest.approx(size * Decimal("0.01"), abs=Decimal("0.000001"))
    assert standard["transfer_out"] == "0"
    assert Decimal(bulk["at_most"]) > Decimal(bulk["price"])
    assert "regions.default.vault.retrieval.Bulk.gb" in bulk["unverified"]
    assert not cli("orders", "-o", "json").rows


def test_forms_are_those_of_all_commands(cli: Callable[..., Ran], subs: Path) -> None:
    """A table and CSV beside JSON."""
    ran = cli("estimate", "archive", "Subs", *VIRGINIA, "-o", "csv")
    assert [row["item"] for row in csv.DictReader(io.StringIO(ran.out))][-2:] == ["total", "saved by zipping"]
    table = cli("estimate", "archive", "Subs", *VIRGINIA)
    assert table.out.splitlines()[0].split() == ["ITEM", "COUNT", "SIZE", "ONCE", "PER", "MONTH", "PER", "YEAR"]
    assert "region us-east-1, as of 2026-09-28" in table.err


def test_price_that_nobody_knows_is_not_free(cli: Callable[..., Ran], subs: Path) -> None:
    """A region that is in no file."""
    ran = cli("estimate", "archive", "Subs", "--store", "glacier://cn-north-1", "-o", "json")
    assert items(ran)["total"]["once"] is None
    assert "Amazon charges for this" in ran.err


def test_own_files_are_for_the_stores_they_name(
    cli: Callable[..., Ran], subs: Path, own_prices: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The region `default` prices one's own stores, never Amazon's; a wrong file is named."""
    monkeypatch.setenv("COLDFRAME_PRICES", own_prices)
    assert "region us-east-1," in cli("estimate", "archive", "Subs", *VIRGINIA).err
    assert "the prices that came with coldframe" in cli("estimate", "archive", "Subs", *VIRGINIA).err
    assert "region default," in cli("estimate", "archive", "Subs").err
    assert "region eu-west-1," in cli("estimate", "archive", "Subs", "--store", "http://h:1?region=eu-west-1").err
    monkeypatch.setenv("COLDFRAME_PRICES", own_prices + ".not")
    ran = cli("estimate", "archive", "Subs")
    assert ran.code == 2
    assert "own.toml.not cannot be read" in ran.err


def test_what_is_not_there_is_said(cli: Callable[..., Ran], subs: Path) -> None:
    """A path that is not there, and a query that finds nothing."""
    assert cli("estimate", "archive", "Nowhere", *VIRGINIA).code == 2
    assert cli("vault", "create", "astro").code == 0
    assert cli("estimate", "retrieve", "nothing").code == 4


def test_retrieval_tells_when_all_is_here(cli: Callable[..., Ran], subs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `retrieve` tells it: the jobs' time and the download's behind it, in every form."""
    assert cli("vault", "create", "astro").code == 0
    assert cli("archive", "Subs/Light", "-v", "astro").code == 0
    assert "HERE BY" not in cli("estimate", "retrieve", "Blue").out  # one's own disk takes no time
    monkeypatch.setenv("COLDFRAME_TIERS", "amazon")
    monkeypatch.setenv("COLDFRAME_LIMIT_RATE", "1KiB/s")
    ran = cli("estimate", "retrieve", "Blue", "-o", "json")
    assert ran.code == 0, ran.err
    offers = cli("retrieve", "Blue", "--into", "back", "--dry-run", "-o", "json").rows
    for row, offer in zip(ran.rows, offers, strict=True):
        ready_at, here_at = (datetime.fromisoformat(row[key]) for key in ("ready_at", "here_at"))
        assert (here_at - ready_at).total_seconds() == pytest.approx(row["job_size"] / KIB, abs=0.1)
        shown = [datetime.fromisoformat(offer[key]) for key in ("ready_at", "here_at")]
        gap = (shown[1] - shown[0]) - (here_at - ready_at)
        assert abs(gap.total_seconds()) <= 0.002
    assert "The download takes " in ran.err
    assert "here_at" in cli("estimate", "retrieve", "Blue", "-o", "csv").out.splitlines()[0].split(",")
    assert "HERE BY" in cli("estimate", "retrieve", "Blue").out
