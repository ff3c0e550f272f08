"""Whoever starts a server for the first time is told how to use it, and what is told works."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from clients.serving import serving

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh")
def test_first_start_tells_how_to_use_it_with_the_aws_cli(aws_program: Path, tmp_path: Path) -> None:
    """The lines that the first start prints are pasted into a shell; the second start prints no secret."""
    store = tmp_path / "store"
    with serving(store):
        told = store.with_suffix(".log").read_text(encoding="utf-8")
        lines = [line for line in told.splitlines() if line.startswith(("  export ", "  aws glacier "))]
        environ = {"PATH": os.pathsep.join([str(aws_program.parent), os.environ["PATH"]]), "HOME": str(tmp_path)}
        run = subprocess.run(
            ["sh", "-e"], input="\n".join(lines), env=environ, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        assert "VaultList" in run.stdout
    with serving(store):
        assert "SECRET" not in store.with_suffix(".log").read_text(encoding="utf-8")
