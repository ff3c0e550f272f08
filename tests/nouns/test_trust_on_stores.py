"""What tells whether files are safe, from the command line, on an embedded store and on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran

_PROOF = ("verify", "Subs", "--vault", "astro", "--safe-to-delete")


def test_inventory_proof_and_drill_agree(nouns: Callable[..., Ran], night: Path) -> None:
    """Compared, proven and drilled: all is well, the files may go, and what they held comes back."""
    assert nouns("inventory", "refresh", "--vault", "astro").code == Exit.DONE
    drilled = nouns("drill", "--vault", "astro", "--sample", "50", "--yes", "-o", "json")
    assert drilled.code == Exit.DONE, drilled.err
    assert {row["verdict"] for row in drilled.rows} == {"identical"}
    held = {path: path.read_bytes() for path in night.rglob("*") if path.is_file()}
    gone = nouns(*_PROOF, "--delete-source", "--yes")
    assert gone.code == Exit.DONE, gone.err
    assert not any(path.exists() for path in held)
    assert nouns("retrieve", "*", "--vault", "astro", "--into", ".", "--members", "--yes").code == Exit.DONE
    assert {path: path.read_bytes() for path in held} == held


def test_file_that_changed_since_is_kept(nouns: Callable[..., Ran], night: Path) -> None:
    """What the vault does not hold is told by the exit code and stays where it is."""
    assert nouns("inventory", "refresh", "--vault", "astro").code == Exit.DONE
    light = next(path for path in night.rglob("*.fit") if path.parent.name != "Bias")
    changed = light.read_bytes() + b"processed"
    light.write_bytes(changed)
    proven = nouns(*_PROOF, "--delete-source", "--yes")
    assert proven.code == Exit.SOME_FAILED, proven.err
    assert light.read_bytes() == changed
