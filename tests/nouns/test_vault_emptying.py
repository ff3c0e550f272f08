"""A vault deleted with all that is in it: on one's own disk, on a server, and where inventories are late."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from coldframe.archiver.request import ArchiveRequest
from coldframe.cli.exits import Exit
from coldframe.composition import open_coldframe
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.emptying import VaultEmptying
from coldframe.composition.library import Coldframe
from coldframe.composition.stores import open_embedded
from coldframe.errors import NotReady, ResourceNotFound, ServiceUnavailable, StoreUnreachable
from coldframe.model import AMAZON_WAITS
from coldframe.retriever.pricing import UNKNOWN
from coldframe.settings import Home, Settings
from coldframe.testing.bodies import BytesBody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.conftest import Ran
    from coldframe.ports.admin import GovernedStore
    from coldframe.testing.clock import FakeClock

_DAY = 86400
_CONFIRMED = ("--empty", "--confirm", "astro")


def listed(nouns: Callable[..., Ran]) -> int:
    """How many files the catalog lists."""
    return len(nouns("ls", "--vault", "astro", "-o", "json").rows)


# --- the command ------------------------------------------------------------------------------------------------------


def test_a_vault_goes_with_all_its_archives(nouns: Callable[..., Ran], night: Path) -> None:
    """Also with one that this catalog has never heard of; another vault stays."""
    Path("other.fit").write_bytes(b"of somebody else")
    upload = ("api", "upload-archive", "--vault-name", "astro", "--archive-description", "foreign", "--yes")
    assert nouns(*upload, "--body", "other.fit").code == Exit.DONE
    assert nouns("vault", "create", "kept").code == Exit.DONE
    assert nouns("archive", "other.fit", "--vault", "kept").code == Exit.DONE
    ran = nouns("vault", "delete", "astro", *_CONFIRMED, "--rate", "1000", "-o", "json")
    assert ran.code == Exit.DONE, ran.err
    assert {row["outcome"] for row in ran.rows} == {"deleted"}
    assert len(ran.rows) == 10, ran.err
    assert "The vault astro is deleted." in ran.err
    assert nouns("vault", "show", "astro").code == Exit.FAILED
    assert listed(nouns) == 0
    assert nouns("vault", "list", "-o", "json").rows[0]["number_of_archives"] == 1


def test_nothing_is_deleted_without_the_name(nouns: Callable[..., Ran], night: Path) -> None:
    """A yes is not enough, nor another name; a rehearsal shows what would go."""
    before = listed(nouns)
    for flags, told in (
        (("--empty",), "add --confirm astro"),
        (("--empty", "--yes"), "--yes does not empty a vault"),
        (("--empty", "--confirm", "astra"), "is not the name"),
        (("--confirm", "astro"), "belong to --empty"),
        (("--rate", "3"), "belong to --empty"),
        (("--empty", "--rate", "none"), "is no rate"),
    ):
        ran = nouns("vault", "delete", "astro", *flags)
        assert (ran.code, told in ran.err) == (Exit.USAGE, True), ran.err
    ran = nouns("vault", "delete", "astro", "--yes")
    assert (ran.code, "With --empty" in ran.err) == (Exit.FAILED, True)
    ran = nouns("vault", "delete", "astro", "--empty", "--dry-run", "-o", "json")
    assert (ran.code, len(ran.rows)) == (Exit.DONE, 9), ran.err
    assert listed(nouns) == before


def test_an_empty_vault_goes_at_once(nouns: Callable[..., Ran]) -> None:
    """No inventory is asked for where there is nothing."""
    ran = nouns("vault", "delete", "astro", *_CONFIRMED)
    assert ran.code == Exit.DONE, ran.err
    assert nouns("vault", "delete", "astro", *_CONFIRMED).code == Exit.FAILED


def test_a_lock_is_told_and_ends_it(nouns: Callable[..., Ran], night: Path) -> None:
    """What the lock protects stays, in the vault and in the catalog."""
    arn = nouns("vault", "show", "astro", "-o", "json").rows[0]["vault_arn"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": "glacier:DeleteArchive", "Resource": arn}
    Path("lock.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}), encoding="utf-8")
    lock_id = nouns("vault", "lock", "initiate", "astro", "lock.json", "-o", "json").rows[0]["lock_id"]
    before = listed(nouns)
    ran = nouns("vault", "delete", "astro", *_CONFIRMED)
    assert (ran.code, "coldframe vault lock abort astro" in ran.err) == (Exit.CREDENTIALS, True), ran.err
    assert nouns("vault", "lock", "complete", "astro", "--yes", "--", lock_id).code == Exit.DONE
    ran = nouns("vault", "delete", "astro", *_CONFIRMED)
    assert ran.code == Exit.CREDENTIALS
    assert "It has a vault lock" in ran.err
    assert "for ever: what the lock protects" in ran.err
    assert listed(nouns) == before


def test_the_fee_is_told_and_limited(
    cli: Callable[..., Ran], archived: Path, prices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the date from which on it costs nothing; beyond --max-cost nothing is deleted."""
    monkeypatch.setenv("COLDFRAME_PRICES", str(prices))
    ran = cli("vault", "delete", "astro", *_CONFIRMED, "--max-cost", "0.00001")
    assert ran.code == Exit.REFUSED, ran.err
    assert "Deleting now costs" in ran.err
    assert "from " in ran.err
    assert "more than --max-cost 0.00001" in ran.err
    assert listed(cli) > 0
    assert cli("vault", "delete", "astro", *_CONFIRMED, "--max-cost", "5").code == Exit.DONE


