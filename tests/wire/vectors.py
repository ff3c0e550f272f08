"""The signature vectors of botocore's source distribution, fetched from the package index and kept outside the tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass

import botocore
import platformdirs

_SUITE = "tests/unit/auth/aws4_testsuite/"
_PARTS = ("sreq", "creq", "sts", "authz")


class NoIndex(Exception):
    """The package index cannot be reached from here."""


@dataclass(frozen=True)
class Vector:
    """One request of the suite as it is sent, and what each step of signing it must give."""

    name: str
    sreq: bytes
    creq: str
    sts: str
    authz: str

    @property
    def method(self) -> str:
        """The request line's first word."""
        return self.sreq.split(b" ", 1)[0].decode()

    @property
    def target(self) -> tuple[bytes, bytes]:
        """Path and query, as they stand in the request line, blanks and all."""
        line = self.sreq.split(b"\n", 1)[0].removesuffix(b" HTTP/1.1")
        path, _, query = line.split(b" ", 1)[1].partition(b"?")
        return path, query

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers in order; a line that begins with a blank continues the one before it."""
        found: list[tuple[bytes, bytes]] = []
        for line in self.sreq.split(b"\n\n", 1)[0].split(b"\n")[1:]:
            if line.startswith((b" ", b"\t")):
                name, value = found.pop()
                found.append((name, value + b"\n" + line))
            else:
                name, _, value = line.partition(b":")
                found.append((name, value))
        return found

    @property
    def body(self) -> bytes:
        """What follows the blank line."""
        return self.sreq.partition(b"\n\n")[2]


def load_vectors() -> list[Vector]:
    """All vectors of the suite that belongs to the installed botocore.

    Raises:
        NoIndex: They are not at hand, and cannot be fetched.
    """
    found: dict[str, dict[str, bytes]] = {}
    with tarfile.open(_archive()) as archive:
        for member in archive:
            _, _, inner = member.name.partition(f"/{_SUITE}")
            stem, _, kind = inner.rpartition(".")
            opened = archive.extractfile(member) if kind in _PARTS else None
            if opened is not None:
                found.setdefault(stem.rpartition("/")[2], {})[kind] = opened.read().replace(b"\r\n", b"\n")
    return [
        Vector(name, parts["sreq"], *(parts[kind].decode().rstrip("\n") for kind in _PARTS[1:]))
        for name, parts in sorted(found.items())
    ]


def _archive() -> str:
    """The source distribution in the user's cache, downloaded if it is not there."""
    cache = platformdirs.user_cache_dir("coldframe-tests")
    path = os.path.join(cache, f"botocore-{botocore.__version__}.tar.gz")
    if not os.path.exists(path):
        os.makedirs(cache, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            os.replace(_download(folder), path)
    return path


def _download(folder: str) -> str:
    wanted = f"botocore=={botocore.__version__}"
    command = [*_pip(), "download", "--quiet", "--no-deps", "--no-binary", "botocore", "--dest", folder, wanted]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    found = [name for name in os.listdir(folder) if name.endswith(".tar.gz")]
    if done.returncode or not found:
        raise NoIndex(f"pip did not get the source distribution of {wanted}: {done.stderr.strip()[-300:]}")
    return os.path.join(folder, found[0])


def _pip() -> list[str]:
    """A pip, of this Python or of another."""
    own = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False)
    if own.returncode == 0:
        return [sys.executable, "-m", "pip"]
    other = shutil.which("pip3") or shutil.which("pip")
    if other is None:
        raise NoIndex("there is no pip here to fetch the vectors with")
    return [other]
