"""Print what uv.lock pins for this Python as requirements for pip, so that a machine without uv installs the same.

Usage: python tools/locked.py [GROUP...] > requirements.txt

The list is whole and carries every hash of the lock: `pip install --no-deps --require-hashes` takes it and refuses any
other file. Markers are weighed with pip's own copy of `packaging`, as nothing else is installed yet.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from pip._vendor.packaging.markers import Marker

Table = dict[str, Any]

PROJECT = "coldframe"


def main(*groups: str) -> None:
    """Print the requirements of the project and of its dependency groups."""
    packages: list[Table] = tomllib.loads(Path("uv.lock").read_text(encoding="utf-8"))["package"]
    project = next(package for package in packages if package["name"] == PROJECT)
    wanted = [*project["dependencies"], *(one for group in groups for one in project["dev-dependencies"][group])]
    for pin in sorted({_pin(package) for package in _closure(packages, wanted)}):
        print(pin)


def _closure(packages: list[Table], wanted: list[Table]) -> list[Table]:
    """All packages that the wanted ones lead to here."""
    found: list[Table] = []
    seen: set[tuple[str, str, str]] = set()
    while wanted:
        one = wanted.pop()
        if not _applies(one.get("marker", "")):
            continue
        package = _choose(packages, one)
        found.append(package)
        extras: list[str] = one.get("extra", [])
        for extra in ("", *extras):
            key = (package["name"], package["version"], extra)
            if key not in seen:
                seen.add(key)
                wanted += package["optional-dependencies"].get(extra, []) if extra else package.get("dependencies", [])
    return found


def _choose(packages: list[Table], wanted: Table) -> Table:
    """The one version that the lock holds of a package for this Python."""
    versions = [package for package in packages if package["name"] == wanted["name"]]
    exact = [package for package in versions if package["version"] == wanted.get("version", package["version"])]
    fitting = [package for package in exact if any(map(_applies, package.get("resolution-markers", [""])))]
    return fitting[0]


def _applies(marker: str) -> bool:
    return not marker or Marker(marker).evaluate()


def _pin(package: Table) -> str:
    files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())]
    return f"{package['name']}=={package['version']}" + "".join(f" --hash={file['hash']}" for file in files)


if __name__ == "__main__":
    main(*sys.argv[1:])
