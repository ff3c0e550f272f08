"""Deleting early, left-overs and capacity: told before anything is done, on stores that charge."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from coldframe.composition import open_coldframe
from coldframe.composition.spending import agree_to_inventory
from coldframe.errors import LimitRefused
from coldframe.model import MIB
from coldframe.testing.bodies import BytesBody

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran


@pytest.fixture
def priced(cli: Callable[..., Ran], subs: Path, prices: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of one's own that charges, with the blue lights in it."""
    assert cli("vault", "create", "astro").code == 0
    assert cli("archive", "Subs/Light/Blue", "-v", "astro").code == 0
    monkeypatch.setenv("COLDFRAME_PRICES", str(prices))
    return subs


def test_deleting_early_names_fee_and_date(cli: Callable[..., Ran], priced: Path) -> None:
    """90 days of storage for what was archived a moment ago, overhead included; nothing is deleted by a rehearsal."""
    ids = [row["archive_id"] for row in cli("ls", "-o", "json").rows]
    ran = cli("delete", "-v", "astro", "--dry-run", "--", *ids)
    assert ran.code == 0, ran.err
    assert "Deleting now costs $0.0025; from " in ran.err
    assert "region default, as of 2026-09-28" in ran.err
    assert len(cli("ls", "-o", "json").rows) == len(ids)