# --- where inventories are late ---------------------------------------------------------------------------------------


@contextmanager
def late(tmp_path: Path, clock: FakeClock) -> Iterator[Coldframe]:
    """A coldframe whose store takes its inventories once a day and hours for each job, as Amazon's does."""
    home = Home(str(tmp_path / "home"), str(tmp_path / "home"))
    store = open_embedded(
        str(tmp_path / "store"), clock=clock, waits=AMAZON_WAITS, inventory_cadence_seconds=float(_DAY)
    )
    with Coldframe(home, Settings(store=str(tmp_path / "store")), clock=clock) as coldframe:
        coldframe.__dict__["store"] = store
        yield coldframe


def archive(coldframe: Coldframe, path: Path) -> None:
    """Archive into the vault `v`."""
    with coldframe.archive(ArchiveJob(request=ArchiveRequest(paths=(str(path),), vault_name="v"), anew=True)) as run:
        list(run.results())


def upload(store: GovernedStore, number: int) -> None:
    """Archives that no catalog hears of."""
    for each in range(number):
        store.upload_archive("v", BytesBody(b"of somebody else %d" % each), description="foreign")


def empty(coldframe: Coldframe) -> int:
    """One run of the command, up to where it ends; answers how many archives it has deleted."""
    emptying = VaultEmptying(coldframe, "v")
    emptying.survey()
    assert all(deleted.error is None for deleted in emptying.delete())
    try:
        emptying.finish()
    except NotReady as error:
        error.add_note(str(emptying.deleted))
        raise
    return emptying.deleted


def test_the_same_command_goes_on_for_days(tmp_path: Path, clock: FakeClock) -> None:
    """Hours for the job, a day until the store knows that the vault is empty, and archives that came meanwhile."""
    for each in range(3):
        (tmp_path / f"{each}.fit").write_bytes(b"light %d" % each)
    with late(tmp_path, clock) as coldframe:
        coldframe.store.create_vault("v")
        upload(coldframe.store, 2)
        clock.advance(days=1.5)
        archive(coldframe, tmp_path / "0.fit")  # newer than the inventory
        with pytest.raises(NotReady, match="still preparing"):
            empty(coldframe)
    clock.advance(hours=5)
    with late(tmp_path, clock) as coldframe:
        with pytest.raises(NotReady, match="empty as far as can be known") as told:
            empty(coldframe)
        assert told.value.__notes__ == ["3"]
        assert len(coldframe.store.list_jobs("v").items) == 1
        upload(coldframe.store, 1)
        with pytest.raises(NotReady, match="empty as far as can be known"):
            empty(coldframe)
    clock.advance(days=1.5)
    with late(tmp_path, clock) as coldframe:
        with pytest.raises(NotReady, match="still preparing"):
            empty(coldframe)
        clock.advance(hours=5)
        with pytest.raises(NotReady) as told:
            empty(coldframe)
        assert told.value.__notes__ == ["1"]
        clock.advance(days=1.5)
        assert empty(coldframe) == 0
        with pytest.raises(ResourceNotFound):
            coldframe.store.describe_vault("v")


