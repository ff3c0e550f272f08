#!/usr/bin/env python3
"""Copy a store to another disk while it is served; run again, it copies what is new.

Usage: python3 backup.py STORE TARGET

Blobs first, then the ledgers, then the blobs that have come since. A blob never changes, so one with its name and size
is there already. What a ledger's copy speaks of came with the first pass if it is old, even if it is deleted and swept
at this moment, and comes with the last if it is young, as nothing young is swept. Needs Python 3.8 or newer alone.
"""
# ruff: noqa: T201, TID251 - a program that stands alone, on machines that have nothing but it

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

LEDGER = "ledger.sqlite"
BLOBS = "blobs"
SEAL = "seal.key"
UNFINISHED = ".backup-unfinished"


def main(store: str, target: str) -> int:
    """Back up the store of a folder and of every account in it; answer the exit code."""
    source, copy = Path(store).absolute(), Path(target).absolute()
    if not (source / LEDGER).is_file():
        print(f"There is no store in {source}.", file=sys.stderr)
        return 1
    new = sum(copy_blobs(folder, copy / folder.relative_to(source)) for folder in stores_in(source))
    folders = stores_in(source)
    for folder in folders:
        copy_ledger(folder / LEDGER, copy / folder.relative_to(source) / LEDGER)
    new += sum(copy_blobs(folder, copy / folder.relative_to(source)) for folder in folders)
    if (source / SEAL).is_file():
        copy_file(source / SEAL, copy / SEAL)
    else:
        print(f"There is no {SEAL} in {source}: if it lies elsewhere, keep a copy of it, too.", file=sys.stderr)
    print(f"{len(folders)} stores backed up in {copy}, {new} new blobs.")
    return 0


def stores_in(source: Path) -> list[Path]:
    """The store of the folder itself, and those of the other accounts."""
    return [source, *sorted(ledger.parent for ledger in source.glob(f"accounts/*/{LEDGER}"))]


def copy_blobs(source: Path, target: Path) -> int:
    """Copy the blobs that the target has not; answer how many."""
    done = 0
    for path in [source / BLOBS / "store-id", *sorted((source / BLOBS).glob("*/*.blob"))]:
        copied = target / path.relative_to(source)
        try:
            if not copied.is_file() or copied.stat().st_size != path.stat().st_size:
                copy_file(path, copied)
                done += path.suffix == ".blob"
        except FileNotFoundError:  # swept at this moment: no ledger that is copied later speaks of it
            if not path.exists():
                continue
            raise
    return done


def copy_ledger(source: Path, target: Path) -> None:
    """Copy a ledger as it is at one moment. Opened read-only, so that the copying changes nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(UNFINISHED)
    if unfinished.exists():
        unfinished.unlink()
    ledger = sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=60)
    copy = sqlite3.connect(str(unfinished))
    with closing(ledger), closing(copy):
        ledger.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        (verdict,) = copy.execute("PRAGMA quick_check").fetchone()
    if verdict != "ok":
        raise SystemExit(f"The ledger {source} is damaged: {verdict}")
    finish(unfinished, target)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file with its times and rights; it has its name only when all of it is there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(UNFINISHED)
    if unfinished.exists():
        unfinished.unlink()
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # nobody else's before it has its rights
    shutil.copy2(source, unfinished)
    finish(unfinished, target)


def finish(unfinished: Path, target: Path) -> None:
    """Make a file durable and give it its name."""
    descriptor = os.open(unfinished, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(unfinished, target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


if __name__ == "__main__":
    try:
        _, store_folder, target_folder = sys.argv
    except ValueError:
        sys.exit(__doc__)
    sys.exit(main(store_folder, target_folder))
