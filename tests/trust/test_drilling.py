"""A restore drill: from a clean home, over days if need be, and passed only by identical bytes."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog.drills import Drills
from coldframe.clock import SystemClock
from coldframe.composition.drilling import Drill
from coldframe.composition.sameness import compare_archive
from coldframe.composition.sampling import choose
from coldframe.errors import Busy, NothingMatched, NotReady
from coldframe.model import AMAZON_WAITS
from coldframe.testing.catalogs import an_archive, digest
from coldframe.testing.clock import FakeClock
from trust.world import VAULT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran
    from coldframe.composition.drilling import Drilled
    from trust.world import World


def test_sample_holds_the_extremes_and_the_seed_decides_the_rest() -> None:
    """The oldest, newest, largest and smallest first; others each with the same chance, the same for the same seed."""
    archives = [an_archive(n, days=n, size=1000 + ((n + 50) * 7919) % 1000) for n in range(200)]
    chosen = choose(iter(archives), sample=10, seed=3)
    assert list(chosen.values())[:2] == ["oldest", "newest"]
    assert set(chosen.values()) == {"oldest", "newest", "largest", "smallest", "random"}
    sizes = {archive.archive_id: archive.size for archive in archives}
    by = {why: archive_id for archive_id, why in chosen.items()}
    assert (sizes[by["largest"]], sizes[by["smallest"]]) == (max(sizes.values()), min(sizes.values()))
    assert len(chosen) == 10
    assert choose(iter(archives), sample=10, seed=3) == chosen
    assert choose(iter(archives), sample=10, seed=4) != chosen
    assert choose(iter(archives[:2]), sample=10, seed=4).keys() == {archive.archive_id for archive in archives[:2]}
    assert choose(iter(()), sample=10, seed=4) == {}


def _order(drill: Drill) -> None:
    drill.prepare()
    if not drill.is_under_way:
        drill.order(drill.plan(), tier=drill.coldframe.settings.tier)


def _go(drill: Drill) -> list[Drilled]:
    _order(drill)
    return list(drill.finish())


def test_drill_goes_on_over_days_and_is_remembered(prompt: World) -> None:
    """The inventory takes hours, the jobs take hours; each time the same command goes on with what it began."""
    prompt.coldframe.settings = replace(prompt.coldframe.settings, tiers=AMAZON_WAITS)
    prompt.archive("Bias", Bias__b1=b"one", Bias__b2=b"two", light=b"light" * 1000, empty=b"")
    prompt.clock.advance(1)
    for step in range(3):
        with Drill(prompt.coldframe, VAULT, seed=step) as drill:
            if step < 2:
                with pytest.raises(NotReady):
                    _go(drill)
            else:
                results = _go(drill)
        prompt.clock.advance(hours=6)
    assert {drilled.path.rpartition("/")[2]: drilled.compared.with_ for drilled in results} == {
        "Bias.zip": ("catalog", "members", "local file"),
        "light.fit": ("catalog", "local file"),
        "empty.fit": ("catalog", "local file"),
    }
    assert all(drilled.compared.is_same for drilled in results)
    assert not os.path.exists(drill.folder)
    database = prompt.coldframe.catalog.database
    last = Drills(database, prompt.store.identity, VAULT).last()
    assert last is not None
    assert (last.passed, last.failed, last.seed) == (3, 0, drill.seed)


def test_drill_that_waits_ends_by_itself(prompt: World) -> None:
    """One call waits for the inventory, and one for the jobs; as long as somebody wants to and no longer."""
    prompt.coldframe.settings = replace(prompt.coldframe.settings, tiers=AMAZON_WAITS)
    prompt.archive(light=b"light" * 1000)
    prompt.clock.advance(1)
    began = prompt.clock.now()
    with Drill(prompt.coldframe, VAULT) as drill:
        with pytest.raises(NotReady):
            drill.prepare(wait=True, wait_until=began + timedelta(hours=1))
        assert timedelta(hours=1) <= prompt.clock.now() - began < timedelta(hours=1.1)
        drill.prepare(wait=True)
        drill.order(drill.plan(), tier=drill.coldframe.settings.tier)
        ordered = prompt.clock.now()
        with pytest.raises(NotReady, match="the same command"):
            list(drill.finish(wait=True, wait_until=ordered + timedelta(hours=1)))
        (drilled,) = drill.finish(wait=True)
    assert drilled.compared.is_same
    waited = prompt.clock.now() - ordered
    assert timedelta(seconds=AMAZON_WAITS.standard_seconds) <= waited < timedelta(hours=6)
    assert len(list(prompt.store.list_jobs(VAULT).items)) == 2  # one inventory, one archive: nothing is asked twice


def test_drill_that_is_stopped_waits_no_longer(prompt: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was ordered stays, and the next call goes on with it."""
    prompt.coldframe.settings = replace(prompt.coldframe.settings, tiers=AMAZON_WAITS)
    prompt.archive(light=b"light" * 1000)
    prompt.clock.advance(1)
    with Drill(prompt.coldframe, VAULT) as drill:
        drill.prepare(wait=True)
        drill.order(drill.plan(), tier=drill.coldframe.settings.tier)
        ordered = prompt.clock.now()
        with monkeypatch.context() as asleep:
            asleep.setattr(prompt.clock, "sleep", lambda _seconds: drill.stop())
            with pytest.raises(NotReady):
                list(drill.finish(wait=True))
    assert prompt.clock.now() == ordered
    with Drill(prompt.coldframe, VAULT) as drill:
        drill.prepare()
        assert drill.is_under_way
        (drilled,) = drill.finish(wait=True)
    assert drilled.compared.is_same