def test_a_vault_made_anew_is_looked_at_anew(tmp_path: Path, clock: FakeClock) -> None:
    """What was noted of the one before does not count."""
    with late(tmp_path, clock) as coldframe:
        coldframe.store.create_vault("v")
        upload(coldframe.store, 1)
        clock.advance(days=1.5)
        with pytest.raises(NotReady):
            empty(coldframe)
        clock.advance(hours=5)
        with pytest.raises(NotReady):
            empty(coldframe)
        clock.advance(days=1.5)
        coldframe.store.delete_vault("v")
        coldframe.store.create_vault("v")
        upload(coldframe.store, 1)
        clock.advance(days=1.5)
        assert VaultEmptying(coldframe, "v").needs_inventory


def test_a_run_that_ends_anywhere_is_carried_on(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was deleted is not listed, what is listed is still there, and the next run deletes the rest."""
    home = Home(str(tmp_path / "home"), str(tmp_path / "home"))
    with Coldframe(home, Settings(), clock=clock) as coldframe:
        coldframe.create_store().create_vault("v")
        upload(coldframe.store, 30)
        delete, calls = coldframe.store.delete_archive, 0

        def fail_once_in_a_while(vault_name: str, archive_id: str) -> None:
            nonlocal calls
            calls += 1
            if 9 < calls < 30:
                raise StoreUnreachable("away")
            delete(vault_name, archive_id)

        monkeypatch.setattr(coldframe.store, "delete_archive", fail_once_in_a_while)
        with pytest.raises(ServiceUnavailable):
            empty(coldframe)
        identity = coldframe.store.identity
        left = {archive.archive_id for archive in coldframe.catalog.archives(identity, "v")}
        assert len(left) == 21
        emptying = VaultEmptying(coldframe, "v")
        run = emptying.delete()
        calls = 100
        next(run)
        emptying.stop()
        assert list(run) == []
        assert emptying.is_stopped
        assert VaultEmptying(coldframe, "v").plan().was_begun
        assert empty(coldframe) == 19  # one of the 21 was asked for when the store went away, and is done first


def test_deletions_keep_their_rate(tmp_path: Path, clock: FakeClock) -> None:
    """So many a second, on the average."""
    home = Home(str(tmp_path / "home"), str(tmp_path / "home"))
    with Coldframe(home, Settings(), clock=clock) as coldframe:
        coldframe.create_store().create_vault("v")
        upload(coldframe.store, 11)
        emptying = VaultEmptying(coldframe, "v", rate=0.5)
        emptying.survey()
        started = clock.now()
        list(emptying.delete())
        assert clock.now() - started == timedelta(seconds=20)


def test_twenty_refusals_end_it(tmp_path: Path, clock: FakeClock) -> None:
    """A hundred thousand refusals would take hours and tell nothing new."""
    home = Home(str(tmp_path / "home"), str(tmp_path / "home"))
    with Coldframe(home, Settings(), clock=clock) as coldframe:
        store = coldframe.create_store()
        store.create_vault("v")
        upload(store, 25)
        arn = store.describe_vault("v").vault_arn
        statement = {"Effect": "Deny", "Principal": "*", "Action": "glacier:DeleteArchive", "Resource": arn}
        store.initiate_vault_lock("v", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        emptying = VaultEmptying(coldframe, "v")
        emptying.survey()
        assert sum(1 for _ in emptying.delete()) == 20
        assert emptying.has_given_up
        assert len(list(coldframe.catalog.archives(store.identity, "v"))) == 25


def test_an_inventory_tells_the_age_that_a_csv_did_not(cli: Callable[..., Ran], archived: Path, prices: Path) -> None:
    """Rows of PowerShell's know neither size nor time, so that their fee is unknown, until the vault has told both."""
    with open_coldframe() as coldframe:
        records = list(coldframe.catalog.archives(coldframe.store.identity, "astro"))
    lines = [f"{number}.fit,{record.archive_id},{record.tree_hash}" for number, record in enumerate(records)]
    Path("old.csv").write_text("\n".join(["FilePath,ArchiveId,Checksum", *lines]), encoding="utf-8")
    for name in ("catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"):
        Path(prices.parent / "home" / name).unlink(missing_ok=True)
    assert cli("inventory", "import", "old.csv", "--vault", "astro").code == Exit.DONE
    with open_coldframe(settings=Settings(prices=str(prices))) as coldframe:
        before = VaultEmptying(coldframe, "astro").plan().fee
        after = VaultEmptying(coldframe, "astro").survey().fee
    assert before is not None
    assert (before.unknown, before.agreed) == (len(records), UNKNOWN)
    assert after is not None
    assert (after.unknown, after.is_nothing) == (0, False)
