"""Memory stays flat whatever the size of a file, the number of files, or the size of a bundle."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from coldframe.model import GIB, MIB

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_MIB = 300

RUN = """
import resource, sys
from coldframe.archiver import Archiver, ArchiveRequest
from coldframe.blobs import open_blobs
from coldframe.catalog import open_catalog
from coldframe.clock import SystemClock
from coldframe.files import DiskFiles, ensure_folder
from coldframe.ledger import open_ledger
from coldframe.service import VaultService
top, clock, files = sys.argv[1], SystemClock(), DiskFiles()
ensure_folder(files, top + "/store/blobs")
ledger = open_ledger(top + "/store/ledger.sqlite", files=files)
store = VaultService(ledger, open_blobs(top + "/store/blobs", files=files, ledger=ledger), clock=clock)
store.create_vault("v")
catalog = open_catalog(top + "/catalog.sqlite", clock=clock)
request = ArchiveRequest(paths=(top + "/Subs",), vault_name="v", zip_patterns=("Bias",))
outcomes = {}
for result in Archiver(store, catalog, clock=clock, jobs=4).archive(request):
    outcomes[result.outcome.value] = outcomes.get(result.outcome.value, 0) + 1
if sys.platform == "linux":  # getrusage would also count what the process that started this one held
    with open("/proc/self/status") as status:
        print(next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")))
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 * 1024 if sys.platform == "darwin" else 1024))
print(outcomes)
store.close(), catalog.close()
"""


def peak_of_run(top: Path) -> tuple[int, str]:
    """Archive `Subs` in a process of its own; its peak of resident memory in MiB, and the outcomes."""
    done = subprocess.run([sys.executable, "-c", RUN, str(top)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    peak, outcomes = done.stdout.splitlines()
    print(f"peak {peak} MiB: {outcomes}")
    return int(peak), outcomes


def sparse(path: Path, size: int) -> None:
    """A file of zeros that takes no space; its ends are marked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        file.write(path.name.encode())
        file.truncate(size)


def many(folder: Path, count: int, size: int = 64) -> None:
    """Small files, all different."""
    for number in range(count):
        inner = folder / f"{number // 1000}"
        if number % 1000 == 0:
            inner.mkdir(parents=True)
        with open(inner / f"{number}.fit", "wb") as file:
            file.write(b"%d " % number + os.urandom(size))


def test_memory_is_bounded_for_a_large_file_and_a_bundle(tmp_path: Path) -> None:
    """A 512 MiB file and a bundle of 300 MiB that does not shrink are archived in far less memory than they have."""
    sparse(tmp_path / "Subs" / "large", 512 * MIB)
    for number in range(2):
        (tmp_path / "Subs" / "Bias").mkdir(exist_ok=True)
        with open(tmp_path / "Subs" / "Bias" / f"{number}", "wb") as file:
            file.writelines(os.urandom(MIB) for _ in range(150))
    peak, outcomes = peak_of_run(tmp_path)
    assert outcomes == "{'archived': 2}"
    assert peak < LIMIT_MIB


def test_memory_is_flat_over_many_small_files(tmp_path: Path) -> None:
    """2,500 files take no more than a few MiB over what 250 take."""
    many(tmp_path / "few" / "Subs", 250)
    many(tmp_path / "lot" / "Subs", 2500)
    few, _outcomes = peak_of_run(tmp_path / "few")
    lot, outcomes = peak_of_run(tmp_path / "lot")
    assert outcomes == "{'archived': 2500}"
    assert lot < few + 12


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_memory_is_bounded_for_20_gib_and_100_000_files(tmp_path: Path) -> None:
    """The sizes that are promised: one file of 20 GiB, 100,000 files of 4 KiB, a bundle of 70,000 members."""
    sparse(tmp_path / "file" / "Subs" / "large", 20 * GIB)
    many(tmp_path / "files" / "Subs", 100_000, 4096)
    many(tmp_path / "bundle" / "Subs" / "Bias", 70_000)
    for name in ("file", "files", "bundle"):
        peak, _outcomes = peak_of_run(tmp_path / name)
        assert peak < LIMIT_MIB, name