def test_command_waits_for_inventory_and_sample(
    cli: Callable[..., Ran], archived: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--wait` alone until it has ended; with a duration exit 9 when that is over, and the same command goes on."""
    monkeypatch.setenv("COLDFRAME_TIERS", "amazon")
    later = FakeClock(SystemClock().now() + timedelta(hours=1))
    monkeypatch.setattr("coldframe.composition.library.SystemClock", lambda: later)
    words = ("drill", "--vault", "astro", "--sample", "2")
    assert cli(*words, "--yes").code == 9
    ran = cli(*words, "--wait", "1h", "--yes")
    assert ran.err.count("waiting for it") == 1
    assert (ran.code, "the same command" in ran.err) == (9, True), ran.err
    ran = cli(*words, "--wait", "--yes", "-o", "json")
    assert (ran.code, len(ran.rows)) == (0, 2), ran.err
    assert "The drill has passed." in ran.err


def test_drill_needs_no_catalog(prompt: World) -> None:
    """After a fire there is none: what comes back is held against the vault's own tree hashes."""
    prompt.archive(a=b"a")
    catalog, store = prompt.coldframe.catalog, prompt.store.identity
    catalog.forget_archives(store, VAULT, [archive.archive_id for archive in list(catalog.archives(store, VAULT))])
    with Drill(prompt.coldframe, VAULT) as drill:
        _order(drill)
        (drilled,) = drill.finish()
    assert drilled.compared.is_same
    assert drilled.compared.with_ == ("inventory",)


def test_empty_vault_and_second_drill_are_told(prompt: World) -> None:
    """There is nothing to bring back; and two at once would pay twice."""
    with Drill(prompt.coldframe, VAULT) as drill:
        with pytest.raises(NothingMatched):
            drill.prepare()
        with pytest.raises(Busy), Drill(prompt.coldframe, VAULT):
            pass


@pytest.mark.parametrize("what", ["local file", "member here", "tree hash", "member"])
def test_anything_else_than_the_same_bytes_fails(prompt: World, what: str) -> None:
    """A local file that rotted unseen, a catalog that says otherwise, a zip with another member."""
    prompt.archive("Bias", Bias__b1=b"one", light=b"light")
    catalog, store = prompt.coldframe.catalog, prompt.store.identity
    entries = {archive.size: archive for archive in catalog.archives(store, VAULT)}
    light, bundle = entries[5], next(archive for size, archive in entries.items() if size != 5)
    place = prompt.folder.parent / "back"
    wanted = light if what in {"local file", "tree hash"} else bundle
    with Drill(prompt.coldframe, VAULT) as drill:
        _order(drill)
        if what in {"local file", "member here"}:
            path = prompt.folder / ("light.fit" if what == "local file" else "Bias/b1.fit")
            time = path.stat().st_mtime_ns
            path.write_bytes(b"LIGHT" if what == "local file" else b"ONE")
            os.utime(path, ns=(time, time))
        results = {drilled.archive_id: drilled for drilled in drill.finish()}
    if what in {"local file", "member here"}:
        assert not results[wanted.archive_id].compared.is_same
        assert "has other bytes" in results[wanted.archive_id].compared.detail
        return
    place.write_bytes(b"other" if what == "tree hash" else b"no zip")
    assert not compare_archive(prompt.coldframe, wanted, str(place)).is_same
    lie = replace(wanted, tree_hash=digest(1))
    assert not compare_archive(prompt.coldframe, lie, str(place)).is_same


def test_command_asks_rehearses_and_says_by_its_code(cli: Callable[..., Ran], archived: Path, home: Path) -> None:
    """0 when all came back identical; 7 when something did not; nothing is ordered without a yes."""
    rehearsed = cli("drill", "--vault", "astro", "--seed", "7", "--dry-run", "-o", "json")
    assert (rehearsed.code, len(rehearsed.rows)) == (0, 5), rehearsed.err
    assert cli("drill", "--vault", "astro").code == 2
    ran = cli("drill", "--vault", "astro", "--seed", "7", "--yes", "-o", "json")
    assert ran.code == 0, ran.err
    assert {row["archive_id"] for row in ran.rows} == {row["archive_id"] for row in rehearsed.rows}
    assert {row["verdict"] for row in ran.rows} == {"identical"}
    assert "The drill has passed." in ran.err
    assert not list((home / "drills").iterdir())
    for path in archived.rglob("*Red*.fit"):
        status = path.stat()
        path.write_bytes(b"?" * status.st_size)
        os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    ran = cli("drill", "--vault", "astro", "--sample", "50", "--yes")
    assert (ran.code, ran.out.count("different"), ran.out.count("has other bytes")) == (7, 2, 2), ran.err
    assert cli("vault", "create", "empty").code == 0
    assert cli("drill", "--vault", "empty", "--yes").code == 4


def test_safe_to_delete_tells_the_last_check(prompt: World) -> None:
    """When its bytes were brought back last; if they came back different, no inventory makes the file safe."""
    prompt.archive(a=b"a", b=b"b")
    prompt.compare()
    assert prompt.prove()[1]["a"].checked_at is None
    with Drill(prompt.coldframe, VAULT) as drill:
        _go(drill)
    proofs = prompt.prove()[1]
    assert {proof.checked_at for proof in proofs.values()} == {prompt.clock.now()}
    drills = Drills(prompt.coldframe.catalog.database, prompt.store.identity, VAULT)
    drills.record({prompt.archive_id("a"): False}, seed=1, at=prompt.clock.now())
    proofs = prompt.prove()[1]
    assert (proofs["a"].is_safe, proofs["b"].is_safe) == (False, True)
    assert "drill" in proofs["a"].detail
