"""Several processes on one catalog, and processes that die in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from coldframe.catalog import Query, open_catalog
from coldframe.testing.catalogs import STORE, VAULT

if TYPE_CHECKING:
    from coldframe.testing.clock import FakeClock

_WORKER = """
import sys
from coldframe.catalog import open_catalog
from coldframe.clock import SystemClock
from coldframe.testing.catalogs import a_file, an_archive, an_attempt

path, worker, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open_catalog(path, clock=SystemClock()) as catalog:
    for step in range(count):
        number = worker * 100_000 + step
        (row,) = catalog.begin([an_attempt(f"{number}.fit")])
        print("begun", number, flush=True)
        archive = an_archive(number)
        catalog.record(archive, [a_file(f"{number}.fit", archive)], attempt=row)
        print("recorded", number, flush=True)
"""


def _start(path: str, worker: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WORKER, path, str(worker), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _told(output: str, word: str) -> set[str]:
    lines = (line.split() for line in output.splitlines() if line.endswith(tuple("0123456789")))
    return {f"{line[1]}.fit" for line in lines if len(line) == 2 and line[0] == word}


def test_eight_processes_write_one_catalog(catalog_path: str, clock: FakeClock) -> None:
    """Eight processes make the file together and record 40 archives each: nothing is lost, doubled or damaged."""
    workers = [_start(catalog_path, worker, 40) for worker in range(8)]
    results = [worker.communicate(timeout=300) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 8, [errors for _, errors in results]
    with open_catalog(catalog_path, clock=clock) as catalog:
        assert catalog.count(Query())[0] == 320
        assert not catalog.attempts(STORE, VAULT)
        assert not list(catalog.find_damage())


def test_killed_processes_leave_whole_records(catalog_path: str, clock: FakeClock) -> None:
    """Processes that are killed in the middle lose nothing that they confirmed, and leave each attempt whole."""
    confirmed: set[str] = set()
    begun: set[str] = set()
    for round_number in range(6):
        workers = [_start(catalog_path, round_number * 2 + offset, 100_000) for offset in range(2)]
        outputs = [_wait_and_kill(worker, lines=15 + 7 * round_number) for worker in workers]
        for output in outputs:
            confirmed |= _told(output, "recorded")
            begun |= _told(output, "begun")
    with open_catalog(catalog_path, clock=clock) as catalog:
        there = {entry.path for entry in catalog.select(Query())}
        waiting = {attempt.path for attempt in catalog.attempts(STORE, VAULT)}
        assert not list(catalog.find_damage())
    assert len(confirmed) > 50
    assert confirmed <= there
    assert begun <= there | waiting
    assert not there & waiting


def _wait_and_kill(worker: subprocess.Popen[str], *, lines: int) -> str:
    assert worker.stdout is not None
    head = [worker.stdout.readline() for _ in range(lines)]
    time.sleep(0.003)  # noqa: TID251 - a real process is killed at a random moment of real time
    os.kill(worker.pid, signal.SIGKILL)
    rest, _ = worker.communicate(timeout=60)
    return "".join(head) + rest
