"""Installs the clients of others, once for each set of pinned versions, below `.cache/clients`.

Several test processes may ask at once: one installs, the others wait for it. As a program, it prints where the AWS CLI
is: for the benchmarks.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "clients"
AWS_CLI_PINS = HERE / "aws-cli.txt"
NPM_PINS = HERE / "npm" / "package-lock.json"
OLDEST_NODE = 20
_ATTEMPTS = 3
_PATIENCE_SECONDS = 500.0


class InstallFailed(Exception):
    """A client could not be installed, though it was tried several times."""


def install_aws_cli() -> Path:
    """The `aws` command, in a virtual environment of its own; raises `InstallFailed`."""
    return _programs(_installed("aws-cli", AWS_CLI_PINS, _make_environment)) / ("aws.cmd" if os.name == "nt" else "aws")


def install_npm_packages() -> Path:
    """The `node_modules` that package-lock.json pins; raises `InstallFailed`."""
    return _installed("npm", NPM_PINS, _make_modules) / "node_modules"


def find_node() -> str | None:
    """The node of this machine, if it is new enough for the SDK and has npm beside it."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    found = re.match(
        r"v(\d+)\.", subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout
    )
    return node if found and int(found[1]) >= OLDEST_NODE else None


def _installed(name: str, pins: Path, make: Callable[[Path], None]) -> Path:
    """The folder in which these pins are installed, after installing them if nobody has."""
    told = f"{platform.platform()} {sys.version} {sys.prefix} {pins.read_text(encoding='utf-8')}"
    folder = CACHE / f"{name}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
    ready = folder / ".ready"
    if not ready.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock", timeout=_PATIENCE_SECONDS):
            if not ready.exists():
                _attempt(make, folder)
                ready.touch()
    return folder


def _attempt(make: Callable[[Path], None], folder: Path) -> None:
    """Make the folder, from the beginning each time."""
    for left in reversed(range(_ATTEMPTS)):
        shutil.rmtree(folder, ignore_errors=True)
        try:
            make(folder)
        except InstallFailed:
            if not left:
                raise
        else:
            return


def _make_environment(folder: Path) -> None:
    """A virtual environment with exactly what the requirements name, by uv where it is on PATH."""
    python, uv = _programs(folder) / "python", shutil.which("uv")
    if uv:
        _run(uv, "venv", "--quiet", "--python", sys.executable, str(folder))
        installer = [uv, "pip", "install", "--python", str(python)]
    else:
        _run(sys.executable, "-m", "venv", str(folder))
        installer = [str(python), "-m", "pip", "install"]
    _run(*installer, "--quiet", "--no-deps", "--require-hashes", "--requirement", str(AWS_CLI_PINS))


def _make_modules(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(NPM_PINS.with_name(name), folder / name)
    _run(shutil.which("npm") or "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)


def _programs(environment: Path) -> Path:
    return environment / ("Scripts" if os.name == "nt" else "bin")


def _run(*command: str, cwd: Path | None = None) -> None:
    environ = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    run = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)
    if run.returncode:
        raise InstallFailed(f"{' '.join(command)} ended with {run.returncode}: {(run.stdout + run.stderr)[-2000:]}")


if __name__ == "__main__":
    print(install_aws_cli())
