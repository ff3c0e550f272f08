"""Fetches the real CCD frames of the demo's calibration folders: 13 raw frames from the PyPI package `msfc-ccd`."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = "msfc-ccd==1.2.0"
HASH = "sha256:5b9cbac78d7b7c1c108c8f8e06ad14b4202ddb6075c14b43f09d31b7ff645306"
ATTRIBUTION = (
    f"Calibration frames: {PACKAGE} (BSD-3-Clause, copyright the msfc-ccd authors): raw frames of NASA Marshall's\n"
    "ESIS sounding-rocket cameras."
)
FOLDERS = {
    "led/ESIS1_04803": "Flat",  # lit evenly by an LED
    "led/ESIS1_04804": "Flat",
    "led/ESIS1_04860": "Bias",  # the LED off: little but the amplifier's own signal
    "led/ESIS1_04861": "Bias",
}
"""Which folder a frame belongs in; whatever is not named here was taken in the dark."""

_TAKEN_AT = re.compile(rb"IMG_TS  = '([^']+)'")


def fetch(cache: Path) -> list[Path]:
    """The packed frames below `cache`, from the package index if they are not there yet; empty without an index.

    Only the package's own files are taken, checked against the hash above; none of its code runs.
    """
    ready = cache / "msfc-ccd"
    if not ready.is_dir():
        partial = cache / "msfc-ccd.part"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        if not _install(partial):
            return []
        partial.rename(ready)
    return sorted(ready.glob("msfc_ccd/_data/*/*.fit.gz"))


def unpack(frames: list[Path], subs: Path) -> list[Path]:
    """Write the frames into `Bias`, `Dark` and `Flat` below `subs`, as the camera first wrote them: not compressed."""
    return [_unpack(frame, subs) for frame in frames]


def _unpack(frame: Path, subs: Path) -> Path:
    name = f"{frame.parent.name}/{frame.name.removesuffix('.fit.gz')}"
    target = subs / FOLDERS.get(name, "Dark") / frame.name.removesuffix(".gz")
    target.parent.mkdir(parents=True, exist_ok=True)
    data = gzip.decompress(frame.read_bytes())
    target.write_bytes(data)
    told = _TAKEN_AT.search(data)
    if told:
        taken_at = datetime.fromisoformat(told[1].decode("ascii")).timestamp()
        os.utime(target, (taken_at, taken_at))
    return target


def _install(folder: Path) -> bool:
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{PACKAGE} --hash={HASH}\n", encoding="utf-8")
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", f"--target={folder}", "-r", str(requirement)]
    return any(_run([*installer, *options]) for installer in _installers())


def _installers() -> list[list[str]]:
    uv = shutil.which("uv")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--retries=1", "--timeout=20"]
    return [pip] if uv is None else [[uv, "pip", "install", "--quiet"], pip]


def _run(command: list[str]) -> bool:
    finished = subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return finished.returncode == 0