def test_deleting_from_a_free_store_names_no_fee(
    cli: Callable[..., Ran], priced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without prices nothing is said of them."""
    monkeypatch.delenv("COLDFRAME_PRICES")
    archive_id = cli("ls", "-o", "json").rows[0]["archive_id"]
    ran = cli("delete", "-v", "astro", "--dry-run", "--", archive_id)
    assert ran.code == 0, ran.err
    assert "costs" not in ran.err


def test_left_overs_cost_by_the_month(cli: Callable[..., Ran], priced: Path) -> None:
    """Parts that nobody completes."""
    with open_coldframe() as coldframe:
        upload_id = coldframe.store.initiate_multipart_upload("astro", part_size=MIB, description="left")
        coldframe.store.upload_multipart_part("astro", upload_id, BytesBody(bytes(MIB)), start=0)
    ran = cli("cleanup", "--dry-run")
    assert ran.code == 0, ran.err
    assert "A month of them costs $0.0022." in ran.err
    assert "Not verified: unfinished." in ran.err
    (row,) = cli("cleanup", "--dry-run", "-o", "json").rows
    assert Decimal(row["per_month"]) == pytest.approx(Decimal("2.3") / 1024, rel=Decimal("0.001"))
    assert row["currency"] == "USD"


def test_older_versions_are_told(cli: Callable[..., Ran], priced: Path) -> None:
    """Nothing is deleted when a file has changed: what keeping it costs is said, and from when on it could go free."""
    changed = priced / "Light" / "Blue" / "M33_Light_Blue_180sec__1x1_frame1.fit"
    changed.write_bytes(b"calibrated anew")
    ran = cli("archive", "Subs/Light/Blue", "-v", "astro", "--dry-run")
    assert "Changed since they were archived: 1 archive, " in ran.err, ran.err
    assert "whose older version stays for < $0.0001 a month" in ran.err
    assert "Deleting those now would cost $0.0001" in ran.err
    rows = {row["item"]: row for row in cli("estimate", "archive", "Subs/Light/Blue", "-v", "astro", "-o", "json").rows}
    assert (rows["older versions"]["count"], rows["storage"]["count"]) == (1, 1)
    assert Decimal(rows["older versions"]["per_month"]) > 0
    assert cli("archive", "Subs/Light/Blue", "-v", "astro", "--yes").code == 0
    assert len(cli("ls", "--all-versions", "-o", "json").rows) == 4
    assert "Changed since" not in cli("archive", "Subs/Light/Blue", "-v", "astro", "--dry-run").err


def test_what_lies_in_zips_already_is_told_before_it_is_sent_again(cli: Callable[..., Ran], priced: Path) -> None:
    """Whoever forgets --zip pays twice for the same frames; changed files and files that are new are none of them."""
    again = ("archive", "Subs/Bias", "Subs/Flat", "-v", "astro", "--dry-run")
    assert "Already in the vault" not in cli(*again).err
    assert cli("archive", "Subs/Bias", "Subs/Flat", "--zip", "Bias", "--zip", "Flat", "-v", "astro", "--yes").code == 0
    frames = sorted((priced / "Bias").iterdir())
    frames[0].write_bytes(b"calibrated anew")
    size = sum(1 for folder in ("Bias", "Flat") for _ in (priced / folder).iterdir())
    for ran in (cli(*again), cli("estimate", *again[:-1])):
        assert ran.code == 0, ran.err
        assert f"Already in the vault, inside zips: {size - 1} files, " in ran.err
        assert "of Subs/Bias and 1 other folder. Each would be sent again" in ran.err
    assert "Already in the vault" not in cli(*again, "--zip", "Bias", "--zip", "Flat").err


def test_capacity_names_its_price(cli: Callable[..., Ran], priced: Path) -> None:
    """Before the question."""
    ran = cli("capacity", "purchase")
    assert ran.code == 2
    assert "A unit and month costs $100.00." in ran.err


def test_single_jobs_name_their_price(cli: Callable[..., Ran], priced: Path) -> None:
    """To start them, and to fetch what they bring; of an archive that nobody knows, that it is not known."""
    ids = [row["archive_id"] for row in cli("ls", "-o", "json").rows]
    ran = cli("job", "start", "-v", "astro", "--tier", "Expedited", "--", *ids)
    assert ran.code == 2
    assert "Starting them, without fetching what they bring, costs $0.03." in ran.err
    ran = cli("job", "start", "-v", "astro", "--", "x" * 138)
    assert "What this costs is not known" in ran.err
    assert cli("job", "start", "-v", "astro", "--inventory", "--yes").code == 0
    job_id = cli("job", "list", "-v", "astro", "-o", "json").rows[0]["job_id"]
    ran = cli("job", "output", "-v", "astro", "--into", "back", "--", job_id)
    assert ran.code == 2
    assert "Fetching them costs < $0.0001." in ran.err


def test_raw_calls_name_their_price(cli: Callable[..., Ran], priced: Path) -> None:
    """As far as parameters and catalog tell it; what nobody knows is said, too."""
    row = cli("ls", "-o", "json").rows[0]
    vault, archive_id = ("--vault-name", "astro"), row["archive_id"]
    job = {"Type": "archive-retrieval", "ArchiveId": archive_id, "Tier": "Expedited"}
    path = priced / "Bias" / "b1.fit"
    told = {
        ("initiate-job", *vault, "--job-parameters", json.dumps(job)): "InitiateJob costs $0.01.",
        ("initiate-job", *vault, "--job-parameters", json.dumps({**job, "ArchiveId": "x" * 138})): "not known here",
        ("upload-archive", *vault, "--body", str(path)): "UploadArchive costs < $0.0001, and $0.00051 a month.",
        ("complete-multipart-upload", *vault, "--upload-id", "u", "--archive-size", "1"): "and < $0.0001 a month",
        ("initiate-multipart-upload", *vault, "--part-size", "1048576"): "InitiateMultipartUpload costs < $0.0001.",
        ("get-job-output", *vault, "--job-id", "none", "--output-file", "-"): "not known here",
        ("purchase-provisioned-capacity",): "PurchaseProvisionedCapacity costs $100.00.",
    }
    for words, text in told.items():
        ran = cli("api", *words)
        assert (ran.code, text in ran.err) == (2, True), (words, ran.err)
    ran = cli("api", "delete-archive", *vault, f"--archive-id={archive_id}")
    assert (ran.code, "DeleteArchive costs $0.0" in ran.err) == (0, True), ran.err
    months = {row["item"]: row["amount"] for row in cli("estimate", "budget", "-o", "json").rows}
    assert Decimal(months["api"]) > 0


def test_members_and_inventories_name_their_price(
    cli: Callable[..., Ran], priced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a job is started, and limits hold."""
    assert cli("archive", "Subs", "-v", "astro", "--zip", "Bias", "--yes").code == 0
    for command in (("inventory", "refresh"), ("inventory", "rebuild"), ("verify",)):
        ran = cli(*command, "-v", "astro")
        assert "A job for the inventory, if one is needed, costs < $0.0001." in ran.err, ran.err
    for name in ("catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"):
        (priced.parent.parent / "home" / name).unlink(missing_ok=True)
    assert cli("inventory", "rebuild", "-v", "astro").code == 0
    monkeypatch.setenv("COLDFRAME_TIERS", "amazon")
    ran = cli("inventory", "rebuild", "-v", "astro", "--members")
    assert (ran.code, "Reading 1 bundle costs at least" in ran.err) == (2, True), ran.err
    ran = cli("inventory", "rebuild", "-v", "astro", "--members", "--yes", "--max-cost", "0.000001")
    assert (ran.code, "more than --max-cost" in ran.err) == (8, True), ran.err


def test_no_inventory_job_beyond_the_limit(
    cli: Callable[..., Ran], priced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By flag or configuration, exit 8 and no job; within it, or when one is there already, nothing is refused."""
    commands = (("inventory", "refresh"), ("inventory", "rebuild"), ("inventory", "rebuild", "-n"), ("verify",))
    for command in (*commands, ("drill", "--yes")):
        ran = cli(*command, "-v", "astro", "--max-cost", "0.00001")
        assert (ran.code, "more than --max-cost 0.00001" in ran.err) == (8, True), (command, ran.err)
        with monkeypatch.context() as configured:
            configured.setenv("COLDFRAME_MAX_COST", "0.00001")
            assert cli(*command, "-v", "astro").code == 8, command
    assert cli("job", "list", "-v", "astro").out == ""
    assert {row["item"] for row in cli("estimate", "budget", "-o", "json").rows} == {"storage", "total"}
    for command in commands:
        assert cli(*command, "-v", "astro", "--max-cost", "1").code == 0
    assert cli("job", "start", "-v", "astro", "--inventory", "--yes").code == 0
    assert cli("inventory", "refresh", "-v", "astro", "--max-cost", "0").code == 0


def test_unknown_price_of_an_inventory_is_within_no_limit(
    cli: Callable[..., Ran], subs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Amazon's prices are not known here, a limit refuses the job before anything is asked of the store."""
    monkeypatch.setenv("COLDFRAME_STORE", "glacier://cn-north-1")
    monkeypatch.setenv("COLDFRAME_MAX_COST", "1000")
    with open_coldframe() as coldframe, pytest.raises(LimitRefused, match="cannot be promised"):
        agree_to_inventory(coldframe, "inventory", "astro")


def test_limit_of_the_inventory_job_belongs_to_the_vault_form(cli: Callable[..., Ran], priced: Path) -> None:
    """Local files and a deep look cost nothing, so a limit there is a misunderstanding."""
    for words in (("Subs",), ("--deep",)):
        ran = cli("verify", *words, "-v", "astro", "--max-cost", "1")
        assert (ran.code, "leave it out" in ran.err) == (2, True), ran.err
