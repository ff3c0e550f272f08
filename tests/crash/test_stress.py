"""Eight processes on one store, and command lines that are killed (reliability C1, S20, S23)."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from contextlib import closing
from multiprocessing import get_context
from typing import TYPE_CHECKING

from coldframe.catalog import Query
from coldframe.composition import open_coldframe, open_store
from coldframe.model import ArchiveRetrieval, InventoryRetrieval
from coldframe.settings import Home, Settings
from coldframe.testing.bodies import read_output
from coldframe.testing.clock import FakeClock
from crash import stress
from crash.store_scenarios import StoreFolder
from crash.store_steps import digest

if TYPE_CHECKING:
    from pathlib import Path

    from coldframe.ports import ColdStore

_PROCESSES = 8
_STEPS = 25
_KILLS = 10


def test_eight_processes_on_one_store_lose_and_keep_what_they_were_told(tmp_path: Path) -> None:
    """Uploads, retrievals, deletions and sweeps of all of them at once leave exactly what each was told."""
    folder = str(tmp_path / "store")
    with closing(open_store(folder, clock=FakeClock())) as store:
        store.create_vault(stress.VAULT)
    with get_context("spawn").Pool(_PROCESSES) as pool:
        outcomes = pool.starmap(stress.work, [(folder, seed, _STEPS) for seed in range(_PROCESSES)])
    there = {archive_id: value for outcome in outcomes for archive_id, value in outcome.there.items()}
    done = sum((outcome.done for outcome in outcomes), Counter())
    assert min(done[act] for act in ("upload", "send_parts", "retrieve", "delete", "sweep")) > 0, done
    with closing(open_store(folder, clock=FakeClock())) as store:
        assert _read_all(store, stress.VAULT) == there
    assert not StoreFolder(folder).faults()


def test_killed_commands_are_finished_with_one_archive_for_each_file(tmp_path: Path) -> None:
    """`coldframe archive`, killed again and again and then let through, has archived every file exactly once."""
    tree = _make_tree(tmp_path / "Subs")
    home = str(tmp_path / "home")
    _coldframe(home, "vault", "create", "astro").wait()
    rng = random.Random(0)
    kills = 0
    for _ in range(_KILLS):
        command = _archive(home, tmp_path, "--limit-rate", "200K")  # so slow that it cannot end before it is killed
        try:
            command.wait(rng.uniform(0.2, 2.0))
        except subprocess.TimeoutExpired:
            command.kill()
            kills += command.wait() != 0
    assert _archive(home, tmp_path).wait() == 0
    assert kills
    with closing(open_coldframe(home=Home(home, home), settings=Settings())) as coldframe:
        listed = _read_all(coldframe.store, "astro")
        entries = list(coldframe.catalog.select(Query(members=True, all_versions=True)))
    found = {entry.path: listed[entry.archive.archive_id] for entry in entries if entry.member is None}
    lights = {path: digest(data) for path, data in tree.items() if "Light" in path}
    assert {path.split("Subs/")[1]: value for path, value in found.items() if "Light" in path} == lights
    assert len(listed) == len(lights) + 1
    assert len(entries) == len(tree) + 1


def _make_tree(folder: Path) -> dict[str, bytes]:
    rng = random.Random(1)
    tree = {f"Light/frame{n}.fit": rng.randbytes(40_000) for n in range(25)}
    tree |= {f"Dark/dark{n}.fit": rng.randbytes(20_000) for n in range(5)}
    for path, data in tree.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return tree


def _archive(home: str, tmp_path: Path, *more: str) -> subprocess.Popen[bytes]:
    inventory = str(tmp_path / "m33.csv")
    options = ("--vault", "astro", "--zip", "Dark", "--inventory", inventory, *more)
    return _coldframe(home, "archive", str(tmp_path / "Subs"), *options)


def _coldframe(home: str, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "COLDFRAME_HOME": home}
    command = [sys.executable, "-c", "from coldframe.cli.main import main; main()", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _read_all(store: ColdStore, vault_name: str) -> dict[str, str]:
    """Every archive of a vault, by its ID."""
    inventory = read_output(store, vault_name, store.initiate_job(vault_name, InventoryRetrieval()))
    ids = [str(archive["ArchiveId"]) for archive in json.loads(inventory)["ArchiveList"]]
    return {
        archive_id: digest(read_output(store, vault_name, store.initiate_job(vault_name, ArchiveRetrieval(archive_id))))
        for archive_id in ids
    }
