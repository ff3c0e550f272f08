"""What the ledger's tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coldframe.ledger import open_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from coldframe.ledger import SqliteLedger


@pytest.fixture
def ledger_path(tmp_path: Path) -> str:
    """Where the ledger lies."""
    return str(tmp_path / "ledger.sqlite")


@pytest.fixture
def open_one(ledger_path: str) -> Iterator[Callable[..., SqliteLedger]]:
    """Opens the ledger, as often as other processes would, and closes all at the end."""
    opened: list[SqliteLedger] = []

    def open_again(*, vfs: str = "") -> SqliteLedger:
        opened.append(open_ledger(ledger_path, vfs=vfs))
        return opened[-1]

    yield open_again
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(open_one: Callable[..., SqliteLedger]) -> SqliteLedger:
    """A new ledger."""
    return open_one()
